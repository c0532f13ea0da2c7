//! A journal that stalls or fails under a running node: nothing leaves that is not durable.

mod support;

use node::{Lane, Node, NodeError};
use rusqlite::Connection;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use support::{Mute, clock, order, place, register, start};
use tokio::time::timeout;

/// How long something is watched for not happening.
const WATCHED: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(20);

/// A second connection to the segment that takes groups.
fn intruder(dir: &Path) -> Connection {
    let files = std::fs::read_dir(dir.join("journal")).expect("a journal").map(|file| file.expect("a file").path());
    let segment = files.filter(|path| path.extension().is_some_and(|name| name == "sqlite")).max();
    Connection::open(segment.expect("a segment")).expect("a connection")
}

async fn stop(node: Node) -> String {
    node.stop();
    node.wait_stopped().await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_leaves_while_an_append_stalls_and_what_comes_meanwhile_follows_in_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = start(dir.path(), clock(), Arc::new(Mute));
    let (_, registered) = node.submit(Lane::Operators, register(), |_, reply| reply).await.expect("registered");
    let intruder = intruder(dir.path());
    // Whoever appends waits for the lock of the file, as it would for a disk that is slow to sync.
    intruder.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let mut first = pin!(node.enter(Lane::Orders, Some(place(1)), |_| ()).durable());
    assert!(timeout(WATCHED, &mut first).await.is_err(), "the first order was answered");
    let mut second = pin!(node.enter(Lane::Orders, Some(place(2)), |_| ()).durable());
    let seen = |told: node::Told<'_>| [1, 2].map(|number| told.state.order(order(number)).is_some());
    let mut read = pin!(node.enter(Lane::Operators, None, seen).durable());
    assert!(timeout(WATCHED, &mut second).await.is_err(), "the second order was answered");
    assert!(timeout(WATCHED, &mut read).await.is_err(), "a read was answered");
    assert_eq!((node.durable(), node.stopped()), (registered, None));

    intruder.execute_batch("ROLLBACK").expect("a lock");
    let ((), of_first) = timeout(PATIENCE, first).await.expect("in time").expect("answered");
    let ((), of_second) = timeout(PATIENCE, second).await.expect("in time").expect("answered");
    let (seen, of_read) = timeout(PATIENCE, read).await.expect("in time").expect("answered");
    assert!(registered < of_first && of_first < of_second, "{registered}, {of_first}, {of_second}");
    assert!(seen[0] && of_first <= of_read && of_read <= node.durable());
    assert_eq!(stop(node).await, "stopped in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_fails_stops_the_node_and_answers_nobody() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = start(dir.path(), clock(), Arc::new(Mute));
    let (_, registered) = node.submit(Lane::Operators, register(), |_, reply| reply).await.expect("registered");
    intruder(dir.path()).execute_batch("ALTER TABLE groups RENAME TO lost").expect("renamed");
    let placed = node.submit(Lane::Orders, place(1), |_, reply| reply).await;
    assert_eq!(placed.map(drop), Err(NodeError::Stopped));
    let reason = timeout(PATIENCE, node.wait_stopped()).await.expect("it stops");
    assert!(reason.starts_with("the journal stopped: cannot make records"), "{reason}");
    assert_eq!(node.durable(), registered, "nothing counts as durable");
    assert!(node.read(|_| ()).await.is_err(), "nobody waits for an answer that cannot come");
}
