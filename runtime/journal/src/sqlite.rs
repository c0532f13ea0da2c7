//! The SQLite engine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::connection::{Access, Connection, log_bytes_of};
use crate::group::{Group, body_bytes};
use crate::lock::WriterLock;
use crate::mark::{self, Mark};
use crate::sealer::{Sealer, Work};
use crate::segment::{Before, MakeError, Meta, Unfinished, check_first, check_follows, damage};
use crate::storage_error::read_failure;
use crate::{AppendError, Engine, Entry, OpenError, ReadError, layout, log_check, log_space};

/// The smallest and the largest segment in bytes.
const SEGMENT_BYTES_MIN: u64 = 64 << 10;
const SEGMENT_BYTES_MAX: u64 = 256 << 20;
/// The largest group in bytes; a group that fills no segment of the default size.
const GROUP_BYTES_MAX: usize = 32 << 20;

/// How a journal is opened for writing.
#[derive(Debug, Clone)]
pub struct Options {
    /// The shard whose records these are; a directory of another shard is refused.
    pub shard: u32,
    /// A segment takes no more groups beyond this size; 64 KiB to 256 MiB, by default 64 MiB.
    /// A larger group gets a segment of its own.
    pub segment_bytes: u64,
    /// Only for the test that shows that the crash test can fail.
    #[doc(hidden)]
    pub unsynced: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { shard: 0, segment_bytes: 64 << 20, unsynced: false }
    }
}

/// What was found when a journal was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReport {
    /// Sequence of the last durable record, 0 when empty.
    pub last_sequence: u64,
    /// How many segments the directory holds.
    pub segments: usize,
    /// Bytes of log that the last writer had left to be merged; 0 after an orderly end.
    pub recovered_bytes: u64,
}

/// A journal in a directory of SQLite segments, opened for writing by this process alone.
pub struct SqliteJournal {
    // Dropped in this order: the newest segment, then what is being sealed, then the lock.
    segment: Newest,
    sealer: Sealer,
    mark: Mark,
    dir: PathBuf,
    options: Options,
    /// Whether an append failed; nothing is written after that.
    stopped: bool,
    _lock: WriterLock,
}

/// The segment that takes groups.
struct Newest {
    connection: Connection,
    first: u64,
    /// The last sequence of the journal, before `first` when the segment is empty.
    last: u64,
    /// The checksum of the journal's last group, 0 when it has none.
    checksum: u32,
    /// About what is in its log, and at least what the segment takes on disk once it is sealed.
    bytes: u64,
}

