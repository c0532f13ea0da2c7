//! What a batch came to.

use serde::Serialize;
use server::batch::Tally;
use std::path::Path;
use std::time::Duration;

/// What a batch came to, in numbers.
#[derive(Default, Serialize)]
pub struct Report {
    /// What its rows came to.
    #[serde(flatten)]
    pub tally: Tally,
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
    /// Says where and how long.
    pub fn finish(&mut self, dir: &Path, elapsed: Duration) {
        self.elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.rows_per_s = self.tally.rows.saturating_mul(1_000) / self.elapsed_ms.max(1);
        self.dir = dir.display().to_string();
    }

    /// The report for a person.
    pub fn words(&self) -> String {
        let Tally { rows, accepted, refused, duplicates } = &self.tally;
        let codes: String = refused.iter().map(|(code, rows)| format!("\n  {rows} {code}")).collect();
        format!(
            "{rows} rows in {} ms ({} rows/s): {accepted} accepted, {} settled, {duplicates} duplicates, {} refused{codes}\n{}",
            self.elapsed_ms,
            self.rows_per_s,
            self.settled,
            self.tally.refusals(),
            self.dir,
        )
    }
}
