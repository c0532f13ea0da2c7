//! Connections to the views' database.

use pollster::block_on;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

use crate::ViewError;

/// How long a statement waits for another connection's lock, which is never held for long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Pages in the log after which a commit merges it into the main file.
const LOG_PAGES: &str = "32000";
/// Kibibytes of pages kept by the writer, as SQLite writes them: below zero.
const WRITER_CACHE: &str = "-65536";

/// Opens or creates the views for writing.
///
/// What a power cut takes from a log that is not synced at each commit is applied again from the journal.
pub fn for_writing(path: &Path) -> Result<SqliteConnection, ViewError> {
    let options = SqliteConnectOptions::new()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .pragma("wal_autocheckpoint", LOG_PAGES)
        // Else each statement of many rows writes the pages it may have to restore into a file of its own.
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", WRITER_CACHE);
    connect(path, options)
}

/// Opens existing views for reading beside the writer.
pub fn for_reading(path: &Path) -> Result<SqliteConnection, ViewError> {
    connect(path, SqliteConnectOptions::new().read_only(true))
}

fn connect(path: &Path, options: SqliteConnectOptions) -> Result<SqliteConnection, ViewError> {
    let options = options.filename(path).busy_timeout(BUSY_TIMEOUT).disable_statement_logging();
    block_on(options.connect()).map_err(|source| ViewError::Open { path: path.to_owned(), source })
}
