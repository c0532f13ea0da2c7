//! Partners, disks and clocks that do what they must not: one order may suffer, the node and the money may not.

mod support;

use async_trait::async_trait;
use facts::{CallRef, Millis, Partner, StepState};
use money::Telco;
use node::{Ask, Clock, Directory, Lane, Node, NodeClock, NotKnown};
use partners::{Answer, Gateway, Movement, Request, StatementItem, StatementPage, Unreadable};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::{Mute, START, Willing, clock, config, order, place, register};

async fn begin(node: &Node) {
    node.submit(Lane::Operators, register(), |_, reply| reply).await.expect("registered");
    node.submit(Lane::Orders, place(1), |_, reply| reply).await.expect("placed");
}

async fn first_step(node: &Node) -> StepState {
    let read = node.read(|state| state.order(order(1)).map(|order| order.steps[0].state)).await;
    read.expect("a running node").0.expect("the order is there")
}

async fn wait_for(node: &Node, wanted: StepState) {
    let until = Instant::now() + Duration::from_secs(20);
    while first_step(node).await != wanted {
        assert!(Instant::now() < until, "the first step does not become {wanted:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A connector with a fault of its own.
struct Panicking;

#[async_trait]
impl Gateway for Panicking {
    async fn call(&self, _request: &Request) -> Answer {
        panic!("a connector that panics")
    }

    async fn inquire(&self, request: &Request) -> Answer {
        self.call(request).await
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        Ok(StatementPage { items: Vec::new(), next: after })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_panics_has_said_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = Node::start(config(dir.path(), clock(), Arc::new(Panicking))).expect("a node");
    begin(&node).await;
    wait_for(&node, StepState::Unknown).await;
    node.stop();
    node.wait_stopped().await;
}

/// A partner that counts what it is asked to do.
struct Counting(Arc<AtomicU64>);

#[async_trait]
impl Gateway for Counting {
    async fn call(&self, request: &Request) -> Answer {
        self.0.fetch_add(1, Ordering::SeqCst);
        Willing.call(request).await
    }

    async fn inquire(&self, _request: &Request) -> Answer {
        Answer::NotFound
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        Ok(StatementPage { items: Vec::new(), next: after })
    }
}

/// A stall between the record of a request and the request: the machine was paused, or its disk was.
struct Stalled(Arc<dyn Clock>);

impl Directory for Stalled {
    fn account(&self, _ask: &Ask) -> Result<Arc<str>, NotKnown> {
        self.0.advance_to(START.plus(10 * 60_000));
        Ok(Arc::from("13300000001"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_would_leave_when_it_counts_as_lost_is_not_made() {
    let dir = tempfile::tempdir().expect("a directory");
    let (asked, clock) = (Arc::<AtomicU64>::default(), clock());
    let mut config = config(dir.path(), Arc::clone(&clock), Arc::new(Counting(Arc::clone(&asked))));
    config.directory = Arc::new(Stalled(clock));
    let node = Node::start(config).expect("a node");
    begin(&node).await;
    wait_for(&node, StepState::Unknown).await;
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    node.stop();
    node.wait_stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_partner_speaks_for_another() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = Node::start(config(dir.path(), clock(), Arc::new(Mute))).expect("a node");
    begin(&node).await;
    let said = |partner| {
        let answer = Answer::Done { amount: 10_000, external: "rsv-1".to_owned() };
        let call = CallRef { order: order(1), step: 0, attempt: 1 };
        node.callback(partner, StatementItem { call, movement: Movement::SetAside, answer })
    };
    for other in [Partner::Bank, Partner::Telco(Telco::Cmcc)] {
        said(other).await.expect("taken in");
        assert_eq!(first_step(&node).await, StepState::Sent);
    }
    said(Partner::Telco(Telco::Ctcc)).await.expect("taken in");
    assert_eq!(first_step(&node).await, StepState::Done);
    node.stop();
    node.wait_stopped().await;
}

/// A clock that fails the sequencer.
struct Broken {
    inner: NodeClock,
    breaks: AtomicBool,
}

impl Clock for Broken {
    fn now(&self) -> Millis {
        self.inner.now()
    }

    fn is_trusted(&self) -> bool {
        assert!(!self.breaks.load(Ordering::SeqCst), "a clock that panics");
        true
    }

    fn wait_for(&self, due: Millis) -> Duration {
        self.inner.wait_for(due)
    }

    fn advance_to(&self, moment: Millis) {
        self.inner.advance_to(moment);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequencer_that_panics_stops_the_node() {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(Broken { inner: NodeClock::accelerated(START, 1), breaks: AtomicBool::new(false) });
    let node = Node::start(config(dir.path(), Arc::<Broken>::clone(&clock), Arc::new(Willing))).expect("a node");
    begin(&node).await;
    clock.breaks.store(true, Ordering::SeqCst);
    let reason = tokio::time::timeout(Duration::from_secs(10), node.wait_stopped()).await.expect("it stops");
    assert_eq!(reason, "the sequencer panicked");
    assert!(node.read(|_| ()).await.is_err(), "nobody waits for an answer that cannot come");
}
