//! The closed list of facts. A fact is its own wire form: numbers are never reused, names may change.

mod about;

use crate::order::{Attempt, Cause, OrderState, StepPlan};
use crate::{
    AccountName, Actor, Approval, ApprovalAct, ApprovalId, Attack, CallRef, ComplaintAbout, ComplaintId,
    ComplaintOutcome, Count, Day, InstrumentId, Key16, LimitHit, LotUse, Millis, Order, OrderId, Partner, PersonId,
    PersonalItem, PolicyVersion, Product, Provenance, Province, Purpose, QuoteId, Refusal, ReviewVerdict, StaffAct,
    SubscriberId, Terms,
};
use ledger::{AccountId, Bound, Transfer};
use minicbor::{Decode, Encode};
use money::{Asset, Telco};

/// Which of a record's two parts a fact is disclosed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What its subject may see.
    Receipt,
    /// Scores, rule hits, operations and bookkeeping.
    Internal,
}

/// The quote an order took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Quoted {
    /// Its identity; all zero when none was taken.
    #[n(0)]
    pub id: QuoteId,
    /// After this moment it can be forgotten that it was taken.
    #[n(1)]
    pub expires_at: Millis,
}

/// An admitted order with all of its outcomes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Admission {
    /// Its identity.
    #[n(0)]
    pub order: OrderId,
    /// Whose limits it counts against.
    #[n(1)]
    pub person: PersonId,
    /// The subscriber, and after it any counterparty.
    #[n(2)]
    pub parties: Vec<SubscriberId>,
    /// What it costs and brings.
    #[n(3)]
    pub terms: Terms,
    /// Business time.
    #[n(4)]
    pub requested_at: Millis,
    /// The steps of its plan.
    #[n(5)]
    pub steps: Vec<StepPlan>,
    /// What it takes from which lots.
    #[n(6)]
    pub lots: Vec<LotUse>,
    /// The quote it took.
    #[n(9)]
    pub quote: Quoted,
    /// Input, for what-if: fen convertible as seen when it was decided.
    #[n(10)]
    pub seen_convertible: u64,
    /// What it counts against limits. Numbers 7 and 8 were the sums of two fixed ones.
    #[n(11)]
    pub counts: Vec<Count>,
    /// What pays for it, when that is money from outside.
    #[n(12)]
    pub payment: Option<Payment>,
}

/// What pays for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Payment {
    /// The instrument.
    #[n(0)]
    pub instrument: InstrumentId,
    /// Keyed digest of it: who pays for whom can be seen by it, and no card.
    #[n(1)]
    pub payer: Key16,
}

