//! What the rows of an order file came to, in numbers.

use orderfile::{Answer, Told};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What the rows of an order file came to, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Rows answered.
    pub rows: u64,
    /// Accepted for the first time.
    pub accepted: u64,
    /// Refused for the first time, by code.
    pub refused: BTreeMap<Cow<'static, str>, u64>,
    /// Answered as before.
    pub duplicates: u64,
}

impl Tally {
    /// Counts an answer.
    pub fn count(&mut self, told: Told) {
        self.rows += 1;
        match told {
            Told::First(Answer::Accepted { .. }) => self.accepted += 1,
            Told::First(Answer::Refused(code)) => *self.refused.entry(Cow::Borrowed(code)).or_default() += 1,
            Told::Duplicate(_) => self.duplicates += 1,
        }
    }

    /// Refused for the first time, over all codes.
    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }
}
