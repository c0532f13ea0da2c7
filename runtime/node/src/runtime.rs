//! Threads around the desk: a sequencer, a journal writer, a projector, and tasks that talk to partners.

mod collect;
mod recall;
mod sequencer;
mod shared;
mod sweeps;
mod talk;

use crate::clock::Clock;
use crate::core::Core;
use crate::desk::{Desk, Idle, Job, Lane, Told};
use crate::directory::Directory;
use crate::policies::{self, PolicyStoreError};
use crate::projector::{self, Pace, Progress};
use crate::recovery::{RecoveryError, recover};
use crate::sealer::Sealer;
use exchange::rules::Policy;
use exchange::{Command, Envelope, Reply, Rules};
use facts::{Meta, Millis, Partner, PolicyVersion, SaltKey, State};
use journal::{Options, SqliteJournal, SqliteReader};
use money::Telco;
use partners::{Gateway, Unreadable};
use shared::Shared;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::oneshot;
use views::Views;

/// The file of the views in a node's directory.
pub const VIEWS: &str = "views.sqlite";

/// The partners, behind their connectors.
pub type Gateways = BTreeMap<Partner, Arc<dyn Gateway>>;

/// What a node is started with.
pub struct NodeConfig {
    /// Directory of journal, snapshots and views.
    pub dir: PathBuf,
    /// Policy and contracts.
    pub rules: Rules,
    /// The key that salts the records' commitments.
    pub salts: SaltKey,
    /// Fen that fund the reserve when the books are opened.
    pub funding: u64,
    /// Where time comes from; starts no earlier than the last record.
    pub clock: Arc<dyn Clock>,
    /// How far the clock may be ahead of the last record when the node starts: a wrong clock would open every
    /// window at once, and node time never goes back.
    pub clock_ahead_most: Duration,
    /// The partners.
    pub gateways: Gateways,
    /// Where phone and card numbers come from.
    pub directory: Arc<dyn Directory>,
    /// How the journal is opened.
    pub journal: Options,
    /// How the views follow.
    pub views: Pace,
    /// How long an ended order stays in memory, in node time: longer than the partners' statements lag behind, since
    /// a word about one that left is looked up in the journal.
    pub ended_stay: Duration,
    /// How often statements are read, in real time.
    pub sweep_every: Duration,
}

/// The node is not running, so the outcome is not known: repeat with the same key when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NodeError {
    /// The node stopped before the outcome was durable.
    #[error("outcome unknown: the node stopped; repeat with the same key")]
    Stopped,
    /// Too much waits; nothing was done.
    #[error("too many orders are waiting; nothing was done, try again")]
    Busy,
    /// The clock jumped; nothing was done.
    #[error("the clock jumped and new orders are halted; nothing was done")]
    ClockHalted,
    /// An order left memory, and its records cannot be read now.
    #[error("the order's records cannot be read now; nothing was done, try again")]
    Unreadable,
}

