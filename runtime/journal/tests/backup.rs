//! Backup beside a writer, and restore to a position.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};

use journal::{CopyError, Engine, backup, restore, verify};
use support::{append, open, read_all, records};

#[test]
fn a_backup_beside_a_writer_is_a_whole_prefix() {
    let home = tempfile::tempdir().unwrap();
    let (dir, copy) = (home.path().join("journal"), home.path().join("copy"));
    let (mut journal, _) = open(&dir).unwrap();
    append(&mut journal, 30, 3, 1500);
    let stop = AtomicBool::new(false);
    let report = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                append(&mut journal, 1, 3, 1500);
            }
        });
        let report = backup(&dir, &copy).unwrap();
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        report
    });
    assert!(report.last_sequence >= 90);
    assert_eq!(verify(&copy, |_| {}).unwrap().last_sequence, report.last_sequence);
    assert_eq!(read_all(&copy).unwrap(), records(0, report.last_sequence, 1500));
}

#[test]
fn a_restore_ends_exactly_at_its_position_and_can_go_on() {
    let home = tempfile::tempdir().unwrap();
    let (dir, copy) = (home.path().join("journal"), home.path().join("copy"));
    let (mut journal, _) = open(&dir).unwrap();
    append(&mut journal, 30, 3, 1500);
    drop(journal);
    backup(&dir, &copy).unwrap();
    for position in [0, 1, 2, 3, 31, 89, 90] {
        let target = home.path().join(format!("restored-{position}"));
        let report = restore(&copy, &target, Some(position)).unwrap();
        assert_eq!(report.last_sequence, position);
        assert_eq!(read_all(&target).unwrap(), records(0, position, 1500));
        let (mut journal, report) = open(&target).unwrap();
        assert_eq!(report.last_sequence, position);
        append(&mut journal, 20, 3, 1500);
        drop(journal);
        assert_eq!(read_all(&target).unwrap(), records(0, position + 60, 1500));
        verify(&target, |_| {}).unwrap();
    }
    let whole = home.path().join("whole");
    assert_eq!(restore(&copy, &whole, None).unwrap().last_sequence, 90);
}

#[test]
fn a_copy_refuses_an_occupied_target_and_a_position_past_the_end() {
    let home = tempfile::tempdir().unwrap();
    let (dir, target) = (home.path().join("journal"), home.path().join("target"));
    let (mut journal, _) = open(&dir).unwrap();
    append(&mut journal, 2, 3, 100);
    let short = restore(&dir, &target, Some(7));
    assert!(matches!(short, Err(CopyError::Short { last_sequence: 6, asked: 7 })));
    assert!(!target.exists());
    std::fs::create_dir(&target).unwrap();
    std::fs::write(target.join("something"), b"").unwrap();
    assert!(matches!(restore(&dir, &target, None), Err(CopyError::TargetNotEmpty { .. })));
    assert!(matches!(backup(&dir, &target), Err(CopyError::TargetNotEmpty { .. })));
    assert!(matches!(backup(&dir, &dir), Err(CopyError::TargetNotEmpty { .. })));
    assert_eq!(journal.last_sequence(), 6);
}

#[test]
fn a_backup_that_lost_its_end_is_not_restored() {
    let home = tempfile::tempdir().unwrap();
    let (dir, copy) = (home.path().join("journal"), home.path().join("copy"));
    let (mut journal, _) = open(&dir).unwrap();
    append(&mut journal, 30, 3, 1500);
    backup(&dir, &copy).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(&copy).unwrap().map(|file| file.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "sqlite"));
    names.sort();
    std::fs::remove_file(names.last().unwrap()).unwrap();
    let error = restore(&copy, &home.path().join("target"), None).unwrap_err();
    assert!(error.to_string().contains("which were acknowledged"), "{error}");
}