impl SqliteJournal {
    /// Opens or creates the journal at `dir`.
    ///
    /// The work does not grow with history: only the newest two segments are opened, and a log that an
    /// interrupted writer left, at most one segment long, is checked and merged before anything
    /// builds on it.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, OpenReport), OpenError> {
        check_options(&options)?;
        let failed = |source| OpenError::Io { path: dir.to_owned(), source };
        prepare_dir(dir).map_err(failed)?;
        let lock = WriterLock::take(dir)?;
        layout::remove_unfinished(dir).map_err(failed)?;
        let mut segments = layout::list_segments(dir).map_err(failed)?;
        let acknowledged = mark::read(dir);
        if segments.is_empty() {
            mark::check(acknowledged, 0, 1)?;
            make_segment(dir, Meta { shard: options.shard, first: 1, previous_checksum: 0 })
                .map_err(|source| failed(io::Error::other(source)))?;
            segments.push(1);
        }
        check_first(&segments)?;
        let found = inspect(dir, &segments, &options)?;
        mark::check(acknowledged, found.last, found.first)?;
        let (segment, recovered_bytes) = Newest::open(dir, found, &options)?;
        let mark = Mark::open(dir).map_err(failed)?;
        let sealer = Sealer::start().map_err(failed)?;
        seal_left_over(dir, &segments, &sealer)?;
        sealer.give(Work::Spare(dir.to_owned(), options.segment_bytes));
        let report = OpenReport { last_sequence: segment.last, segments: segments.len(), recovered_bytes };
        let dir = dir.to_owned();
        Ok((Self { segment, sealer, mark, dir, options, stopped: false, _lock: lock }, report))
    }

    fn check_group(&self, group: &[Entry]) -> Result<(), AppendError> {
        if self.stopped {
            return Err(AppendError::Stopped);
        }
        if group.is_empty() {
            return Err(AppendError::Empty);
        }
        for (expected, entry) in (self.segment.last + 1..).zip(group) {
            if entry.sequence != expected {
                return Err(AppendError::NotConsecutive { expected, found: entry.sequence });
            }
        }
        let bytes = body_bytes(group);
        if bytes > GROUP_BYTES_MAX {
            return Err(AppendError::TooLarge { bytes, limit: GROUP_BYTES_MAX });
        }
        Ok(())
    }

    fn write(&mut self, group: &Group) -> Result<(), MakeError> {
        let bytes = log_bytes_of(group.body.len());
        if self.segment.holds_groups() && self.segment.bytes + bytes > self.options.segment_bytes {
            self.open_next_segment()?;
        }
        self.segment.connection.insert(group)?;
        self.segment.last = group.last;
        self.segment.checksum = group.checksum;
        self.segment.bytes += bytes;
        self.mark.set(group.last)?;
        Ok(())
    }

    /// The new segment is there, durably, before the full one is given away to be sealed.
    fn open_next_segment(&mut self) -> Result<(), MakeError> {
        let (last, checksum) = (self.segment.last, self.segment.checksum);
        let meta = Meta { shard: self.options.shard, first: last + 1, previous_checksum: checksum };
        let path = make_segment(&self.dir, meta)?;
        let connection = Connection::open(&path, access(&self.options))?;
        connection.prepare_insert()?;
        let bytes = connection.size()?;
        let next = Newest { connection, first: meta.first, last, checksum, bytes };
        let full = std::mem::replace(&mut self.segment, next);
        self.sealer.give(Work::Seal(full.connection));
        self.sealer.give(Work::Spare(self.dir.clone(), self.options.segment_bytes));
        Ok(())
    }
}

impl Engine for SqliteJournal {
    fn last_sequence(&self) -> u64 {
        self.segment.last
    }

    fn append(&mut self, group: &[Entry]) -> Result<(), AppendError> {
        self.check_group(group)?;
        let stored = Group::of(group).ok_or(AppendError::Empty)?;
        self.write(&stored).map_err(|source| {
            self.stopped = true;
            let segment = layout::segment_name(self.segment.first);
            AppendError::Storage { segment, first: stored.first, last: stored.last, source }
        })
    }
}

/// What the newest segment was found to hold, before anything is changed.
struct Inspected {
    first: u64,
    last: u64,
    checksum: u32,
}

/// Looks at the newest segment and at its place after the one before.
fn inspect(dir: &Path, segments: &[u64], options: &Options) -> Result<Inspected, OpenError> {
    let first = *segments.last().expect("the caller made a segment if there was none");
    let path = layout::segment_path(dir, first);
    let storage = |error| OpenError::from(read_failure(first, first, error));
    refuse_damaged_log(&path, first)?;
    let connection = Connection::open(&path, Access::Read).map_err(storage)?;
    let meta = Meta::read(&connection, first)?;
    if meta.shard != options.shard {
        return Err(OpenError::OtherShard { dir: dir.to_owned(), found: meta.shard, expected: options.shard });
    }
    let before = match segments {
        [.., before, _] => last_of_sealed(dir, *before)?,
        _ => Before::default(),
    };
    check_follows(meta, before)?;
    let Some(group) = connection.last_group().map_err(storage)? else {
        return Ok(Inspected { first, last: before.last, checksum: before.checksum });
    };
    group.check(&layout::segment_name(first))?;
    Ok(Inspected { first, last: group.last, checksum: group.checksum })
}

