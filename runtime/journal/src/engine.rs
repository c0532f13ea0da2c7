//! What a journal engine and a journal reader must do.

use std::path::PathBuf;

use crate::{Damage, Entry};

/// What a journal engine must do. The simulator implements it in memory, with faults.
pub trait Engine: Send {
    /// Sequence of the last durable record, 0 when empty.
    fn last_sequence(&self) -> u64;

    /// Makes the group durable before it returns.
    /// The entries are consecutive and the first is `last_sequence() + 1`.
    ///
    /// Errors: any error means that the outcome is unknown; the caller must stop the process and never retry.
    fn append(&mut self, group: &[Entry]) -> Result<(), AppendError>;
}

/// Reading the journal, safe beside a live writer.
pub trait Reader: Send {
    /// Sequence of the last record that can be read, 0 when empty.
    fn last_sequence(&mut self) -> Result<u64, ReadError>;

    /// Records from `from_sequence` on, in order, without gaps; empty when there is none yet.
    ///
    /// Stops at the record that reaches `max_bytes`, so it always makes progress: at least one record
    /// comes back if there is one. Sequence 0 is read as 1.
    fn read_from(&mut self, from_sequence: u64, max_bytes: usize) -> Result<Vec<Entry>, ReadError>;

    /// One record, or `None` when the journal does not reach that far.
    fn record(&mut self, sequence: u64) -> Result<Option<Entry>, ReadError> {
        let found = self.read_from(sequence, 1)?;
        Ok(found.into_iter().next().filter(|entry| entry.sequence == sequence))
    }
}

/// Why a group was not acknowledged. The outcome is unknown in every case: stop, do not retry.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The group holds no record.
    #[error("a group must hold at least one record")]
    Empty,
    /// The group does not continue the journal.
    #[error("group does not continue the journal: next is {expected}, found {found}")]
    NotConsecutive {
        /// The sequence that comes next.
        expected: u64,
        /// The sequence that was given.
        found: u64,
    },
    /// The group is larger than a segment may be.
    #[error("group is too large: {bytes} bytes of at most {limit}")]
    TooLarge {
        /// Size of the group.
        bytes: usize,
        /// The largest group that is accepted.
        limit: usize,
    },
    /// An earlier append failed; this engine writes nothing any more.
    #[error("the journal stopped at an earlier failure")]
    Stopped,
    /// The storage did not confirm the group.
    #[error("cannot make records {first} to {last} durable in `{segment}`")]
    Storage {
        /// File name of the segment.
        segment: String,
        /// First sequence of the group.
        first: u64,
        /// Last sequence of the group.
        last: u64,
        /// What the storage said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine panicked, or who was told that the group is durable.
    #[error("the journal writer panicked")]
    Panicked,
}

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stored bytes are not what was written.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The journal was written by a release this one does not understand.
    #[error(
        "segment `{segment}` has format {found}, this release reads {supported}\nhint: use the release that wrote it"
    )]
    Format {
        /// File name of the segment.
        segment: String,
        /// The version found.
        found: u32,
        /// The version this release reads and writes.
        supported: u32,
    },
    /// The database of a segment answered with an error.
    #[error("cannot read segment `{segment}`")]
    Storage {
        /// File name of the segment.
        segment: String,
        /// What the storage said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file or directory could not be read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
