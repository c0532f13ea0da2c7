//! Commands in, decisions out.

use crate::complain::NewComplaint;
use crate::contract::Contracts;
use crate::quote::Quote;
use crate::rules::{Identity, Instrument, Line, NumberRefusal, Policy};
use crate::signal::Signal;
use facts::{
    Actor, ApprovalAct, ApprovalId, ApprovalState, ApprovalSubject, Attack, ComplaintId, ComplaintOutcome, Fact,
    InstrumentId, Key16, KeyUse, Made, Meta, Millis, Order, OrderId, Partner, Payment, PersonId, PersonalItem,
    PolicyVersion, Product, Provenance, Province, Purpose, ReviewVerdict, StaffAct, State, SubscriberId,
};
use money::Telco;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rules a decision looks at: one versioned snapshot of policy and contracts.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Regions, products, fees, limits, calendar: what decides until another policy is adopted.
    pub policy: Arc<Policy>,
    /// What partners promise.
    pub contracts: Contracts,
    /// Which orders may be placed.
    pub doors: Doors,
    /// Policies that were proposed, and may have been adopted, while the node ran or before it started.
    pub proposed: BTreeMap<PolicyVersion, Arc<Policy>>,
}

impl Rules {
    /// The policy that decides requests of a moment: the one adopted for it, else the one the node came with.
    pub fn policy_at(&self, state: &State, at: Millis) -> &Policy {
        let adopted = state.approvals().policy_at(at).and_then(|version| self.policy_of(version));
        adopted.unwrap_or(&self.policy)
    }

    /// A policy by its version.
    pub fn policy_of(&self, version: PolicyVersion) -> Option<&Policy> {
        if version == self.policy.version() {
            return Some(&self.policy);
        }
        self.proposed.get(&version).map(Arc::as_ref)
    }
}

/// Which orders may be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doors {
    /// Those of products whose partners are connected.
    Served,
    /// Those of every product with a plan: the world of an order file, whose partners answer well.
    EveryPlan,
}

/// A client's key and the digest of what it was sent with; both keyed, so that neither can be guessed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientKey {
    /// Digest of client, person and key.
    pub key: Key16,
    /// Digest of the body.
    pub body: Key16,
}

/// A lot to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Where the airtime came from.
    pub provenance: Provenance,
    /// Fen.
    pub amount: u64,
    /// When it was recharged.
    pub at: Millis,
}

/// A phone number to register, resolved by the vault and the number table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The subscriber's fresh id.
    pub subscriber: SubscriberId,
    /// Its holder.
    pub person: PersonId,
    /// Its telco.
    pub telco: Telco,
    /// Its home province.
    pub province: Province,
    /// The holder's own card.
    pub own_card: Option<InstrumentId>,
    /// The holder's credit card.
    pub credit_card: Option<InstrumentId>,
    /// What it holds at first.
    pub lots: Vec<Opening>,
}

/// Who asks for an order, as far as the vault and the number table know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The holder of a registered number.
    Holder(SubscriberId),
    /// Somebody to whom the number is not registered: the order is refused, and the refusal is kept.
    Stranger {
        /// Who.
        person: PersonId,
        /// Where the number is at home.
        number: Result<Line, NumberRefusal>,
    },
}

impl Asker {
    /// The registered number, if it is one.
    pub const fn subscriber(&self) -> Option<SubscriberId> {
        match self {
            Asker::Holder(subscriber) => Some(*subscriber),
            Asker::Stranger { .. } => None,
        }
    }
}

/// Who receives, as far as the vault and the number table know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Nobody is named: the order is for its asker.
    Nobody,
    /// A number that can receive; it need not be registered.
    Number {
        /// Its id.
        subscriber: SubscriberId,
        /// Where it is at home.
        line: Line,
    },
    /// A number that cannot.
    Unreachable(NumberRefusal),
}

