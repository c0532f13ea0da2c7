//! `tongbao snapshot`: run by the node as a child process, so that the live node never stops to write one.

use crate::arguments::DirOptions;
use crate::failure::{Doing, Failure};
use crate::operate::replay;
use crate::output::Output;
use crate::site::NodeKeys;
use node::{recover, write_snapshot};
use serde::Serialize;

#[derive(Serialize)]
struct Written {
    sequence: u64,
    path: String,
}

/// Writes a snapshot of what the journal holds now, from the last snapshot on.
pub fn snapshot(options: &DirOptions, output: &Output) -> Result<(), Failure> {
    let mut reader = replay::open(&options.dir)?;
    let keys = NodeKeys::load(&options.dir)?;
    let dir = options.dir.join("snapshots");
    let recovered = recover(Some(&dir), &mut reader, &keys.salts, |_, _| {}).doing("replaying the journal")?;
    let sequence = recovered.state.sequence();
    let path = write_snapshot(&dir, recovered).doing("writing the snapshot")?;
    let path = path.display().to_string();
    output.result(&Written { sequence, path: path.clone() }, &format!("snapshot of record {sequence} at {path}"));
    Ok(())
}
