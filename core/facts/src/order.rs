//! Orders and their steps: the state of a saga, without the rules that move it.

use crate::UnknownWord;
use crate::terms::words;
use crate::{
    Action, Admission, CallRef, Count, Day, Fact, LimitHit, LotUse, Millis, OrderId, Partner, Payment, PersonId,
    Provenance, QuoteId, Refusal, Reward, SubscriberId, Terms,
};
use core::fmt;
use core::str::FromStr;
use ledger::{Action as Move, Entry, Transfer, TransferId};
use minicbor::{Decode, Encode};
use std::sync::Arc;

/// Which attempt at a step, from 1; 0 before the first.
pub type Attempt = u8;

words! {
    /// Where an order stands, as the public sees it.
    OrderState {
        /// Admitted; nothing was asked of a partner yet.
        Created = 0, "created";
        /// Waiting for a proof from the subscriber.
        Challenged = 1, "challenged";
        /// Waiting for a person.
        InReview = 2, "in_review";
        /// Partners are being asked.
        Executing = 3, "executing";
        /// The value was taken; the payout waits for its day.
        Clearing = 4, "clearing";
        /// The payout is under way.
        Paying = 5, "paying";
        /// The money arrived. An end.
        Settled = 6, "settled";
        /// Refused; nothing was taken, or what was set aside was given back. An end.
        Declined = 7, "declined";
        /// Its time ran out before anything was taken. An end.
        Expired = 8, "expired";
        /// Withdrawn by the subscriber before anything was taken. An end.
        Cancelled = 9, "cancelled";
        /// What was taken was given back. An end.
        Refunded = 10, "refunded";
        /// It cannot go on without a person.
        Suspended = 11, "suspended";
    }
}

words! {
    /// How far the reward of an order is.
    RewardState {
        /// It comes when the order is settled and its day has come.
        Promised = 0, "promised";
        /// It can be used.
        Usable = 1, "usable";
        /// It does not come: the order was given up, or the telco did not give it.
        Withdrawn = 2, "withdrawn";
    }
}

impl OrderState {
    /// Whether nothing more is expected to happen.
    pub const fn is_end(self) -> bool {
        matches!(
            self,
            OrderState::Settled
                | OrderState::Declined
                | OrderState::Expired
                | OrderState::Cancelled
                | OrderState::Refunded
        )
    }
}

words! {
    /// Where a step stands.
    StepState {
        /// Waiting for its turn, its time or a credit.
        Planned = 0, "planned";
        /// Asked; the answer is awaited.
        Sent = 1, "sent";
        /// Asked, and no one knows: being inquired about.
        Unknown = 2, "unknown";
        /// The partner did it.
        Done = 3, "done";
        /// The partner did not do it, finally.
        Failed = 4, "failed";
        /// Done, and undone by a later step.
        Compensated = 5, "compensated";
    }
}

words! {
    /// Why an order or a step took its turn.
    Cause {
        /// As planned.
        Planned = 0, "planned";
        /// The subscriber withdrew the order.
        Cancelled = 1, "cancelled";
        /// The partner refused.
        Refused = 2, "refused";
        /// The partner knows nothing of it after its finality deadline.
        NotFound = 3, "not_found";
        /// No answer, or one that says nothing.
        Silence = 4, "silence";
        /// Accepted, with the result to follow.
        Pending = 5, "pending";
        /// The partner did it for another amount.
        OtherAmount = 6, "other_amount";
        /// The partner did it after we had taken it for failed.
        LateSuccess = 7, "late_success";
        /// The partner did the opposite: it took what it was to give back.
        Opposite = 8, "opposite";
        /// The partner contradicts itself.
        Contradiction = 9, "contradiction";
        /// The node restarted while the request was under way.
        Restart = 10, "restart";
        /// Too many attempts or inquiries.
        Exhausted = 11, "exhausted";
        /// The books refuse the posting.
        BooksRefused = 12, "books_refused";
        /// The rules panicked on this order.
        Poisoned = 13, "poisoned";
        /// A required step failed and what was done is undone.
        Unwound = 14, "unwound";
        /// What was in doubt is known again.
        Resolved = 15, "resolved";
        /// A reviewer said no.
        ReviewRejected = 16, "review_rejected";
        /// Whom it was for did not want it.
        ReceiverDeclined = 17, "receiver_declined";
    }
}

