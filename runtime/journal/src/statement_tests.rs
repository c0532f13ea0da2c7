//! The insert beside what the library does with the same connection.

use super::*;
use crate::Entry;
use crate::connection::Access;

/// The extended code of a primary key that is there already.
const CONSTRAINT_PRIMARY_KEY: c_int = 1555;

fn group(sequence: u64) -> Group {
    Group::of(&[Entry::new(sequence, vec![7; 100])]).expect("one entry")
}

fn segment(dir: &tempfile::TempDir) -> Connection {
    let mut connection = Connection::create(&dir.path().join("segment"), Access::Write).expect("a database");
    connection.run(sql::CREATE_GROUPS).expect("a table");
    connection
}

#[test]
fn the_library_reads_what_was_inserted_once_the_connection_is_released() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut groups = GroupInsert::prepare(segment(&dir)).expect("an insert");
    (1..=3).for_each(|sequence| groups.insert(&group(sequence)).expect("a group"));
    let mut connection = groups.release();
    assert_eq!(connection.last_group().expect("read"), Some(group(3)));
    let mut groups = GroupInsert::prepare(connection).expect("an insert again");
    groups.insert(&group(4)).expect("a group");
    drop(groups);
    assert!(!dir.path().join("segment-wal").exists(), "the last connection merged its log as it closed");
    let mut connection = Connection::open(&dir.path().join("segment"), Access::Read).expect("a segment");
    assert_eq!(connection.last_group().expect("read"), Some(group(4)));
}

#[test]
fn an_insert_says_what_sqlite_says_and_leaves_nothing_half_done() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut groups = GroupInsert::prepare(segment(&dir)).expect("an insert");
    groups.insert(&group(1)).expect("a group");
    let error = groups.insert(&group(1)).expect_err("there already");
    assert_eq!(error.code, CONSTRAINT_PRIMARY_KEY);
    assert_eq!(error.to_string(), "SQLite result 1555: UNIQUE constraint failed: groups.first_sequence");
    groups.insert(&group(2)).expect("the next group");
    assert_eq!(groups.release().last_group().expect("read"), Some(group(2)));
}

#[test]
fn a_connection_whose_insert_cannot_be_prepared_is_closed() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("segment");
    let mut connection = Connection::create(&path, Access::Write).expect("a database");
    connection.run(sql::CREATE_META).expect("another table");
    let Err(error) = GroupInsert::prepare(connection) else { panic!("it was prepared") };
    assert_eq!(error.to_string(), "SQLite result 1: no such table: groups");
    assert!(!dir.path().join("segment-wal").exists(), "the last connection merged its log as it closed");
}
