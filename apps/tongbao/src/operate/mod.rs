//! What operators do beside a running node, or with a stopped one: all of it from the journal.

pub mod audit;
pub mod copies;
pub mod doctor;
pub mod inspect;
pub mod rebuild;
pub mod replay;
pub mod snapshot;
pub mod vault;