/// When a step may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Due {
    /// As soon as it is its turn.
    #[n(0)]
    AtOnce,
    /// Not before this moment.
    #[n(1)]
    At(#[n(0)] Millis),
    /// As soon as a reviewer lets it go: what plans from before steps had a gate say.
    #[n(2)]
    OnReview,
    /// So many milliseconds after its turn has come.
    #[n(3)]
    After(#[n(0)] u64),
}

words! {
    /// Who lets a step go when its turn comes.
    Gate {
        /// A reviewer.
        Review = 0, "review";
    }
}

words! {
    /// What a reviewer says about an order.
    ReviewVerdict {
        /// It may run.
        Approved = 0, "approved";
        /// It may not.
        Rejected = 1, "rejected";
    }
}

words! {
    /// What a failed step means for its order.
    Necessity {
        /// The order unwinds.
        Required = 0, "required";
        /// The order goes on without it.
        Optional = 1, "optional";
    }
}

/// One attempt at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Target {
    /// The step's place in the order.
    #[n(0)]
    pub step: u8,
    /// Which attempt.
    #[n(1)]
    pub attempt: Attempt,
}

/// A step as planned: everything that later events need, so that no later policy changes it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StepPlan {
    /// Who is asked.
    #[n(0)]
    pub partner: Partner,
    /// For what.
    #[n(1)]
    pub action: Action,
    /// For which party of the order: 0 is its subscriber, 1 the counterparty.
    #[n(2)]
    pub party: u8,
    /// Minor units asked for.
    #[n(3)]
    pub amount: u64,
    /// When.
    #[n(4)]
    pub due: Due,
    /// What its failure means.
    #[n(5)]
    pub necessity: Necessity,
    /// What it undoes or completes, if it was appended to the plan.
    #[n(6)]
    pub target: Option<Target>,
    /// The partner's own name of what the step acts on, where that is known when it is planned.
    #[n(7)]
    pub acts_on: String,
    /// The movement at the partner: held when sent, posted for the amount that was truly done.
    #[n(8)]
    pub clear: Option<Entry>,
    /// The same movement against the in-doubt account, held while the step is unknown.
    #[n(9)]
    pub doubt: Option<Entry>,
    /// Posted with the movement, whatever amount was done.
    #[n(10)]
    pub always: Vec<Entry>,
    /// Posted with the movement only when all of the amount was done.
    #[n(11)]
    pub exact: Vec<Entry>,
    /// As what its party holds what it brought, where that is a lot of its own.
    #[n(12)]
    pub brings: Option<Provenance>,
    /// Who has to let it go before it is due, if anybody has.
    #[n(13)]
    pub gate: Option<Gate>,
    /// The request of another order that it is about: the payment to give back.
    #[n(14)]
    pub refers: Option<CallRef>,
}

impl StepPlan {
    /// Who has to let it go when its turn comes, if anybody has.
    pub const fn waits_for(&self) -> Option<Gate> {
        match self.due {
            Due::OnReview => Some(Gate::Review),
            Due::AtOnce | Due::At(_) | Due::After(_) => self.gate,
        }
    }
}

/// A step of an order.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Step {
    /// What was planned: it never changes, so that copies of the order share it.
    #[n(0)]
    #[cbor(with = "shared_plan")]
    pub plan: Arc<StepPlan>,
    /// Where it stands.
    #[n(1)]
    pub state: StepState,
    /// The last attempt made; 0 before the first.
    #[n(2)]
    pub attempt: Attempt,
    /// When the last attempt was sent.
    #[n(3)]
    pub sent_at: Millis,
    /// When it is due: to be sent while planned, to be inquired about while unknown. Zero when it is neither.
    #[n(4)]
    pub due_at: Millis,
    /// How often the last attempt was inquired about.
    #[n(5)]
    pub inquiries: u16,
    /// The open hold of its movement.
    #[n(6)]
    pub hold: Option<TransferId>,
    /// Minor units truly done.
    #[n(7)]
    pub done: u64,
    /// The partner's own name of what was done.
    #[n(8)]
    pub external: String,
    /// The attempts at which something stray was found and booked: a second word about one of them is a repeat.
    #[n(9)]
    pub strays: Vec<Attempt>,
}

/// A shared plan has the bytes of a plan.
mod shared_plan {
    use super::{Arc, StepPlan};
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decode, Decoder, Encode, Encoder};

    pub(super) fn encode<C, W: Write>(
        plan: &Arc<StepPlan>,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        plan.as_ref().encode(e, ctx)
    }

    pub(super) fn decode<'b, C>(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Arc<StepPlan>, DecodeError> {
        StepPlan::decode(d, ctx).map(Arc::new)
    }
}

