//! A full check of a journal directory.

use std::path::Path;

use crate::ReadError;

/// How far a check has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress {
    /// The last record that was checked.
    pub sequence: u64,
    /// Bytes of records checked so far.
    pub bytes: u64,
    /// Segments checked so far, the current one included.
    pub segments_started: usize,
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
    /// How many bytes of records were checked.
    pub bytes: u64,
}

/// Reads everything and checks contiguity, checksums and the link from each segment to the one before.
///
/// Errors: [`ReadError::Damaged`] with the first bad position.
pub fn verify(_dir: &Path, _progress: impl FnMut(VerifyProgress)) -> Result<VerifyReport, ReadError> {
    unreachable!("not written yet")
}
