//! Measures durable appends: `cargo run --release -p journal --example append [DIR]`.
//!
//! One writer, one group at a time, for two seconds each at 4 KiB, 64 KiB and 1 MiB. Prints commits
//! per second, the 50th and the 99th percentile, the worst, how fast everything is read back, and the
//! load of the machine.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use journal::{Engine, Entry, Options, Reader, SqliteJournal, SqliteReader};

const RUN: Duration = Duration::from_secs(2);
const RECORD_BYTES: usize = 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let base: PathBuf = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load {}", load.trim());
    for group_bytes in [4 << 10, 64 << 10, 1 << 20] {
        let dir = base.join(format!("journal-append-{}", std::process::id()));
        measure(&dir, group_bytes)?;
        std::fs::remove_dir_all(&dir)?;
    }
    Ok(())
}

/// Reads everything back, as a replay does.
fn read_back(dir: &Path) -> Result<(), Box<dyn Error>> {
    let mut reader = SqliteReader::open(dir)?;
    let (mut next, started) = (1, Instant::now());
    while let Some(last) = reader.read_from(next, 1 << 20)?.last() {
        next = last.sequence + 1;
    }
    let per_second = (next - 1) as f64 / started.elapsed().as_secs_f64();
    println!("          read back {} records of {RECORD_BYTES} bytes, {per_second:.0} a second", next - 1);
    Ok(())
}

fn measure(dir: &Path, group_bytes: usize) -> Result<(), Box<dyn Error>> {
    let (mut journal, _) = SqliteJournal::open(dir, Options::default())?;
    let record = vec![0x5a; RECORD_BYTES];
    let mut times_us = Vec::new();
    let started = Instant::now();
    while started.elapsed() < RUN {
        let next = journal.last_sequence() + 1;
        let count = (group_bytes / RECORD_BYTES) as u64;
        let group: Vec<Entry> = (next..next + count).map(|sequence| Entry::new(sequence, record.clone())).collect();
        let begun = Instant::now();
        journal.append(&group)?;
        times_us.push(begun.elapsed().as_micros());
    }
    let per_second = times_us.len() as f64 / started.elapsed().as_secs_f64();
    times_us.sort_unstable();
    let at = |share: usize| times_us[(times_us.len() - 1) * share / 100];
    let megabytes = per_second * group_bytes as f64 / 1e6;
    println!(
        "{:>4} KiB: {per_second:.0} commits/s, {megabytes:.0} MB/s, p50 {} us, p99 {} us, worst {} us",
        group_bytes >> 10,
        at(50),
        at(99),
        at(100)
    );
    read_back(dir)
}
