//! Threads around the desk: a sequencer, a journal writer, a projector, and tasks that talk to partners.

use crate::breaker::{Breaker, BreakerMove};
use crate::clock::Clock;
use crate::core::{Ask, AskKind, Core};
use crate::desk::{Desk, Idle, Job, Lane, Timers, Told, heard};
use crate::directory::Directory;
use crate::outbox::{Effect, Outbox, Performer};
use crate::projector::{self, Progress};
use crate::recovery::{RecoveryError, recover};
use crate::sweep;
use exchange::{Answer, Command, Envelope, Reply, Rules, Signal, Via};
use facts::{Meta, Millis, Partner, SaltKey, State};
use journal::{CommitterOptions, GroupCommitter, Options, SqliteJournal, SqliteReader};
use partners::{Gateway, Request, StatementItem};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::{oneshot, watch};
use views::{Projected, Views};

/// The longest the sequencer sleeps, so that an accelerated or moved clock is noticed.
const SLEEP_MOST: Duration = Duration::from_millis(20);
/// How many new orders may wait; beyond it the caller is told to come back.
const ORDERS_WAITING_MOST: usize = 100_000;

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
    /// The partners.
    pub gateways: Gateways,
    /// Where phone and card numbers come from.
    pub directory: Arc<dyn Directory>,
    /// How the journal is opened.
    pub journal: Options,
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
    /// The views do not open or cannot be brought up.
    #[error("views: {0}")]
    Views(String),
    /// A thread does not start.
    #[error("a thread does not start: {0}")]
    Thread(#[from] std::io::Error),
}

/// A running node.
pub struct Node {
    shared: Arc<Shared>,
}

struct Shared {
    inbox: Mutex<Inbox>,
    arrived: Condvar,
    outbox: Outbox,
    clock: Arc<dyn Clock>,
    gateways: Gateways,
    directory: Arc<dyn Directory>,
    rules: Rules,
    views: Arc<Mutex<Views>>,
    progress: Arc<Progress>,
    projector: Mutex<Option<Sender<Projected>>>,
    breakers: Mutex<BTreeMap<Partner, Breaker>>,
    runtime: tokio::runtime::Handle,
    stop: watch::Sender<Option<String>>,
    stopping: AtomicBool,
    asks_under_way: AtomicU64,
    dir: PathBuf,
}

