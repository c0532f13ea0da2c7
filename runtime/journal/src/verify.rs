//! A full check of a journal directory.

use std::path::Path;

use crate::ReadError;
use crate::scan::{Found, Scan};

/// How far a check has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerifyProgress {
    /// The last record that was checked.
    pub sequence: u64,
    /// The last record there is to check.
    pub last_sequence: u64,
    /// Groups checked so far.
    pub groups: u64,
    /// Bytes of groups checked so far.
    pub bytes: u64,
    /// Segments begun so far.
    pub segments_begun: usize,
    /// Segments in the directory when the check began.
    pub segments: usize,
}

/// What a full check saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// Sequence of the last record, 0 when empty.
    pub last_sequence: u64,
    /// How many groups were checked.
    pub groups: u64,
    /// How many segments were checked.
    pub segments: usize,
    /// How many bytes of groups were checked.
    pub bytes: u64,
}

/// Reads everything and checks contiguity, checksums and the link from each segment to the one before.
/// `progress` is called after each group. A writer may be live; what it adds meanwhile is not checked.
///
/// Errors: [`ReadError::Damaged`] with the first bad position.
pub fn verify(dir: &Path, mut progress: impl FnMut(VerifyProgress)) -> Result<VerifyReport, ReadError> {
    let scan = Scan::start(dir)?;
    let mut at = VerifyProgress { last_sequence: scan.end, segments: scan.segments.len(), ..Default::default() };
    scan.walk(scan.end, |found| {
        match found {
            Found::Segment(_) => at.segments_begun += 1,
            Found::Group(group) => {
                at.sequence = group.last;
                at.groups += 1;
                at.bytes += group.body.len() as u64;
                progress(at);
            }
        }
        Ok::<_, ReadError>(())
    })?;
    Ok(VerifyReport { last_sequence: at.sequence, groups: at.groups, segments: at.segments, bytes: at.bytes })
}
