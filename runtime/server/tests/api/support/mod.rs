//! A node with honest partners in memory, served over a real socket.

mod callers;
pub mod certificates;
pub mod client;
mod partner;
mod people;
pub mod rules;
mod stage;

pub use people::{Person, identity_number, msisdn};
pub use stage::{Stage, StageOptions, direct};
