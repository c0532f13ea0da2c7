//! Appending, reopening and reading.

mod support;

use std::fs;

use journal::{
    AppendError, CommitterOptions, Engine, Entry, GroupCommitter, OpenError, Options, Reader, Sealed, SqliteJournal,
    SqliteReader, verify,
};
use proptest::prelude::*;
use support::{append, open, read_all, record, records, small_segments};

#[test]
fn records_survive_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, report) = open(dir.path()).unwrap();
    assert_eq!((report.last_sequence, report.segments, report.recovered_bytes), (0, 1, 0));
    append(&mut journal, 3, 5, 100);
    drop(journal);
    let (journal, report) = open(dir.path()).unwrap();
    assert_eq!((report.last_sequence, report.recovered_bytes), (15, 0));
    assert_eq!(journal.last_sequence(), 15);
    assert_eq!(read_all(dir.path()).unwrap(), records(0, 15, 100));
}

#[test]
fn full_segments_are_sealed_and_stay_within_their_size() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path()).unwrap();
    append(&mut journal, 60, 2, 4000);
    drop(journal);
    let mut segments = 0;
    for entry in fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(!name.ends_with("-wal"), "{name} was left");
        if name.ends_with(".sqlite") {
            segments += 1;
            assert!(entry.metadata().unwrap().len() <= 64 << 10, "{name} is too large");
        }
    }
    assert!(segments > 5, "{segments} segments");
    let report = verify(dir.path(), |_| {}).unwrap();
    assert_eq!((report.last_sequence, report.groups, report.segments), (120, 60, segments));
}

#[test]
fn opening_touches_only_the_newest_two_segments() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path()).unwrap();
    append(&mut journal, 60, 2, 4000);
    drop(journal);
    let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "sqlite"));
    names.sort();
    for older in &names[..names.len() - 2] {
        fs::write(older, b"not a database").unwrap();
    }
    let (journal, report) = open(dir.path()).unwrap();
    assert_eq!(journal.last_sequence(), 120);
    assert_eq!(report.segments, names.len());
}

#[test]
fn a_second_writer_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (_journal, _) = open(dir.path()).unwrap();
    let Err(error) = open(dir.path()) else { panic!("a second writer was let in") };
    assert!(matches!(error, OpenError::Held { .. }));
    let holder = format!("is held by process {}", std::process::id());
    assert!(error.to_string().contains(&holder), "{error}");
}

#[test]
fn another_shard_and_a_wrong_size_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    let other = SqliteJournal::open(dir.path(), Options { shard: 7, ..Options::default() });
    assert!(matches!(other.err(), Some(OpenError::OtherShard { found: 0, expected: 7, .. })));
    let huge = SqliteJournal::open(dir.path(), Options { segment_bytes: 1 << 40, ..Options::default() });
    assert!(matches!(huge.err(), Some(OpenError::SegmentBytes { .. })));
}

#[test]
fn a_group_that_does_not_continue_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path()).unwrap();
    append(&mut journal, 1, 2, 10);
    assert!(matches!(journal.append(&[]), Err(AppendError::Empty)));
    let skipped = journal.append(&[record(4, 10)]);
    assert!(matches!(skipped, Err(AppendError::NotConsecutive { expected: 3, found: 4 })));
    let hole = journal.append(&[record(3, 10), record(5, 10)]);
    assert!(matches!(hole, Err(AppendError::NotConsecutive { expected: 4, found: 5 })));
    append(&mut journal, 1, 1, 10);
    assert_eq!(read_all(dir.path()).unwrap(), records(0, 3, 10));
}

#[test]
fn a_single_record_is_found_wherever_it_stands_in_its_group() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path()).unwrap();
    append(&mut journal, 30, 7, 900);
    let mut reader = SqliteReader::open(dir.path()).unwrap();
    for sequence in [1, 2, 7, 8, 100, 209, 210] {
        assert_eq!(reader.record(sequence).unwrap(), Some(record(sequence, 900)));
    }
    assert_eq!(reader.record(211).unwrap(), None);
    assert_eq!(reader.last_sequence().unwrap(), 210);
}

