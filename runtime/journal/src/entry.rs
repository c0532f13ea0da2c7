//! A record as the journal sees it.

/// A record as the journal sees it: its sequence and its stored bytes (envelope included).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Position in the journal, from 1, without gaps.
    pub sequence: u64,
    /// The stored bytes, never interpreted here.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// Makes an entry from a sequence and its bytes.
    pub fn new(sequence: u64, bytes: impl Into<Vec<u8>>) -> Self {
        Self { sequence, bytes: bytes.into() }
    }
}
