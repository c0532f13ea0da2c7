//! A connection to one segment, and the statements it runs.

use pollster::block_on;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, Row, SqliteConnection};

use crate::group::Group;
use crate::{Damage, ReadError, layout, sql};

/// Measured against 8 and 16 KiB: the fastest for groups of 4 and 64 KiB, a quarter slower at 1 MiB.
const PAGE_BYTES: u32 = 4096;
/// How long a statement waits for another connection's lock, which is never held for long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read beside a writer.
    Read,
    /// Write, each commit synced.
    Write,
    /// Write without syncing, only for the test that shows that the crash test can fail.
    WriteUnsynced,
}

/// A connection to one segment; closed, not only dropped, when it goes.
pub struct Connection {
    /// Always there until the drop, which needs to own it.
    inner: Option<SqliteConnection>,
}

/// What a segment says about itself, as name and content.
pub type MetaRows = Vec<(String, String)>;

impl Connection {
    /// Opens an existing segment.
    pub fn open(path: &Path, access: Access) -> Result<Self, sqlx::Error> {
        // SQLite takes a file without a page for a new database and throws its log away.
        let bytes = std::fs::metadata(path)?.len();
        if bytes < u64::from(PAGE_BYTES) {
            return Err(sqlx::Error::Decode(format!("a file of {bytes} bytes").into()));
        }
        Self::connect(path, access, false)
    }

    /// Makes a new, empty database.
    pub fn create(path: &Path, access: Access) -> Result<Self, sqlx::Error> {
        Self::connect(path, access, true)
    }

    fn connect(path: &Path, access: Access, create: bool) -> Result<Self, sqlx::Error> {
        let mut options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        options = match access {
            Access::Read => options.read_only(true),
            Access::Write => options.synchronous(SqliteSynchronous::Full),
            Access::WriteUnsynced => options.synchronous(SqliteSynchronous::Off),
        };
        if access != Access::Read {
            // The log is merged when a segment is sealed, never while an append waits.
            options = options.page_size(PAGE_BYTES).journal_mode(SqliteJournalMode::Wal);
            options = options.pragma("wal_autocheckpoint", "0");
        }
        Ok(Self { inner: Some(block_on(options.connect())?) })
    }

    /// The library's connection.
    pub fn inner(&mut self) -> &mut SqliteConnection {
        self.inner.as_mut().expect("a connection is there until it is dropped")
    }

    /// Runs a statement without parameters.
    pub fn run(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        block_on(sqlx::query(statement).execute(self.inner())).map(drop)
    }

    /// Writes one line of what the segment says about itself.
    pub fn insert_meta(&mut self, name: &str, content: &str) -> Result<(), sqlx::Error> {
        block_on(sqlx::query(sql::INSERT_META).bind(name).bind(content).execute(self.inner())).map(drop)
    }

    /// All that the segment says about itself.
    pub fn meta(&mut self) -> Result<MetaRows, sqlx::Error> {
        block_on(sqlx::query_as(sql::SELECT_META).fetch_all(self.inner()))
    }

    /// The last group.
    pub fn last_group(&mut self) -> Result<Option<Group>, sqlx::Error> {
        block_on(sqlx::query(sql::LAST_GROUP).fetch_optional(self.inner()))?.map(group).transpose()
    }

    /// The last sequence of the last group.
    pub fn last_sequence(&mut self) -> Result<Option<u64>, sqlx::Error> {
        let last: Option<i64> = block_on(sqlx::query_scalar(sql::LAST_SEQUENCE).fetch_optional(self.inner()))?;
        last.map(natural).transpose()
    }

    /// At most `limit` groups that reach `sequence` or start after it, in order.
    pub fn groups_from(&mut self, sequence: u64, limit: u32) -> Result<Vec<Group>, sqlx::Error> {
        let query = sqlx::query(sql::GROUPS_FROM).bind(integer(sequence)).bind(i64::from(limit));
        block_on(query.fetch_all(self.inner()))?.into_iter().map(group).collect()
    }

    /// Size of the segment in bytes, its log included.
    pub fn size(&mut self) -> Result<u64, sqlx::Error> {
        let pages: i64 = block_on(sqlx::query_scalar(sql::PAGE_COUNT).fetch_one(self.inner()))?;
        Ok(natural(pages)? * u64::from(PAGE_BYTES))
    }

    /// Merges the log into the main file. Returns whether it was emptied; a reader may be in the way.
    pub fn checkpoint(&mut self) -> Result<bool, sqlx::Error> {
        let row = block_on(sqlx::query(sql::CHECKPOINT).fetch_one(self.inner()))?;
        let busy: i64 = row.try_get(0)?;
        Ok(busy == 0)
    }

    /// Closes the database and waits until it is closed.
    pub fn close(mut self) -> Result<(), sqlx::Error> {
        let inner = self.inner.take().expect("a connection is there until it is dropped");
        block_on(inner.close())
    }
}

impl Drop for Connection {
    /// Waits for the close, so that the files are at rest when the owner is gone.
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take()
            && let Err(error) = block_on(inner.close())
        {
            tracing::warn!(%error, "segment did not close");
        }
    }
}

/// About how much log a group takes, which is never less than it takes in the sealed segment.
///
/// Each group writes its own pages and the leaf with its row. Now and then it starts a leaf, and
/// then also writes the leaf's parent and the first page; the smaller the group the rarer.
pub fn log_bytes_of(body_bytes: usize) -> u64 {
    let (body, page, frame) = (body_bytes as u64, u64::from(PAGE_BYTES), u64::from(PAGE_BYTES) + 24);
    frame + (3 * body).min(3 * frame) + body / (page - 4) * frame
}

fn group(row: SqliteRow) -> Result<Group, sqlx::Error> {
    let checksum: i64 = row.try_get(2)?;
    Ok(Group {
        first: natural(row.try_get(0)?)?,
        last: natural(row.try_get(1)?)?,
        checksum: u32::try_from(checksum).map_err(|error| sqlx::Error::Decode(error.into()))?,
        body: row.try_get(3)?,
    })
}

/// Sequences start at 1 and never come near the end of a signed column.
pub fn integer(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn natural(value: i64) -> Result<u64, sqlx::Error> {
    u64::try_from(value).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Says what a failed read of the segment that starts at `first` means, when `sequence` was looked for.
///
/// A database that is not one, has lost its tables or holds other types was damaged; everything
/// else (no memory, no file handle, a device error) says nothing about the records.
pub fn read_failure(first: u64, sequence: u64, error: sqlx::Error) -> ReadError {
    let segment = layout::segment_name(first);
    let damaged = match &error {
        sqlx::Error::Database(database) => database.code().and_then(|code| code.parse().ok()).is_some_and(is_damage),
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => true,
        _ => false,
    };
    if !damaged {
        return ReadError::Storage { segment, source: error.into() };
    }
    let expected = "the segment's tables".to_owned();
    Damage { segment, sequence, found: error.to_string(), expected }.into()
}

/// SQLite's result codes for: no such table, corrupt, not a database, and a file shorter than it says.
fn is_damage(code: i32) -> bool {
    const ERROR: i32 = 1;
    const CORRUPT: i32 = 11;
    const NOT_A_DATABASE: i32 = 26;
    const SHORT_READ: i32 = 10 | (2 << 8);
    const CORRUPT_FILE_SYSTEM: i32 = 10 | (33 << 8);
    matches!(code & 0xff, ERROR | CORRUPT | NOT_A_DATABASE) || matches!(code, SHORT_READ | CORRUPT_FILE_SYSTEM)
}
