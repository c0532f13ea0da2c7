//! Walking all groups of a directory in order, each checked; for verifying and copying.

use std::path::{Path, PathBuf};

use crate::connection::{Access, Connection};
use crate::group::Group;
use crate::segment::{Before, Meta, check_first, check_follows, damage};
use crate::storage_error::read_failure;
use crate::{ReadError, Reader, SqliteReader, layout, mark};

/// Groups fetched at once.
const GROUPS_AT_ONCE: u32 = 16;

/// The groups that were there at one moment. A live writer may go on; what it adds is not walked.
pub struct Scan {
    dir: PathBuf,
    /// First sequences of the segments, ascending.
    pub segments: Vec<u64>,
    /// The last sequence.
    pub end: u64,
}

/// What a walk meets.
pub enum Found {
    /// A segment begins.
    Segment(Meta),
    /// A group of the segment, checked.
    Group(Group),
}

impl Scan {
    /// Fixes the moment. Refuses a journal that ends before what it acknowledged.
    pub fn start(dir: &Path) -> Result<Self, ReadError> {
        // Before the end is looked up, because a live writer moves both on.
        let acknowledged = mark::read(dir);
        let end = SqliteReader::open(dir)?.last_sequence()?;
        let listed = layout::list_segments(dir);
        let segments = listed.map_err(|source| ReadError::Io { path: dir.to_owned(), source })?;
        check_first(&segments)?;
        mark::check(acknowledged, end, segments.last().copied().unwrap_or(1))?;
        Ok(Self { dir: dir.to_owned(), segments, end })
    }

    /// Visits everything up to the group that holds `up_to`, which must not be after the end.
    pub fn walk<E: From<ReadError>>(&self, up_to: u64, mut visit: impl FnMut(Found) -> Result<(), E>) -> Result<(), E> {
        let mut before = Before::default();
        for &first in &self.segments {
            if before.last >= up_to {
                return Ok(());
            }
            let connection = self.connect(first)?;
            let meta = Meta::read(&connection, first)?;
            check_follows(meta, before).map_err(ReadError::from)?;
            visit(Found::Segment(meta))?;
            before = walk_segment(&connection, first, before, up_to, &mut visit)?;
            before.segment = first;
        }
        if before.last < up_to {
            let segment = self.segments.last().copied().unwrap_or(1);
            let expected = format!("records up to {up_to}");
            return Err(ReadError::from(damage(segment, before.last + 1, "the end".to_owned(), expected)).into());
        }
        Ok(())
    }

    fn connect(&self, first: u64) -> Result<Connection, ReadError> {
        let path = layout::segment_path(&self.dir, first);
        Connection::open(&path, Access::Read).map_err(|error| read_failure(first, first, error))
    }
}

fn walk_segment<E: From<ReadError>>(
    connection: &Connection,
    first: u64,
    mut before: Before,
    up_to: u64,
    visit: &mut impl FnMut(Found) -> Result<(), E>,
) -> Result<Before, E> {
    while before.last < up_to {
        let next = before.last + 1;
        let groups = connection.groups_from(next, GROUPS_AT_ONCE).map_err(|error| read_failure(first, next, error))?;
        if groups.is_empty() {
            break;
        }
        for group in groups {
            if before.last >= up_to {
                break;
            }
            check_group(&group, first, before.last + 1)?;
            before = Before { segment: first, last: group.last, checksum: group.checksum };
            visit(Found::Group(group))?;
        }
    }
    Ok(before)
}

fn check_group(group: &Group, segment: u64, expected: u64) -> Result<(), ReadError> {
    group.check(&layout::segment_name(segment))?;
    if group.first != expected {
        let found = format!("a group that starts at record {}", group.first);
        return Err(damage(segment, expected, found, format!("record {expected}")).into());
    }
    Ok(())
}
