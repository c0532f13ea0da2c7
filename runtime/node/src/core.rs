//! The core at work: decide, apply, and say what is to be asked of partners once the record is durable.

use exchange::rules::Policy;
use exchange::{Command, Envelope, Reply, Rules, Signal, decide};
use facts::{
    Action, Broken, CallRef, Fact, Handle, InstrumentId, Meta, Millis, Nature, OpenRecord, Order, OrderId, Partner,
    PersonId, State, Step, SubscriberId,
};
use ledger::{Action as Move, Entry as Posting};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The single writer's state and rules.
pub struct Core {
    state: State,
    rules: Arc<Rules>,
    epoch: u32,
    #[cfg(feature = "bugs")]
    bug: Option<crate::bugs::Bug>,
}

/// What came of a command.
pub struct Handled {
    /// What the asker is told.
    pub reply: Reply,
    /// The journal position the reply was computed from.
    pub sequence: u64,
    /// The record to make durable; none when nothing happened.
    pub written: Option<Written>,
}

/// A record, and what leaves once it is durable.
pub struct Written {
    /// For the journal and the views.
    pub record: Arc<OpenRecord>,
    /// What was posted, for the totals.
    pub posted: Vec<Posting>,
    /// For the partners.
    pub asks: Vec<Ask>,
    /// Whom the vault is to erase.
    pub erased: Vec<PersonId>,
}

/// Whether a partner is asked to do something or asked what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskKind {
    /// Do it.
    Call,
    /// What became of it?
    Inquire,
}

/// A request to a partner, without personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Do, or tell.
    pub kind: AskKind,
    /// Our reference.
    pub call: CallRef,
    /// Who.
    pub partner: Partner,
    /// What.
    pub action: Action,
    /// Minor units.
    pub amount: u64,
    /// For whose number.
    pub subscriber: SubscriberId,
    /// From whose number, when it moves value between two of the partner's own.
    pub from: Option<SubscriberId>,
    /// The card that the partner knows the person by: that money is paid to, that pays, or whose points are converted.
    pub instrument: Option<InstrumentId>,
    /// The partner's name of what it acts on.
    pub acts_on: String,
    /// The request that it is about: the deduction whose billing record is awaited, the payment or redemption to give back.
    pub about: Option<CallRef>,
    /// Node time.
    pub now: Millis,
}

/// The writer cannot go on: journal and state disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// A decided record does not apply.
    Broken(Broken),
    /// Applying a record panicked.
    Panicked {
        /// The record's sequence.
        sequence: u64,
    },
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stopped::Broken(broken) => write!(f, "the writer stopped: {broken}"),
            Stopped::Panicked { sequence } => write!(f, "the writer stopped: record {sequence} panicked when applied"),
        }
    }
}

impl std::error::Error for Stopped {}

impl Core {
    /// A core that goes on from a state.
    pub fn new(state: State, rules: Arc<Rules>, epoch: u32) -> Core {
        Core {
            state,
            rules,
            epoch,
            #[cfg(feature = "bugs")]
            bug: None,
        }
    }

    /// Plants a bug.
    #[cfg(feature = "bugs")]
    pub const fn plant(&mut self, bug: crate::bugs::Bug) {
        self.bug = Some(bug);
    }

    /// The state.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Comes to know a policy that may be proposed.
    pub fn learn(&mut self, policy: Arc<Policy>) {
        Arc::make_mut(&mut self.rules).proposed.insert(policy.version(), policy);
    }