impl Newest {
    /// Makes what was recovered durable, and opens the segment for writing.
    fn open(dir: &Path, found: Inspected, options: &Options) -> Result<(Self, u64), OpenError> {
        let Inspected { first, last, checksum } = found;
        let path = layout::segment_path(dir, first);
        let storage = |error| OpenError::from(read_failure(first, first, error));
        let recovered_bytes = settle(&path, first)?;
        let connection = Connection::open(&path, access(options)).map_err(storage)?;
        let bytes = connection.size().map_err(storage)?;
        connection.close().map_err(storage)?;
        let filled = log_space::fill_log(&path, options.segment_bytes.saturating_sub(bytes));
        filled.map_err(|source| OpenError::Io { path: layout::log_path(&path), source })?;
        let connection = Connection::open(&path, access(options)).map_err(storage)?;
        connection.prepare_insert().map_err(storage)?;
        Ok((Self { connection, first, last, checksum, bytes }, recovered_bytes))
    }

    fn holds_groups(&self) -> bool {
        self.last >= self.first
    }
}

/// Writes what an interrupted writer left in the log into the main file, and syncs it.
/// Returns how many bytes that were.
///
/// After a failed sync the system may hold pages that are not on disk and that no later sync would
/// write. What is read back is therefore written again before a record is acknowledged on top of it.
fn settle(path: &Path, first: u64) -> Result<u64, OpenError> {
    let recovered_bytes = refuse_damaged_log(path, first)?;
    if recovered_bytes == 0 {
        return Ok(0);
    }
    let storage = |error| OpenError::from(read_failure(first, first, error));
    let connection = Connection::open(path, Access::Write).map_err(storage)?;
    if !connection.checkpoint().map_err(storage)? {
        let source = "a reader kept the log from being merged".into();
        return Err(ReadError::Storage { segment: layout::segment_name(first), source }.into());
    }
    connection.close().map_err(storage)?;
    Ok(recovered_bytes)
}

/// Returns how many bytes of log there are to be merged.
fn refuse_damaged_log(path: &Path, first: u64) -> Result<u64, OpenError> {
    let path = layout::log_path(path);
    let log = log_check::check(&path).map_err(|source| ReadError::Io { path, source })?;
    match log.damage {
        Some(found) => Err(damage(first, first, found, "an intact log".to_owned()).into()),
        None => Ok(log.intact_bytes),
    }
}

/// The last group of a segment that another one follows.
fn last_of_sealed(dir: &Path, first: u64) -> Result<Before, OpenError> {
    let path = layout::segment_path(dir, first);
    refuse_damaged_log(&path, first)?;
    let storage = |error| read_failure(first, first, error);
    let connection = Connection::open(&path, Access::Read).map_err(storage)?;
    let last = connection.last_group().map_err(storage)?;
    let last = last.ok_or_else(|| damage(first, first, "no group".to_owned(), "at least one".to_owned()))?;
    last.check(&layout::segment_name(first))?;
    Ok(Before { segment: first, last: last.last, checksum: last.checksum })
}

fn seal_left_over(dir: &Path, segments: &[u64], sealer: &Sealer) -> Result<(), OpenError> {
    let older = &segments[..segments.len().saturating_sub(1)];
    for &first in older {
        let path = layout::segment_path(dir, first);
        if layout::log_bytes(&path) == 0 {
            continue;
        }
        refuse_damaged_log(&path, first)?;
        sealer.give(Work::SealLeftOver(path));
    }
    Ok(())
}

fn make_segment(dir: &Path, meta: Meta) -> Result<PathBuf, MakeError> {
    Unfinished::start(dir, meta)?.finish()
}

fn prepare_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    layout::sync_dir(layout::parent(dir))
}

fn access(options: &Options) -> Access {
    if options.unsynced { Access::WriteUnsynced } else { Access::Write }
}

fn check_options(options: &Options) -> Result<(), OpenError> {
    let (min, max) = (SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
    if !(min..=max).contains(&options.segment_bytes) {
        return Err(OpenError::SegmentBytes { found: options.segment_bytes, min, max });
    }
    Ok(())
}
