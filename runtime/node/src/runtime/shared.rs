//! What the node's threads share, and how they end.

use super::sequencer::Sequencer;
use super::{Gateways, Node, NodeConfig, NodeError, StartError};
use crate::breaker::Breaker;
use crate::clock::Clock;
use crate::desk::{Desk, Job, Lane};
use crate::directory::Directory;
use crate::outbox::{Effect, Outbox};
use crate::projector::{self, Pace, Progress};
use crate::sealer::Sealer;
use exchange::Rules;
use exchange::rules::Policy;
use facts::{Millis, Partner, PersonId, PolicyVersion, State};
use journal::{CommitterOptions, GroupCommitter};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::sync::watch;
use views::{Projected, ViewReader, Views};

/// How many new orders may wait; beyond it the caller is told to come back.
const ORDERS_WAITING_MOST: usize = 100_000;

pub(super) struct Shared {
    pub(super) inbox: Mutex<Inbox>,
    pub(super) arrived: Condvar,
    /// None before the start and after the end.
    pub(super) sequencer: Mutex<Option<Sequencer>>,
    pub(super) outbox: Outbox,
    /// What is durable and leaves behind the answers.
    behind: Mutex<VecDeque<Effect>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) gateways: Gateways,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) rules: Mutex<Arc<Rules>>,
    /// The policies adopted so far, by the moment from which they decide.
    pub(super) adopted: Mutex<Vec<(Millis, PolicyVersion)>>,
    pub(super) views: Arc<Mutex<Views>>,
    pub(super) view_reader: ViewReader,
    pub(super) progress: Arc<Progress>,
    pub(super) projector: Mutex<Option<Sender<Vec<Projected>>>>,
    pub(super) breakers: Mutex<BTreeMap<Partner, Breaker>>,
    pub(super) runtime: Handle,
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
    /// Until when the sequencer's thread sleeps; none while it is awake.
    pub(super) sleeps_until: Option<Instant>,
}

impl Shared {
    pub(super) fn new(config: &NodeConfig, rules: Arc<Rules>, views: Views, state: &State) -> Shared {
        Shared {
            inbox: Mutex::default(),
            arrived: Condvar::new(),
            sequencer: Mutex::default(),
            outbox: Outbox::new(state.sequence()),
            behind: Mutex::default(),
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
            runtime: Handle::current(),
            stop: watch::channel(None).0,
            stopping: AtomicBool::new(false),
            asks_under_way: AtomicU64::new(0),
            dir: config.dir.clone(),
        }
    }

    pub(super) fn start(
        self: &Arc<Shared>,
        desk: Desk,
        (engine, sealer): (Box<dyn journal::Engine>, Sealer),
        pace: Pace,
    ) -> Result<(), StartError> {
        let (sender, records) = channel();
        *self.projector.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        let (views, progress) = (Arc::clone(&self.views), Arc::clone(&self.progress));
        thread("projector", move || projector::run(&views, &records, &progress, pace))?;
        let (durable, failed) = (Arc::clone(self), Arc::clone(self));
        let committer = GroupCommitter::start(
            engine,
            sealer,
            CommitterOptions::default(),
            move |sequence| durable.perform_all(durable.outbox.release(sequence)),
            move |error| failed.fail(&format!("the journal stopped: {error}")),
        )?;
        *self.lock_sequencer() = Some(Sequencer { desk, committer });
        let shared = Arc::clone(self);
        thread("sequencer", move || shared.sequence())?;
        Ok(())
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

    /// Has the vault erase a person, where blocking is allowed.
    fn erase(&self, person: PersonId) {
        let directory = Arc::clone(&self.directory);
        self.runtime.spawn_blocking(move || {
            if let Err(error) = directory.erase(person) {
                tracing::error!(%person, %error, "a person was not erased from the vault; it is done at the next comparison");
            }
        });
    }

    /// Answers leave at once. On a thread of the runtime the rest leaves in a task of its own, which runs when the one
    /// whose answer this is has written it to its caller: partners and views can wait that long.
    pub(super) fn perform_all(self: &Arc<Shared>, effects: Vec<Effect>) {
        let mut behind = self.lock_behind();
        for effect in effects {
            match effect {
                Effect::Answer(answer) => answer(),
                effect => behind.push_back(effect),
            }
        }
        if behind.is_empty() {
            return;
        }
        drop(behind);
        match Handle::try_current() {
            Ok(runtime) => {
                let shared = Arc::clone(self);
                drop(runtime.spawn(async move { shared.perform_behind() }));
            }
            Err(_) => self.perform_behind(),
        }
    }

    /// Under the lock, so that records reach the views in their order.
    fn perform_behind(self: &Arc<Shared>) {
        let mut behind = self.lock_behind();
        let mut projected = Vec::new();
        for effect in behind.drain(..) {
            match effect {
                Effect::Answer(answer) => answer(),
                Effect::Ask(ask) => {
                    self.asks_under_way.fetch_add(1, Ordering::AcqRel);
                    self.runtime.spawn(Arc::clone(self).ask_partner(*ask));
                }
                Effect::Late(signal) => {
                    self.runtime.spawn(Node { shared: Arc::clone(self) }.hear_late(*signal));
                }
                Effect::Erase(person) => self.erase(person),
                Effect::Project(record, posted) => projected.push(Projected { record, posted }),
            }
        }
        self.project(projected);
    }

    /// All at once: each time the projector is told, it may have to be woken.
    fn project(&self, projected: Vec<Projected>) {
        let projector = self.projector.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(projector) = projector.as_ref().filter(|_| !projected.is_empty()) {
            // The projector ends only with an error of its own, which it has told.
            let _ = projector.send(projected);
        }
    }

    fn lock_behind(&self) -> MutexGuard<'_, VecDeque<Effect>> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The policies that were adopted, by the moment from which they decide.
pub(super) fn adopted(state: &State) -> Vec<(Millis, PolicyVersion)> {
    state.approvals().policies().map(|(from, _, version)| (from, version)).collect()
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}
