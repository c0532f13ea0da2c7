//! The one writer.

use std::path::Path;
use std::sync::Arc;

use facts::{OpenRecord, Partner};

use crate::{ViewError, ViewReader};

/// A record with what it posted, as the core's books came to it.
#[derive(Clone, Debug)]
pub struct Projected {
    /// The record.
    pub record: Arc<OpenRecord>,
    /// What its transfers posted: posts and posted holds, not holds.
    pub posted: Vec<ledger::Entry>,
}

/// The writer of the views.
pub struct Views {
    reader: ViewReader,
}

impl Views {
    /// Opens or creates the views at `path`.
    ///
    /// Errors: `Open`.
    pub fn open(path: &Path) -> Result<Views, ViewError> {
        Ok(Views { reader: ViewReader::new(path) })
    }

    /// Applies records in one transaction; those at or below the position are skipped.
    ///
    /// Errors: any; nothing of the batch is then applied.
    pub fn apply(&mut self, _batch: &[Projected]) -> Result<(), ViewError> {
        Ok(())
    }

    /// Keeps how far a partner's statement was read.
    ///
    /// Errors: `Storage`, `OutOfRange`.
    pub fn set_cursor(&mut self, _partner: Partner, _cursor: u64) -> Result<(), ViewError> {
        Ok(())
    }

    /// How far a partner's statement was read; 0 before the first page.
    ///
    /// Errors: `Storage`.
    pub fn cursor(&mut self, _partner: Partner) -> Result<u64, ViewError> {
        Ok(0)
    }

    /// Sequence of the last record applied; 0 before the first.
    pub fn position(&self) -> u64 {
        self.reader.position()
    }

    /// A reader, which can be cloned and sent anywhere.
    pub fn reader(&self) -> ViewReader {
        self.reader.clone()
    }
}
