//! From the journal to a state: the newest snapshot that holds, and the records after it.

use crate::snapshot::{self, SnapshotError};
use facts::{Broken, Hash, Record, RecordError, SaltKey, State};
use journal::{ReadError, Reader};
use std::path::Path;
use thiserror::Error;

/// How many bytes of records are read at once.
const READ_BYTES: usize = 4 << 20;

/// A state with its place in the chain.
#[derive(Default)]
pub struct Recovered {
    /// The state.
    pub state: State,
    /// Hash of the last record.
    pub last_hash: Hash,
    /// Epoch of the last record; 0 when there is none.
    pub epoch: u32,
    /// How many records were replayed after the snapshot.
    pub replayed: u64,
}

/// Why there is no state.
#[derive(Debug, Error)]
pub enum RecoveryError {
    /// The journal could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record could not be understood or does not follow.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A record does not apply.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The snapshots could not be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// Recovers the state from the snapshots in `snapshots` and the journal.
///
/// `each` is called before every record is applied, with the state it meets: for progress and for the views.
/// Errors: any [`RecoveryError`]; nothing is skipped.
pub fn recover(
    snapshots: Option<&Path>,
    reader: &mut dyn Reader,
    salts: &SaltKey,
    mut each: impl FnMut(&Record, &State),
) -> Result<Recovered, RecoveryError> {
    replay_from(snapshots, u64::MAX, reader, salts, &mut each)
}

/// Whether the journal has the record that a snapshot ends with. One that was written before a disk lost its end, or
/// that lay in the directory before a restore, tells of records that never were.
fn is_of_journal(found: &Recovered, reader: &mut dyn Reader) -> bool {
    let entry = reader.record(found.state.sequence()).ok().flatten();
    let record = entry.and_then(|entry| Record::decode(&entry.bytes).ok());
    record.is_some_and(|record| record.hash == found.last_hash)
}

/// As [`recover`], from a snapshot that is not newer than `newest`.
pub(crate) fn replay_from(
    snapshots: Option<&Path>,
    newest: u64,
    reader: &mut dyn Reader,
    salts: &SaltKey,
    each: &mut dyn FnMut(&Record, &State),
) -> Result<Recovered, RecoveryError> {
    let last = reader.last_sequence()?;
    let snapshot = match snapshots {
        Some(dir) => snapshot::read_latest(dir, last.min(newest), |found| is_of_journal(found, reader))?,
        None => None,
    };
    let mut recovered = snapshot.unwrap_or_default();
    while recovered.state.sequence() < last {
        let entries = reader.read_from(recovered.state.sequence() + 1, READ_BYTES)?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            let record = Record::decode(&entry.bytes)?;
            record.verify(recovered.last_hash, salts)?;
            each(&record, &recovered.state);
            recovered.state.apply(&record.open)?;
            recovered.last_hash = record.hash;
            recovered.epoch = record.open.epoch;
            recovered.replayed += 1;
        }
    }
    Ok(recovered)
}
