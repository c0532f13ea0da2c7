//! Why views cannot be written or read.

use std::path::PathBuf;

/// A view could not be written or read. Views are derived: when in doubt they are deleted and rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The database could not be opened.
    #[error("cannot open views `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the database said.
        #[source]
        source: rusqlite::Error,
    },
    /// Another release wrote them.
    #[error("views have format {found}, expected {expected}\nhint: rebuild the views")]
    OtherFormat {
        /// The format of the file.
        found: u64,
        /// The format of this release.
        expected: u64,
    },
    /// A statement failed; nothing of the batch was applied.
    #[error("views statement failed")]
    Storage(#[from] rusqlite::Error),
    /// A batch does not follow the last record applied.
    #[error("views expected record {expected}, found {found}")]
    Gap {
        /// The sequence that was due.
        expected: u64,
        /// The sequence that came.
        found: u64,
    },
    /// Somebody else has written since this writer opened.
    #[error("views are written by another process\nhint: stop it, or open the views again")]
    OtherWriter,
    /// A column holds what was never written.
    #[error("views column `{column}` holds {found}\nhint: rebuild the views")]
    Damaged {
        /// The column.
        column: &'static str,
        /// What is there.
        found: String,
    },
    /// An amount or cursor does not fit a column of 64 signed bits.
    #[error("value leaves the range of a column: {0}")]
    OutOfRange(u64),
}
