//! Readers beside the writer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use facts::{Day, OrderId};
use ledger::AccountId;

use crate::{OrderFilter, OrderRow, StateCount, Total, ViewError};

/// A reader of the views; cheap to clone, and to be used from any thread.
#[derive(Clone)]
pub struct ViewReader {
    path: Arc<PathBuf>,
    position: Arc<AtomicU64>,
}

impl ViewReader {
    pub(crate) fn new(path: &Path) -> ViewReader {
        ViewReader { path: Arc::new(path.to_owned()), position: Arc::default() }
    }

    /// Sequence of the last record that readers see; 0 before the first.
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// At most `limit` orders with smaller ids than `after`, newest first.
    ///
    /// Errors: `Storage`, `Damaged`.
    pub fn orders(
        &self,
        _filter: OrderFilter,
        _after: Option<OrderId>,
        _limit: u32,
    ) -> Result<Vec<OrderRow>, ViewError> {
        let _ = &self.path;
        Ok(Vec::new())
    }

    /// One order.
    ///
    /// Errors: `Storage`, `Damaged`.
    pub fn order_row(&self, _id: OrderId) -> Result<Option<OrderRow>, ViewError> {
        Ok(None)
    }

    /// The sequences of an order's records, ascending; empty when there is no such order.
    ///
    /// Errors: `Storage`, `Damaged`.
    pub fn positions_of(&self, _order: OrderId) -> Result<Vec<u64>, ViewError> {
        Ok(Vec::new())
    }

    /// What was posted to an account, day by day, both ends included; days without postings are left out.
    ///
    /// Errors: `Storage`, `Damaged`.
    pub fn totals(&self, _account: AccountId, _from: Day, _to: Day) -> Result<Vec<Total>, ViewError> {
        Ok(Vec::new())
    }

    /// How many orders stand where; states without orders are left out.
    ///
    /// Errors: `Storage`, `Damaged`.
    pub fn counts(&self) -> Result<Vec<StateCount>, ViewError> {
        Ok(Vec::new())
    }
}
