//! The sequencer without threads: lanes of jobs in, records and effects out.
//!
//! Lanes: results of partners first, then timers and operators, then new orders, so that what was begun is
//! finished before more is begun. Dispatch is pulled: a queued step leaves only against a free credit.

use crate::core::{Ask, AskKind, Core, Stopped};
use crate::outbox::Effect;
use exchange::rules::Policy;
use exchange::{Command, Envelope, Reply, Signal, Via};
use facts::{ApprovalAct, ApprovalId, CallRef, Meta, Millis, OpenRecord, Partner, PersonId, State};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// How many jobs one turn takes before its records go to the journal.
const JOBS_PER_TURN: usize = 512;
/// How many effects a job has, about: its answer, its record for the views, a request.
const EFFECTS_A_JOB: usize = 3;
/// How many steps one turn dispatches per partner.
const DISPATCHES_PER_TURN: usize = 128;
/// How many inquiries a partner may have under way: a budget of their own, so that doubt is never starved by new work.
const INQUIRIES_PER_PARTNER: usize = 64;

/// Which jobs go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// What partners said.
    Results,
    /// Operators, and reads.
    Operators,
    /// New orders and registrations.
    Orders,
}

/// What a job is told when it was handled.
pub struct Told<'a> {
    /// The state after it.
    pub state: &'a State,
    /// What came of its command; none for a read.
    pub reply: Option<Reply>,
    /// The position the answer was computed from.
    pub sequence: u64,
}

/// Makes the answer while the state is at hand; the answer itself leaves when it is durable.
pub type Answerer = Box<dyn FnOnce(Told<'_>) -> Box<dyn FnOnce() + Send> + Send>;

/// Something to do.
pub struct Job {
    /// The command; none for a read.
    pub envelope: Option<Envelope>,
    /// Whom to tell; none when nobody waits.
    pub answer: Option<Answerer>,
}

/// Whether anything is going on, and when something will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// Nothing waits, nothing is under way and nothing is due.
    pub idle: bool,
    /// The next moment at which something is due.
    pub next_due: Option<Millis>,
}

/// The sequencer's desk.
pub struct Desk {
    core: Core,
    lanes: BTreeMap<Lane, VecDeque<Job>>,
    asking: BTreeMap<Partner, BTreeSet<CallRef>>,
}

/// What a turn brought.
#[derive(Default)]
pub struct Turn {
    /// Records for the journal, in order.
    pub records: Vec<Arc<OpenRecord>>,
    /// Effects with the sequence that must be durable first.
    pub effects: Vec<(u64, Effect)>,
}

impl Desk {
    /// A desk around a core. Requests that were under way when the node stopped are unknown from now on.
    pub fn new(core: Core) -> Desk {
        let mut desk = Desk { core, lanes: BTreeMap::new(), asking: BTreeMap::new() };
        for signal in desk.core.lost_calls() {
            desk.push(Lane::Results, heard(signal));
        }
        desk
    }

    /// The core.
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// Comes to know a policy that may be proposed.
    pub fn learn(&mut self, policy: Arc<Policy>) {
        self.core.learn(policy);
    }

    /// The core, to plant a deliberate bug.
    #[cfg(feature = "bugs")]
    pub const fn core_mut(&mut self) -> &mut Core {
        &mut self.core
    }

    /// Puts a job into its lane.
    pub fn push(&mut self, lane: Lane, job: Job) {
        self.lanes.entry(lane).or_default().push_back(job);
    }

    /// How many jobs wait in a lane.
    pub fn waiting(&self, lane: Lane) -> usize {
        self.lanes.get(&lane).map_or(0, VecDeque::len)
    }

    /// Whether a turn would find something to do.
    pub fn has_work(&self, now: Millis) -> bool {
        self.lanes.values().any(|lane| !lane.is_empty()) || self.has_due(now)
    }

