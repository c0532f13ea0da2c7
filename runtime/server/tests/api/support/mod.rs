//! A node with honest partners in memory, served over a real socket.

mod callers;
pub mod certificates;
pub mod client;
mod partner;
mod people;
mod people_here;
mod phones;
pub mod rules;
mod stage;

pub use client::Reply;
pub use people::{Person, identity_number, msisdn};
pub use people_here::{PASSWORD, SignedIn, Till};
pub use stage::{Stage, StageOptions, direct};
