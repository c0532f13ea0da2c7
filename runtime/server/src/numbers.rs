//! The numbering plan in use, which can be replaced while the server runs.

use exchange::rules::{Line, NumberRefusal, NumberTable};
use std::sync::{Arc, PoisonError, RwLock};

/// Reads the numbering plan from where it is kept.
pub type ReadNumbers = Box<dyn Fn() -> Result<NumberTable, String> + Send + Sync>;

/// The numbering plan, and where another comes from.
pub struct Numbers {
    table: RwLock<Arc<NumberTable>>,
    read: ReadNumbers,
}

impl Numbers {
    /// The table to begin with, and how to read the next.
    pub fn new(table: NumberTable, read: ReadNumbers) -> Numbers {
        Numbers { table: RwLock::new(Arc::new(table)), read }
    }

    /// The table in use.
    pub fn table(&self) -> Arc<NumberTable> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The home province and first network of a number.
    ///
    /// Errors: those of [`NumberTable::lookup`].
    pub fn lookup(&self, msisdn: &str) -> Result<Line, NumberRefusal> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).lookup(msisdn)
    }

    /// What is kept on disk now. Takes a second: not for an async thread.
    ///
    /// Errors: it cannot be read or holds a wrong line, in words.
    pub fn read(&self) -> Result<NumberTable, String> {
        (self.read)()
    }

    /// Puts a table in use.
    pub fn replace(&self, table: NumberTable) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }
}
