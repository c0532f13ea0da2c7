//! What can go wrong that is nobody's fault who asks; and beside it, what is denied.

use crate::Denied;
use std::path::PathBuf;

/// Why there is no answer, or a *no*.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The caller is told no; the code says why.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The store cannot be read or written.
    #[error("the access store failed: {0}")]
    Store(#[from] rusqlite::Error),
    /// The store's file cannot be made or looked at.
    #[error("`{path}`: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Others can read the store.
    #[error("`{path}` has mode {mode:o}: allowed is 600\nhint: `chmod 600` it and replace what it holds")]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The store was made with another key.
    #[error("the access store belongs to another key\nhint: give the key file that it was made with")]
    WrongKey,
    /// A stored value does not open, or is not as it was written.
    #[error("the access store is damaged: {0}")]
    Damaged(String),
    /// A command takes something away and does not say why.
    #[error("no reason was given\nhint: say why with `--why`; it is kept in the journal")]
    NoReason,
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Randomness(String),
}

impl AccessError {
    /// What the caller is told, when it is the caller's affair.
    pub const fn denied(&self) -> Option<&Denied> {
        match self {
            AccessError::Denied(denied) => Some(denied),
            _ => None,
        }
    }
}