/// What a client's key brought into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Made {
    /// An order, admitted or declined.
    #[n(0)]
    Order(#[n(0)] OrderId),
    /// A subscriber.
    #[n(1)]
    Subscriber(#[n(0)] SubscriberId),
    /// A lot of a subscriber.
    #[n(2)]
    Lot(#[n(0)] SubscriberId, #[n(1)] u32),
    /// A record of an act.
    #[n(3)]
    Act,
    /// A complaint.
    #[n(4)]
    Complaint(#[n(0)] ComplaintId),
}

/// A client's key, what it was used with, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct KeyUse {
    /// Keyed digest of the body.
    #[n(0)]
    pub body: Key16,
    /// What came of it.
    #[n(1)]
    pub made: Made,
}

/// What a partner's word came to when it changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SignalKind {
    /// It had been told before.
    #[n(0)]
    Duplicate,
    /// It is older than what is known.
    #[n(1)]
    Stale,
    /// It contradicts the partner's own record, which counts.
    #[n(2)]
    Contradiction,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Fact {
    /// An account was opened; its handle is the next one.
    #[n(0)]
    AccountOpened {
        /// Its handle.
        #[n(0)]
        account: AccountId,
        /// What it is for.
        #[n(1)]
        name: AccountName,
        /// What it holds.
        #[n(2)]
        asset: Asset,
        /// What it may not do.
        #[n(3)]
        bound: Bound,
    },
    /// Value moved by operation, such as the funding of the reserve.
    #[n(1)]
    Posted {
        /// The movement.
        #[n(0)]
        transfers: Vec<Transfer>,
    },
    /// A partner lets us have so many requests under way.
    #[n(2)]
    CreditsGranted {
        /// Who.
        #[n(0)]
        partner: Partner,
        /// How many; 0 closes the door.
        #[n(1)]
        window: u32,
    },
    /// A phone number of a person was registered.
    #[n(3)]
    SubscriberRegistered {
        /// Its identity.
        #[n(0)]
        subscriber: SubscriberId,
        /// Its holder.
        #[n(1)]
        person: PersonId,
        /// Its telco.
        #[n(2)]
        telco: Telco,
        /// Its home province.
        #[n(3)]
        province: Province,
        /// The holder's own bank card.
        #[n(4)]
        own_card: Option<InstrumentId>,
        /// The holder's credit card.
        #[n(5)]
        credit_card: Option<InstrumentId>,
    },
    /// Airtime of one origin came in.
    #[n(4)]
    LotOpened {
        /// Whose.
        #[n(0)]
        subscriber: SubscriberId,
        /// Its number within the subscriber.
        #[n(1)]
        number: u32,
        /// Where it came from.
        #[n(2)]
        provenance: Provenance,
        /// Fen.
        #[n(3)]
        amount: u64,
        /// When it was recharged.
        #[n(4)]
        at: Millis,
        /// The payment behind it, when it was recharged through a payment partner.
        #[n(5)]
        payment: Option<CallRef>,
    },
    /// A client's key was used; the same key never makes anything again.
    #[n(5)]
    KeyTaken {
        /// Keyed digest of scope and key.
        #[n(0)]
        key: Key16,
        /// What it was used with and what came of it.
        #[n(1)]
        used: KeyUse,
    },
    /// An order was admitted.
    #[n(6)]
    OrderAdmitted(#[n(0)] Box<Admission>),
    /// An order was refused at the door.
    #[n(7)]
    OrderDeclined {
        /// Its identity.
        #[n(0)]
        order: OrderId,
        /// Who asked.
        #[n(1)]
        person: PersonId,
        /// For which number; none when it is not registered to who asked.
        #[n(2)]
        subscriber: Option<SubscriberId>,
        /// For what.
        #[n(3)]
        product: Product,
        /// Minor units asked for.
        #[n(4)]
        amount: u64,
        /// Why not.
        #[n(5)]
        refusal: Refusal,
        /// What was found, in the refusal's unit.
        #[n(6)]
        found: u64,
        /// What would have been allowed.
        #[n(7)]
        allowed: u64,
        /// The policy that said so.
        #[n(8)]
        policy: PolicyVersion,
        /// Business time.
        #[n(9)]
        requested_at: Millis,
        /// The limit that said so, if one did.
        #[n(10)]
        limit: Option<Box<LimitHit>>,
    },
    /// A step was appended that undoes or completes another.
    #[n(8)]
    StepPlanned {
        /// Of which order.
        #[n(0)]
        order: OrderId,
        /// The step; its place is the next one.
        #[n(1)]
        plan: Box<StepPlan>,
    },
    /// It is a step's turn: it leaves when it is due and its partner has a credit.
    #[n(9)]
    StepQueued {
        /// Of which order.
        #[n(0)]
        order: OrderId,
        /// Its place.
        #[n(1)]
        step: u8,
        /// Not before.
        #[n(2)]
        due_at: Millis,
    },
    /// A step is about to be asked of its partner: durable before the request leaves.
    #[n(10)]
    StepSent {
        /// Of which order.
        #[n(0)]
        order: OrderId,
        /// Its place.
        #[n(1)]
        step: u8,
        /// Which attempt.
        #[n(2)]
        attempt: Attempt,
        /// The hold of its movement.
        #[n(3)]
        transfers: Vec<Transfer>,
    },
    /// Nobody knows whether the partner did it.
    #[n(11)]
    StepUnknown {
        /// Of which order.
        #[n(0)]
        order: OrderId,
        /// Its place.
        #[n(1)]
        step: u8,
        /// Why.
        #[n(2)]
        cause: Cause,
        /// When to ask.
        #[n(3)]
        inquire_at: Millis,
        /// The hold, moved against the in-doubt account.
        #[n(4)]
        transfers: Vec<Transfer>,
    },
    /// An inquiry brought nothing final.
    #[n(12)]
    InquiryDeferred {
        /// Of which order.
        #[n(0)]
        order: OrderId,
        /// Its place.
        #[n(1)]
        step: u8,
        /// What it brought.
        #[n(2)]
        cause: Cause,
        /// When to ask again.
        #[n(3)]
        inquire_at: Millis,
    },
    /// The partner did it.
    #[n(13)]
    StepDone {
        /// Of which order.
        #[n(0)]
        order: OrderId,
        /// Its place.
        #[n(1)]
        step: u8,
        /// Minor units truly done.
        #[n(2)]
        amount: u64,
        /// The partner's name of what was done.
        #[n(3)]
        external: String,
        /// The movement and what goes with it.
        #[n(4)]
        transfers: Vec<Transfer>,
    },
    /// The partner did not do it, finally.
    #[n(14)]
    StepFailed {
        /// Of which order.
        #[n(0)]
        order: OrderId,
        /// Its place.
        #[n(1)]
        step: u8,
        /// Why.
        #[n(2)]
        cause: Cause,
        /// The hold, voided.
        #[n(3)]
        transfers: Vec<Transfer>,
    },
    /// What a step did was undone.
    #[n(15)]
    StepCompensated {
        /// Of which order.
        #[n(0)]
        order: OrderId,
        /// Its place.
        #[n(1)]
        step: u8,
    },
    /// A partner did what we had taken for failed, or what we had not asked for: booked as it is.
    #[n(16)]
    StrayFound {
        /// Of which order.
        #[n(0)]
        order: OrderId,
        /// Its place.
        #[n(1)]
        step: u8,
        /// Which attempt.
        #[n(2)]
        attempt: Attempt,
        /// Late success or opposite.
        #[n(3)]
        cause: Cause,
        /// Minor units.
        #[n(4)]
        amount: u64,
        /// The movement.
        #[n(5)]
        transfers: Vec<Transfer>,
    },
    /// A partner's word changed nothing.
    #[n(17)]
    SignalAbsorbed {
        /// Of which order.
        #[n(0)]
        order: OrderId,
        /// Its place.
        #[n(1)]
        step: u8,
        /// Which attempt.
        #[n(2)]
        attempt: Attempt,
        /// What it came to.
        #[n(3)]
        kind: SignalKind,
    },
    /// The order stands elsewhere.
    #[n(18)]
    OrderMoved {
        /// Which order.
        #[n(0)]
        order: OrderId,
        /// Where.
        #[n(1)]
        state: OrderState,
        /// Why.
        #[n(2)]
        cause: Cause,
    },
    /// The order no longer goes forward: what was done is undone.
    #[n(19)]
    OrderUnwound {
        /// Which order.
        #[n(0)]
        order: OrderId,
        /// Why.
        #[n(1)]
        cause: Cause,
    },
    /// The order's value is its holder's again: lots are refilled, and counters of limits get back what
    /// was counted on them. Numbers 1 to 3 were a day and the sums of two fixed limits.
    #[n(20)]
    ValueReturned {
        /// Which order.
        #[n(0)]
        order: OrderId,
        /// What is taken back from which counters.
        #[n(4)]
        released: Vec<Count>,
    },
    /// The reward of a settled order does not come: its campaign's counters get back what it counted.
    #[n(21)]
    RewardWithdrawn {
        /// Which order.
        #[n(0)]
        order: OrderId,
        /// What is taken back from which counters.
        #[n(1)]
        released: Vec<Count>,
    },
    /// The code that a step brought is handed to whoever asked for it. It is nowhere with us: its partner is asked after
    /// this is durable.
    #[n(22)]
    CodeHandedOut {
        /// Of which order.
        #[n(0)]
        order: OrderId,
        /// By which step.
        #[n(1)]
        step: u8,
    },
    /// A reviewer said whether an order may run.
    #[n(23)]
    OrderReviewed {
        /// Which order.
        #[n(0)]
        order: OrderId,
        /// What the reviewer says.
        #[n(1)]
        verdict: ReviewVerdict,
        /// Why, in the reviewer's words.
        #[n(2)]
        why: String,
    },
    /// Somebody proposed a change that another person must agree to.
    #[n(30)]
    ApprovalProposed(#[n(0)] Box<Approval>),
    /// Somebody did something about a proposed change.
    #[n(31)]
    ApprovalActed {
        /// Which change.
        #[n(0)]
        approval: ApprovalId,
        /// What.
        #[n(1)]
        act: ApprovalAct,
        /// Who.
        #[n(2)]
        by: Actor,
        /// Why, in their words.
        #[n(3)]
        why: String,
        /// When the change takes effect after this.
        #[n(4)]
        effective_at: Millis,
    },
    /// From here on an order that has ended leaves memory when nothing was heard of it for so long.
    #[n(40)]
    EndedLeaveAfter {
        /// Milliseconds of node time.
        #[n(0)]
        stay_ms: u64,
    },
    /// An order that had left memory is there again, as its records made it.
    #[n(41)]
    OrderRecalled(#[n(0)] Box<Order>),
    /// A number left its telco for another. What it held stayed behind: that telco settled it before it let go.
    #[n(42)]
    NumberPorted {
        /// Whose number.
        #[n(0)]
        subscriber: SubscriberId,
        /// Where it is now.
        #[n(1)]
        telco: Telco,
    },
    /// An authority wants everything about a person kept.
    #[n(50)]
    LegalHoldPlaced {
        /// About whom.
        #[n(0)]
        person: PersonId,
        /// Its number within the person, from 1.
        #[n(1)]
        number: u32,
        /// The authority.
        #[n(2)]
        authority: String,
        /// Keyed digest of the document's number.
        #[n(3)]
        document: Key16,
        /// Why, in the words of whoever placed it.
        #[n(4)]
        why: String,
    },
    /// An authority's hold was lifted.
    #[n(51)]
    LegalHoldLifted {
        /// About whom.
        #[n(0)]
        person: PersonId,
        /// Its number within the person.
        #[n(1)]
        number: u32,
        /// Why, in the words of whoever lifted it.
        #[n(2)]
        why: String,
    },
    /// A person is to be erased when the retention term has run out, and is restricted until then. Said again, it moves
    /// the day.
    #[n(52)]
    ErasureRequested {
        /// Who.
        #[n(0)]
        person: PersonId,
        /// When it is due.
        #[n(1)]
        due_at: Millis,
    },
    /// A person's data key is to be destroyed: from here on nothing is left of them but ids.
    #[n(53)]
    PersonErased {
        /// Who.
        #[n(0)]
        person: PersonId,
    },
    /// Somebody is about to see personal data: durable before it is shown. Who is in the record's origin.
    #[n(54)]
    Revealed {
        /// Whose.
        #[n(0)]
        subject: PersonId,
        /// What of it.
        #[n(1)]
        what: Vec<PersonalItem>,
        /// What for.
        #[n(2)]
        purpose: Purpose,
        /// Why, in their words.
        #[n(3)]
        why: String,
    },
    /// A member of staff does what no other fact tells. What takes effect at once is durable here before it is done;
    /// what is made and then shown, before it is shown. Who and from where is in the record's origin.
    #[n(60)]
    StaffActed {
        /// What.
        #[n(0)]
        act: StaffAct,
        /// To what: an id or a name of the institution's own, never of a person.
        #[n(1)]
        on: String,
        /// Why, in their words.
        #[n(2)]
        why: String,
    },
    /// What a record says was about to be done could not be done after all.
    #[n(61)]
    StaffActRefused {
        /// Which record.
        #[n(0)]
        record: u64,
        /// The code of the refusal.
        #[n(1)]
        code: String,
    },
    /// Somebody tried to come in as a known identity, or to do what it may not. Of one identity and kind there is one in an
    /// hour at the most, with how often it was tried; attempts on nobody known are counted, not kept.
    #[n(70)]
    AttackNoted {
        /// As whom, or by whom.
        #[n(0)]
        who: Actor,
        /// What was tried.
        #[n(1)]
        what: Attack,
        /// How often.
        #[n(2)]
        count: u32,
        /// Since when, by the wall.
        #[n(3)]
        since: Millis,
    },
    /// A subscriber complains. What was said is in the vault.
    #[n(80)]
    ComplaintFiled {
        /// Its identity.
        #[n(0)]
        complaint: ComplaintId,
        /// Whose.
        #[n(1)]
        subscriber: SubscriberId,
        /// About which order, if about one.
        #[n(2)]
        order: Option<OrderId>,
        /// About what.
        #[n(3)]
        about: ComplaintAbout,
        /// The last day on which an answer is in time.
        #[n(4)]
        due_on: Day,
    },
    /// A complaint came to an end. What was answered is in the vault.
    #[n(81)]
    ComplaintClosed {
        /// Which.
        #[n(0)]
        complaint: ComplaintId,
        /// The order that it was about, if it was about one.
        #[n(1)]
        order: Option<OrderId>,
        /// How.
        #[n(2)]
        outcome: ComplaintOutcome,
        /// Why, in the words of a member of staff.
        #[n(3)]
        why: String,
    },
}