/// Why a node does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The journal does not open.
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] journal::ReadError),
    /// The state does not recover.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The clock is far ahead of the last record.
    #[error("the clock is {days} days ahead of the last record")]
    ClockAhead {
        /// How far.
        days: u64,
    },
    /// The policies kept beside the journal are not usable.
    #[error(transparent)]
    Policies(#[from] PolicyStoreError),
    /// A policy that was adopted is not kept any more.
    #[error("policy {version}, which was adopted, is not kept here any more")]
    PolicyLost {
        /// Which.
        version: PolicyVersion,
    },
    /// The vault cannot be compared with the journal.
    #[error("comparing the vault with the journal: {0}")]
    Vault(String),
    /// The views do not open or cannot be brought up.
    #[error("views: {0}")]
    Views(String),
    /// A thread does not start.
    #[error("a thread does not start: {0}")]
    Thread(#[from] std::io::Error),
}

/// An answer that is not durable yet.
pub struct Pending<R>(oneshot::Receiver<(R, u64)>);

impl<R> Pending<R> {
    /// The answer, once it is durable, with the journal position it was computed from.
    ///
    /// Errors: the node stopped before; the outcome is unknown.
    pub async fn durable(self) -> Result<(R, u64), NodeError> {
        self.0.await.map_err(|_| NodeError::Stopped)
    }
}

/// A running node.
pub struct Node {
    shared: Arc<Shared>,
}

impl Node {
    /// Starts a node: recovers the state, brings the views up, and begins.
    ///
    /// Must be called inside a tokio runtime; it blocks until the node is ready.
    /// Errors: journal, state or views do not come up.
    pub fn start(config: NodeConfig) -> Result<Node, StartError> {
        let journal_dir = config.dir.join("journal");
        let snapshots = config.dir.join("snapshots");
        let (journal, report) = SqliteJournal::open(&journal_dir, config.journal.clone())?;
        let mut reader = SqliteReader::open(&journal_dir)?;
        let recovered = recover(Some(&snapshots), &mut reader, &config.salts, |_, _| {})?;
        tracing::info!(
            last = report.last_sequence,
            replayed = recovered.replayed,
            "recovered the state from the journal"
        );
        check_clock(&config, recovered.state.now())?;
        config.clock.advance_to(recovered.state.now());
        let views = Views::open_with(&config.dir.join(VIEWS), config.views.indexes);
        let mut views = views.map_err(|error| StartError::Views(error.to_string()))?;
        let shown =
            projector::catch_up(&mut views, &mut reader, &snapshots, &config.salts).map_err(StartError::Views)?;
        config.directory.compare(&recovered.state).map_err(|error| StartError::Vault(error.0))?;
        let rules = known_rules(&config, &recovered.state)?;
        let shared = Arc::new(Shared::new(&config, Arc::clone(&rules), views, &recovered.state));
        let core = Core::new(recovered.state, rules, recovered.epoch + 1);
        let sealer = Sealer::new(recovered.last_hash, config.salts.clone());
        shared.progress.set(shown);
        shared.start(Desk::new(core), (Box::new(journal), sealer), config.views)?;
        let node = Node { shared };
        node.open_books(&config);
        node.begin_sweeps(config.sweep_every);
        Ok(node)
    }

    fn open_books(&self, config: &NodeConfig) {
        self.tell(Command::OpenBooks { funding: config.funding });
        for partner in Partner::ALL {
            self.tell(Command::GrantCredits { partner, window: config.rules.contracts.of(partner).window });
        }
        let stay_ms = u64::try_from(config.ended_stay.as_millis()).unwrap_or(u64::MAX);
        self.tell(Command::LetEndedLeave { stay_ms });
    }

    fn tell(&self, command: Command) {
        let envelope =
            Envelope { meta: Meta { requested_at: Millis(0), ..Meta::system(Millis(0)) }, key: None, command };
        self.shared.push(Lane::Operators, Job { envelope: Some(envelope), answer: None });
    }

    /// Gives a command and makes the answer from state and reply; resolves when that is durable.
    ///
    /// Errors: [`NodeError`]; after `Stopped` the outcome is unknown.
    pub async fn submit<R: Send + 'static>(
        &self,
        lane: Lane,
        envelope: Envelope,
        answer: impl FnOnce(&State, Reply) -> R + Send + 'static,
    ) -> Result<(R, u64), NodeError> {
        if lane == Lane::Orders {
            self.shared.check_door()?;
        }
        // A command always has a reply.
        let made = move |told: Told<'_>| answer(told.state, told.reply.unwrap_or(Reply::Nothing));
        self.ask(lane, Some(envelope), made).await
    }

    /// Reads the state; resolves when what was read is durable.
    ///
    /// Errors: the node stopped.
    pub async fn read<R: Send + 'static>(
        &self,
        read: impl FnOnce(&State) -> R + Send + 'static,
    ) -> Result<(R, u64), NodeError> {
        self.ask(Lane::Operators, None, move |told: Told<'_>| read(told.state)).await
    }

    async fn ask<R: Send + 'static>(
        &self,
        lane: Lane,
        envelope: Option<Envelope>,
        answer: impl FnOnce(Told<'_>) -> R + Send + 'static,
    ) -> Result<(R, u64), NodeError> {
        let (job, pending) = asked(envelope, answer);
        self.shared.push_and_turn(lane, job);
        pending.durable().await
    }

    /// Puts a command, or a read, at the end of its lane and returns at once: what is entered first is done first.
    /// Whoever enters many bounds them himself, since the door is not asked.
    pub fn enter<R: Send + 'static>(
        &self,
        lane: Lane,
        envelope: Option<Envelope>,
        answer: impl FnOnce(Told<'_>) -> R + Send + 'static,
    ) -> Pending<R> {
        let (job, pending) = asked(envelope, answer);
        self.shared.push(lane, job);
        pending
    }

    /// Whether the node rests: nothing waits, is under way, or is due.
    ///
    /// Errors: the node stopped.
    pub async fn idle(&self) -> Result<Idle, NodeError> {
        let clock = Arc::clone(&self.shared.clock);
        let (mut idle, _) = self
            .read(move |state| {
                let now = clock.now();
                let due = state.next_due();
                let sent = state.sent().next().is_some();
                Idle { idle: !sent && due.is_none_or(|due| due > now), next_due: due }
            })
            .await?;
        let asking = self.shared.asks_under_way.load(Ordering::Acquire) > 0;
        let waiting = !self.shared.lock_inbox().jobs.is_empty();
        idle.idle &= !asking && !waiting;
        Ok(idle)
    }

    /// Who serves a number of a telco's segments now; `None` when that telco is not connected or keeps no register.
    ///
    /// Errors: its register cannot be read now.
    pub async fn served_by(&self, telco: Telco, msisdn: &str) -> Result<Option<Telco>, Unreadable> {
        match self.shared.gateways.get(&Partner::Telco(telco)) {
            Some(gateway) => gateway.served_by(msisdn).await,
            None => Ok(None),
        }
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// The rules, with the policies that were proposed.
    pub fn rules(&self) -> Arc<Rules> {
        self.shared.rules()
    }

    /// The policy that decides requests of a moment, as far as this node has told of it.
    pub fn policy_at(&self, at: Millis) -> Arc<Policy> {
        let adopted = self.shared.adopted.lock().unwrap_or_else(PoisonError::into_inner);
        let version = adopted.iter().rev().find(|(from, _)| *from <= at).map(|(_, version)| *version);
        let rules = self.rules();
        let proposed = version.and_then(|version| rules.proposed.get(&version));
        proposed.map_or_else(|| Arc::clone(&rules.policy), Arc::clone)
    }

    /// Keeps a policy and comes to know it, so that it can be proposed.
    ///
    /// Errors: it could not be made durable.
    pub fn learn(&self, policy: Policy) -> Result<(), PolicyStoreError> {
        policies::keep(&self.shared.dir, &policy)?;
        let policy = Arc::new(policy);
        let mut rules = self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut rules).proposed.insert(policy.version(), Arc::clone(&policy));
        drop(rules);
        self.shared.lock_inbox().learned.push(policy);
        Ok(())
    }

    /// Takes note of what two people brought into force, for [`Node::policy_at`].
    ///
    /// Errors: the node stopped.
    pub async fn note_adopted(&self) -> Result<(), NodeError> {
        let (adopted, _) = self.read(shared::adopted).await?;
        *self.shared.adopted.lock().unwrap_or_else(PoisonError::into_inner) = adopted;
        Ok(())
    }

    /// The views.
    pub fn views(&self) -> MutexGuard<'_, Views> {
        self.shared.lock_views()
    }

    /// How far the views are.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.shared.progress
    }

    /// The directory of journal, snapshots and views.
    pub fn dir(&self) -> &Path {
        &self.shared.dir
    }

    /// The last durable sequence.
    pub fn durable(&self) -> u64 {
        self.shared.outbox.durable()
    }

    /// Why the node stopped; none while it runs.
    pub fn stopped(&self) -> Option<String> {
        self.shared.stop.borrow().clone()
    }

    /// Waits until the node stops and says why.
    pub async fn wait_stopped(&self) -> String {
        let mut stop = self.shared.stop.subscribe();
        let reason = stop.wait_for(Option::is_some).await.map(|reason| reason.clone());
        reason.ok().flatten().unwrap_or_default()
    }

    /// Stops in order: nothing new is taken, what was taken is made durable.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        self.shared.arrived.notify_all();
    }
}

