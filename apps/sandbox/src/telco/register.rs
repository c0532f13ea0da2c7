//! Rows with look-ups by reference and by bucket, so that no question scans the whole history.

use std::collections::HashMap;
use std::sync::Arc;

/// What the indices are made from.
pub(super) trait Indexed {
    /// The caller's reference; empty when there was none.
    fn reference(&self) -> &Arc<str>;
    /// The bucket's position.
    fn bucket(&self) -> u32;
}

/// An append-only list; positions never change.
#[derive(Debug)]
pub(super) struct Register<T> {
    rows: Vec<T>,
    by_reference: HashMap<Arc<str>, Vec<u32>>,
    by_bucket: HashMap<u32, Vec<u32>>,
}

impl<T> Default for Register<T> {
    fn default() -> Self {
        Register { rows: Vec::new(), by_reference: HashMap::new(), by_bucket: HashMap::new() }
    }
}

impl<T: Indexed> Register<T> {
    /// Appends a row and returns its position.
    pub fn add(&mut self, row: T) -> u32 {
        let position = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        if !row.reference().is_empty() {
            self.by_reference.entry(row.reference().clone()).or_default().push(position);
        }
        self.by_bucket.entry(row.bucket()).or_default().push(position);
        self.rows.push(row);
        position
    }

    /// The row at a position.
    pub fn get(&self, position: u32) -> Option<&T> {
        self.rows.get(position as usize)
    }

    /// The row at a position, to be changed; its reference and bucket must stay.
    pub fn get_mut(&mut self, position: u32) -> Option<&mut T> {
        self.rows.get_mut(position as usize)
    }

    /// Every row, in order.
    pub fn all(&self) -> &[T] {
        &self.rows
    }

    /// Positions of the rows with a reference, in order.
    pub fn with_reference(&self, reference: &str) -> &[u32] {
        self.by_reference.get(reference).map_or(&[], Vec::as_slice)
    }

    /// Positions of the rows of a bucket, in order.
    pub fn with_bucket(&self, bucket: u32) -> &[u32] {
        self.by_bucket.get(&bucket).map_or(&[], Vec::as_slice)
    }
}
