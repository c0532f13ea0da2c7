//! Connections to the views' database.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::ViewError;

/// How long a statement waits for another connection's lock, which is never held for long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Pages in the log after which a commit merges it into the main file.
const LOG_PAGES: u32 = 32_000;
/// Kibibytes of pages kept by the writer, as SQLite writes them: below zero.
const WRITER_CACHE: i32 = -65_536;

/// Opens or creates the views for writing.
///
/// What a power cut takes from a log that is not synced at each commit is applied again from the journal.
pub fn for_writing(path: &Path) -> Result<Connection, ViewError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
    Ok(connection)
}

/// Opens existing views for reading beside the writer.
pub fn for_reading(path: &Path) -> Result<Connection, ViewError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, ViewError> {
    // A connection is used by one thread at a time, so SQLite need not lock it.
    let opened = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let connection = opened.map_err(|source| ViewError::Open { path: path.to_owned(), source })?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}
