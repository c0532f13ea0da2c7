//! Reading segments, beside a live writer.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use crate::connection::{Access, Connection};
use crate::group::Group;
use crate::segment::damage;
use crate::storage_error::read_failure;
use crate::{Entry, ReadError, Reader, layout};

/// The most groups fetched at once, whatever their size.
const GROUPS_AT_ONCE_MAX: usize = 256;

/// Reads a journal directory through connections of its own.
pub struct SqliteReader {
    dir: PathBuf,
    /// First sequences of the segments seen so far, ascending.
    segments: Vec<u64>,
    open: Option<(u64, Connection)>,
    /// Groups fetched and checked but not all given out yet; of one segment, in order.
    ahead: VecDeque<Group>,
    /// Size of a group as seen lately, to fetch about as much as is asked for.
    group_bytes: usize,
}

impl SqliteReader {
    /// Opens the journal at `dir` for reading; a directory without segments reads as empty.
    pub fn open(dir: &Path) -> Result<Self, ReadError> {
        let mut reader = Self {
            dir: dir.to_owned(),
            segments: Vec::new(),
            open: None,
            ahead: VecDeque::new(),
            group_bytes: 64 << 10,
        };
        reader.refresh()?;
        Ok(reader)
    }

    fn refresh(&mut self) -> Result<(), ReadError> {
        let listed = layout::list_segments(&self.dir);
        self.segments = listed.map_err(|source| ReadError::Io { path: self.dir.clone(), source })?;
        Ok(())
    }

    fn connection(&mut self, first: u64) -> Result<&Connection, ReadError> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != first) {
            self.open = None;
            let path = layout::segment_path(&self.dir, first);
            let connection =
                Connection::open(&path, Access::Read).map_err(|error| read_failure(first, first, error))?;
            self.open = Some((first, connection));
        }
        let (_, connection) = self.open.as_ref().expect("opened above");
        Ok(connection)
    }

    /// The segment that should hold `sequence`, and the one after it as far as is known.
    fn segment_of(&self, sequence: u64) -> (Option<u64>, Option<u64>) {
        let after = self.segments.partition_point(|first| *first <= sequence);
        (after.checked_sub(1).map(|at| self.segments[at]), self.segments.get(after).copied())
    }

    /// Moves groups of one segment into `batch`. Returns whether there was any.
    fn read_segment(&mut self, first: u64, batch: &mut Batch) -> Result<bool, ReadError> {
        self.forget_until(batch.next);
        if self.ahead.is_empty() {
            self.fetch(first, batch)?;
        }
        let found = !self.ahead.is_empty();
        while let Some(group) = self.ahead.front() {
            if group.first > batch.next {
                return Err(hole(first, batch.next, group.first).into());
            }
            if !batch.take(group.entries_from(batch.next)) {
                break;
            }
            self.ahead.pop_front();
        }
        Ok(found)
    }

    /// Drops what was fetched before the position, or all of it when the position went back.
    fn forget_until(&mut self, next: u64) {
        while self.ahead.front().is_some_and(|group| group.last < next) {
            self.ahead.pop_front();
        }
        if self.ahead.front().is_some_and(|group| group.first > next) {
            self.ahead.clear();
        }
    }

    fn fetch(&mut self, first: u64, batch: &Batch) -> Result<(), ReadError> {
        let wanted = batch.max_bytes.saturating_sub(batch.bytes).div_ceil(self.group_bytes);
        let limit = wanted.clamp(1, GROUPS_AT_ONCE_MAX) as u32;
        let fetched = self.connection(first)?.groups_from(batch.next, limit);
        for group in fetched.map_err(|error| read_failure(first, batch.next, error))? {
            group.check(&layout::segment_name(first))?;
            self.group_bytes = (self.group_bytes + group.body.len()) / 2 + 1;
            self.ahead.push_back(group);
        }
        Ok(())
    }
}

fn hole(segment: u64, expected: u64, found: u64) -> crate::Damage {
    damage(segment, expected, format!("a group that starts at record {found}"), format!("record {expected}"))
}

/// What a read has collected.
struct Batch {
    entries: Vec<Entry>,
    /// The sequence that comes next.
    next: u64,
    bytes: usize,
    max_bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        !self.entries.is_empty() && self.bytes >= self.max_bytes
    }

    /// Takes entries until it is full. Returns whether there is room for more.
    fn take(&mut self, entries: impl Iterator<Item = Entry>) -> bool {
        for entry in entries {
            self.next = entry.sequence + 1;
            self.bytes += entry.bytes.len();
            self.entries.push(entry);
            if self.is_full() {
                return false;
            }
        }
        true
    }
}

impl Reader for SqliteReader {
    fn last_sequence(&mut self) -> Result<u64, ReadError> {
        self.refresh()?;
        let Some(&first) = self.segments.last() else { return Ok(0) };
        let last = self.connection(first)?.last_sequence().map_err(|error| read_failure(first, first, error))?;
        Ok(last.unwrap_or(first - 1))
    }

    fn read_from(&mut self, from_sequence: u64, max_bytes: usize) -> Result<Vec<Entry>, ReadError> {
        let mut batch = Batch { entries: Vec::new(), next: from_sequence.max(1), bytes: 0, max_bytes };
        while !batch.is_full() {
            // What is known of later segments is taken before the read: one that appears during it
            // may follow records that were not there yet.
            let (segment, following) = self.segment_of(batch.next);
            if let Some(first) = segment
                && self.read_segment(first, &mut batch)?
            {
                continue;
            }
            if let Some(following) = following {
                return Err(hole(segment.unwrap_or(following), batch.next, following).into());
            }
            let known = self.segments.len();
            self.refresh()?;
            if self.segments.len() == known {
                break;
            }
        }
        Ok(batch.entries)
    }
}
