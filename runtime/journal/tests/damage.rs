//! Damaged files: what is read is what was written, or an error says which segment is not.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use journal::{Engine, Entry, OpenError, ReadError, verify};
use support::{append, copy_dir, open, read_all, record, records, wait_for_seals};

const RECORD_BYTES: usize = 700;
const GROUP: u64 = 3;

/// A journal as a crash leaves it: sealed segments, and a newest one whose records are in its log.
struct Crashed {
    _home: tempfile::TempDir,
    original: PathBuf,
    scratch: PathBuf,
    last: u64,
}

impl Crashed {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let (live, original) = (home.path().join("live"), home.path().join("original"));
        let (mut journal, _) = open(&live).unwrap();
        append(&mut journal, 20, GROUP, RECORD_BYTES);
        wait_for_seals(&live);
        copy_dir(&live, &original);
        let (last, scratch) = (journal.last_sequence(), home.path().join("scratch"));
        Self { _home: home, original, scratch, last }
    }

    /// Segment files, oldest first.
    fn segments(&self) -> Vec<String> {
        let names = fs::read_dir(&self.original).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut segments: Vec<String> = names.filter(|name| name.ends_with(".sqlite")).collect();
        segments.sort();
        segments
    }

    fn bytes(&self, file: &str) -> Vec<u8> {
        fs::read(self.original.join(file)).unwrap()
    }

    /// A fresh copy with one file's content replaced.
    fn with(&self, file: &str, content: &[u8]) -> &Path {
        fs::remove_dir_all(&self.scratch).ok();
        copy_dir(&self.original, &self.scratch);
        fs::write(self.scratch.join(file), content).unwrap();
        &self.scratch
    }

    /// What a restart makes of it: the records, or the message of the error.
    fn restart(&self, dir: &Path) -> Result<Vec<Entry>, String> {
        let (journal, report) = open(dir).map_err(|error| named(&error))?;
        let read = read_all(dir).map_err(|error| named(&error))?;
        assert_eq!(read.len() as u64, report.last_sequence, "the opening and the reading disagree");
        drop(journal);
        for (entry, sequence) in read.iter().zip(1..) {
            assert_eq!(*entry, record(sequence, RECORD_BYTES), "a wrong record");
        }
        Ok(read)
    }
}

/// Every error about damage says where.
fn named(error: &dyn std::error::Error) -> String {
    let message = error.to_string();
    assert!(message.contains("segment-"), "no segment in: {message}");
    message
}

/// Places all over a file, none of them the same within a page.
fn offsets(length: usize) -> impl Iterator<Item = usize> {
    (0..40).step_by(3).chain((40..length).step_by(1021))
}

fn flipped(bytes: &[u8], offset: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[offset] ^= 1 << (offset % 8);
    flipped
}

#[test]
fn the_undamaged_crash_image_is_whole() {
    let crashed = Crashed::new();
    assert!(crashed.segments().len() >= 2);
    let dir = crashed.with("note", b"");
    assert!(open(dir).unwrap().1.recovered_bytes > 0);
    assert_eq!(crashed.restart(dir).unwrap(), records(0, crashed.last, RECORD_BYTES));
}

#[test]
fn a_flipped_bit_in_the_log_never_hides_what_was_acknowledged() {
    let crashed = Crashed::new();
    let log = format!("{}-wal", crashed.segments().last().unwrap());
    let bytes = crashed.bytes(&log);
    let (mut whole, mut refused) = (0, 0);
    for offset in offsets(bytes.len()) {
        let dir = crashed.with(&log, &flipped(&bytes, offset));
        match crashed.restart(dir) {
            Ok(read) => {
                assert_eq!(read.len() as u64, crashed.last, "offset {offset}");
                whole += 1;
            }
            Err(_) => refused += 1,
        }
    }
    // What is whole was flipped behind the last group, in the part filled beforehand; how long that part is
    // depends on where in its segment the writer was killed, so there may be none.
    assert!(refused > 0, "{whole} whole, {refused} refused");
}

