//! What the journal's tests share.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::Path;
use std::time::{Duration, Instant};

use journal::{Engine, Entry, OpenError, OpenReport, Options, Reader, SqliteJournal, SqliteReader};

/// The smallest segments, so that a few groups fill several.
pub fn small_segments() -> Options {
    Options { segment_bytes: 64 << 10, ..Options::default() }
}

/// Opens the journal with the smallest segments.
pub fn open(dir: &Path) -> Result<(SqliteJournal, OpenReport), OpenError> {
    SqliteJournal::open(dir, small_segments())
}

/// A record whose bytes follow from its sequence, so that a wrong one is seen.
pub fn record(sequence: u64, bytes: usize) -> Entry {
    let mut content = sequence.to_le_bytes().to_vec();
    let mut state = sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    while content.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        content.push((state >> 56) as u8);
    }
    Entry::new(sequence, content)
}

/// `count` records of `bytes` bytes after `last`.
pub fn records(last: u64, count: u64, bytes: usize) -> Vec<Entry> {
    (last + 1..=last + count).map(|sequence| record(sequence, bytes)).collect()
}

/// Appends `groups` groups of `count` records.
pub fn append(journal: &mut SqliteJournal, groups: u64, count: u64, bytes: usize) {
    for _ in 0..groups {
        let group = records(journal.last_sequence(), count, bytes);
        journal.append(&group).expect("the group is durable");
    }
}

/// Everything a reader sees, read in small steps.
pub fn read_all(dir: &Path) -> Result<Vec<Entry>, journal::ReadError> {
    let mut reader = SqliteReader::open(dir)?;
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let next = reader.read_from(all.len() as u64 + 1, 10_000)?;
        if next.is_empty() {
            return Ok(all);
        }
        all.extend(next);
    }
}

/// Waits until only the last segment has a log: a copy taken while another is being sealed would
/// hold the file of one moment and the log of another, which no crash leaves.
pub fn wait_for_seals(dir: &Path) {
    let logs = || {
        let names = std::fs::read_dir(dir).expect("listed").map(|entry| entry.expect("listed").file_name());
        names.filter(|name| name.to_string_lossy().ends_with("-wal")).count()
    };
    let until = Instant::now() + Duration::from_secs(60);
    while logs() > 1 {
        assert!(Instant::now() < until, "the full segments were not sealed");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Copies all files of a directory without subdirectories, but for the spare log: it holds nothing
/// and may take its name meanwhile.
pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        if !entry.file_name().to_string_lossy().starts_with("spare-log") {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
}
