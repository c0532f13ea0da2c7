//! One group committing and one filling.
//!
//! Nothing may leave before it is durable, and a sync costs the same for one record as for many.
//! So records wait together while the group before them commits.
//!
//! Records come as they were decided; their bytes are made here, in order, so that whoever decides need not wait for it.
//!
//! There is one [`Writer`], and who holds it commits: the writer's thread, or a submitter that has nothing else to
//! do and is spared the way to that thread. So there are never two appends at once, and groups keep their order.
//! What is not here: retrying. After a failed sync nobody knows what is on disk, and the process has to stop.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
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

/// Makes the bytes of records, in their order, on the thread that commits them.
pub trait Seal: Send + 'static {
    /// A record on its way.
    type Record: Send + 'static;

    /// Its place in the journal.
    fn sequence(record: &Self::Record) -> u64;

    /// About how many bytes it will have.
    fn bytes(record: &Self::Record) -> usize;

    /// Its entry, behind all those before it.
    fn seal(&mut self, record: Self::Record) -> Entry;
}

/// For records that have their bytes.
pub struct Sealed;

impl Seal for Sealed {
    type Record = Entry;

    fn sequence(record: &Entry) -> u64 {
        record.sequence
    }

    fn bytes(record: &Entry) -> usize {
        record.bytes.len()
    }

    fn seal(&mut self, record: Entry) -> Entry {
        record
    }
}

/// Commits groups, on a thread of its own or on that of a submitter, one at a time.
/// Dropping it commits what is waiting, as [`GroupCommitter::shutdown`] does.
pub struct GroupCommitter<S: Seal> {
    shared: Arc<Shared<S>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared<S: Seal> {
    filling: Mutex<Filling<S>>,
    /// Signalled when there is something for the thread to commit, or nothing more will come.
    filled: Condvar,
    /// Signalled when the filling group was taken, or nothing more is taken.
    taken: Condvar,
    options: CommitterOptions,
}

/// The group that is filling.
struct Filling<S: Seal> {
    group: Vec<S::Record>,
    bytes: usize,
    /// The sequence that comes next.
    next: u64,
    phase: Phase,
    /// Who holds it commits; none while a group does, and after a failure.
    writer: Option<Writer<S>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// No more submissions; what is waiting is committed.
    Draining,
    /// An append failed; nothing is committed any more.
    Failed,
}

/// The engine, who seals for it, and who is told what came of it.
struct Writer<S: Seal> {
    seal: S,
    engine: Box<dyn Engine>,
    on_durable: Box<dyn FnMut(u64) + Send>,
    on_failure: Box<dyn FnOnce(AppendError) + Send>,
}

impl<S: Seal> GroupCommitter<S> {
    /// Starts the writer's thread.
    ///
    /// `on_durable` is called after each group with the last durable sequence, on the thread that committed it.
    /// `on_failure` is called at most once, after which nothing is acknowledged any more.
    pub fn start(
        engine: Box<dyn Engine>,
        seal: S,
        options: CommitterOptions,
        on_durable: impl FnMut(u64) + Send + 'static,
        on_failure: impl FnOnce(AppendError) + Send + 'static,
    ) -> io::Result<Self> {
        let next = engine.last_sequence() + 1;
        let writer = Writer { seal, engine, on_durable: Box::new(on_durable), on_failure: Box::new(on_failure) };
        let filling = Filling { group: Vec::new(), bytes: 0, next, phase: Phase::Running, writer: Some(writer) };
        let (filled, taken) = (Condvar::new(), Condvar::new());
        let shared = Arc::new(Shared { filling: Mutex::new(filling), filled, taken, options });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || of_thread.commit_what_comes())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Hands consecutive records to the filling group, which the writer's thread commits; waits while that is full.
    /// The records of one submission always share a group.
    pub fn submit(&self, records: Vec<S::Record>) -> Result<(), SubmitError> {
        drop(self.shared.fill(records)?);
        self.shared.filled.notify_one();
        Ok(())
    }

    /// As [`GroupCommitter::submit`], for a submitter that has nothing else to do: unless a group is committing, this
    /// thread commits what waits, and `on_durable` was called on it when this returns.
    ///
    /// Errors: [`SubmitError::Stopped`] also when this very append failed, which `on_failure` was told.
    pub fn commit(&self, records: Vec<S::Record>) -> Result<(), SubmitError> {
        let mut filling = self.shared.fill(records)?;
        // Whoever holds the writer sees to the next group when giving it back.
        let Some((writer, group)) = filling.begin() else { return Ok(()) };
        drop(filling);
        self.shared.write(writer, group)
    }

