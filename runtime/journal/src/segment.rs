//! What a segment says about itself, and how one is made.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::connection::{Access, Connection, MetaRows};
use crate::storage_error::{StorageError, read_failure};
use crate::{Damage, ReadError, layout, sql};

/// The format this release reads and writes.
pub const FORMAT: u32 = 1;

/// What a segment says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// The shard whose records these are.
    pub shard: u32,
    /// The first sequence, as in the file name.
    pub first: u64,
    /// The checksum of the last group before this segment, 0 for the first.
    pub previous_checksum: u32,
}

impl Meta {
    /// Reads what the segment that starts at `first` says about itself, and checks format and place.
    pub fn read(connection: &Connection, first: u64) -> Result<Self, ReadError> {
        let rows = connection.meta().map_err(|error| read_failure(first, first, error))?;
        let format: u32 = number(&rows, "format", first)?;
        if format != FORMAT {
            let segment = layout::segment_name(first);
            return Err(ReadError::Format { segment, found: format, supported: FORMAT });
        }
        let meta = Self {
            shard: number(&rows, "shard", first)?,
            first: number(&rows, "first_sequence", first)?,
            previous_checksum: number(&rows, "previous_checksum", first)?,
        };
        if meta.first != first {
            let (found, expected) = (format!("a segment that starts at {}", meta.first), format!("one at {first}"));
            return Err(damage(first, first, found, expected).into());
        }
        Ok(meta)
    }

    fn write(self, connection: &Connection) -> Result<(), StorageError> {
        connection.insert_meta("format", &FORMAT.to_string())?;
        connection.insert_meta("shard", &self.shard.to_string())?;
        connection.insert_meta("first_sequence", &self.first.to_string())?;
        connection.insert_meta("previous_checksum", &self.previous_checksum.to_string())
    }
}

fn number<T: std::str::FromStr>(rows: &MetaRows, name: &str, first: u64) -> Result<T, ReadError> {
    let content = rows.iter().find(|(found, _)| found == name).map(|(_, content)| content.as_str());
    let parsed = content.and_then(|content| content.parse().ok());
    let found = || format!("`{name}` is `{}`", content.unwrap_or("missing"));
    Ok(parsed.ok_or_else(|| damage(first, first, found(), "a number".to_owned()))?)
}

/// Damage in the segment that starts at `first`.
pub fn damage(first: u64, sequence: u64, found: String, expected: String) -> Damage {
    Damage { segment: layout::segment_name(first), sequence, found, expected }
}

/// The group before a place in the journal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Before {
    /// The first sequence of the segment that holds it.
    pub segment: u64,
    /// Its last sequence, 0 when there is none.
    pub last: u64,
    /// Its checksum, 0 when there is none.
    pub checksum: u32,
}

/// Checks that the segment follows the group before it.
pub fn check_follows(meta: Meta, before: Before) -> Result<(), Damage> {
    let (first, next) = (meta.first, before.last + 1);
    if next != first {
        let expected = format!("records up to {}, which the next segment follows", first - 1);
        return Err(damage(before.segment, next, "the end of the segment".to_owned(), expected));
    }
    if meta.previous_checksum != before.checksum {
        let found = format!("a link to a group with checksum {:08x}", meta.previous_checksum);
        return Err(damage(first, first, found, format!("checksum {:08x}", before.checksum)));
    }
    Ok(())
}

/// Checks that the list of segments starts at the beginning.
pub fn check_first(segments: &[u64]) -> Result<(), Damage> {
    match segments.first() {
        Some(&first) if first != 1 => {
            let found = format!("a first segment that starts at record {first}");
            Err(damage(first, 1, found, layout::segment_name(1)))
        }
        _ => Ok(()),
    }
}

/// Why a segment could not be made.
pub type MakeError = Box<dyn std::error::Error + Send + Sync>;

/// A segment that is being made under a name of its own; nobody sees it before [`Unfinished::finish`].
pub struct Unfinished {
    /// For writing the groups that the segment holds from the start.
    pub connection: Connection,
    dir: PathBuf,
    meta: Meta,
}

impl Unfinished {
    /// Starts a segment: file, tables, and what it says about itself. Leaves a transaction open.
    pub fn start(dir: &Path, meta: Meta) -> Result<Self, StorageError> {
        let connection = Connection::create(&layout::unfinished_path(dir, meta.first), Access::Write)?;
        connection.run(sql::BEGIN)?;
        connection.run(sql::CREATE_GROUPS)?;
        connection.run(sql::CREATE_META)?;
        meta.write(&connection)?;
        Ok(Self { connection, dir: dir.to_owned(), meta })
    }

    /// Commits, merges the log, and gives the segment its name, durably. A spare log becomes its log.
    pub fn finish(self) -> Result<PathBuf, MakeError> {
        self.connection.run(sql::COMMIT)?;
        self.connection.close()?;
        let unfinished = layout::unfinished_path(&self.dir, self.meta.first);
        let path = layout::segment_path(&self.dir, self.meta.first);
        File::open(&unfinished)?.sync_all()?;
        match std::fs::rename(layout::spare_log_path(&self.dir), layout::log_path(&path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        std::fs::rename(&unfinished, &path)?;
        layout::sync_dir(&self.dir)?;
        Ok(path)
    }
}