impl Step {
    /// A step that nobody was asked about yet.
    pub fn planned(plan: StepPlan) -> Step {
        Step {
            plan: Arc::new(plan),
            state: StepState::Planned,
            attempt: 0,
            sent_at: Millis(0),
            due_at: Millis(0),
            inquiries: 0,
            hold: None,
            done: 0,
            external: String::new(),
            strays: Vec::new(),
        }
    }

    fn evolve(&mut self, fact: &Fact, now: Millis) {
        if let Fact::StrayFound { attempt, .. } = fact {
            return self.strays.push(*attempt);
        }
        self.due_at = Millis(0);
        match fact {
            Fact::StepQueued { due_at, .. } => {
                self.state = StepState::Planned;
                self.due_at = *due_at;
            }
            Fact::StepSent { attempt, transfers, .. } => {
                self.state = StepState::Sent;
                self.attempt = *attempt;
                self.sent_at = now;
                self.inquiries = 0;
                self.hold = held(transfers);
            }
            Fact::StepUnknown { inquire_at, transfers, .. } => {
                self.state = StepState::Unknown;
                self.due_at = *inquire_at;
                self.hold = held(transfers);
            }
            Fact::InquiryDeferred { inquire_at, .. } => {
                self.due_at = *inquire_at;
                self.inquiries = self.inquiries.saturating_add(1);
            }
            Fact::StepDone { amount, external, .. } => {
                self.state = StepState::Done;
                self.hold = None;
                self.done = *amount;
                self.external.clone_from(external);
            }
            Fact::StepFailed { .. } => {
                self.state = StepState::Failed;
                self.hold = None;
            }
            Fact::StepCompensated { .. } => self.state = StepState::Compensated,
            _ => {}
        }
    }

    /// Whether it still has to end.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, StepState::Planned | StepState::Sent | StepState::Unknown)
    }
}

/// How far whom an order is for has been waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Something else comes first.
    NotYet,
    /// They may decline until then.
    Until(Millis),
    /// It is on its way, or ended.
    Over,
}

/// An order: its terms, its steps, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Order {
    /// Its identity.
    #[n(0)]
    pub id: OrderId,
    /// The person whose limits it counts against.
    #[n(1)]
    pub person: PersonId,
    /// The subscriber, and after it any counterparty.
    #[n(2)]
    pub parties: Vec<SubscriberId>,
    /// What it costs and brings. A declined order has the amount asked for and nothing else.
    #[n(3)]
    pub terms: Terms,
    /// Business time: the day that limits and prices looked at.
    #[n(4)]
    pub requested_at: Millis,
    /// Where it stands.
    #[n(5)]
    pub state: OrderState,
    /// Why it stands there.
    #[n(6)]
    pub cause: Cause,
    /// The refusal, when it was refused at the door.
    #[n(7)]
    pub refusal: Option<Refusal>,
    /// What was found and what is allowed, for the refusal's text.
    #[n(8)]
    pub refusal_detail: (u64, u64),
    /// Its steps: those of the plan, then those that undo or complete them.
    #[n(9)]
    pub steps: Vec<Step>,
    /// How many steps the plan had when the order was admitted.
    #[n(10)]
    pub planned: u8,
    /// Whether it goes forward (`None`) or unwinds, and why.
    #[n(11)]
    pub unwinding: Option<Cause>,
    /// What it took from which lots.
    #[n(12)]
    pub lots: Vec<LotUse>,
    /// The quote it took; all zero when none.
    #[n(13)]
    pub quote: QuoteId,
    /// Sequence of the record that admitted it.
    #[n(14)]
    pub admitted_in: u64,
    /// Sequence of the last record about it.
    #[n(15)]
    pub changed_in: u64,
    /// When it was admitted, in node time.
    #[n(16)]
    pub admitted_at: Millis,
    /// When it last changed, in node time.
    #[n(17)]
    pub changed_at: Millis,
    /// What it counts against limits. Numbers 18 and 19 were the sums of two fixed ones.
    #[n(20)]
    pub counts: Vec<Count>,
    /// The limit that refused it, if one did.
    #[n(21)]
    pub limit: Option<Box<LimitHit>>,
    /// What pays for it, when that is money from outside.
    #[n(22)]
    pub payment: Option<Payment>,
}

impl Order {
    /// The subscriber whose value is converted.
    pub fn subscriber(&self) -> SubscriberId {
        self.parties.first().copied().unwrap_or_default()
    }

    /// The day its limits count on.
    pub const fn day(&self) -> Day {
        self.requested_at.day()
    }

