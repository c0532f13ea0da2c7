//! The committer against an engine that the test holds still or makes fail.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::*;

/// Tells the test which group it was given, then waits for the test to say what came of it.
struct HeldEngine {
    last: u64,
    begun: Sender<Vec<u64>>,
    outcomes: Receiver<Result<(), AppendError>>,
}

impl Engine for HeldEngine {
    fn last_sequence(&self) -> u64 {
        self.last
    }

    fn append(&mut self, group: &[Entry]) -> Result<(), AppendError> {
        self.begun.send(group.iter().map(|entry| entry.sequence).collect()).unwrap();
        self.outcomes.recv().expect("the test says what came of it")?;
        self.last += group.len() as u64;
        Ok(())
    }
}

/// A committer, and the test's side of its engine and callbacks.
struct Bench {
    committer: Arc<GroupCommitter>,
    begun: Receiver<Vec<u64>>,
    outcomes: Sender<Result<(), AppendError>>,
    durable: Receiver<u64>,
    failures: Receiver<AppendError>,
}

const PATIENCE: Duration = Duration::from_secs(20);
/// How long something is watched for not happening.
const WATCHED: Duration = Duration::from_millis(30);

fn bench(options: CommitterOptions) -> Bench {
    let (begun_to, begun) = channel();
    let (outcomes, outcomes_from) = channel();
    let (durable_to, durable) = channel();
    let (failures_to, failures) = channel();
    let engine = Box::new(HeldEngine { last: 0, begun: begun_to, outcomes: outcomes_from });
    let on_durable = move |sequence| durable_to.send(sequence).unwrap();
    let on_failure = move |error| failures_to.send(error).unwrap();
    let committer = GroupCommitter::start(engine, options, on_durable, on_failure).unwrap();
    Bench { committer: Arc::new(committer), begun, outcomes, durable, failures }
}

fn entry(sequence: u64) -> Entry {
    Entry::new(sequence, vec![0; 10])
}

fn failure() -> AppendError {
    AppendError::Storage { segment: "fake".to_owned(), first: 1, last: 1, source: "sync failed".into() }
}

#[test]
fn what_comes_during_a_commit_is_the_next_group() {
    let bench = bench(CommitterOptions::default());
    bench.committer.submit(vec![entry(1)]).unwrap();
    assert_eq!(bench.begun.recv_timeout(PATIENCE).unwrap(), [1]);
    for sequence in 2..=5 {
        bench.committer.submit(vec![entry(sequence)]).unwrap();
    }
    bench.outcomes.send(Ok(())).unwrap();
    assert_eq!(bench.durable.recv_timeout(PATIENCE).unwrap(), 1);
    assert_eq!(bench.begun.recv_timeout(PATIENCE).unwrap(), [2, 3, 4, 5]);
    bench.outcomes.send(Ok(())).unwrap();
    assert_eq!(bench.durable.recv_timeout(PATIENCE).unwrap(), 5);
}

#[test]
fn nothing_is_acknowledged_while_a_sync_stalls() {
    let bench = bench(CommitterOptions::default());
    bench.committer.submit(vec![entry(1), entry(2)]).unwrap();
    assert_eq!(bench.begun.recv_timeout(PATIENCE).unwrap(), [1, 2]);
    bench.committer.submit(vec![entry(3)]).unwrap();
    assert!(bench.durable.recv_timeout(WATCHED).is_err());
    assert!(bench.begun.recv_timeout(WATCHED).is_err());
    bench.outcomes.send(Ok(())).unwrap();
    assert_eq!(bench.durable.recv_timeout(PATIENCE).unwrap(), 2);
    assert!(bench.durable.recv_timeout(WATCHED).is_err());
    bench.outcomes.send(Ok(())).unwrap();
    assert_eq!(bench.durable.recv_timeout(PATIENCE).unwrap(), 3);
}