#[derive(Default)]
struct Inbox {
    jobs: VecDeque<(Lane, Job)>,
    orders: usize,
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
        config.clock.advance_to(recovered.state.now());
        let mut views = Views::open(&config.dir.join("views.sqlite")).map_err(|e| StartError::Views(e.to_string()))?;
        let shown =
            projector::catch_up(&mut views, &mut reader, &snapshots, &config.salts).map_err(StartError::Views)?;
        let last_sequence = recovered.state.sequence();
        let core = Core::new(
            recovered.state,
            recovered.last_hash,
            Arc::new(config.rules.clone()),
            config.salts.clone(),
            recovered.epoch + 1,
        );
        let shared = Arc::new(Shared::new(&config, views, last_sequence));
        shared.progress.set(shown);
        shared.start(Desk::new(core), Box::new(journal))?;
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
        let (sender, receiver) = oneshot::channel();
        let answer = Box::new(move |told: Told<'_>| -> Box<dyn FnOnce() + Send> {
            let sequence = told.sequence;
            let result = answer(told);
            Box::new(move || {
                // Whoever asked may have gone.
                let _ = sender.send((result, sequence));
            })
        });
        self.shared.push(lane, Job { envelope, answer: Some(answer) });
        receiver.await.map_err(|_| NodeError::Stopped)
    }

    /// A partner's callback: what the core knows already leaves no trace.
    pub async fn callback(&self, item: StatementItem) -> Result<(), NodeError> {
        self.take_in(vec![item], Via::Callback).await
    }

    async fn take_in(&self, items: Vec<StatementItem>, via: Via) -> Result<(), NodeError> {
        let (signals, _) = self
            .read(move |state| items.iter().filter_map(|item| sweep::news(state, item, via)).collect::<Vec<_>>())
            .await?;
        if signals.is_empty() {
            return Ok(());
        }
        signals.into_iter().for_each(|signal| self.shared.push(Lane::Results, heard(signal)));
        // A read behind them in their own lane is answered when they are durable. Before that no cursor may move
        // on and no callback be confirmed: a kill would lose what nobody tells twice.
        self.ask(Lane::Results, None, |_| ()).await?;
        Ok(())
    }

    /// Reads all partners' statements to their ends once. Returns how many could be read.
    pub async fn sweep(&self) -> usize {
        let mut read = 0;
        for (partner, gateway) in self.shared.gateways.clone() {
            match self.sweep_partner(partner, gateway.as_ref()).await {
                Ok(()) => read += 1,
                Err(error) => tracing::debug!(%partner, %error, "statement not read, will be"),
            }
        }
        read
    }

    async fn sweep_partner(&self, partner: Partner, gateway: &dyn Gateway) -> Result<(), String> {
        let mut cursor = self.shared.lock_views().cursor(partner).map_err(|error| error.to_string())?;
        loop {
            let page = gateway.statement(cursor).await.map_err(|error| error.to_string())?;
            self.take_in(page.items, Via::Statement).await.map_err(|error| error.to_string())?;
            if page.next == cursor {
                return Ok(());
            }
            cursor = page.next;
            // A cursor that is lost is read again from an earlier place: the core knows what it knows.
            self.shared.lock_views().set_cursor(partner, cursor).map_err(|error| error.to_string())?;
        }
    }

    fn begin_sweeps(&self, every: Duration) {
        let node = Node { shared: Arc::clone(&self.shared) };
        self.shared.runtime.spawn(async move {
            let mut pause = tokio::time::interval(every);
            pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while node.stopped().is_none() {
                pause.tick().await;
                node.sweep().await;
                node.shared.tick_breakers();
            }
        });
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

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.shared.rules
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

impl Shared {
    fn new(config: &NodeConfig, views: Views, last_sequence: u64) -> Shared {
        Shared {
            inbox: Mutex::default(),
            arrived: Condvar::new(),
            outbox: Outbox::new(last_sequence),
            clock: Arc::clone(&config.clock),
            gateways: config.gateways.clone(),
            directory: Arc::clone(&config.directory),
            rules: config.rules.clone(),
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

    fn start(self: &Arc<Shared>, desk: Desk, engine: Box<dyn journal::Engine>) -> Result<(), StartError> {
        let (sender, records) = channel();
        *self.projector.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        let (views, progress) = (Arc::clone(&self.views), Arc::clone(&self.progress));
        thread("projector", move || projector::run(&views, &records, &progress))?;
        let (durable, failed) = (Arc::clone(self), Arc::clone(self));
        let committer = GroupCommitter::start(
            engine,
            CommitterOptions::default(),
            move |sequence| durable.perform_all(durable.outbox.release(sequence)),
            move |error| failed.fail(&format!("the journal stopped: {error}")),
        )?;
        let shared = Arc::clone(self);
        thread("sequencer", move || shared.sequence(desk, committer))?;
        Ok(())
    }

    /// The sequencer's loop.
    fn sequence(self: Arc<Shared>, mut desk: Desk, committer: GroupCommitter) {
        while !self.stopping.load(Ordering::Acquire) && self.stop.borrow().is_none() {
            self.gather(&mut desk);
            let timers = if self.clock.is_trusted() { Timers::Fire } else { Timers::Hold };
            let turn = match desk.turn(self.clock.now(), timers) {
                Ok(turn) => turn,
                Err(stopped) => return self.fail(&stopped.to_string()),
            };
            let ready = self.outbox.put(turn.effects);
            if !turn.entries.is_empty() && committer.submit(turn.entries).is_err() {
                return self.fail("the journal takes no more records");
            }
            self.perform_all(ready);
        }
        match committer.shutdown() {
            Ok(_) => self.end("stopped in order"),
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// Moves what arrived onto the desk; waits a little when there is nothing to do.
    fn gather(&self, desk: &mut Desk) {
        let mut inbox = self.lock_inbox();
        if inbox.jobs.is_empty() && !desk.has_work(self.clock.now()) {
            let due = desk.core().state().next_due();
            let sleep =
                due.map_or(SLEEP_MOST, |due| self.clock.wait_for(due).clamp(Duration::from_micros(100), SLEEP_MOST));
            inbox = self.arrived.wait_timeout(inbox, sleep).unwrap_or_else(PoisonError::into_inner).0;
        }
        let jobs = std::mem::take(&mut inbox.jobs);
        inbox.orders = 0;
        drop(inbox);
        jobs.into_iter().for_each(|(lane, job)| desk.push(lane, job));
    }

    fn push(&self, lane: Lane, job: Job) {
        if self.stop.borrow().is_some() {
            return;
        }
        let mut inbox = self.lock_inbox();
        inbox.orders += usize::from(lane == Lane::Orders);
        inbox.jobs.push_back((lane, job));
        drop(inbox);
        self.arrived.notify_one();
    }

    fn check_door(&self) -> Result<(), NodeError> {
        if !self.clock.is_trusted() {
            return Err(NodeError::ClockHalted);
        }
        if self.lock_inbox().orders >= ORDERS_WAITING_MOST {
            return Err(NodeError::Busy);
        }
        Ok(())
    }

    fn lock_inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_views(&self) -> MutexGuard<'_, Views> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the node on its own account: nobody who waits is told anything, so every open outcome is unknown to its asker.
    fn fail(&self, reason: &str) {
        tracing::error!(reason, "the node stopped");
        self.end(reason);
    }

    fn end(&self, reason: &str) {
        self.outbox.close();
        self.lock_inbox().jobs.clear();
        *self.projector.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.stop.send_if_modified(|stopped| {
            let first = stopped.is_none();
            stopped.get_or_insert_with(|| reason.to_owned());
            first
        });
    }

    fn perform_all(self: &Arc<Shared>, effects: Vec<Effect>) {
        effects.into_iter().for_each(|effect| self.perform(effect));
    }

    /// Asks a partner and brings what it says back to the desk.
    async fn ask_partner(self: Arc<Shared>, ask: Ask) {
        let answer = match self.request(&ask) {
            Ok(request) => self.talk(&ask, &request).await,
            Err(error) => {
                tracing::error!(call = %ask.call, %error, "a request could not be made");
                Answer::Silence
            }
        };
        if ask.kind == AskKind::Call {
            self.note(ask.partner, &answer);
        }
        let via = match ask.kind {
            AskKind::Call => Via::Reply,
            AskKind::Inquire => Via::Inquiry,
        };
        self.push(Lane::Results, heard(Signal { call: ask.call, answer, via }));
        self.asks_under_way.fetch_sub(1, Ordering::AcqRel);
    }

    fn request(&self, ask: &Ask) -> Result<Request, crate::NotKnown> {
        Ok(Request {
            call: ask.call,
            partner: ask.partner,
            action: ask.action,
            amount: ask.amount,
            account: self.directory.account(ask)?,
            acts_on: ask.acts_on.clone(),
            about: ask.about,
            now: ask.now,
        })
    }

    async fn talk(&self, ask: &Ask, request: &Request) -> Answer {
        let Some(gateway) = self.gateways.get(&ask.partner) else { return Answer::Silence };
        let asked = async {
            match ask.kind {
                AskKind::Call => gateway.call(request).await,
                AskKind::Inquire => gateway.inquire(request).await,
            }
        };
        let most = Duration::from_millis(self.rules.contracts.of(ask.partner).reply_timeout_ms);
        tokio::time::timeout(most, asked).await.unwrap_or(Answer::Silence)
    }

    fn note(&self, partner: Partner, answer: &Answer) {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.entry(partner).or_default();
        let wanted = match answer {
            Answer::Silence => breaker.silent(Instant::now()),
            _ => breaker.spoke(),
        };
        drop(breakers);
        self.move_breaker(partner, wanted);
    }

    fn tick_breakers(&self) {
        for partner in Partner::ALL {
            let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
            let wanted = breakers.entry(partner).or_default().tick(Instant::now());
            drop(breakers);
            self.move_breaker(partner, wanted);
        }
    }

    fn move_breaker(&self, partner: Partner, wanted: Option<BreakerMove>) {
        let window = match wanted {
            None => return,
            Some(BreakerMove::Close) => 0,
            Some(BreakerMove::Probe) => 1,
            Some(BreakerMove::Open) => self.rules.contracts.of(partner).window,
        };
        tracing::warn!(%partner, window, "the breaker moved");
        let meta = Meta { requested_at: Millis(0), ..Meta::system(Millis(0)) };
        let command = Command::GrantCredits { partner, window };
        self.push(Lane::Results, Job { envelope: Some(Envelope { meta, key: None, command }), answer: None });
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

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}