impl Clone for Node {
    fn clone(&self) -> Node {
        Node { shared: Arc::clone(&self.shared) }
    }
}

/// A job, and where its answer arrives.
fn asked<R: Send + 'static>(
    envelope: Option<Envelope>,
    answer: impl FnOnce(Told<'_>) -> R + Send + 'static,
) -> (Job, Pending<R>) {
    let (sender, receiver) = oneshot::channel();
    let answer = Box::new(move |told: Told<'_>| -> Box<dyn FnOnce() + Send> {
        let sequence = told.sequence;
        let result = answer(told);
        Box::new(move || {
            // Whoever asked may have gone.
            let _ = sender.send((result, sequence));
        })
    });
    (Job { envelope, answer: Some(answer) }, Pending(receiver))
}

/// The rules a node is started with and the policies it keeps; all that were adopted must be among them.
fn known_rules(config: &NodeConfig, state: &State) -> Result<Arc<Rules>, StartError> {
    // Kept, so that it can be adopted again when the node comes with another.
    policies::keep(&config.dir, &config.rules.policy)?;
    let rules = Rules { proposed: policies::kept(&config.dir)?, ..config.rules.clone() };
    let mut adopted = state.approvals().policies().map(|(_, _, version)| version);
    match adopted.find(|version| rules.policy_of(*version).is_none()) {
        Some(version) => Err(StartError::PolicyLost { version }),
        None => Ok(Arc::new(rules)),
    }
}

fn check_clock(config: &NodeConfig, last_record: Millis) -> Result<(), StartError> {
    let ahead_ms = config.clock.now().since(last_record);
    let most_ms = u64::try_from(config.clock_ahead_most.as_millis()).unwrap_or(u64::MAX);
    if last_record == Millis(0) || ahead_ms <= most_ms {
        return Ok(());
    }
    Err(StartError::ClockAhead { days: ahead_ms / 86_400_000 })
}
