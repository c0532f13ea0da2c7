//! Reading segments, beside a live writer.

use std::path::Path;

use crate::{Entry, ReadError, Reader};

/// Reads a journal directory through connections of its own.
pub struct SqliteReader {}

impl SqliteReader {
    /// Opens the journal at `dir` for reading; a directory without segments reads as empty.
    pub fn open(_dir: &Path) -> Result<Self, ReadError> {
        unreachable!("not written yet")
    }
}

impl Reader for SqliteReader {
    fn last_sequence(&mut self) -> Result<u64, ReadError> {
        unreachable!("not written yet")
    }

    fn read_from(&mut self, _from_sequence: u64, _max_bytes: usize) -> Result<Vec<Entry>, ReadError> {
        unreachable!("not written yet")
    }
}
