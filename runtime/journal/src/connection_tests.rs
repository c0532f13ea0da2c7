//! The insert of a group, and what else the same connection is asked for.

use rusqlite::StatementStatus;
use rusqlite::types::Value;

use super::*;
use crate::Entry;

/// The extended code of a primary key that is there already.
const CONSTRAINT_PRIMARY_KEY: i32 = 1555;

fn group(sequence: u64) -> Group {
    Group::of(&[Entry::new(sequence, vec![7; 100])]).expect("one entry")
}

fn segment(dir: &tempfile::TempDir) -> Connection {
    let connection = Connection::create(&dir.path().join("segment"), Access::Write).expect("a database");
    connection.run(sql::CREATE_GROUPS).expect("a table");
    connection
}

fn has_log(dir: &tempfile::TempDir) -> bool {
    dir.path().join("segment-wal").exists()
}

#[test]
fn what_was_inserted_is_read_and_the_last_connection_merges_its_log() {
    let dir = tempfile::tempdir().expect("a directory");
    let connection = segment(&dir);
    (1..=3).for_each(|sequence| connection.insert(&group(sequence)).expect("a group"));
    assert_eq!(connection.last_group().expect("read"), Some(group(3)));
    connection.insert(&group(4)).expect("a group");
    assert!(has_log(&dir));
    drop(connection);
    assert!(!has_log(&dir), "the last connection merged its log as it closed");
    let connection = Connection::open(&dir.path().join("segment"), Access::Read).expect("a segment");
    assert_eq!(connection.last_group().expect("read"), Some(group(4)));
}

#[test]
fn the_insert_is_prepared_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let connection = segment(&dir);
    connection.prepare_insert().expect("an insert");
    (1..=100).for_each(|sequence| connection.insert(&group(sequence)).expect("a group"));
    connection.last_group().expect("read");
    connection.groups_from(1, 10).expect("read");
    let insert = connection.inner.prepare_cached(sql::INSERT_GROUP).expect("the same");
    assert_eq!(insert.get_status(StatementStatus::Run), 100, "one statement ran each time");
    assert_eq!(insert.get_status(StatementStatus::RePrepare), 0);
}

#[test]
fn an_insert_says_what_sqlite_says_and_leaves_nothing_half_done() {
    let dir = tempfile::tempdir().expect("a directory");
    let connection = segment(&dir);
    connection.insert(&group(1)).expect("a group");
    let error = connection.insert(&group(1)).expect_err("there already");
    assert!(matches!(error, StorageError::Refused { code: CONSTRAINT_PRIMARY_KEY, .. }), "{error:?}");
    assert_eq!(error.to_string(), "SQLite result 1555: UNIQUE constraint failed: groups.first_sequence");
    connection.insert(&group(2)).expect("the next group");
    assert_eq!(connection.last_group().expect("read"), Some(group(2)));
}

#[test]
fn a_segment_that_cannot_take_a_group_says_so_before_the_first_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let connection = Connection::create(&dir.path().join("segment"), Access::Write).expect("a database");
    connection.run(sql::CREATE_META).expect("another table");
    let error = connection.prepare_insert().expect_err("no such table");
    assert_eq!(error.to_string(), "SQLite result 1: no such table: groups");
    connection.close().expect("nothing is left open");
    assert!(!has_log(&dir), "the last connection merged its log as it closed");
}

#[test]
fn a_connection_that_reads_writes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    segment(&dir).close().expect("closed");
    let connection = Connection::open(&dir.path().join("segment"), Access::Read).expect("a segment");
    let error = connection.insert(&group(1)).expect_err("read only");
    assert_eq!(error.to_string(), "SQLite result 8: attempt to write a readonly database");
}

#[test]
fn a_writer_syncs_each_commit_and_never_merges_its_log_by_itself() {
    let dir = tempfile::tempdir().expect("a directory");
    let asked = |connection: &Connection, name| -> Value {
        connection.inner.pragma_query_value(None, name, |row| row.get(0)).expect(name)
    };
    let connection = segment(&dir);
    assert_eq!(asked(&connection, "journal_mode"), Value::Text("wal".to_owned()));
    let numbers = [("page_size", 4096), ("synchronous", 2), ("wal_autocheckpoint", 0), ("busy_timeout", 10_000)];
    for (name, number) in numbers {
        assert_eq!(asked(&connection, name), Value::Integer(number), "{name}");
    }
    drop(connection);
    let unsynced = Connection::open(&dir.path().join("segment"), Access::WriteUnsynced).expect("a segment");
    assert_eq!(asked(&unsynced, "synchronous"), Value::Integer(0));
}