#[test]
fn without_the_mark_only_the_last_group_may_pass_for_a_torn_tail() {
    let crashed = Crashed::new();
    let log = format!("{}-wal", crashed.segments().last().unwrap());
    let bytes = crashed.bytes(&log);
    let (mut torn, mut refused) = (0, 0);
    for offset in offsets(bytes.len()) {
        let dir = crashed.with(&log, &flipped(&bytes, offset));
        fs::remove_file(dir.join("high-water")).unwrap();
        match crashed.restart(dir) {
            Ok(read) if read.len() as u64 == crashed.last => {}
            Ok(read) => {
                assert_eq!(read.len() as u64, crashed.last - GROUP, "offset {offset}");
                torn += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(torn > 0 && refused > 0, "{torn} torn, {refused} refused");
}

#[test]
fn a_truncated_log_is_refused_by_the_mark_and_is_a_prefix_without_it() {
    let crashed = Crashed::new();
    let log = format!("{}-wal", crashed.segments().last().unwrap());
    let bytes = crashed.bytes(&log);
    let mut refused = 0;
    for length in offsets(bytes.len()) {
        let dir = crashed.with(&log, &bytes[..length]);
        match crashed.restart(dir) {
            Ok(read) => assert_eq!(read.len() as u64, crashed.last, "length {length}"),
            Err(message) => {
                assert!(message.contains("which were acknowledged"), "{message}");
                refused += 1;
            }
        }
        let dir = crashed.with(&log, &bytes[..length]);
        fs::remove_file(dir.join("high-water")).unwrap();
        let read = crashed.restart(dir).unwrap();
        assert_eq!(read.len() as u64 % GROUP, 0);
    }
    assert!(refused > 0);
}

#[test]
fn a_refused_journal_is_left_as_it_was() {
    let crashed = Crashed::new();
    let log = format!("{}-wal", crashed.segments().last().unwrap());
    let bytes = crashed.bytes(&log);
    let dir = crashed.with(&log, &bytes[..5000]);
    crashed.restart(dir).unwrap_err();
    assert_eq!(fs::read(dir.join(&log)).unwrap(), &bytes[..5000]);
    crashed.restart(dir).unwrap_err();
}

#[test]
fn damage_in_a_main_file_is_an_error_or_harmless() {
    let crashed = Crashed::new();
    for segment in crashed.segments() {
        let bytes = crashed.bytes(&segment);
        let mut refused = 0;
        for offset in offsets(bytes.len()) {
            for content in [flipped(&bytes, offset), bytes[..offset].to_vec()] {
                let dir = crashed.with(&segment, &content);
                match crashed.restart(dir) {
                    Ok(read) => assert_eq!(read.len() as u64, crashed.last, "{segment} at {offset}"),
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(refused > 0, "{segment}");
    }
}

#[test]
fn verify_names_segment_record_and_both_values() {
    let crashed = Crashed::new();
    let segment = &crashed.segments()[0];
    let bytes = crashed.bytes(segment);
    let wanted = record(5, RECORD_BYTES).bytes;
    let at = bytes.windows(64).position(|window| *window == wanted[100..164]).unwrap();
    let dir = crashed.with(segment, &flipped(&bytes, at));
    let error = verify(dir, |_| {}).unwrap_err();
    let ReadError::Damaged(damage) = error else { panic!("{error}") };
    assert_eq!((&damage.segment, damage.sequence), (segment, 4));
    assert!(damage.found.starts_with("checksum ") && damage.expected.starts_with("checksum "), "{damage}");
    assert_ne!(damage.found, damage.expected);
}

#[test]
fn a_missing_segment_is_named_by_the_first_lost_record() {
    let crashed = Crashed::new();
    let segments = crashed.segments();
    let (removed, first_lost) = (&segments[1], segments[1][8..28].parse::<u64>().unwrap());
    let dir = crashed.with(removed, b"");
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(dir.join(format!("{removed}{suffix}"))).ok();
    }
    for error in [verify(dir, |_| {}).unwrap_err(), read_all(dir).unwrap_err()] {
        let ReadError::Damaged(damage) = error else { panic!("{error}") };
        assert_eq!(damage.sequence, first_lost);
    }
}

#[test]
fn an_emptied_main_file_does_not_cost_the_log_too() {
    let crashed = Crashed::new();
    let newest = crashed.segments().pop().unwrap();
    let log = format!("{newest}-wal");
    let dir = crashed.with(&newest, b"");
    crashed.restart(dir).unwrap_err();
    assert_eq!(fs::read(dir.join(&log)).unwrap(), crashed.bytes(&log));
}

#[test]
fn a_journal_that_lost_all_its_segments_is_not_begun_anew() {
    let crashed = Crashed::new();
    let dir = crashed.with("note", b"");
    for segment in crashed.segments() {
        fs::remove_file(dir.join(segment)).unwrap();
    }
    assert!(matches!(open(dir).err(), Some(OpenError::Damaged(_))));
}