    /// The step at a place.
    pub fn step(&self, place: u8) -> Option<&Step> {
        self.steps.get(usize::from(place))
    }

    /// The steps with their places.
    pub fn numbered_steps(&self) -> impl DoubleEndedIterator<Item = (u8, &Step)> {
        self.steps.iter().enumerate().map(|(place, step)| (u8::try_from(place).unwrap_or(u8::MAX), step))
    }

    /// The order as it is when a fact admits it in record `sequence` at `now`.
    pub fn admitted(admission: &Admission, sequence: u64, now: Millis) -> Order {
        Order {
            id: admission.order,
            person: admission.person,
            parties: admission.parties.clone(),
            terms: admission.terms.clone(),
            requested_at: admission.requested_at,
            state: OrderState::Created,
            cause: Cause::Planned,
            refusal: None,
            refusal_detail: (0, 0),
            steps: admission.steps.iter().cloned().map(Step::planned).collect(),
            planned: u8::try_from(admission.steps.len()).unwrap_or(u8::MAX),
            unwinding: None,
            lots: admission.lots.clone(),
            quote: admission.quote.id,
            admitted_in: sequence,
            changed_in: sequence,
            admitted_at: now,
            changed_at: now,
            counts: admission.counts.clone(),
            limit: None,
            payment: admission.payment,
        }
    }

    /// The order as it is when a fact declines it in record `sequence` at `now`; `None` for any other fact.
    pub fn declined(fact: &Fact, sequence: u64, now: Millis) -> Option<Order> {
        let Fact::OrderDeclined {
            order,
            person,
            subscriber,
            product,
            amount,
            refusal,
            found,
            allowed,
            policy,
            requested_at,
            limit,
        } = fact
        else {
            return None;
        };
        let terms = Terms {
            product: *product,
            amount: *amount,
            fee: 0,
            fee_lines: Vec::new(),
            payout: 0,
            arrives_on: requested_at.day(),
            policy: *policy,
            drawn: 0,
            reward: None,
            learned: None,
        };
        Some(Order {
            id: *order,
            person: *person,
            parties: subscriber.iter().copied().collect(),
            terms,
            requested_at: *requested_at,
            state: OrderState::Declined,
            cause: Cause::Refused,
            refusal: Some(*refusal),
            refusal_detail: (*found, *allowed),
            steps: Vec::new(),
            planned: 0,
            unwinding: None,
            lots: Vec::new(),
            quote: QuoteId::default(),
            admitted_in: sequence,
            changed_in: sequence,
            admitted_at: now,
            changed_at: now,
            counts: Vec::new(),
            limit: limit.clone(),
            payment: None,
        })
    }

    /// Applies a fact about this order: the one place where an order changes, for state and decision alike.
    ///
    /// Returns whether the fact fits: a step it names is there.
    pub fn evolve(&mut self, fact: &Fact, sequence: u64, now: Millis) -> bool {
        self.changed_in = sequence;
        self.changed_at = now;
        match fact {
            Fact::StepPlanned { plan, .. } => self.steps.push(Step::planned(StepPlan::clone(plan))),
            Fact::OrderMoved { state, cause, .. } => {
                (self.state, self.cause) = (*state, *cause);
                if *state == OrderState::Suspended {
                    self.stop_way_forward();
                }
            }
            Fact::OrderUnwound { cause, .. } => {
                self.unwinding = Some(*cause);
                self.stop_way_forward();
            }
            Fact::ValueReturned { .. } => {
                self.lots.clear();
                self.counts.clear();
            }
            Fact::RewardWithdrawn { released, .. } => self.counts.retain(|count| !released.contains(count)),
            Fact::StepQueued { step, .. }
            | Fact::StepSent { step, .. }
            | Fact::StepUnknown { step, .. }
            | Fact::InquiryDeferred { step, .. }
            | Fact::StepDone { step, .. }
            | Fact::StepFailed { step, .. }
            | Fact::StepCompensated { step, .. }
            | Fact::StrayFound { step, .. } => {
                let Some(step) = self.steps.get_mut(usize::from(*step)) else { return false };
                step.evolve(fact, now);
            }
            Fact::SignalAbsorbed { .. }
            | Fact::KeyTaken { .. }
            | Fact::CodeHandedOut { .. }
            | Fact::OrderReviewed { .. } => {}
            Fact::AccountOpened { .. }
            | Fact::Posted { .. }
            | Fact::CreditsGranted { .. }
            | Fact::SubscriberRegistered { .. }
            | Fact::LotOpened { .. }
            | Fact::OrderAdmitted(_)
            | Fact::OrderDeclined { .. }
            | Fact::ApprovalProposed(_)
            | Fact::ApprovalActed { .. }
            | Fact::EndedLeaveAfter { .. }
            | Fact::OrderRecalled(_)
            | Fact::NumberPorted { .. }
            | Fact::LegalHoldPlaced { .. }
            | Fact::LegalHoldLifted { .. }
            | Fact::ErasureRequested { .. }
            | Fact::PersonErased { .. }
            | Fact::Revealed { .. }
            | Fact::StaffActed { .. }
            | Fact::StaffActRefused { .. }
            | Fact::AttackNoted { .. }
            | Fact::ComplaintFiled { .. }
            | Fact::ComplaintClosed { .. } => return false,
        }
        true
    }

