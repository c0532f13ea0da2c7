//! Why the vault refuses or fails. No text here ever carries personal data.

use std::path::PathBuf;

/// Why a key file was not used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Others could read the key.
    #[error("vault key `{}` can be read by others: mode is {mode:04o}, allowed is 0600\nhint: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not a key.
    #[error("vault key `{}` has {found} bytes, expected 32", path.display())]
    Length {
        /// The key file.
        path: PathBuf,
        /// How many bytes it has.
        found: usize,
    },
    /// The file is not a key ring.
    #[error("`{}` is not a key ring\nhint: put it back from where it is kept", path.display())]
    Ring {
        /// The key ring's file.
        path: PathBuf,
    },
    /// The file could not be read or made.
    #[error("cannot use vault key `{}`", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The system gave no randomness.
    #[error("the system gave no random bytes: {0}")]
    Randomness(String),
}

/// Why the vault did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The vault was written with another key.
    #[error("vault `{}` was written with another key\nhint: use the key file that was made together with this vault", path.display())]
    WrongKey {
        /// The vault file.
        path: PathBuf,
    },
    /// The vault was written by a release this one does not understand.
    #[error(
        "vault_format: vault `{}` has format {found}, this release reads {supported}\n\
         hint: start it with the version that wrote it; before format 2 no vault was released, and people in one are \
         registered again in a new directory",
        path.display()
    )]
    Format {
        /// The vault file.
        path: PathBuf,
        /// The version found.
        found: String,
        /// The version this release reads and writes.
        supported: u32,
    },
    /// No row has this id.
    #[error("the vault holds no {table} row with id {id:032x}")]
    NotFound {
        /// The table.
        table: &'static str,
        /// The id.
        id: u128,
    },
    /// A row does not open: it was changed, or belongs to another id.
    #[error("{table} row {id:032x} does not open: it was changed or moved")]
    Sealed {
        /// The table.
        table: &'static str,
        /// The id.
        id: u128,
    },
    /// Whoever it was about was erased: their key is destroyed.
    #[error("{table} row {id:032x} was erased")]
    Erased {
        /// The table.
        table: &'static str,
        /// The id.
        id: u128,
    },
    /// A data key is wrapped by a master key that is not in the ring.
    #[error("the key ring has no version {version}\nhint: put the newest key file back")]
    NoKey {
        /// The version.
        version: u32,
    },
    /// The ring cannot be kept anywhere.
    #[error("the vault was opened without a key file, so its keys cannot be rotated")]
    NoKeyFile,
    /// Another process rotates.
    #[error(
        "the vault's keys are being rotated by another process\nhint: wait until it ends; it can be started again at any time"
    )]
    Rotating,
    /// Somebody reads for so long that the log cannot be emptied.
    #[error("the vault is being read for too long\nhint: try again when backups have ended")]
    Busy,
    /// Something is left to an old key.
    #[error("{left} rows and keys of the vault are still of an older key\nhint: start the rotation again")]
    Unmoved {
        /// How many.
        left: u64,
    },
    /// The key ring cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An id is in use for other data.
    #[error("{table} id {id:032x} is in use for other data")]
    IdInUse {
        /// The table.
        table: &'static str,
        /// The id.
        id: u128,
    },
    /// The target of a backup exists.
    #[error("`{}` exists\nhint: name a file that does not exist", path.display())]
    TargetExists {
        /// The target file.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database answered with an error.
    #[error("the vault's database failed")]
    Storage(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The system gave no randomness.
    #[error("the system gave no random bytes: {0}")]
    Randomness(String),
}

impl From<rusqlite::Error> for VaultError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}
