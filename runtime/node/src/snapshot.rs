//! Snapshots of the state, so that start-up does not grow with history. Written beside the node, from the
//! journal, by another process; never by the live writer. A snapshot that does not hold is passed over.

use crate::recovery::Recovered;
use facts::{Hash, State};
use minicbor::{Decode, Encode};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use thiserror::Error;

const PREFIX: &str = "snapshot-";
const SUFFIX: &str = ".cbor";
/// What a state means and how it is written: raised with every change to either, so that a snapshot of another
/// release is passed over and made again from the journal.
const FORMAT: u32 = 6;
/// How many snapshots are kept: the newest, and one in case it does not hold.
const KEPT: usize = 2;

/// Why a snapshot could not be written or looked for.
#[derive(Debug, Error)]
#[error("snapshots at `{path}`: {source}")]
pub struct SnapshotError {
    path: PathBuf,
    source: std::io::Error,
}

#[derive(Encode, Decode)]
struct Stored {
    #[n(0)]
    last_hash: Hash,
    #[n(1)]
    epoch: u32,
    #[n(2)]
    digest: Hash,
    #[n(3)]
    state: State,
    #[n(4)]
    format: u32,
}

/// Writes a snapshot into `dir` and removes those that are no longer needed. Returns its path.
///
/// The file appears under its name only when it is complete and durable.
/// Errors: the directory could not be written.
pub fn write_snapshot(dir: &Path, recovered: Recovered) -> Result<PathBuf, SnapshotError> {
    let path = dir.join(format!("{PREFIX}{:020}{SUFFIX}", recovered.state.sequence()));
    let digest = recovered.state.digest();
    let Recovered { state, last_hash, epoch, .. } = recovered;
    let stored = Stored { last_hash, epoch, digest, state, format: FORMAT };
    // Writing to a vector cannot fail.
    let bytes = minicbor::to_vec(&stored).unwrap_or_default();
    write_whole(dir, &path, &bytes).map_err(|source| SnapshotError { path: path.clone(), source })?;
    let old = list(dir).map_err(|source| SnapshotError { path: dir.to_owned(), source })?;
    for (_, path) in old.into_iter().rev().skip(KEPT) {
        // A snapshot that stays costs only space.
        let _ = fs::remove_file(path);
    }
    Ok(path)
}

fn write_whole(dir: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    let partial = path.with_extension("partial");
    let mut file = fs::File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    fs::File::open(dir)?.sync_all()
}

fn list(dir: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    if !dir.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let sequence = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
        if let Some(sequence) = sequence.and_then(|digits| digits.parse().ok()) {
            found.push((sequence, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Reads the newest snapshot at or before `last` that holds; one that is damaged, of another release, or refused by
/// `is_of_journal` is passed over, since the journal is the truth.
///
/// Errors: the directory could not be read.
pub fn read_latest(
    dir: &Path,
    last: u64,
    mut is_of_journal: impl FnMut(&Recovered) -> bool,
) -> Result<Option<Recovered>, SnapshotError> {
    let found = list(dir).map_err(|source| SnapshotError { path: dir.to_owned(), source })?;
    for (sequence, path) in found.into_iter().rev().filter(|(sequence, _)| *sequence <= last) {
        match read(&path, sequence).filter(&mut is_of_journal) {
            Some(recovered) => return Ok(Some(recovered)),
            None => tracing::warn!(path = %path.display(), "passed over a snapshot that does not hold"),
        }
    }
    Ok(None)
}

fn read(path: &Path, sequence: u64) -> Option<Recovered> {
    let bytes = fs::read(path).ok()?;
    let stored: Stored = minicbor::decode(&bytes).ok()?;
    let holds =
        stored.format == FORMAT && stored.state.sequence() == sequence && stored.state.digest() == stored.digest;
    holds.then_some(Recovered { state: stored.state, last_hash: stored.last_hash, epoch: stored.epoch, replayed: 0 })
}
