//! The SQLite engine.

use std::path::Path;

use crate::{AppendError, Engine, Entry, OpenError};

/// How a journal is opened for writing.
#[derive(Debug, Clone)]
pub struct Options {
    /// The shard whose records these are; a directory of another shard is refused.
    pub shard: u32,
    /// A segment takes no more groups beyond this size; 64 KiB to 256 MiB, by default 64 MiB.
    pub segment_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { shard: 0, segment_bytes: 64 << 20 }
    }
}

/// What was found when a journal was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReport {
    /// Sequence of the last durable record, 0 when empty.
    pub last_sequence: u64,
    /// How many segments the directory holds.
    pub segments: usize,
    /// Bytes of log that the last writer had left to be merged; 0 after an orderly end.
    pub recovered_bytes: u64,
}

/// A journal in a directory of SQLite segments, opened for writing by this process alone.
pub struct SqliteJournal {}

impl SqliteJournal {
    /// Opens or creates the journal at `dir`.
    ///
    /// The work does not grow with history: only the newest two segments are opened.
    pub fn open(_dir: &Path, _options: Options) -> Result<(Self, OpenReport), OpenError> {
        unreachable!("not written yet")
    }
}

impl Engine for SqliteJournal {
    fn last_sequence(&self) -> u64 {
        unreachable!("not written yet")
    }

    fn append(&mut self, _group: &[Entry]) -> Result<(), AppendError> {
        unreachable!("not written yet")
    }
}