    fn has_due(&self, now: Millis) -> bool {
        let state = self.core.state();
        Partner::ALL.into_iter().any(|partner| {
            let queued = state.queued(partner).next().is_some_and(|(due_at, _, _)| due_at <= now);
            (queued && state.load(partner).has_credit()) || self.next_inquiry(partner, now).is_some()
        }) || self.next_expiry(now).is_some()
            || self.next_erasure(now).is_some()
    }

    fn next_expiry(&self, now: Millis) -> Option<ApprovalId> {
        let next = self.core.state().approvals().next_expiry();
        next.filter(|(due_at, _)| *due_at <= now).map(|(_, approval)| approval)
    }

    fn next_erasure(&self, now: Millis) -> Option<PersonId> {
        let next = self.core.state().custody().next_due();
        next.filter(|(due_at, _)| *due_at <= now).map(|(_, person)| person)
    }

    /// Whether the node rests, and until when.
    pub fn idle(&self, now: Millis) -> Idle {
        let state = self.core.state();
        let asking = self.asking.values().any(|calls| !calls.is_empty());
        let busy = self.has_work(now) || asking || state.sent().next().is_some();
        Idle { idle: !busy, next_due: state.next_due() }
    }

    /// Does what is to be done now, up to a bound. `timers` is false while the clock is not to be trusted:
    /// then nothing fires and no new order is taken, but results are.
    ///
    /// Errors: the core cannot go on; nothing of the turn may leave.
    pub fn turn(&mut self, now: Millis, timers: Timers) -> Result<Turn, Stopped> {
        let jobs = self.lanes.values().map(VecDeque::len).sum::<usize>().min(JOBS_PER_TURN);
        let mut turn = Turn { records: Vec::with_capacity(jobs), effects: Vec::with_capacity(jobs * EFFECTS_A_JOB) };
        for _ in 0..jobs {
            let Some(job) = self.next_job(timers) else { break };
            self.work(job, now, &mut turn)?;
        }
        if timers == Timers::Fire {
            for partner in Partner::ALL {
                self.dispatch(partner, now, &mut turn)?;
                self.inquire(partner, now, &mut turn);
            }
            self.expire(now, &mut turn)?;
            self.erase(now, &mut turn)?;
        }
        Ok(turn)
    }

    fn next_job(&mut self, timers: Timers) -> Option<Job> {
        let open = |lane: &Lane| timers == Timers::Fire || *lane != Lane::Orders;
        self.lanes.iter_mut().filter(|(lane, _)| open(lane)).find_map(|(_, jobs)| jobs.pop_front())
    }

    fn work(&mut self, job: Job, now: Millis, turn: &mut Turn) -> Result<(), Stopped> {
        let Job { envelope, answer } = job;
        let reply = match envelope {
            Some(envelope) => Some(self.handle(envelope, now, turn)?),
            None => None,
        };
        if let Some(answer) = answer {
            let state = self.core.state();
            let sequence = state.sequence();
            // It only reads: one that panics is no reason to stop, and its asker learns that the outcome is unknown.
            match catch_unwind(AssertUnwindSafe(|| answer(Told { state, reply, sequence }))) {
                Ok(answer) => turn.effects.push((sequence, Effect::Answer(answer))),
                Err(_) => tracing::error!(sequence, "an answer could not be made"),
            }
        }
        Ok(())
    }

    fn handle(&mut self, mut envelope: Envelope, now: Millis, turn: &mut Turn) -> Result<Reply, Stopped> {
        envelope.meta.now = now.max(self.core.state().now());
        if envelope.meta.requested_at == Millis(0) {
            envelope.meta.requested_at = envelope.meta.now;
        }
        if let Command::Signal(Signal { call, via: Via::Inquiry, .. }) = &envelope.command {
            self.asking.values_mut().for_each(|calls| {
                calls.remove(call);
            });
        }
        let handled = self.core.handle(&envelope)?;
        let Some(written) = handled.written else {
            let late = self.late(envelope.command).map(|signal| Effect::Late(Box::new(signal)));
            turn.effects.extend(late.map(|effect| (handled.sequence, effect)));
            return Ok(handled.reply);
        };
        let sequence = handled.sequence;
        turn.records.push(Arc::clone(&written.record));
        turn.effects.push((sequence, Effect::Project(written.record, written.posted)));
        turn.effects.extend(written.erased.into_iter().map(|person| (sequence, Effect::Erase(person))));
        turn.effects.extend(written.asks.into_iter().map(|ask| (sequence, Effect::Ask(Box::new(ask)))));
        Ok(handled.reply)
    }

