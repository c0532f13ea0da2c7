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
    committer: Arc<GroupCommitter<Sealed>>,
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
    let committer = GroupCommitter::start(engine, Sealed, options, on_durable, on_failure).unwrap();
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

/// Commits on a thread of its own, which waits for the test to say what came of it.
fn commit_beside(bench: &Bench, entries: Vec<Entry>) -> Receiver<Result<(), SubmitError>> {
    let committer = Arc::clone(&bench.committer);
    let (answer_to, answer) = channel();
    std::thread::spawn(move || {
        let answer = committer.commit(entries);
        // Given back before the test hears of it, so that it can end the committer.
        drop(committer);
        answer_to.send(answer).unwrap();
    });
    answer
}

#[test]
fn who_has_nothing_else_to_do_commits_on_its_own_thread() {
    let (threads_to, threads) = channel();
    let names = NamesThreads { last: 0, appended_on: threads_to.clone() };
    let here = std::thread::current().id();
    let told = move |_| threads_to.send(std::thread::current().id()).unwrap();
    let options = CommitterOptions::default();
    let committer = GroupCommitter::start(Box::new(names), Sealed, options, told, |error| panic!("{error}")).unwrap();
    committer.commit(vec![entry(1)]).unwrap();
    assert_eq!(threads.try_iter().collect::<Vec<_>>(), [here, here], "appended and told before it returned");
    committer.submit(vec![entry(2)]).unwrap();
    assert_ne!(threads.recv_timeout(PATIENCE).unwrap(), here);
    assert_eq!(committer.shutdown(), Ok(2));
}

/// Tells on which thread it was asked to append.
struct NamesThreads {
    last: u64,
    appended_on: Sender<std::thread::ThreadId>,
}

impl Engine for NamesThreads {
    fn last_sequence(&self) -> u64 {
        self.last
    }

    fn append(&mut self, group: &[Entry]) -> Result<(), AppendError> {
        self.appended_on.send(std::thread::current().id()).unwrap();
        self.last += group.len() as u64;
        Ok(())
    }
}

#[test]
fn what_comes_while_a_submitter_commits_queues_and_goes_to_the_thread() {
    let bench = bench(CommitterOptions::default());
    let answer = commit_beside(&bench, vec![entry(1)]);
    assert_eq!(bench.begun.recv_timeout(PATIENCE).unwrap(), [1]);
    bench.committer.submit(vec![entry(2)]).unwrap();
    // A second one that would commit itself finds the writer gone, and does not wait for it.
    bench.committer.commit(vec![entry(3)]).unwrap();
    assert!(bench.begun.recv_timeout(WATCHED).is_err(), "one append at a time");
    assert!(bench.durable.recv_timeout(WATCHED).is_err() && answer.try_recv().is_err());
    bench.outcomes.send(Ok(())).unwrap();
    assert_eq!(answer.recv_timeout(PATIENCE).unwrap(), Ok(()), "who committed 1 does not commit what came after");
    assert_eq!(bench.durable.recv_timeout(PATIENCE).unwrap(), 1);
    assert_eq!(bench.begun.recv_timeout(PATIENCE).unwrap(), [2, 3]);
    bench.outcomes.send(Ok(())).unwrap();
    assert_eq!(bench.durable.recv_timeout(PATIENCE).unwrap(), 3);
}

#[test]
fn a_commit_that_fails_is_told_once_and_ends_everything() {
    let bench = bench(CommitterOptions::default());
    let answer = commit_beside(&bench, vec![entry(1)]);
    bench.begun.recv_timeout(PATIENCE).unwrap();
    bench.committer.submit(vec![entry(2)]).unwrap();
    bench.outcomes.send(Err(failure())).unwrap();
    assert_eq!(answer.recv_timeout(PATIENCE).unwrap(), Err(SubmitError::Stopped));
    assert!(matches!(bench.failures.recv_timeout(PATIENCE).unwrap(), AppendError::Storage { .. }));
    assert_eq!(bench.committer.commit(vec![entry(3)]), Err(SubmitError::Stopped));
    assert_eq!(bench.committer.submit(vec![entry(3)]), Err(SubmitError::Stopped));
    // All ends hang up without another word: what waited was not appended.
    assert!(bench.failures.recv_timeout(PATIENCE).is_err());
    assert!(bench.begun.recv_timeout(PATIENCE).is_err());
    assert!(bench.durable.recv_timeout(PATIENCE).is_err());
    assert_eq!(Arc::into_inner(bench.committer).unwrap().shutdown(), Err(SubmitError::Stopped));
}