/// What an order is paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funds {
    /// What its number holds.
    Own,
    /// Money from an instrument, which brings airtime of this provenance.
    PaidBy(Payment, Provenance),
    /// What is unused of an earlier order's recharge.
    Recharge(OrderId),
}

/// An order to place, resolved as far as the vault and the number table can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceOrder {
    /// The order's fresh id.
    pub order: OrderId,
    /// Who asks, for which number.
    pub asker: Asker,
    /// Who receives.
    pub recipient: Recipient,
    /// Into what.
    pub product: Product,
    /// How much, in the product's unit.
    pub amount: u64,
    /// What the identity number says on the day of the request.
    pub identity: Identity,
    /// Whether the payout goes where the product says it may.
    pub instrument: Instrument,
    /// Where the request entered.
    pub channel_province: Province,
    /// What it is paid with.
    pub funds: Funds,
    /// The quote to take, already authenticated.
    pub quote: Option<Quote>,
}

/// A change to propose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its fresh id.
    pub approval: ApprovalId,
    /// What is to be changed.
    pub subject: ApprovalSubject,
    /// Why, in the maker's words.
    pub why: String,
    /// What changes, as those who decide are shown it.
    pub changes: String,
    /// When it is to take effect; as soon as it is approved when that is later.
    pub effective_at: Millis,
    /// Until when it can be decided.
    pub expires_at: Millis,
}

/// What can be asked of the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Open the house accounts and fund the reserve, once.
    OpenBooks {
        /// Fen moved from the operator's float to the reserve at the bank.
        funding: u64,
    },
    /// Change how many requests a partner lets us have under way.
    GrantCredits {
        /// Who.
        partner: Partner,
        /// How many.
        window: u32,
    },
    /// Let orders that ended leave memory.
    LetEndedLeave {
        /// After so many milliseconds of node time in which nothing was heard of them.
        stay_ms: u64,
    },
    /// Bring an order back that left memory, as its records make it, so that something can be said about it.
    Recall(Box<Order>),
    /// Register a phone number.
    Register(Registration),
    /// Follow a number to the telco that serves it now.
    Port {
        /// Whose number.
        subscriber: SubscriberId,
        /// Who serves it.
        telco: Telco,
    },
    /// Open a lot of airtime.
    OpenLot {
        /// Whose.
        subscriber: SubscriberId,
        /// What.
        opening: Opening,
    },
    /// Place an order.
    Place(Box<PlaceOrder>),
    /// Withdraw an order.
    Cancel {
        /// Which.
        order: OrderId,
        /// Why, in the words of a member of staff; others need no reason.
        why: String,
    },
    /// Decline what an order would bring: said by whom it is for.
    Decline {
        /// Which.
        order: OrderId,
    },
    /// Hand out the code that an order brought.
    HandOut {
        /// Which.
        order: OrderId,
    },
    /// Say whether an order may run that waits for a reviewer.
    Review {
        /// Which.
        order: OrderId,
        /// Whether.
        verdict: ReviewVerdict,
        /// Why.
        why: String,
    },
    /// Send a step that is due.
    Dispatch {
        /// Of which order.
        order: OrderId,
        /// Which step.
        step: u8,
    },
    /// Take in a partner's word.
    Signal(Signal),
    /// Propose a change that another person must agree to.
    Propose(Box<Proposal>),
    /// Do something about a proposed change.
    ActOnApproval {
        /// Which.
        approval: ApprovalId,
        /// What.
        act: ApprovalAct,
        /// Why, in the actor's words.
        why: String,
        /// When the change is to take effect; looked at when it is agreed to or scheduled.
        effective_at: Option<Millis>,
    },
    /// Keep everything about a person: an authority wants it.
    PlaceLegalHold {
        /// About whom.
        person: PersonId,
        /// The authority.
        authority: String,
        /// Keyed digest of the document's number.
        document: Key16,
        /// Why, in the actor's words.
        why: String,
    },
    /// Lift an authority's hold.
    LiftLegalHold {
        /// About whom.
        person: PersonId,
        /// Its number within the person.
        number: u32,
        /// Why, in the actor's words.
        why: String,
    },
    /// Erase a person when the retention term has run out, and restrict them until then.
    RequestErasure {
        /// Who.
        person: PersonId,
        /// Why, in the words of a member of staff; a subject who asks needs no reason.
        why: String,
    },
    /// Erase a person if their day has come, whether they asked or not.
    Erase {
        /// Who.
        person: PersonId,
    },
    /// Note that somebody is about to see personal data.
    Reveal {
        /// Whose.
        subject: PersonId,
        /// What of it.
        what: Vec<PersonalItem>,
        /// What for.
        purpose: Purpose,
        /// Why, in the actor's words.
        why: String,
    },
    /// Note that a member of staff is about to do what no other command is about, or to be shown what was made.
    NoteAct {
        /// What.
        act: StaffAct,
        /// To what: an id or a name of the institution's own, never of a person.
        on: String,
        /// Why, in the actor's words.
        why: String,
    },
    /// Note that what was about to be done was refused.
    NoteRefusal {
        /// The record that says it was about to be done.
        record: u64,
        /// The code of the refusal.
        code: String,
    },
    /// Note that a known identity was attacked, or attacks.
    NoteAttack {
        /// Which.
        who: Actor,
        /// What was tried.
        what: Attack,
        /// How often.
        count: u32,
        /// Since when, by the wall.
        since: Millis,
    },
    /// File a complaint.
    FileComplaint(NewComplaint),
    /// Say how a complaint ended.
    CloseComplaint {
        /// Which.
        complaint: ComplaintId,
        /// How.
        outcome: ComplaintOutcome,
        /// Why, in the words of a member of staff; others need no reason.
        why: String,
    },
    /// Set an order aside whose command made the rules panic.
    Suspend {
        /// Which.
        order: OrderId,
    },
}

