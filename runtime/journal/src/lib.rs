//! The journal: a durable, ordered, append-only store of groups of records.
//!
//! It exists so that nothing leaves the node before it is on disk. It knows a record only as a
//! sequence and its stored bytes; what the bytes mean must never come in here.
//!
//! - [`Engine`] and [`Reader`] are what a storage engine must do; the simulator has its own.
//! - [`SqliteJournal`] and [`SqliteReader`] are the SQLite engine: a directory of segments.
//! - [`GroupCommitter`] keeps one group committing while one is filling.
//! - [`verify`], [`backup`] and [`restore`] work on a directory, beside a live writer if need be.

mod committer;
mod connection;
mod copy;
mod engine;
mod entry;
mod error;
mod group;
mod layout;
mod lock;
mod log_check;
mod log_space;
mod mark;
mod reader;
mod scan;
mod sealer;
mod segment;
mod sql;
mod sqlite;
mod storage_error;
mod verify;

pub use committer::{CommitterOptions, GroupCommitter, Seal, Sealed, SubmitError};
pub use copy::{CopyError, CopyReport, backup, restore};
pub use engine::{AppendError, Engine, ReadError, Reader};
pub use entry::Entry;
pub use error::{Damage, OpenError};
pub use reader::SqliteReader;
pub use sqlite::{OpenReport, Options, SqliteJournal};
pub use verify::{VerifyProgress, VerifyReport, verify};