#[test]
fn shutdown_commits_what_came_while_a_submitter_committed() {
    let bench = bench(CommitterOptions::default());
    let answer = commit_beside(&bench, vec![entry(1)]);
    bench.begun.recv_timeout(PATIENCE).unwrap();
    bench.committer.submit(vec![entry(2)]).unwrap();
    (0..2).for_each(|_| bench.outcomes.send(Ok(())).unwrap());
    assert_eq!(answer.recv_timeout(PATIENCE).unwrap(), Ok(()));
    assert_eq!(Arc::into_inner(bench.committer).unwrap().shutdown(), Ok(2));
    assert_eq!(bench.durable.iter().collect::<Vec<_>>(), [1, 2]);
}

/// Takes what continues, and pauses now and then so that submitters meet it committing.
struct Continues {
    last: u64,
}

impl Engine for Continues {
    fn last_sequence(&self) -> u64 {
        self.last
    }

    fn append(&mut self, group: &[Entry]) -> Result<(), AppendError> {
        for entry in group {
            assert_eq!(entry.sequence, self.last + 1, "in order");
            self.last += 1;
        }
        if self.last.is_multiple_of(3) {
            std::thread::yield_now();
        }
        Ok(())
    }
}

#[test]
fn order_is_kept_between_submitters_that_commit_and_those_that_do_not() {
    const LAST: u64 = 20_000;
    let (durable_to, durable) = channel();
    let on_durable = move |sequence| durable_to.send((sequence, std::thread::current().id())).unwrap();
    let options = CommitterOptions { group_records_max: 8, ..CommitterOptions::default() };
    let engine = Box::new(Continues { last: 0 });
    let committer = GroupCommitter::start(engine, Sealed, options, on_durable, |error| panic!("{error}")).unwrap();
    std::thread::scope(|scope| {
        for commits in [true, true, false, false] {
            let committer = &committer;
            scope.spawn(move || {
                let mut next = 1;
                while next <= LAST {
                    let entries = vec![entry(next)];
                    let taken = if commits { committer.commit(entries) } else { committer.submit(entries) };
                    match taken {
                        Ok(()) => next += 1,
                        // Another one was first.
                        Err(SubmitError::NotConsecutive { expected, .. }) => next = expected,
                        Err(SubmitError::Stopped) => panic!("the committer stopped"),
                    }
                }
            });
        }
    });
    assert_eq!(committer.shutdown(), Ok(LAST));
    let told: Vec<_> = durable.iter().collect();
    assert!(told.is_sorted_by(|a, b| a.0 < b.0) && told.last().is_some_and(|(last, _)| *last == LAST));
    let threads: std::collections::HashSet<_> = told.iter().map(|(_, thread)| *thread).collect();
    assert!(threads.len() > 1, "more than one thread committed");
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
        GroupCommitter::start(Box::new(Panicking), Sealed, CommitterOptions::default(), |_| {}, on_failure).unwrap();
    committer.submit(vec![entry(1)]).unwrap();
    assert!(matches!(failures.recv_timeout(PATIENCE).unwrap(), AppendError::Panicked));
    assert_eq!(committer.submit(vec![entry(2)]), Err(SubmitError::Stopped));
}

#[test]
fn a_panic_under_who_commits_is_a_failure_and_goes_no_further() {
    let (failures_to, failures) = channel();
    let on_failure = move |error| failures_to.send(error).unwrap();
    let committer =
        GroupCommitter::start(Box::new(Panicking), Sealed, CommitterOptions::default(), |_| {}, on_failure).unwrap();
    assert_eq!(committer.commit(vec![entry(1)]), Err(SubmitError::Stopped));
    let told: Vec<_> = failures.iter().collect();
    assert!(matches!(told[..], [AppendError::Panicked]), "{told:?}");
    assert_eq!(committer.commit(vec![entry(2)]), Err(SubmitError::Stopped));
    assert_eq!(committer.shutdown(), Err(SubmitError::Stopped));
}