/// A command with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Who, how, when.
    pub meta: Meta,
    /// The client's key, if it came from a client.
    pub key: Option<ClientKey>,
    /// What is asked.
    pub command: Command,
}

/// What the asker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Something was made: look it up by its id.
    Made(Made),
    /// The key was used before with the same body: this is what it made then.
    Replayed(KeyUse),
    /// The key was used before with another body.
    KeyConflict,
    /// It was done.
    Done,
    /// Nothing had to be done: told before, done before, or not due.
    Nothing,
    /// There is no such order, step or subscriber.
    NotFound,
    /// The order stands where this cannot be done.
    NotNow,
    /// The number was registered before, as this subscriber.
    Exists(SubscriberId),
    /// This actor may not do this, or it may not be done now.
    Denied(Denied),
}

/// Why somebody may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The actor is not a named member of staff.
    Unnamed,
    /// No reason was given.
    NoReason,
    /// Who proposed it may not decide about it.
    MakerCannotCheck,
    /// Another than who proposed it may only refuse it, not take it back.
    OnlyMakerWithdraws,
    /// It stands where this cannot be done.
    NotIn(ApprovalState),
    /// It is in effect already.
    InEffect,
    /// The policy is not known here.
    PolicyUnknown,
    /// There would be no time left to decide.
    NoTime,
    /// An order of the person has not ended.
    OrderOpen,
    /// Value of the person is held.
    ValueHeld,
    /// The person's data may only be stored.
    Restricted,
    /// Nothing is left of the person but ids.
    Erased,
    /// Another than who filed a complaint may not take it back.
    NotTheFiler,
}

/// The outcome of a command. No facts means that nothing happened and nothing is journaled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What happened.
    pub facts: Vec<Fact>,
    /// What the asker is told.
    pub reply: Reply,
}

impl Decision {
    pub(crate) const fn only(reply: Reply) -> Decision {
        Decision { facts: Vec::new(), reply }
    }
}
