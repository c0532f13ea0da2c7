//! One group committing and one filling.

use crate::{AppendError, Engine, Entry};

/// How large a group may grow.
#[derive(Debug, Clone, Copy)]
pub struct CommitterOptions {
    /// The filling group takes no more submissions once it holds this many bytes.
    pub group_bytes_max: usize,
    /// The filling group takes no more submissions once it holds this many records.
    pub group_records_max: usize,
}

impl Default for CommitterOptions {
    fn default() -> Self {
        Self { group_bytes_max: 1 << 20, group_records_max: 4096 }
    }
}

/// A writer thread that owns an engine, with one group committing and one filling.
pub struct GroupCommitter {}

/// Why records were not taken. Nothing of the submission was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// A write failed earlier, or the committer was shut down: nothing later is ever acknowledged.
    #[error("the journal takes no more records")]
    Stopped,
    /// The records do not continue what was submitted before.
    #[error("records do not continue the journal: next is {expected}, found {found}")]
    NotConsecutive {
        /// The sequence that comes next.
        expected: u64,
        /// The sequence that was given.
        found: u64,
    },
}

impl GroupCommitter {
    /// Starts the writer thread.
    ///
    /// `on_durable` is called on that thread after each group with the last durable sequence.
    /// `on_failure` is called at most once, after which nothing is acknowledged any more.
    pub fn start(
        _engine: Box<dyn Engine>,
        _options: CommitterOptions,
        _on_durable: impl FnMut(u64) + Send + 'static,
        _on_failure: impl FnOnce(AppendError) + Send + 'static,
    ) -> std::io::Result<Self> {
        unreachable!("not written yet")
    }

    /// Hands consecutive records to the filling group; waits while that is full.
    /// The records of one submission always share a group.
    pub fn submit(&self, _entries: Vec<Entry>) -> Result<(), SubmitError> {
        unreachable!("not written yet")
    }

    /// Commits what is waiting, ends the thread and returns the last durable sequence.
    ///
    /// Errors: [`SubmitError::Stopped`] when a write failed.
    pub fn shutdown(self) -> Result<u64, SubmitError> {
        unreachable!("not written yet")
    }
}
