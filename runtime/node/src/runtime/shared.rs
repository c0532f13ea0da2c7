//! What the node's threads share, and the sequencer's loop.

use super::{Gateways, Node, NodeConfig, NodeError, StartError};
use crate::breaker::Breaker;
use crate::clock::Clock;
use crate::desk::{Desk, Job, Lane, Timers};
use crate::directory::Directory;
use crate::outbox::{Effect, Outbox, Performer};
use crate::projector::{self, Pace, Progress};
use exchange::Rules;
use exchange::rules::Policy;
use facts::{Millis, Partner, PolicyVersion, State};
use journal::{CommitterOptions, Entry, GroupCommitter, SubmitError};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use views::{Projected, ViewReader, Views};

/// The longest the sequencer sleeps, so that an accelerated or moved clock is noticed.
const SLEEP_MOST: Duration = Duration::from_millis(20);
/// How many new orders may wait; beyond it the caller is told to come back.
const ORDERS_WAITING_MOST: usize = 100_000;

pub(super) struct Shared {
    pub(super) inbox: Mutex<Inbox>,
    pub(super) arrived: Condvar,
    pub(super) outbox: Outbox,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) gateways: Gateways,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) rules: Mutex<Arc<Rules>>,
    /// The policies adopted so far, by the moment from which they decide.
    pub(super) adopted: Mutex<Vec<(Millis, PolicyVersion)>>,
    pub(super) views: Arc<Mutex<Views>>,
    pub(super) view_reader: ViewReader,
    pub(super) progress: Arc<Progress>,
    pub(super) projector: Mutex<Option<Sender<Projected>>>,
    pub(super) breakers: Mutex<BTreeMap<Partner, Breaker>>,
    pub(super) runtime: tokio::runtime::Handle,
    pub(super) stop: watch::Sender<Option<String>>,
    pub(super) stopping: AtomicBool,
    pub(super) asks_under_way: AtomicU64,
    pub(super) dir: PathBuf,
}

#[derive(Default)]
pub(super) struct Inbox {
    /// Policies to come to know before the jobs that speak of them.
    pub(super) learned: Vec<Arc<Policy>>,
    pub(super) jobs: VecDeque<(Lane, Job)>,
    pub(super) orders: usize,
}

impl Shared {
    pub(super) fn new(config: &NodeConfig, rules: Arc<Rules>, views: Views, state: &State) -> Shared {
        Shared {
            inbox: Mutex::default(),
            arrived: Condvar::new(),
            outbox: Outbox::new(state.sequence()),
            clock: Arc::clone(&config.clock),
            gateways: config.gateways.clone(),
            directory: Arc::clone(&config.directory),
            rules: Mutex::new(rules),
            adopted: Mutex::new(adopted(state)),
            view_reader: views.reader(),
            views: Arc::new(Mutex::new(views)),
            progress: Arc::default(),
            projector: Mutex::default(),
            breakers: Mutex::default(),
            runtime: tokio::runtime::Handle::current(),
            stop: watch::channel(None).0,
            stopping: AtomicBool::new(false),
            asks_under_way: AtomicU64::new(0),
            dir: config.dir.clone(),
        }
    }

    pub(super) fn start(
        self: &Arc<Shared>,
        desk: Desk,
        engine: Box<dyn journal::Engine>,
        pace: Pace,
    ) -> Result<(), StartError> {
        let (sender, records) = channel();
        *self.projector.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        let (views, progress) = (Arc::clone(&self.views), Arc::clone(&self.progress));
        thread("projector", move || projector::run(&views, &records, &progress, pace))?;
        let (durable, failed) = (Arc::clone(self), Arc::clone(self));
        let committer = GroupCommitter::start(
            engine,
            CommitterOptions::default(),
            move |sequence| durable.perform_all(durable.outbox.release(sequence)),
            move |error| failed.fail(&format!("the journal stopped: {error}")),
        )?;
        let shared = Arc::clone(self);
        thread("sequencer", move || {
            let node = Arc::clone(&shared);
            // State and journal may disagree now; a node that nobody sequences must not look alive.
            if catch_unwind(AssertUnwindSafe(|| node.sequence(desk, committer))).is_err() {
                shared.fail("the sequencer panicked");
            }
        })?;
        Ok(())
    }

