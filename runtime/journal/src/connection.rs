//! A connection to one segment, and the statements it runs, on the thread that asks.

use std::path::Path;
use std::time::Duration;

use rusqlite::{OpenFlags, OptionalExtension, Row};

use crate::group::Group;
use crate::sql;
use crate::storage_error::StorageError;

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

/// A connection to one segment. The files are at rest when it is gone.
pub struct Connection {
    inner: rusqlite::Connection,
}

/// What a segment says about itself, as name and content.
pub type MetaRows = Vec<(String, String)>;

impl Connection {
    /// Opens an existing segment.
    pub fn open(path: &Path, access: Access) -> Result<Self, StorageError> {
        // SQLite takes a file without a page for a new database and throws its log away.
        let bytes = std::fs::metadata(path)?.len();
        if bytes < u64::from(PAGE_BYTES) {
            return Err(StorageError::Misshapen(format!("a file of {bytes} bytes")));
        }
        Self::connect(path, access, OpenFlags::empty())
    }

    /// Makes a new, empty database.
    pub fn create(path: &Path, access: Access) -> Result<Self, StorageError> {
        Self::connect(path, access, OpenFlags::SQLITE_OPEN_CREATE)
    }

    fn connect(path: &Path, access: Access, more: OpenFlags) -> Result<Self, StorageError> {
        let mode = match access {
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::Write | Access::WriteUnsynced => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        // Whoever has a connection is alone with it, so SQLite need not lock it for each call.
        let flags = mode | more | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let inner = rusqlite::Connection::open_with_flags(path, flags)?;
        inner.busy_timeout(BUSY_TIMEOUT)?;
        let synchronous = match access {
            Access::Read => return Ok(Self { inner }),
            Access::Write => "FULL",
            Access::WriteUnsynced => "OFF",
        };
        inner.pragma_update(None, "page_size", PAGE_BYTES)?;
        inner.pragma_update(None, "journal_mode", "WAL")?;
        inner.pragma_update(None, "synchronous", synchronous)?;
        // The log is merged when a segment is sealed, never while an append waits.
        inner.pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(Self { inner })
    }

    /// Runs a statement without parameters.
    pub fn run(&self, statement: &'static str) -> Result<(), StorageError> {
        self.inner.execute(statement, ())?;
        Ok(())
    }

    /// Writes one line of what the segment says about itself.
    pub fn insert_meta(&self, name: &str, content: &str) -> Result<(), StorageError> {
        self.inner.execute(sql::INSERT_META, (name, content))?;
        Ok(())
    }

    /// All that the segment says about itself.
    pub fn meta(&self) -> Result<MetaRows, StorageError> {
        let mut select = self.inner.prepare(sql::SELECT_META)?;
        let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Prepares the insert of a group, so that a segment which cannot take one says so now, and no append pays for it.
    pub fn prepare_insert(&self) -> Result<(), StorageError> {
        self.inner.prepare_cached(sql::INSERT_GROUP)?;
        Ok(())
    }

    /// Writes a group; durable on return unless in a transaction.
    ///
    /// The statement is prepared once: the connection keeps it between the inserts. SQLite copies the body, since the
    /// library lends it nothing: measured, about 1 us at 64 KiB and 100 us at 1 MiB.
    pub fn insert(&self, group: &Group) -> Result<(), StorageError> {
        let mut insert = self.inner.prepare_cached(sql::INSERT_GROUP)?;
        insert.execute((integer(group.first), integer(group.last), group.checksum, group.body.as_slice()))?;
        Ok(())
    }

    /// The last group.
    pub fn last_group(&self) -> Result<Option<Group>, StorageError> {
        Ok(self.inner.query_row(sql::LAST_GROUP, (), group).optional()?)
    }

    /// The last sequence of the last group.
    pub fn last_sequence(&self) -> Result<Option<u64>, StorageError> {
        Ok(self.inner.query_row(sql::LAST_SEQUENCE, (), |row| natural(row, 0)).optional()?)
    }

    /// At most `limit` groups that reach `sequence` or start after it, in order.
    pub fn groups_from(&self, sequence: u64, limit: u32) -> Result<Vec<Group>, StorageError> {
        let mut select = self.inner.prepare_cached(sql::GROUPS_FROM)?;
        let rows = select.query_map((integer(sequence), limit), group)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Size of the segment in bytes, its log included.
    pub fn size(&self) -> Result<u64, StorageError> {
        let pages = self.inner.query_row(sql::PAGE_COUNT, (), |row| natural(row, 0))?;
        Ok(pages * u64::from(PAGE_BYTES))
    }

    /// Merges the log into the main file. Returns whether it was emptied; a reader may be in the way.
    pub fn checkpoint(&self) -> Result<bool, StorageError> {
        let busy: i64 = self.inner.query_row(sql::CHECKPOINT, (), |row| row.get(0))?;
        Ok(busy == 0)
    }

    /// Closes the database. Dropping it does too, and tells nobody when that fails.
    pub fn close(self) -> Result<(), StorageError> {
        self.inner.close().map_err(|(_, error)| error.into())
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

fn group(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group { first: natural(row, 0)?, last: natural(row, 1)?, checksum: row.get(2)?, body: row.get(3)? })
}

/// Sequences start at 1 and never come near the end of a signed column.
fn integer(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn natural(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
