//! The node with its threads: restarts, snapshots, and a silent world.

mod support;

use exchange::Reply;
use facts::{Hash, Millis, OrderState, StepState};
use node::{Lane, Node, NodeClock, NodeConfig, Recovered, StartError, read_latest, recover, write_snapshot};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Mute, START, SUBSCRIBER, Willing, clock, config, order, place, register, salts, start};

async fn stop(node: Node) {
    node.stop();
    node.wait_stopped().await;
}

/// Lets time pass from due moment to due moment until nothing is due.
async fn rest(node: &Node) {
    let until = Instant::now() + Duration::from_secs(30);
    while Instant::now() < until {
        let idle = node.idle().await.expect("a running node");
        match (idle.idle, idle.next_due) {
            (true, None) => return,
            (true, Some(due)) => node.clock().advance_to(due),
            (false, _) => tokio::task::yield_now().await,
        }
    }
    panic!("the node does not come to rest");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_settles_and_a_restart_answers_its_key_from_the_journal() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = start(dir.path(), clock(), Arc::new(Willing));
    node.submit(Lane::Operators, register(), |_, reply| reply).await.expect("registered");
    let (made, _) = node.submit(Lane::Orders, place(1), |_, reply| reply).await.expect("placed");
    rest(&node).await;
    let state = node.read(|state| state.order(order(1)).map(|order| order.state)).await.expect("read").0;
    assert_eq!(state, Some(OrderState::Settled));
    stop(node).await;

    let node = start(dir.path(), clock(), Arc::new(Willing));
    let (again, _) = node.submit(Lane::Orders, place(1), |_, reply| reply).await.expect("answered");
    match (made, again) {
        (Reply::Made(made), Reply::Replayed(used)) => assert_eq!(used.made, made),
        other => panic!("expected the first answer again, found {other:?}"),
    }
    let digest = node.read(|state| state.digest()).await.expect("read").0;
    stop(node).await;

    let mut reader = journal::SqliteReader::open(&dir.path().join("journal")).expect("a journal");
    let recovered = recover(None, &mut reader, &salts(), |_, _| {}).expect("it holds");
    assert_eq!(recovered.state.digest(), digest, "the state is the fold of the journal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_from_the_journal_saves_the_replay_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = start(dir.path(), clock(), Arc::new(Willing));
    node.submit(Lane::Operators, register(), |_, reply| reply).await.expect("registered");
    node.submit(Lane::Orders, place(1), |_, reply| reply).await.expect("placed");
    rest(&node).await;
    stop(node).await;
    let journal = dir.path().join("journal");
    let snapshots = dir.path().join("snapshots");
    let replay = |from: Option<&std::path::Path>| {
        let mut reader = journal::SqliteReader::open(&journal).expect("a journal");
        recover(from, &mut reader, &salts(), |_, _| {}).expect("it holds")
    };
    let whole = replay(None);
    let (sequence, digest) = (whole.state.sequence(), whole.state.digest());
    let path = write_snapshot(&snapshots, whole).expect("written");
    let from_snapshot = replay(Some(&snapshots));
    assert_eq!((from_snapshot.replayed, from_snapshot.state.digest()), (0, digest));

    // A snapshot of another history is passed over, as one that does not hold: the journal is the truth.
    let other = Recovered { last_hash: Hash([9; 32]), ..replay(None) };
    write_snapshot(&snapshots, other).expect("written");
    assert_eq!((replay(Some(&snapshots)).replayed, replay(Some(&snapshots)).state.digest()), (sequence, digest));
    write_snapshot(&snapshots, replay(None)).expect("written");

    let mut bytes = std::fs::read(&path).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).expect("writable");
    assert!(read_latest(&snapshots, sequence, |_| true).expect("listed").is_none());
    assert_eq!(replay(Some(&snapshots)).state.digest(), digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_says_nothing_leaves_doubt_and_never_a_failure() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = start(dir.path(), clock(), Arc::new(Mute));
    node.submit(Lane::Operators, register(), |_, reply| reply).await.expect("registered");
    node.submit(Lane::Orders, place(1), |_, reply| reply).await.expect("placed");
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let step = node
            .read(|state| state.order(order(1)).map(|order| order.steps[0].state))
            .await
            .expect("read")
            .0
            .expect("there");
        if step == StepState::Unknown {
            break;
        }
        assert_eq!(step, StepState::Sent);
        assert!(Instant::now() < until, "the reply timeout has not come");
        tokio::task::yield_now().await;
    }
    let left = node.read(|state| state.subscriber(SUBSCRIBER).map(|held| held.total())).await.expect("read").0;
    assert_eq!(left, Some(990_000), "the value stays taken from the lots while nobody knows");
    stop(node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_on_one_directory_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = start(dir.path(), clock(), Arc::new(Willing));
    let second = journal::SqliteJournal::open(&dir.path().join("journal"), journal::Options::default());
    assert!(matches!(second.map(drop), Err(journal::OpenError::Held { .. })));
    stop(first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn views_that_show_more_than_the_journal_holds_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = start(dir.path(), clock(), Arc::new(Willing));
    let (_, position) = node.submit(Lane::Operators, register(), |_, reply| reply).await.expect("registered");
    assert!(node.progress().wait_for(position, Duration::from_secs(10)));
    stop(node).await;
    std::fs::remove_dir_all(dir.path().join("journal")).expect("removed");
    let started = Node::start(config(dir.path(), clock(), Arc::new(Willing)));
    assert!(matches!(started.map(drop), Err(StartError::Views(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_far_ahead_of_the_last_record_opens_no_window() {
    let dir = tempfile::tempdir().expect("a directory");
    let week = Duration::from_secs(7 * 86_400);
    let node = start(dir.path(), clock(), Arc::new(Willing));
    node.submit(Lane::Operators, register(), |_, reply| reply).await.expect("registered");
    stop(node).await;
    let start_at = |moment: Millis| {
        let clock = Arc::new(NodeClock::accelerated(moment, 1));
        Node::start(NodeConfig { clock_ahead_most: week, ..config(dir.path(), clock, Arc::new(Willing)) })
    };
    // Half a day more, because the last record is some moments after the start.
    let refused = start_at(START.plus(8 * 86_400_000 + 43_200_000));
    assert!(matches!(refused.map(drop), Err(StartError::ClockAhead { days: 8 })));
    stop(start_at(START).expect("the right clock starts it")).await;
}