    /// Commits what is waiting, ends the thread and returns the last durable sequence.
    ///
    /// Errors: [`SubmitError::Stopped`] when a write failed.
    pub fn shutdown(mut self) -> Result<u64, SubmitError> {
        self.drain().map(|writer| writer.engine.last_sequence()).ok_or(SubmitError::Stopped)
    }

    /// Ends the thread; none when an append failed, or all was drained before.
    fn drain(&mut self) -> Option<Writer<S>> {
        let mut filling = self.shared.lock();
        if filling.phase == Phase::Running {
            filling.phase = Phase::Draining;
        }
        drop(filling);
        self.shared.filled.notify_one();
        self.shared.taken.notify_all();
        self.thread.take()?.join().ok()?;
        self.shared.lock().writer.take()
    }
}

impl<S: Seal> Drop for GroupCommitter<S> {
    fn drop(&mut self) {
        self.drain();
    }
}

impl<S: Seal> Filling<S> {
    fn take(&mut self, records: Vec<S::Record>) -> Result<(), SubmitError> {
        for (expected, found) in (self.next..).zip(records.iter().map(S::sequence)) {
            if found != expected {
                return Err(SubmitError::NotConsecutive { expected, found });
            }
        }
        self.next += records.len() as u64;
        self.bytes += records.iter().map(S::bytes).sum::<usize>();
        self.group.extend(records);
        Ok(())
    }

    /// Takes the writer and what it is to write; none when nothing waits or a group is committing.
    fn begin(&mut self) -> Option<(Writer<S>, Vec<S::Record>)> {
        if self.group.is_empty() {
            return None;
        }
        let writer = self.writer.take()?;
        self.bytes = 0;
        Some((writer, std::mem::take(&mut self.group)))
    }
}

impl<S: Seal> Writer<S> {
    /// Seals the group, makes it durable and tells so. A panic of any is a failure as any other.
    fn write(&mut self, group: Vec<S::Record>) -> Result<(), AppendError> {
        let written = catch_unwind(AssertUnwindSafe(|| {
            let group: Vec<Entry> = group.into_iter().map(|record| self.seal.seal(record)).collect();
            self.engine.append(&group)?;
            (self.on_durable)(self.engine.last_sequence());
            Ok(())
        }));
        written.unwrap_or(Err(AppendError::Panicked))
    }
}

impl<S: Seal> Shared<S> {
    /// A panic elsewhere leaves the state as it was: it is changed only while nothing can panic.
    fn lock(&self) -> MutexGuard<'_, Filling<S>> {
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_full(&self, filling: &Filling<S>) -> bool {
        filling.bytes >= self.options.group_bytes_max || filling.group.len() >= self.options.group_records_max
    }

    /// Adds to the filling group; waits while that is full.
    fn fill(&self, records: Vec<S::Record>) -> Result<MutexGuard<'_, Filling<S>>, SubmitError> {
        let mut filling = self.lock();
        while filling.phase == Phase::Running && self.is_full(&filling) {
            filling = self.taken.wait(filling).unwrap_or_else(PoisonError::into_inner);
        }
        if filling.phase != Phase::Running {
            return Err(SubmitError::Stopped);
        }
        filling.take(records)?;
        Ok(filling)
    }

    /// The writer's thread: until nothing more comes, or an append fails.
    fn commit_what_comes(&self) {
        while let Some((writer, group)) = self.next_group() {
            if self.write(writer, group).is_err() {
                break;
            }
        }
    }

    /// Waits for something to commit; none when nothing more will come.
    fn next_group(&self) -> Option<(Writer<S>, Vec<S::Record>)> {
        let mut filling = self.lock();
        loop {
            match (filling.begin(), filling.phase) {
                (Some(work), _) => return Some(work),
                (None, Phase::Failed) => return None,
                (None, Phase::Draining) if filling.writer.is_some() => return None,
                (None, Phase::Running | Phase::Draining) => {
                    filling = self.filled.wait(filling).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Writes a group on this thread and gives the writer back; what came meanwhile is the thread's.
    fn write(&self, mut writer: Writer<S>, group: Vec<S::Record>) -> Result<(), SubmitError> {
        self.taken.notify_all();
        if let Err(error) = writer.write(group) {
            self.fail(writer, error);
            return Err(SubmitError::Stopped);
        }
        let mut filling = self.lock();
        filling.writer = Some(writer);
        if !filling.group.is_empty() {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Submissions are refused before anybody hears of the failure. The writer is not given back.
    fn fail(&self, writer: Writer<S>, error: AppendError) {
        let mut filling = self.lock();
        filling.phase = Phase::Failed;
        filling.group.clear();
        drop(filling);
        self.filled.notify_one();
        self.taken.notify_all();
        (writer.on_failure)(error);
    }
}

#[cfg(test)]
#[path = "committer_tests.rs"]
mod tests;
