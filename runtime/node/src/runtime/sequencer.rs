//! The sequencer: whoever holds the desk takes its turns.
//!
//! A thread of its own does while there is work, and when something is due. An asker who finds that thread asleep
//! takes the turn himself, on the thread he asks on: a lone order then wakes no other thread before its sync and
//! waits for none after it.

use super::shared::Shared;
use crate::desk::{Desk, Job, Lane, Timers};
use crate::sealer::Sealer;
use facts::OpenRecord;
use journal::{GroupCommitter, SubmitError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// The longest the thread sleeps, so that an accelerated or moved clock is noticed.
const SLEEP_MOST: Duration = Duration::from_millis(20);

/// The desk, and where its records go.
pub(super) struct Sequencer {
    pub(super) desk: Desk,
    pub(super) committer: GroupCommitter<Sealer>,
}

impl Shared {
    /// The sequencer's thread.
    pub(super) fn sequence(self: Arc<Shared>) {
        while !self.stopping.load(Ordering::Acquire) && self.stop.borrow().is_none() {
            self.guard(|| self.turn_or_sleep());
        }
        let Some(sequencer) = self.lock_sequencer().take() else { return };
        match sequencer.committer.shutdown() {
            Ok(_) => drop(self.end("stopped in order")),
            Err(error) => self.fail(&error.to_string()),
        }
    }

    fn turn_or_sleep(self: &Arc<Shared>) -> Result<(), String> {
        let mut held = self.lock_sequencer();
        let Some(sequencer) = held.as_mut() else { return Ok(()) };
        let sleep = self.rest(&sequencer.desk);
        let mut inbox = self.lock_inbox();
        if sleep.is_zero() || !inbox.jobs.is_empty() {
            drop(inbox);
            return self.turn(sequencer);
        }
        // Not before the inbox is locked: whoever takes a turn meanwhile finds this thread asleep.
        drop(held);
        inbox.sleeps_until = Some(Instant::now() + sleep);
        let (mut inbox, _) = self.arrived.wait_timeout(inbox, sleep).unwrap_or_else(PoisonError::into_inner);
        inbox.sleeps_until = None;
        Ok(())
    }

    /// Puts a job at the end of its lane, for the thread.
    pub(super) fn push(&self, lane: Lane, job: Job) {
        if self.enter(lane, job).is_some() {
            self.arrived.notify_one();
        }
    }

    /// Puts a job at the end of its lane and takes the turn if nobody else is about to. Blocks for a sync at the most.
    pub(super) fn push_and_turn(self: &Arc<Shared>, lane: Lane, job: Job) {
        let Some(asleep) = self.enter(lane, job) else { return };
        let mut held = match self.sequencer.try_lock() {
            Ok(held) if asleep => held,
            Ok(_) | Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => return self.arrived.notify_one(),
        };
        let Some(sequencer) = held.as_mut() else { return };
        self.guard(|| {
            self.turn(sequencer)?;
            let wake = Instant::now() + self.rest(&sequencer.desk);
            let inbox = self.lock_inbox();
            if !inbox.jobs.is_empty() || inbox.sleeps_until.is_some_and(|until| wake < until) {
                self.arrived.notify_one();
            }
            Ok(())
        });
    }

    /// Says whether the thread sleeps; none when the node stopped.
    fn enter(&self, lane: Lane, job: Job) -> Option<bool> {
        if self.stop.borrow().is_some() {
            return None;
        }
        let mut inbox = self.lock_inbox();
        inbox.orders += usize::from(lane == Lane::Orders);
        inbox.jobs.push_back((lane, job));
        Some(inbox.sleeps_until.is_some())
    }

    /// What goes wrong ends the node: state and journal may disagree then, and a node that nobody sequences must not
    /// look alive.
    fn guard(&self, work: impl FnOnce() -> Result<(), String>) {
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => self.fail(&reason),
            Err(_) => self.fail("the sequencer panicked"),
        }
    }

    /// Takes what arrived to the desk, and what came of it to the journal.
    fn turn(self: &Arc<Shared>, Sequencer { desk, committer }: &mut Sequencer) -> Result<(), String> {
        self.gather(desk);
        let turn = desk.turn(self.clock.now(), self.timers()).map_err(|stopped| stopped.to_string())?;
        // Before the records are handed over: what may leave must not wait for their sync.
        self.perform_all(self.outbox.put(turn.effects));
        if turn.records.is_empty() {
            return Ok(());
        }
        self.hand_over(desk, committer, turn.records).map_err(|_| "the journal takes no more records".to_owned())
    }

    /// Gives records to the journal. With nothing more to decide they are made durable on this thread, which spares a
    /// lone order that hand-over; otherwise the journal's thread does it while this one decides on. What comes during
    /// the sync waits for its end, and could not have left before: even a read tells of what is not durable yet.
    fn hand_over(
        &self,
        desk: &Desk,
        committer: &GroupCommitter<Sealer>,
        records: Vec<Arc<OpenRecord>>,
    ) -> Result<(), SubmitError> {
        let rests = self.lock_inbox().jobs.is_empty() && !desk.has_work(self.clock.now());
        if rests { committer.commit(records) } else { committer.submit(records) }
    }

    fn timers(&self) -> Timers {
        if self.clock.is_trusted() { Timers::Fire } else { Timers::Hold }
    }

    /// How long there is nothing to do, unless something arrives.
    fn rest(&self, desk: &Desk) -> Duration {
        let now = self.clock.now();
        // What is due or waits to be taken is no work while the clock is not trusted.
        if self.timers() == Timers::Fire && desk.has_work(now) {
            return Duration::ZERO;
        }
        // What is due but waits for a credit or an answer is woken by the partner's word, not by time.
        let future = desk.core().state().next_due().filter(|due| *due > now);
        future.map_or(SLEEP_MOST, |due| self.clock.wait_for(due).min(SLEEP_MOST))
    }

    /// Moves what arrived onto the desk.
    fn gather(&self, desk: &mut Desk) {
        let mut inbox = self.lock_inbox();
        inbox.learned.drain(..).for_each(|policy| desk.learn(policy));
        while let Some((lane, job)) = inbox.jobs.pop_front() {
            desk.push(lane, job);
        }
        // Orders that wait on the desk still wait: the door counts them until they are taken.
        inbox.orders = desk.waiting(Lane::Orders);
    }

    pub(super) fn lock_sequencer(&self) -> MutexGuard<'_, Option<Sequencer>> {
        self.sequencer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
