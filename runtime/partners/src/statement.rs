//! Walking over a page of any partner's statement.

use serde_json::Value;

use crate::{StatementItem, StatementPage, Unreadable};

/// A page as far as it was read.
pub(crate) struct Sweep {
    next: u64,
    pub items: Vec<StatementItem>,
}

impl Sweep {
    /// Starts behind a cursor.
    pub fn after(after: u64) -> Sweep {
        Sweep { next: after, items: Vec::new() }
    }

    /// Steps on to the next line and returns its sequence.
    ///
    /// Errors: the line has none, or one that is not after the last: the cursor would go back or stand still.
    pub fn step(&mut self, line: &Value) -> Result<u64, Unreadable> {
        let sequence = line.get("sequence").and_then(Value::as_u64).filter(|sequence| i64::try_from(*sequence).is_ok());
        let sequence = sequence.ok_or_else(|| unreadable(format!("a line without sequence after {}", self.next)))?;
        if sequence <= self.next {
            return Err(unreadable(format!("line {sequence} after {}", self.next)));
        }
        self.next = sequence;
        Ok(sequence)
    }

    /// The page.
    pub fn page(self) -> StatementPage {
        StatementPage { items: self.items, next: self.next }
    }
}

pub(crate) fn unreadable(why: impl Into<String>) -> Unreadable {
    Unreadable(why.into())
}
