//! The deterministic simulator: floor 8. One seed, one thread, virtual time.
//!
//! The node's own desk, outbox, core and recovery run against a disk that loses power, partners that misbehave
//! and clients that repeat themselves; an auditor that shares no code with the ledger watches durable records
//! and the partners' own books. The same seed gives the same run, and so the same digest, everywhere.
//! Never in here: a real clock, a thread, a socket, or an order that depends on a hash map.

mod agenda;
mod auditor;
mod chance;
mod client;
mod counterparty;
mod disk;
mod house;
mod mishap;
mod options;
mod register;
mod shelf;
mod telco;
mod till;
mod world;

pub use node::bugs::Bug;
pub use options::{Faults, Options, Report};

/// Runs one world to its end under the given rules.
pub fn run(options: Options, rules: exchange::Rules) -> Report {
    world::World::new(options, rules).run()
}
