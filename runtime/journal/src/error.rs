//! Damage, and why a journal does not open.

use std::path::PathBuf;

use crate::ReadError;

/// A place where the journal is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("segment `{segment}` is damaged at record {sequence}: found {found}, expected {expected}")]
pub struct Damage {
    /// File name of the segment.
    pub segment: String,
    /// The first sequence that cannot be trusted.
    pub sequence: u64,
    /// What is there.
    pub found: String,
    /// What should be there.
    pub expected: String,
}

/// Why a journal does not open for writing.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another writer holds the directory.
    #[error("journal `{}` is held by process {holder}\nhint: stop that process, or choose another directory", dir.display())]
    Held {
        /// The journal directory.
        dir: PathBuf,
        /// The process id the holder wrote, or `unknown`.
        holder: String,
    },
    /// An option is outside its range.
    #[error("journal option out of range: `segment_bytes` is {found}, allowed are {min} to {max}")]
    SegmentBytes {
        /// What was asked.
        found: u64,
        /// The smallest segment.
        min: u64,
        /// The largest segment.
        max: u64,
    },
    /// The directory holds the journal of another shard.
    #[error("journal `{}` belongs to shard {found}, opened for shard {expected}", dir.display())]
    OtherShard {
        /// The journal directory.
        dir: PathBuf,
        /// The shard in the newest segment.
        found: u32,
        /// The shard in the options.
        expected: u32,
    },
    /// Records that were durable are missing or wrong.
    #[error("{0}\nhint: keep the directory as it is and restore a backup beside it")]
    Damaged(Damage),
    /// Reading failed, or the format is a later release's.
    #[error(transparent)]
    Read(ReadError),
    /// A file or directory could not be made or written.
    #[error("cannot write `{}`", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl From<Damage> for OpenError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged(damage) => Self::Damaged(damage),
            other => Self::Read(other),
        }
    }
}
