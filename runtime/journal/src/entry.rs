//! A record as the journal sees it.

use std::sync::Arc;

/// A record as the journal sees it: its sequence and its stored bytes (envelope included).
///
/// The bytes are shared, so that the sequencer, the writer and the projector hold one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Position in the journal, from 1, without gaps.
    pub sequence: u64,
    /// The stored bytes, never interpreted here.
    pub bytes: Arc<[u8]>,
}

impl Entry {
    /// Makes an entry from a sequence and its bytes.
    pub fn new(sequence: u64, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { sequence, bytes: bytes.into() }
    }
}