#[test]
fn a_reader_follows_a_live_writer_across_segments() {
    let dir = tempfile::tempdir().unwrap();
    let mut reader = SqliteReader::open(dir.path()).unwrap();
    assert_eq!(reader.read_from(1, 1000).unwrap(), []);
    let (mut journal, _) = open(dir.path()).unwrap();
    let mut seen = 0;
    for _ in 0..60 {
        append(&mut journal, 1, 3, 3000);
        let new = reader.read_from(seen + 1, usize::MAX).unwrap();
        assert_eq!(new, records(seen, 3, 3000));
        seen += 3;
    }
    assert_eq!(reader.read_from(seen + 1, 1000).unwrap(), []);
}

#[test]
fn a_reader_on_another_thread_never_sees_a_hole() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path()).unwrap();
    let path = dir.path().to_owned();
    let follower = std::thread::spawn(move || {
        let mut reader = SqliteReader::open(&path).unwrap();
        let mut seen = 0;
        while seen < 600 {
            for entry in reader.read_from(seen + 1, 20_000).unwrap() {
                assert_eq!(entry, record(seen + 1, 2000));
                seen += 1;
            }
        }
    });
    append(&mut journal, 200, 3, 2000);
    follower.join().unwrap();
}

#[test]
fn a_live_journal_can_be_verified() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path()).unwrap();
    append(&mut journal, 40, 2, 3000);
    let mut steps = 0;
    let report = verify(dir.path(), |_| steps += 1).unwrap();
    assert_eq!((report.last_sequence, report.groups, steps), (80, 40, 40));
}

#[test]
fn what_the_committer_acknowledges_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path()).unwrap();
    let (durable_to, durable) = std::sync::mpsc::channel();
    let mut reader = SqliteReader::open(dir.path()).unwrap();
    let on_durable = move |sequence| {
        assert_eq!(reader.record(sequence).unwrap(), Some(record(sequence, 300)));
        durable_to.send(sequence).unwrap();
    };
    let on_failure = |error| panic!("{error}");
    let options = CommitterOptions::default();
    let committer = GroupCommitter::start(Box::new(journal), Sealed, options, on_durable, on_failure).unwrap();
    for sequence in 1..=500 {
        committer.submit(vec![record(sequence, 300)]).unwrap();
    }
    assert_eq!(committer.shutdown(), Ok(500));
    let acknowledged: Vec<u64> = durable.iter().collect();
    assert!(acknowledged.is_sorted() && acknowledged.last() == Some(&500));
    assert!(acknowledged.len() < 500, "records share groups");
    assert_eq!(read_all(dir.path()).unwrap(), records(0, 500, 300));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the sizes, the groupings and the reopens, what is read is what was appended.
    #[test]
    fn reading_gives_back_what_was_appended(
        groups in prop::collection::vec((1u64..20, 0usize..6000, any::<bool>()), 1..30),
        segment_kib in 64u64..200,
        from in 1u64..300,
        max_bytes in 0usize..100_000,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { segment_bytes: segment_kib << 10, ..small_segments() };
        let (mut journal, _) = SqliteJournal::open(dir.path(), options.clone()).unwrap();
        let mut model: Vec<Entry> = Vec::new();
        for (count, bytes, reopen) in groups {
            let group = records(model.len() as u64, count, bytes);
            journal.append(&group).unwrap();
            model.extend(group);
            if reopen {
                drop(journal);
                let (again, report) = SqliteJournal::open(dir.path(), options.clone()).unwrap();
                prop_assert_eq!(report.last_sequence, model.len() as u64);
                journal = again;
            }
        }
        prop_assert_eq!(&read_all(dir.path()).unwrap(), &model);
        let mut reader = SqliteReader::open(dir.path()).unwrap();
        let part = reader.read_from(from, max_bytes).unwrap();
        let rest = model.get(from as usize - 1..).unwrap_or_default();
        prop_assert_eq!(&part[..], &rest[..part.len()]);
        prop_assert_eq!(part.is_empty(), rest.is_empty());
        let before_last: usize = part.iter().rev().skip(1).map(|entry| entry.bytes.len()).sum();
        prop_assert!(part.len() <= 1 || before_last < max_bytes);
        prop_assert!(part.len() == rest.len() || part.iter().map(|entry| entry.bytes.len()).sum::<usize>() >= max_bytes);
    }
}
