//! The routes, one file for each group.

pub mod cancel;
pub mod declined;
pub mod orders;
