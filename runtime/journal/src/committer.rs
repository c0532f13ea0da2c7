//! One group committing and one filling.
//!
//! Nothing may leave before it is durable, and a sync costs the same for one record as for many.
//! So records wait together while the group before them commits. What is not here: retrying.
//! After a failed sync nobody knows what is on disk, and the process has to stop.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::{AppendError, Engine, Entry};

/// How large a group may grow.
#[derive(Debug, Clone, Copy)]
pub struct CommitterOptions {
    /// The filling group takes no more submissions once it holds this many bytes; by default 1 MiB.
    pub group_bytes_max: usize,
    /// The filling group takes no more submissions once it holds this many records; by default 4,096.
    pub group_records_max: usize,
}

impl Default for CommitterOptions {
    fn default() -> Self {
        Self { group_bytes_max: 1 << 20, group_records_max: 4096 }
    }
}

/// Why records were not taken. Nothing of the submission was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// A write failed earlier, or the committer was shut down: nothing later is ever acknowledged.
    #[error("the journal takes no more records")]
    Stopped,
    /// The records do not continue what was submitted before.
    #[error("records do not continue the journal: next is {expected}, found {found}")]
    NotConsecutive {
        /// The sequence that comes next.
        expected: u64,
        /// The sequence that was given.
        found: u64,
    },
}

/// A writer thread that owns an engine, with one group committing and one filling.
/// Dropping it commits what is waiting, as [`GroupCommitter::shutdown`] does.
pub struct GroupCommitter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<u64>>,
}

struct Shared {
    filling: Mutex<Filling>,
    /// Signalled when there is something to commit, or nothing more will come.
    filled: Condvar,
    /// Signalled when the filling group was taken, or nothing more is taken.
    taken: Condvar,
    options: CommitterOptions,
}

/// The group that is filling.
struct Filling {
    group: Vec<Entry>,
    bytes: usize,
    /// The sequence that comes next.
    next: u64,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// No more submissions; what is waiting is committed.
    Draining,
    /// An append failed; nothing is committed any more.
    Failed,
}

impl GroupCommitter {
    /// Starts the writer thread.
    ///
    /// `on_durable` is called on that thread after each group with the last durable sequence.
    /// `on_failure` is called at most once, after which nothing is acknowledged any more.
    pub fn start(
        engine: Box<dyn Engine>,
        options: CommitterOptions,
        on_durable: impl FnMut(u64) + Send + 'static,
        on_failure: impl FnOnce(AppendError) + Send + 'static,
    ) -> io::Result<Self> {
        let next = engine.last_sequence() + 1;
        let filling = Filling { group: Vec::new(), bytes: 0, next, phase: Phase::Running };
        let (filled, taken) = (Condvar::new(), Condvar::new());
        let shared = Arc::new(Shared { filling: Mutex::new(filling), filled, taken, options });
        let failure = Failure { shared: Arc::clone(&shared), report: Some(on_failure) };
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || commit_groups(engine, &of_thread, on_durable, failure))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Hands consecutive records to the filling group; waits while that is full.
    /// The records of one submission always share a group.
    pub fn submit(&self, entries: Vec<Entry>) -> Result<(), SubmitError> {
        let mut filling = self.shared.lock();
        while filling.phase == Phase::Running && self.shared.is_full(&filling) {
            filling = self.shared.taken.wait(filling).unwrap_or_else(PoisonError::into_inner);
        }
        if filling.phase != Phase::Running {
            return Err(SubmitError::Stopped);
        }
        filling.take(entries)?;
        self.shared.filled.notify_one();
        Ok(())
    }

    /// Commits what is waiting, ends the thread and returns the last durable sequence.
    ///
    /// Errors: [`SubmitError::Stopped`] when a write failed.
    pub fn shutdown(mut self) -> Result<u64, SubmitError> {
        let durable = self.drain();
        let failed = self.shared.lock().phase == Phase::Failed;
        durable.filter(|_| !failed).ok_or(SubmitError::Stopped)
    }

    /// Ends the thread; `None` when it panicked or had ended before.
    fn drain(&mut self) -> Option<u64> {
        let mut filling = self.shared.lock();
        if filling.phase == Phase::Running {
            filling.phase = Phase::Draining;
        }
        drop(filling);
        self.shared.filled.notify_one();
        self.shared.taken.notify_all();
        self.thread.take()?.join().ok()
    }
}

impl Drop for GroupCommitter {
    fn drop(&mut self) {
        self.drain();
    }
}

impl Filling {
    fn take(&mut self, entries: Vec<Entry>) -> Result<(), SubmitError> {
        for (expected, entry) in (self.next..).zip(&entries) {
            if entry.sequence != expected {
                return Err(SubmitError::NotConsecutive { expected, found: entry.sequence });
            }
        }
        self.next += entries.len() as u64;
        self.bytes += entries.iter().map(|entry| entry.bytes.len()).sum::<usize>();
        self.group.extend(entries);
        Ok(())
    }
}

impl Shared {
    /// A panic elsewhere leaves the state as it was: it is changed only while nothing can panic.
    fn lock(&self) -> MutexGuard<'_, Filling> {
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_full(&self, filling: &Filling) -> bool {
        filling.bytes >= self.options.group_bytes_max || filling.group.len() >= self.options.group_records_max
    }

    /// Waits for something to commit; `None` when nothing more will come.
    fn next_group(&self) -> Option<Vec<Entry>> {
        let mut filling = self.lock();
        while filling.group.is_empty() && filling.phase == Phase::Running {
            filling = self.filled.wait(filling).unwrap_or_else(PoisonError::into_inner);
        }
        let group = std::mem::take(&mut filling.group);
        filling.bytes = 0;
        self.taken.notify_all();
        (!group.is_empty()).then_some(group)
    }
}

/// Reports the one failure, also when the thread panics.
struct Failure<F: FnOnce(AppendError)> {
    shared: Arc<Shared>,
    report: Option<F>,
}

impl<F: FnOnce(AppendError)> Failure<F> {
    /// Submissions are refused before anybody hears of the failure.
    fn report(&mut self, error: AppendError) {
        let Some(report) = self.report.take() else { return };
        let mut filling = self.shared.lock();
        filling.phase = Phase::Failed;
        filling.group.clear();
        drop(filling);
        self.shared.taken.notify_all();
        report(error);
    }
}

impl<F: FnOnce(AppendError)> Drop for Failure<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.report(AppendError::Panicked);
        }
    }
}

fn commit_groups<F: FnOnce(AppendError)>(
    mut engine: Box<dyn Engine>,
    shared: &Shared,
    mut on_durable: impl FnMut(u64),
    mut failure: Failure<F>,
) -> u64 {
    while let Some(group) = shared.next_group() {
        if let Err(error) = engine.append(&group) {
            failure.report(error);
            break;
        }
        on_durable(engine.last_sequence());
    }
    engine.last_sequence()
}

#[cfg(test)]
#[path = "committer_tests.rs"]
mod tests;