    /// The sequencer's loop.
    pub(super) fn sequence(self: Arc<Shared>, mut desk: Desk, committer: GroupCommitter) {
        while !self.stopping.load(Ordering::Acquire) && self.stop.borrow().is_none() {
            self.gather(&mut desk, self.timers());
            // Asked again: the clock may have jumped during the wait.
            let turn = match desk.turn(self.clock.now(), self.timers()) {
                Ok(turn) => turn,
                Err(stopped) => return self.fail(&stopped.to_string()),
            };
            // Before the records are handed over: what may leave must not wait for their sync.
            self.perform_all(self.outbox.put(turn.effects));
            if !turn.entries.is_empty() && self.hand_over(&desk, &committer, turn.entries).is_err() {
                return self.fail("the journal takes no more records");
            }
        }
        match committer.shutdown() {
            Ok(_) => drop(self.end("stopped in order")),
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// Gives records to the journal. With nothing more to decide they are made durable on this thread, which spares a
    /// lone order that hand-over; otherwise the journal's thread does it while this one decides on. What comes during
    /// the sync waits for its end, and could not have left before: even a read tells of what is not durable yet.
    fn hand_over(&self, desk: &Desk, committer: &GroupCommitter, entries: Vec<Entry>) -> Result<(), SubmitError> {
        let rests = self.lock_inbox().jobs.is_empty() && !desk.has_work(self.clock.now());
        if rests { committer.commit(entries) } else { committer.submit(entries) }
    }

    fn timers(&self) -> Timers {
        if self.clock.is_trusted() { Timers::Fire } else { Timers::Hold }
    }

    /// Moves what arrived onto the desk; waits a little when there is nothing to do.
    pub(super) fn gather(&self, desk: &mut Desk, timers: Timers) {
        let mut inbox = self.lock_inbox();
        // What is due or waits to be taken is no work while the clock is not trusted.
        if inbox.jobs.is_empty() && (timers == Timers::Hold || !desk.has_work(self.clock.now())) {
            // What is due but waits for a credit or an answer is woken by the partner's word, not by time.
            let future = desk.core().state().next_due().filter(|due| *due > self.clock.now());
            let sleep = future.map_or(SLEEP_MOST, |due| self.clock.wait_for(due).min(SLEEP_MOST));
            inbox = self.arrived.wait_timeout(inbox, sleep).unwrap_or_else(PoisonError::into_inner).0;
        }
        inbox.learned.drain(..).for_each(|policy| desk.learn(policy));
        while let Some((lane, job)) = inbox.jobs.pop_front() {
            desk.push(lane, job);
        }
        // Orders that wait on the desk still wait: the door counts them until they are taken.
        inbox.orders = desk.waiting(Lane::Orders);
    }

    pub(super) fn push(&self, lane: Lane, job: Job) {
        if self.stop.borrow().is_some() {
            return;
        }
        let mut inbox = self.lock_inbox();
        inbox.orders += usize::from(lane == Lane::Orders);
        inbox.jobs.push_back((lane, job));
        drop(inbox);
        self.arrived.notify_one();
    }

    pub(super) fn check_door(&self) -> Result<(), NodeError> {
        if !self.clock.is_trusted() {
            return Err(NodeError::ClockHalted);
        }
        if self.lock_inbox().orders >= ORDERS_WAITING_MOST {
            return Err(NodeError::Busy);
        }
        Ok(())
    }

    pub(super) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn lock_inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lock_views(&self) -> MutexGuard<'_, Views> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the node on its own account: nobody who waits is told anything, so every open outcome is unknown to its asker.
    pub(super) fn fail(&self, reason: &str) {
        if self.end(reason) {
            tracing::error!(reason, "the node stopped");
        }
    }

    /// Says whether this is what ended it.
    pub(super) fn end(&self, reason: &str) -> bool {
        self.outbox.close();
        self.lock_inbox().jobs.clear();
        *self.projector.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.stop.send_if_modified(|stopped| {
            let first = stopped.is_none();
            stopped.get_or_insert_with(|| reason.to_owned());
            first
        })
    }

    pub(super) fn perform_all(self: &Arc<Shared>, effects: Vec<Effect>) {
        effects.into_iter().for_each(|effect| self.perform(effect));
    }
}

impl Performer for Arc<Shared> {
    fn perform(&self, effect: Effect) {
        match effect {
            Effect::Answer(answer) => answer(),
            Effect::Ask(ask) => {
                self.asks_under_way.fetch_add(1, Ordering::AcqRel);
                self.runtime.spawn(Arc::clone(self).ask_partner(ask));
            }
            Effect::Late(signal) => {
                self.runtime.spawn(Node { shared: Arc::clone(self) }.hear_late(signal));
            }
            Effect::Project(record, posted) => {
                let projector = self.projector.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(projector) = projector.as_ref() {
                    // The projector ends only with an error of its own, which it has told.
                    let _ = projector.send(Projected { record, posted });
                }
            }
        }
    }
}

/// The policies that were adopted, by the moment from which they decide.
pub(super) fn adopted(state: &State) -> Vec<(Millis, PolicyVersion)> {
    state.approvals().policies().map(|(from, _, version)| (from, version)).collect()
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}
