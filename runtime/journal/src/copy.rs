//! Backup and restore: verified copies of a journal.

use std::path::{Path, PathBuf};

use crate::ReadError;

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyReport {
    /// Sequence of the last record in the copy, 0 when it is empty.
    pub last_sequence: u64,
    /// How many segments were written.
    pub segments: u64,
    /// How many bytes of records were written.
    pub bytes: u64,
}

/// Why a copy was not made. The target does not exist then.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The target holds something already.
    #[error("`{}` is not empty\nhint: name a directory that does not exist", target.display())]
    TargetNotEmpty {
        /// The target directory.
        target: PathBuf,
    },
    /// The journal ends before the asked position.
    #[error("journal ends at record {last_sequence}, asked for {asked}")]
    Short {
        /// The last record that exists.
        last_sequence: u64,
        /// The position that was asked for.
        asked: u64,
    },
    /// The source could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The copy could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system or the storage said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Copies the journal at `dir` to the new directory `to_dir`, consistently, while a writer may run.
///
/// Every group is checked on the way. The target appears only when it is complete and durable.
pub fn backup(_dir: &Path, _to_dir: &Path) -> Result<CopyReport, CopyError> {
    unreachable!("not written yet")
}

/// Copies the records up to and including `up_to_sequence` (all when `None`) from a backup to the
/// new directory `to_dir`, which can then be opened for writing.
pub fn restore(_backup_dir: &Path, _to_dir: &Path, _up_to_sequence: Option<u64>) -> Result<CopyReport, CopyError> {
    unreachable!("not written yet")
}
