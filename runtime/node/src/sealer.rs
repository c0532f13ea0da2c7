//! Seals records behind each other: what the sequencer decided becomes bytes on the way to the disk.

use facts::{Hash, OpenRecord, SaltKey};
use journal::{Entry, Seal};
use std::sync::Arc;

/// What a record takes besides its facts, and what a fact takes, in bytes: about.
const ENVELOPE_BYTES: usize = 256;
const FACT_BYTES: usize = 256;

/// The place in the chain, and the key that salts the commitments.
pub struct Sealer {
    last_hash: Hash,
    salts: SaltKey,
}

impl Sealer {
    /// Goes on behind a record.
    pub const fn new(last_hash: Hash, salts: SaltKey) -> Sealer {
        Sealer { last_hash, salts }
    }
}

impl Seal for Sealer {
    type Record = Arc<OpenRecord>;

    fn sequence(record: &Arc<OpenRecord>) -> u64 {
        record.sequence
    }

    fn bytes(record: &Arc<OpenRecord>) -> usize {
        ENVELOPE_BYTES + FACT_BYTES * record.facts.len()
    }

    fn seal(&mut self, record: Arc<OpenRecord>) -> Entry {
        let seal = record.seal(self.last_hash, &self.salts);
        self.last_hash = seal.hash;
        Entry::new(record.sequence, seal.bytes)
    }
}