    /// Takes a command: decides and applies.
    ///
    /// A panic in `decide` suspends the one order the command is about.
    /// Errors: a panic or a mismatch while applying; the core is then unusable.
    pub fn handle(&mut self, envelope: &Envelope) -> Result<Handled, Stopped> {
        let decided = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(feature = "bugs")]
            crate::bugs::before(self.bug, envelope);
            decide(&self.state, &self.rules, envelope)
        }));
        let decision = match decided {
            Ok(decision) => decision,
            Err(_) => match subject(&envelope.command) {
                Some(order) => decide(&self.state, &self.rules, &suspension(envelope, order)),
                None => return Ok(self.nothing(Reply::NotNow)),
            },
        };
        #[cfg(feature = "bugs")]
        let decision = crate::bugs::alter(self.bug, &self.state, &self.rules, envelope, decision);
        if decision.facts.is_empty() {
            return Ok(self.nothing(decision.reply));
        }
        self.write(envelope.meta, decision.facts, decision.reply)
    }

    fn nothing(&self, reply: Reply) -> Handled {
        Handled { reply, sequence: self.state.sequence(), written: None }
    }

    fn write(&mut self, meta: Meta, facts: Vec<Fact>, reply: Reply) -> Result<Handled, Stopped> {
        let sequence = self.state.sequence() + 1;
        let posted = posted(&self.state, &facts);
        let record = OpenRecord { sequence, shard: 0, epoch: self.epoch, meta, facts };
        let applied = catch_unwind(AssertUnwindSafe(|| self.state.apply(&record)));
        applied.map_err(|_| Stopped::Panicked { sequence })?.map_err(Stopped::Broken)?;
        let asks = record.facts.iter().filter_map(|fact| self.ask_of(fact)).collect();
        let erased = record.facts.iter().filter_map(erased_by).collect();
        Ok(Handled { reply, sequence, written: Some(Written { record: Arc::new(record), posted, asks, erased }) })
    }

    fn ask_of(&self, fact: &Fact) -> Option<Ask> {
        match fact {
            Fact::StepSent { order, step, .. } => self.ask(AskKind::Call, *order, *step),
            _ => None,
        }
    }

    /// The card by which a partner knows who an order is about.
    fn card_for(&self, partner: Partner, order: &Order, subscriber: SubscriberId) -> Option<InstrumentId> {
        match partner.knows_by() {
            Handle::Number => None,
            Handle::OwnCard => self.state.subscriber(subscriber)?.own_card,
            Handle::PayingInstrument => order.payment.map(|payment| payment.instrument),
            Handle::CreditCard => self.state.subscriber(subscriber)?.credit_card,
        }
    }

    /// The request that a step makes of its partner, or the question about it.
    pub fn ask(&self, kind: AskKind, order: OrderId, place: u8) -> Option<Ask> {
        let order = self.state.order(order)?;
        let step = order.step(place)?;
        let subscriber = order.parties.get(usize::from(step.plan.party)).copied()?;
        let own = step.plan.target.filter(|_| step.plan.action.names_original());
        let own = own.and_then(|target| {
            // Whose billing is awaited may be sent anew; what is given back is what one attempt took.
            let attempt = if target.attempt == 0 { order.step(target.step)?.attempt } else { target.attempt };
            Some(CallRef { order: order.id, step: target.step, attempt })
        });
        Some(Ask {
            kind,
            call: CallRef { order: order.id, step: place, attempt: step.attempt },
            partner: step.plan.partner,
            action: step.plan.action,
            amount: step.plan.amount,
            subscriber,
            from: step.plan.action.is_between_parties().then(|| order.subscriber()),
            instrument: self.card_for(step.plan.partner, order, subscriber),
            acts_on: acts_on(order, step),
            about: step.plan.refers.or(own),
            now: self.state.now(),
        })
    }

    /// The calls that were under way when the node stopped.
    pub fn lost_calls(&self) -> Vec<Signal> {
        exchange::lost_calls(&self.state)
    }
}

const fn erased_by(fact: &Fact) -> Option<PersonId> {
    match fact {
        Fact::PersonErased { person } => Some(*person),
        _ => None,
    }
}

/// A capture acts on the reservation of its own order, which was not known when the plan was made.
fn acts_on(order: &Order, step: &Step) -> String {
    if step.plan.action.nature() != Nature::TakesSetAside {
        return step.plan.acts_on.clone();
    }
    let set_aside = order.steps.iter().find(|step| step.plan.action.nature() == Nature::SetsAside);
    set_aside.map(|step| step.external.clone()).unwrap_or_default()
}

/// The movements that facts post, with holds resolved: what totals are made of.
pub fn posted(state: &State, facts: &[Fact]) -> Vec<Posting> {
    let transfers = facts.iter().flat_map(Fact::transfers);
    transfers
        .filter_map(|transfer| match transfer.action {
            Move::Post(entry) => Some(entry),
            Move::PostHold { hold, amount } => state.ledger().hold(hold).map(|hold| Posting { amount, ..hold.entry }),
            Move::Hold { .. } | Move::VoidHold { .. } | Move::ExpireHold { .. } => None,
        })
        .collect()
}

fn subject(command: &Command) -> Option<OrderId> {
    match command {
        Command::Cancel { order, .. }
        | Command::Decline { order }
        | Command::HandOut { order }
        | Command::Review { order, .. }
        | Command::Dispatch { order, .. }
        | Command::Suspend { order } => Some(*order),
        Command::Signal(signal) => Some(signal.call.order),
        Command::Recall(order) => Some(order.id),
        Command::OpenBooks { .. }
        | Command::GrantCredits { .. }
        | Command::LetEndedLeave { .. }
        | Command::Register(_)
        | Command::Port { .. }
        | Command::OpenLot { .. }
        | Command::Place(_)
        | Command::Propose(_)
        | Command::ActOnApproval { .. }
        | Command::PlaceLegalHold { .. }
        | Command::LiftLegalHold { .. }
        | Command::RequestErasure { .. }
        | Command::Erase { .. }
        | Command::Reveal { .. }
        | Command::NoteAct { .. }
        | Command::NoteRefusal { .. }
        | Command::NoteAttack { .. }
        | Command::FileComplaint(_)
        | Command::CloseComplaint { .. } => None,
    }
}

fn suspension(envelope: &Envelope, order: OrderId) -> Envelope {
    Envelope { meta: envelope.meta, key: None, command: Command::Suspend { order } }
}
