//! What a run is given and what it reports.

use node::bugs::Bug;
use serde::Serialize;
use std::collections::BTreeMap;

/// How much goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// Nothing: every order is settled, or declined by rule.
    None,
    /// Two calls in a hundred; the node lives.
    Light,
    /// A quarter of all calls, and the node dies again and again.
    Heavy,
}

/// What to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where all chance comes from.
    pub seed: u64,
    /// How many orders clients send, each under a key of its own.
    pub orders: u64,
    /// How much goes wrong.
    pub faults: Faults,
    /// The deliberate bug in the node, to see whether the auditor sees it.
    pub bug: Option<Bug>,
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Distinct keys with which orders were sent.
    pub orders: u64,
    /// Orders whose money arrived.
    pub settled: u64,
    /// Orders whose airtime was taken and given back.
    pub refunded: u64,
    /// Orders from which nothing was taken: refused, expired or withdrawn in time.
    pub declined: u64,
    /// Orders that wait for a person.
    pub suspended: u64,
    /// Orders whose reward was granted.
    pub rewarded: u64,
    /// Steps that nobody knows about.
    pub unknown_open: u64,
    /// How many breaches the auditor found.
    pub breach_count: u64,
    /// The first of them.
    pub breaches: Vec<String>,
    /// Requests that partners saw: calls and inquiries.
    pub calls: u64,
    /// Times that a partner did what we had taken for failed, or the opposite of what we had asked.
    pub strays: u64,
    /// Orders brought back to memory for news of them.
    pub recalled: u64,
    /// What went wrong, by kind.
    pub faults: BTreeMap<String, u64>,
    /// How often the node died.
    pub crashes: u64,
    /// Durable records.
    pub records: u64,
    /// Virtual milliseconds from first to last.
    pub virtual_ms: u64,
    /// State digest and journal hash, in hexadecimal.
    pub digest: String,
}
