//! The buckets and how they are found.

use std::collections::HashMap;
use std::sync::Arc;

use super::records::Bucket;

/// All buckets of a telco; positions never change.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    rows: Vec<Bucket>,
    by_id: HashMap<Arc<str>, u32>,
    by_msisdn: HashMap<Arc<str>, Vec<u32>>,
    granted_fen: i128,
}

/// A bucket to open.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    /// Empty for a bucket without a number.
    pub msisdn: Arc<str>,
    pub granted_fen: i64,
    pub closed: bool,
    pub at_ms: i64,
}

/// Totals over all buckets, fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub granted: i128,
    pub remaining: i128,
    pub reserved: i128,
    /// Buckets below zero.
    pub overdrawn: u64,
}

impl Buckets {
    /// Opens a bucket and returns its position. Ids are predictable, so that a caller may spare the look-up.
    pub fn open(&mut self, opening: Opening) -> u32 {
        let position = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let id: Arc<str> = self.free_id(&opening.msisdn).into();
        self.by_id.insert(id.clone(), position);
        if !opening.msisdn.is_empty() {
            self.by_msisdn.entry(opening.msisdn.clone()).or_default().push(position);
        }
        self.granted_fen += i128::from(opening.granted_fen);
        self.rows.push(Bucket {
            id,
            msisdn: opening.msisdn,
            closed: opening.closed,
            remaining_fen: opening.granted_fen,
            reserved_fen: 0,
            opened_ms: opening.at_ms,
        });
        position
    }

    fn free_id(&self, msisdn: &str) -> String {
        if msisdn.is_empty() {
            return format!("bkt-x{}", self.rows.len() + 1);
        }
        match self.with_msisdn(msisdn).len() {
            0 => format!("bkt-{msisdn}"),
            others => format!("bkt-{msisdn}-{}", others + 1),
        }
    }

    /// The bucket at a position.
    pub fn get(&self, position: u32) -> Option<&Bucket> {
        self.rows.get(position as usize)
    }

    /// The bucket at a position, to be changed.
    pub fn get_mut(&mut self, position: u32) -> Option<&mut Bucket> {
        self.rows.get_mut(position as usize)
    }

    /// The position of a bucket.
    pub fn find(&self, id: &str) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    /// Positions of the buckets of a number.
    pub fn with_msisdn(&self, msisdn: &str) -> &[u32] {
        self.by_msisdn.get(msisdn).map_or(&[], Vec::as_slice)
    }

    /// How many buckets there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Sums over all buckets, counted afresh.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals { granted: self.granted_fen, ..Totals::default() };
        for bucket in &self.rows {
            totals.remaining += i128::from(bucket.remaining_fen);
            totals.reserved += i128::from(bucket.reserved_fen);
            totals.overdrawn += u64::from(bucket.remaining_fen < 0);
        }
        totals
    }
}
