//! What the exchange decides: floor 3.
//!
//! [`decide`] looks at the state, the rules and a command, and answers with facts and a reply; it touches
//! nothing. A product is a plan of steps; one engine runs all plans. Time, fresh ids and assessments arrive
//! inside the command; a business refusal is a fact.

mod approve;
mod book;
mod command;
mod complain;
mod contract;
mod custody;
mod decide;
mod draft;
mod hear;
mod place;
mod plan;
mod quote;
mod react;
pub mod rules;
mod signal;
mod staff;
mod unwind;

pub use book::FUNDING_NAME;
pub use command::{
    Asker, ClientKey, Command, Decision, Denied, Doors, Envelope, Funds, Opening, PlaceOrder, Proposal, Recipient,
    Registration, Reply, Rules,
};
pub use complain::NewComplaint;
pub use contract::{Contract, ContractFault, Contracts, Profile, Refusals, Repeats};
pub use decide::decide;
pub use hear::lost_calls;
pub use place::{convertible, quote};
pub use quote::{Quote, QuoteError, QuoteKey};
pub use react::{Reaction, Which, Word, react};
pub use signal::{Answer, Signal, Via};
