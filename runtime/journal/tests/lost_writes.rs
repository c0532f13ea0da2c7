//! Power cuts: what was acknowledged is there although everything unsynced is gone.

#[path = "support/power_cut.rs"]
mod power_cut;
mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use journal::{Engine, Entry, Options, SqliteJournal, verify};
use power_cut::Shim;

/// `JOURNAL_TEST_ROUNDS` asks for more.
const ROUNDS: u64 = 16;

/// Record sizes follow from the sequence, so that the reader needs no model.
fn record(sequence: u64) -> Entry {
    support::record(sequence, 50 + (sequence as usize * 37) % 3000)
}

fn options(unsynced: bool) -> Options {
    Options { segment_bytes: 192 << 10, unsynced, ..Options::default() }
}

/// Not a test of its own: what the tests below kill. Appends and says what was acknowledged.
#[test]
fn child_that_appends() {
    let Some(dir) = std::env::var_os("JOURNAL_TEST_DIR") else { return };
    let unsynced = std::env::var_os("JOURNAL_TEST_UNSYNCED").is_some();
    let (mut journal, _) = SqliteJournal::open(Path::new(&dir), options(unsynced)).unwrap();
    println!("\nacknowledged {}", journal.last_sequence());
    loop {
        let next = journal.last_sequence() + 1;
        let group: Vec<Entry> = (next..=next + next % 4).map(record).collect();
        journal.append(&group).unwrap();
        println!("acknowledged {}", journal.last_sequence());
    }
}

struct Rounds {
    _home: tempfile::TempDir,
    dir: std::path::PathBuf,
    shim: Shim,
    random: u64,
    unsynced: bool,
}

impl Rounds {
    fn new(seed: u64, unsynced: bool) -> Self {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let dir = home.path().join("journal");
        std::fs::create_dir(&dir).unwrap();
        let shim = Shim::compile(home.path(), &dir);
        Self { _home: home, dir, shim, random: seed, unsynced }
    }

    fn random_below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    fn start_child(&self) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child_that_appends", "--nocapture"]).env("JOURNAL_TEST_DIR", &self.dir);
        if self.unsynced {
            command.env("JOURNAL_TEST_UNSYNCED", "1");
        }
        self.shim.load_into(&mut command);
        command.stdout(Stdio::piped()).spawn().unwrap()
    }

    /// Lets a child append for a moment, kills it and cuts the power.
    /// Returns the last acknowledged sequence and how many changes were not synced.
    fn round(&mut self) -> (u64, usize) {
        let mut child = self.start_child();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut acknowledged =
            lines.by_ref().find_map(|line| sequence_in(&line)).expect("the child opened the journal");
        let until = Instant::now() + Duration::from_micros(self.random_below(150_000));
        for line in lines.by_ref() {
            acknowledged = sequence_in(&line).unwrap_or(acknowledged);
            if Instant::now() >= until {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = lines.filter_map(|line| sequence_in(&line)).last().unwrap_or(acknowledged);
        // Sometimes all of it goes, sometimes the first part had reached the disk on its own.
        let all = self.random_below(2) == 0;
        let share = self.random_below(1000) as usize;
        let lost = self.shim.cut_power(|unsynced| if all { 0 } else { unsynced * share / 1000 });
        (acknowledged, lost)
    }

    /// What is wrong with the journal after a power cut, if anything.
    fn fault(&self, acknowledged: u64) -> Option<String> {
        let verified = match verify(&self.dir, |_| {}) {
            Ok(report) => report,
            Err(error) => return Some(error.to_string()),
        };
        if verified.last_sequence < acknowledged {
            return Some(format!("ends at {}, acknowledged was {acknowledged}", verified.last_sequence));
        }
        let read = support::read_all(&self.dir).unwrap();
        let wrong = read.iter().zip(1..).find(|(entry, sequence)| **entry != record(*sequence));
        wrong.map(|(entry, _)| format!("record {} is another", entry.sequence))
    }
}

fn sequence_in(line: &str) -> Option<u64> {
    line.strip_prefix("acknowledged ")?.parse().ok()
}

#[test]
fn a_power_cut_takes_nothing_that_was_acknowledged() {
    let mut rounds = Rounds::new(1, false);
    let (mut acknowledged_before, mut lost_in_all) = (0, 0);
    let asked = std::env::var("JOURNAL_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    for round in 0..asked.unwrap_or(ROUNDS) {
        let (acknowledged, lost) = rounds.round();
        assert!(acknowledged >= acknowledged_before, "round {round}: {acknowledged} after {acknowledged_before}");
        assert_eq!(rounds.fault(acknowledged), None, "round {round}");
        // In every other round the next child does the recovery, under the shim.
        if round % 2 == 0 {
            let (journal, report) = SqliteJournal::open(&rounds.dir, options(false)).unwrap();
            assert!(report.last_sequence >= acknowledged);
            drop(journal);
        }
        acknowledged_before = acknowledged;
        lost_in_all += lost;
    }
    let segments = verify(&rounds.dir, |_| {}).unwrap().segments;
    println!("{acknowledged_before} records in {segments} segments survived, {lost_in_all} unsynced changes did not");
    assert!(acknowledged_before > 0 && lost_in_all > 0, "the test cut nothing");
}

/// The test above can fail: without syncs it does.
#[test]
fn without_syncs_a_power_cut_takes_acknowledged_records() {
    let mut faults = Vec::new();
    for seed in 0..3 {
        let mut rounds = Rounds::new(seed, true);
        let (acknowledged, _) = rounds.round();
        faults.extend(rounds.fault(acknowledged));
    }
    println!("{faults:?}");
    assert!(!faults.is_empty());
}
