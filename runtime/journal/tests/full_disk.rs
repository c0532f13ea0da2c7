//! A disk that takes no more: the group fails, the journal stops, what was acknowledged stays.

mod support;

use std::path::Path;
use std::process::Command;

use journal::{AppendError, Engine};
use support::{append, open, read_all, record, records};

/// Not a test of its own: appends under a limit on file size that the parent sets.
#[test]
fn child_that_runs_out() {
    let Some(dir) = std::env::var_os("JOURNAL_TEST_DIR") else { return };
    let (mut journal, _) = open(Path::new(&dir)).unwrap();
    append(&mut journal, 40, 3, 1500);
    let huge: Vec<_> = (121..=124).map(|sequence| record(sequence, 1 << 20)).collect();
    let failed = journal.append(&huge);
    let Err(AppendError::Storage { first: 121, last: 124, source, .. }) = failed else { panic!("{failed:?}") };
    // The extended code of a write that failed; the plain one would not tell it from a sync or a read.
    assert_eq!(source.to_string(), "SQLite result 778: disk I/O error");
    assert!(matches!(journal.append(&records(120, 1, 10)), Err(AppendError::Stopped)));
    println!("\nstopped after {}", journal.last_sequence());
}

#[test]
fn a_group_that_does_not_fit_stops_the_journal_and_harms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    // 2 MiB a file; the signal for passing the limit is ignored, so that the write fails instead.
    let limited = "trap '' XFSZ; ulimit -f 4096; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_runs_out", "--nocapture"])
        .env("JOURNAL_TEST_DIR", dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("stopped after 120"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let (mut journal, report) = open(dir.path()).unwrap();
    assert_eq!(report.last_sequence, 120);
    append(&mut journal, 1, 3, 1500);
    assert_eq!(read_all(dir.path()).unwrap(), records(0, 123, 1500));
}