    /// A word about an order that may have left memory.
    fn late(&self, command: Command) -> Option<Signal> {
        let Command::Signal(signal) = command else { return None };
        let state = self.core.state();
        let gone = state.ended_stay_ms().is_some() && state.order(signal.call.order).is_none();
        gone.then_some(signal)
    }

    fn dispatch(&mut self, partner: Partner, now: Millis, turn: &mut Turn) -> Result<(), Stopped> {
        for _ in 0..DISPATCHES_PER_TURN {
            let state = self.core.state();
            let due = state.queued(partner).next().filter(|(due_at, _, _)| *due_at <= now);
            let Some((_, order, step)) = due.filter(|_| state.load(partner).has_credit()) else { break };
            let command = Command::Dispatch { order, step };
            let reply = self.handle(Envelope { meta: Meta::system(now), key: None, command }, now, turn)?;
            if reply != Reply::Done {
                break;
            }
        }
        Ok(())
    }

    /// Ends the changes that nobody decided in time, at their moment.
    fn expire(&mut self, now: Millis, turn: &mut Turn) -> Result<(), Stopped> {
        while let Some(approval) = self.next_expiry(now) {
            let act = ApprovalAct::Expire;
            let command = Command::ActOnApproval { approval, act, why: String::new(), effective_at: None };
            if self.handle(Envelope { meta: Meta::system(now), key: None, command }, now, turn)? != Reply::Done {
                break;
            }
        }
        Ok(())
    }

    /// Erases those whose retention term has run out, at their moment.
    fn erase(&mut self, now: Millis, turn: &mut Turn) -> Result<(), Stopped> {
        while let Some(person) = self.next_erasure(now) {
            let command = Command::Erase { person };
            if self.handle(Envelope { meta: Meta::system(now), key: None, command }, now, turn)? != Reply::Done {
                break;
            }
        }
        Ok(())
    }

    fn inquire(&mut self, partner: Partner, now: Millis, turn: &mut Turn) {
        while let Some(ask) = self.next_inquiry(partner, now) {
            self.asking.entry(partner).or_default().insert(ask.call);
            turn.effects.push((self.core.state().sequence(), Effect::Ask(Box::new(ask))));
        }
    }

    fn next_inquiry(&self, partner: Partner, now: Millis) -> Option<Ask> {
        let asking = self.asking.get(&partner);
        if asking.is_some_and(|calls| calls.len() >= INQUIRIES_PER_PARTNER) {
            return None;
        }
        let due = self.core.state().unknown(partner).take_while(|(due_at, _, _)| *due_at <= now);
        due.filter_map(|(_, order, step)| self.core.ask(AskKind::Inquire, order, step))
            .find(|ask| asking.is_none_or(|calls| !calls.contains(&ask.call)))
    }
}

/// Whether time may be acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timers {
    /// Due steps leave and new orders are taken.
    Fire,
    /// The clock jumped: nothing is due and no order is taken until a person looked.
    Hold,
}

/// A partner's word as a job that nobody waits for.
pub fn heard(signal: Signal) -> Job {
    let meta = Meta { channel: facts::Channel::Partner, requested_at: Millis(0), ..Meta::system(Millis(0)) };
    Job { envelope: Some(Envelope { meta, key: None, command: Command::Signal(signal) }), answer: None }
}
