//! What a batch came to.

use orderfile::{Answer, Told};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What a batch came to, in numbers.
#[derive(Default, Serialize)]
pub struct Report {
    /// Rows answered.
    pub rows: u64,
    /// Accepted for the first time.
    pub accepted: u64,
    /// Refused for the first time, by code.
    pub refused: BTreeMap<&'static str, u64>,
    /// Answered as before.
    pub duplicates: u64,
    /// Orders that settled.
    pub settled: u64,
    /// How long it took.
    pub elapsed_ms: u64,
    /// Rows a second, over all of it.
    pub rows_per_s: u64,
    /// The world's directory.
    pub dir: String,
    /// The policy that decided.
    pub policy: String,
}

impl Report {
    /// Counts an answer.
    pub fn count(&mut self, told: Told) {
        self.rows += 1;
        match told {
            Told::First(Answer::Accepted { .. }) => self.accepted += 1,
            Told::First(Answer::Refused(code)) => *self.refused.entry(code).or_default() += 1,
            Told::Duplicate(_) => self.duplicates += 1,
        }
    }

    /// Says where and how long.
    pub fn finish(&mut self, dir: &Path, elapsed: Duration) {
        self.elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.rows_per_s = self.rows.saturating_mul(1_000) / self.elapsed_ms.max(1);
        self.dir = dir.display().to_string();
    }

    /// The report for a person.
    pub fn words(&self) -> String {
        let codes: String = self.refused.iter().map(|(code, rows)| format!("\n  {rows} {code}")).collect();
        format!(
            "{} rows in {} ms ({} rows/s): {} accepted, {} settled, {} duplicates, {} refused{codes}\n{}",
            self.rows,
            self.elapsed_ms,
            self.rows_per_s,
            self.accepted,
            self.settled,
            self.duplicates,
            self.refused.values().sum::<u64>(),
            self.dir,
        )
    }
}
