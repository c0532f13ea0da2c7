//! Orders that left memory, through a node with its threads: still shown, still told of, and never guessed.

mod support;

use facts::{CallRef, Millis, Order, OrderState, Partner};
use money::Telco;
use node::{Lane, Node, NodeConfig, heard, recover};
use partners::{Answer, Movement, StatementItem};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Willing, clock, config, order, place, register, salts};

const STAY: Duration = Duration::from_secs(60);

fn start(dir: &std::path::Path) -> Node {
    let config = NodeConfig { ended_stay: STAY, ..config(dir, clock(), Arc::new(Willing)) };
    Node::start(config).expect("a node that starts")
}

/// A node with one settled order that left memory, and the order as it last was.
async fn left(dir: &std::path::Path) -> (Node, Order) {
    let node = start(dir);
    node.submit(Lane::Operators, register(), |_, reply| reply).await.expect("registered");
    node.submit(Lane::Orders, place(1), |_, reply| reply).await.expect("placed");
    let until = Instant::now() + Duration::from_secs(30);
    let settled = loop {
        assert!(Instant::now() < until, "the order does not settle");
        let (found, _) = node.order(order(1)).await.expect("a running node");
        match found.filter(|order| order.state == OrderState::Settled) {
            Some(settled) => break settled,
            None => {
                let idle = node.idle().await.expect("a running node");
                idle.next_due.filter(|_| idle.idle).inspect(|due| node.clock().advance_to(*due));
            }
        }
    };
    let_go(&node, &settled, 2).await;
    (node, settled)
}

/// Time passes, and another order is written.
async fn let_go(node: &Node, order: &Order, other: u8) {
    node.clock().advance_to(Millis(order.changed_at.0 + 61_000));
    node.submit(Lane::Orders, place(other), |_, reply| reply).await.expect("placed");
    assert!(!in_memory(node).await, "it left");
}

async fn in_memory(node: &Node) -> bool {
    node.read(|state| state.order(order(1)).is_some()).await.expect("a running node").0
}

fn line(amount: u64) -> StatementItem {
    StatementItem {
        call: CallRef { order: order(1), step: 1, attempt: 1 },
        movement: Movement::Taken,
        answer: Answer::Done { amount, external: "again".to_owned() },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_left_is_shown_as_it_was_also_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let (node, settled) = left(dir.path()).await;
    assert_eq!(node.order(order(1)).await.expect("a running node").0, Some(settled.clone()));
    assert_eq!(node.order(order(77)).await.expect("a running node").0, None, "and another never was");
    let digest = node.read(|state| state.digest()).await.expect("read").0;
    node.stop();
    node.wait_stopped().await;

    let mut reader = journal::SqliteReader::open(&dir.path().join("journal")).expect("a journal");
    let recovered = recover(None, &mut reader, &salts(), |_, _| {}).expect("it holds");
    assert_eq!(recovered.state.digest(), digest, "the state is the fold of the journal, without those that left");
    let node = start(dir.path());
    assert!(!in_memory(&node).await);
    assert_eq!(node.order(order(1)).await.expect("a running node").0, Some(settled));
    node.stop();
    node.wait_stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_brings_an_order_back_for_news_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let (node, settled) = left(dir.path()).await;
    let taken = settled.steps[1].done;
    let telco = Partner::Telco(Telco::Ctcc);
    node.callback(telco, line(taken)).await.expect("taken in");
    assert!(!in_memory(&node).await, "what was known is no news");
    node.callback(Partner::Bank, line(taken - 1)).await.expect("taken in");
    assert!(!in_memory(&node).await, "nobody speaks for another");
    node.callback(telco, line(taken - 1)).await.expect("taken in");
    let (found, _) = node.order(order(1)).await.expect("a running node");
    let found = found.expect("it is there");
    assert!(in_memory(&node).await && found.changed_in > settled.changed_in, "the news is in its record");
    node.stop();
    node.wait_stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_reply_brings_its_order_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let (node, settled) = left(dir.path()).await;
    let call = CallRef { order: order(1), step: 1, attempt: 1 };
    let answer = Answer::Done { amount: settled.steps[1].done - 1, external: "late".to_owned() };
    let word = |call| heard(exchange::Signal { call, answer: answer.clone(), via: exchange::Via::Callback });
    let envelope = |call| word(call).envelope.expect("a word is a command");
    node.submit(Lane::Results, envelope(CallRef { order: order(77), ..call }), |_, _| ()).await.expect("taken in");
    node.submit(Lane::Results, envelope(call), |_, _| ()).await.expect("taken in");
    let until = Instant::now() + Duration::from_secs(30);
    while node.order(order(1)).await.expect("a running node").0.is_none_or(|o| o.changed_in == settled.changed_in) {
        assert!(Instant::now() < until, "the late word is not taken in");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    node.stop();
    node.wait_stopped().await;
}