    /// The step that waits for a reviewer, if the order does.
    pub fn awaits_review(&self) -> Option<u8> {
        let stands = self.state.is_end() || self.state == OrderState::Suspended || self.unwinding.is_some();
        let under_way = |step: &Step| match step.state {
            StepState::Sent | StepState::Unknown => true,
            StepState::Planned => step.due_at != Millis(0),
            StepState::Done | StepState::Failed | StepState::Compensated => false,
        };
        if stands || self.steps.iter().any(under_way) {
            return None;
        }
        let (place, step) = self.numbered_steps().find(|(_, step)| step.state == StepState::Planned)?;
        (step.plan.waits_for() == Some(Gate::Review)).then_some(place)
    }

    /// How far whom the order is for has been waited for; none when they are not asked.
    pub fn offer(&self) -> Option<Offer> {
        let step = self.steps.iter().find(|step| matches!(step.plan.due, Due::After(_)))?;
        let goes_on = !self.state.is_end() && self.state != OrderState::Suspended && self.unwinding.is_none();
        Some(match step.state {
            StepState::Planned if goes_on && step.attempt == 0 && step.due_at == Millis(0) => Offer::NotYet,
            StepState::Planned if goes_on && step.attempt == 0 => Offer::Until(step.due_at),
            _ => Offer::Over,
        })
    }

    /// Until when whom the order is for may decline it, while it waits for them.
    pub fn declinable_until(&self) -> Option<Millis> {
        match self.offer()? {
            Offer::Until(moment) => Some(moment),
            Offer::NotYet | Offer::Over => None,
        }
    }

    /// The steps that brought a code: one as a rule, and one for the rest of what came in part.
    pub fn code_steps(&self) -> impl Iterator<Item = (u8, &Step)> {
        self.numbered_steps().filter(|(_, step)| step.plan.action.leaves_code() && step.state == StepState::Done)
    }

    /// The reward that a campaign gives with the order, and how far it is.
    pub fn reward(&self) -> Option<(&Reward, RewardState)> {
        let reward = self.terms.reward.as_deref()?;
        let granting = || self.steps.iter().filter(|step| step.plan.action == Action::GrantReward);
        let state = match () {
            () if granting().all(|step| step.state == StepState::Done) => RewardState::Usable,
            () if self.unwinding.is_some() || granting().any(|step| step.state == StepState::Failed) => {
                RewardState::Withdrawn
            }
            () => RewardState::Promised,
        };
        Some((reward, state))
    }

    /// Whether a step leads forward: a step of the plan, or the rest of such a step that was done in part.
    pub fn leads_forward(&self, place: u8) -> bool {
        if place < self.planned {
            return true;
        }
        let Some((step, target)) = self.step(place).and_then(|step| Some((step, step.plan.target?))) else {
            return false;
        };
        let same = self.step(target.step).is_some_and(|done| done.plan.action == step.plan.action);
        same && target.step < place && self.leads_forward(target.step)
    }

    /// When an order unwinds or waits for a person, no step that leads forward leaves any more.
    fn stop_way_forward(&mut self) {
        let waits = |(place, step): &(u8, &Step)| step.state == StepState::Planned && self.leads_forward(*place);
        let stopped: Vec<u8> = self.numbered_steps().filter(waits).map(|(place, _)| place).collect();
        for place in stopped {
            self.steps[usize::from(place)].due_at = Millis(0);
        }
    }
}

/// The hold that a chain leaves open: its last one.
fn held(transfers: &[Transfer]) -> Option<TransferId> {
    let holds = transfers.iter().rev().find(|transfer| matches!(transfer.action, Move::Hold { .. }));
    holds.map(|transfer| transfer.id)
}
