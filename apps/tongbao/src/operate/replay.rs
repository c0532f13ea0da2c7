//! Reading a node's journal from its first record, with the hash chain checked on the way.

use crate::failure::{Doing, Failure};
use crate::output::Output;
use crate::site::NodeKeys;
use facts::{Orders, Record, State};
use journal::{Reader, SqliteReader};
use node::{Recovered, recover};
use std::path::Path;

/// How many records pass between two moves of the progress bar.
const PROGRESS_STEP: u64 = 4_096;

/// Opens the journal of a node's directory for reading.
pub fn open(dir: &Path) -> Result<SqliteReader, Failure> {
    let journal = dir.join("journal");
    if !journal.is_dir() {
        return Err(
            Failure::unable(format!("no journal in `{}`", dir.display())).hint("name the node's directory with --dir")
        );
    }
    SqliteReader::open(&journal).doing("opening the journal")
}

/// As [`replay`], with every order there ever was: the state lets go of those that ended.
pub fn replay_orders(
    dir: &Path,
    output: &Output,
    mut each: impl FnMut(&Record, &State),
) -> Result<(Recovered, Orders), Failure> {
    let mut orders = Orders::default();
    let recovered = replay(dir, output, |record, state| {
        each(record, state);
        orders.take(&record.open);
    })?;
    Ok((recovered, orders))
}

/// Replays the whole journal, calling `each` with every record and the state it meets.
///
/// Errors: the chain is broken, a record was altered, or a record does not apply.
pub fn replay(dir: &Path, output: &Output, mut each: impl FnMut(&Record, &State)) -> Result<Recovered, Failure> {
    let mut reader = open(dir)?;
    let keys = NodeKeys::load(dir)?;
    let total = reader.last_sequence().doing("reading the journal")?;
    let bar = output.progress(total, "replaying");
    let replayed = recover(None, &mut reader, &keys.salts, |record, state| {
        each(record, state);
        if record.open.sequence % PROGRESS_STEP == 0 {
            bar.set_position(record.open.sequence);
        }
    });
    bar.finish_and_clear();
    replayed.map_err(|error| Failure::breach(format!("the journal does not hold: {error}")))
}
