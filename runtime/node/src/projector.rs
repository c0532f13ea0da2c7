//! The thread that keeps the views behind the journal. It may lag; it may be killed; it skips nothing.

use journal::Reader;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use views::{Folded, Indexes, Projected, ViewError, Views};

/// How the views follow: indexes are hit all over, so that a transaction writes most of their pages however few its
/// records are, and an order whose records share one is written once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// With how many records a transaction is full; the group of the journal that fills it is taken whole.
    pub records: u64,
    /// How long they are waited for, once there is one.
    pub linger: Duration,
    /// When the indexes are made.
    pub indexes: Indexes,
}

impl Pace {
    /// A lone order is seen at once and a storm in few transactions.
    pub const PROMPT: Pace = Pace { records: 8_192, linger: Duration::from_millis(5), indexes: Indexes::Kept };
    /// Nobody looks before the end, and whoever does opens the views anew.
    pub const UNWATCHED: Pace = Pace { records: 65_536, linger: Duration::from_secs(2), indexes: Indexes::Last };
}

/// How far the views are, for those who wait.
#[derive(Default)]
pub struct Progress {
    position: AtomicU64,
    lock: Mutex<()>,
    moved: Condvar,
}

impl Progress {
    /// The last sequence that the views show.
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    pub(crate) fn set(&self, sequence: u64) {
        self.position.store(sequence, Ordering::Release);
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.moved.notify_all();
    }

    /// Waits until the views show `sequence`, at most so long. Says whether they do. Blocks the thread.
    pub fn wait_for(&self, sequence: u64, most: Duration) -> bool {
        let until = Instant::now() + most;
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.position() < sequence {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            guard = self.moved.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

/// Runs until the sender is gone. Errors end the thread with a message; the views can be rebuilt.
pub(crate) fn run(views: &Mutex<Views>, records: &Receiver<Vec<Projected>>, progress: &Arc<Progress>, pace: Pace) {
    // The sender is gone when the node stopped.
    while let Ok(first) = records.recv() {
        if let Err(error) = follow(views, first, records, progress, pace) {
            tracing::error!(%error, "the views stopped; rebuild them with `tongbao rebuild-views`");
            return;
        }
    }
}

/// One transaction. Records are folded as they come and let go at once.
fn follow(
    views: &Mutex<Views>,
    first: Vec<Projected>,
    records: &Receiver<Vec<Projected>>,
    progress: &Progress,
    pace: Pace,
) -> Result<(), ViewError> {
    let lock = || views.lock().unwrap_or_else(PoisonError::into_inner);
    let mut folded = Folded::behind(lock().position());
    let until = Instant::now() + pace.linger;
    let mut next = Ok(first);
    while let Ok(group) = next {
        group.iter().try_for_each(|projected| folded.take(projected))?;
        if folded.records() >= pace.records {
            break;
        }
        next = records.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
    lock().write(&folded)?;
    progress.set(folded.position());
    Ok(())
}

/// Brings the views up to the journal's end before the node takes orders.
///
/// Errors: the journal or the views could not be read, as text for the operator.
pub(crate) fn catch_up(
    views: &mut Views,
    reader: &mut dyn Reader,
    snapshots: &std::path::Path,
    salts: &facts::SaltKey,
) -> Result<u64, String> {
    let from = views.position();
    let last = reader.last_sequence().map_err(|error| error.to_string())?;
    if from > last {
        let shown = format!("they show record {from}, the journal ends at {last}");
        return Err(format!("{shown}; rebuild them with `tongbao rebuild-views`"));
    }
    if from == last {
        return Ok(from);
    }
    tracing::info!(from, last, "bringing the views up to the journal");
    let mut batch = Vec::new();
    let mut failed = None;
    let mut project = |record: &facts::Record, state: &facts::State| {
        if record.open.sequence <= from || failed.is_some() {
            return;
        }
        let posted = crate::core::posted(state, &record.open.facts);
        batch.push(Projected { record: Arc::new(record.open.clone()), posted });
        if batch.len() as u64 >= Pace::PROMPT.records || record.open.sequence == last {
            failed = views.apply(&batch).err();
            batch.clear();
        }
    };
    // A snapshot beyond the views' position would skip what they lack.
    let replayed = crate::recovery::replay_from(Some(snapshots), from, reader, salts, &mut project);
    replayed.map_err(|error| error.to_string())?;
    match failed {
        Some(error) => Err(error.to_string()),
        None => Ok(last),
    }
}