#[test]
fn a_failed_sync_is_told_once_never_retried_and_ends_everything() {
    let bench = bench(CommitterOptions::default());
    bench.committer.submit(vec![entry(1)]).unwrap();
    bench.begun.recv_timeout(PATIENCE).unwrap();
    bench.committer.submit(vec![entry(2)]).unwrap();
    bench.outcomes.send(Err(failure())).unwrap();
    assert!(matches!(bench.failures.recv_timeout(PATIENCE).unwrap(), AppendError::Storage { .. }));
    assert_eq!(bench.committer.submit(vec![entry(3)]), Err(SubmitError::Stopped));
    // Both ends hang up without another word: the thread is gone.
    assert!(bench.failures.recv_timeout(PATIENCE).is_err());
    assert!(bench.begun.recv_timeout(PATIENCE).is_err());
    assert!(bench.durable.recv_timeout(PATIENCE).is_err());
    let committer = Arc::into_inner(bench.committer).unwrap();
    assert_eq!(committer.shutdown(), Err(SubmitError::Stopped));
}

#[test]
fn a_full_group_makes_the_submitter_wait_and_a_failure_wakes_it() {
    let bench = bench(CommitterOptions { group_bytes_max: 15, group_records_max: 100 });
    bench.committer.submit(vec![entry(1)]).unwrap();
    bench.begun.recv_timeout(PATIENCE).unwrap();
    bench.committer.submit(vec![entry(2)]).unwrap();
    bench.committer.submit(vec![entry(3)]).unwrap();
    let committer = Arc::clone(&bench.committer);
    let (answer_to, answer) = channel();
    std::thread::spawn(move || answer_to.send(committer.submit(vec![entry(4)])).unwrap());
    assert!(answer.recv_timeout(WATCHED).is_err());
    bench.outcomes.send(Ok(())).unwrap();
    assert_eq!(answer.recv_timeout(PATIENCE).unwrap(), Ok(()));
    assert_eq!(bench.begun.recv_timeout(PATIENCE).unwrap(), [2, 3]);

    bench.committer.submit(vec![entry(5)]).unwrap();
    let committer = Arc::clone(&bench.committer);
    let (answer_to, answer) = channel();
    std::thread::spawn(move || answer_to.send(committer.submit(vec![entry(6)])).unwrap());
    assert!(answer.recv_timeout(WATCHED).is_err());
    bench.outcomes.send(Err(failure())).unwrap();
    assert_eq!(answer.recv_timeout(PATIENCE).unwrap(), Err(SubmitError::Stopped));
}

#[test]
fn a_submission_that_skips_is_refused_whole() {
    let bench = bench(CommitterOptions::default());
    let skipped = bench.committer.submit(vec![entry(1), entry(3)]);
    assert_eq!(skipped, Err(SubmitError::NotConsecutive { expected: 2, found: 3 }));
    bench.committer.submit(vec![entry(1)]).unwrap();
    assert_eq!(bench.begun.recv_timeout(PATIENCE).unwrap(), [1]);
    bench.outcomes.send(Ok(())).unwrap();
}

#[test]
fn shutdown_commits_what_waits() {
    let bench = bench(CommitterOptions::default());
    for outcome in 0..2 {
        bench.committer.submit(vec![entry(outcome + 1)]).unwrap();
        bench.outcomes.send(Ok(())).unwrap();
    }
    let committer = Arc::into_inner(bench.committer).unwrap();
    assert_eq!(committer.shutdown(), Ok(2));
}

/// An engine that panics.
struct Panicking;

impl Engine for Panicking {
    fn last_sequence(&self) -> u64 {
        0
    }

    fn append(&mut self, _group: &[Entry]) -> Result<(), AppendError> {
        panic!("a fault of the engine");
    }
}

#[test]
fn a_panic_in_the_engine_is_a_failure() {
    let (failures_to, failures) = channel();
    let on_failure = move |error| failures_to.send(error).unwrap();
    let committer =
        GroupCommitter::start(Box::new(Panicking), CommitterOptions::default(), |_| {}, on_failure).unwrap();
    committer.submit(vec![entry(1)]).unwrap();
    assert!(matches!(failures.recv_timeout(PATIENCE).unwrap(), AppendError::Panicked));
    assert_eq!(committer.submit(vec![entry(2)]), Err(SubmitError::Stopped));
}
