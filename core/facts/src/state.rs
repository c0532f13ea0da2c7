//! The state: the fold of all facts. `apply` touches and never refuses for a business reason; an error
//! means that journal and state disagree, and the writer must stop.

mod leaving;
mod orders;

use crate::fact::KeyUse;
use crate::keys::Keys;
use crate::{
    AccountName, Actor, ActorKind, ApprovalId, Approvals, ComplaintId, Complaints, Counters, Custody, Fact, Hash,
    Key16, Lot, Millis, OpenRecord, Order, OrderId, Partner, PartnerLoad, PersonId, QuoteId, Subscriber, SubscriberId,
};
use core::fmt;
use ledger::{AccountId, Ledger, Refused};
use minicbor::{Decode, Encode};
use money::{Asset, Telco};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A moment at which a step of an order is due, in the order in which they come.
type DueStep = (Millis, OrderId, u8);

/// Everything the core knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct State {
    #[n(0)]
    sequence: u64,
    #[n(1)]
    now: Millis,
    #[n(2)]
    ledger: Ledger,
    #[n(3)]
    chart: BTreeMap<(AccountName, Asset), AccountId>,
    #[n(4)]
    subscribers: BTreeMap<SubscriberId, Subscriber>,
    #[n(6)]
    orders: BTreeMap<OrderId, Order>,
    #[n(7)]
    keys: Keys,
    #[n(8)]
    quotes_used: BTreeSet<(Millis, QuoteId)>,
    #[n(9)]
    loads: BTreeMap<Partner, PartnerLoad>,
    #[n(10)]
    queued: BTreeMap<Partner, BTreeSet<DueStep>>,
    #[n(11)]
    unknown: BTreeMap<Partner, BTreeSet<DueStep>>,
    #[n(12)]
    sent: BTreeSet<(OrderId, u8)>,
    #[n(13)]
    counters: Counters,
    #[n(14)]
    approvals: Approvals,
    #[n(40)]
    leaving: leaving::Leaving,
    #[n(50)]
    custody: Custody,
    #[n(80)]
    complaints: Complaints,
}

/// Journal and state disagree. The writer stops; nothing is guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A record is not the next one.
    Sequence {
        /// The sequence that was due.
        expected: u64,
        /// The sequence that came.
        found: u64,
    },
    /// A fact is about an order that is not there, or is there already.
    Order(OrderId),
    /// A fact is about a step that is not there.
    Step(OrderId, u8),
    /// A fact is about a subscriber that is not there, or takes what is not there.
    Subscriber(SubscriberId),
    /// A fact does not fit a change that two people make.
    Approval(ApprovalId),
    /// A fact does not fit what is held about a person.
    Person(PersonId),
    /// A fact does not fit a complaint.
    Complaint(ComplaintId),
    /// An account's handle is not the next one.
    Account(AccountId),
    /// The ledger refuses a posting that was decided.
    Posting(Refused),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Sequence { expected, found } => write!(f, "expected record {expected}, found {found}"),
            Broken::Order(order) => write!(f, "a fact does not fit order {order}"),
            Broken::Step(order, step) => write!(f, "a fact does not fit step {step} of order {order}"),
            Broken::Subscriber(subscriber) => write!(f, "a fact does not fit subscriber {subscriber}"),
            Broken::Approval(approval) => write!(f, "a fact does not fit approval {approval}"),
            Broken::Person(person) => write!(f, "a fact does not fit person {person}"),
            Broken::Complaint(complaint) => write!(f, "a fact does not fit complaint {complaint}"),
            Broken::Account(account) => write!(f, "account {} is not the next one", account.number()),
            Broken::Posting(refused) => {
                write!(f, "posting {} of a decided chain is refused: {}", refused.index, refused.refusal)
            }
        }
    }
}

impl core::error::Error for Broken {}

impl State {
    /// Sequence of the last record applied; 0 before the first.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Node time of the last record applied.
    pub const fn now(&self) -> Millis {
        self.now
    }

    /// The books.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The changes that two people make.
    pub const fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    /// What is held about persons, and until when.
    pub const fn custody(&self) -> &Custody {
        &self.custody
    }

    /// What subscribers complained of.
    pub const fn complaints(&self) -> &Complaints {
        &self.complaints
    }

    /// A person's numbers.
    pub fn subscribers_of(&self, person: PersonId) -> impl Iterator<Item = &Subscriber> {
        self.custody.numbers_of(person).filter_map(|id| self.subscribers.get(&id))
    }

    /// The account with this name that holds this asset.
    pub fn account(&self, name: AccountName, asset: Asset) -> Option<AccountId> {
        self.chart.get(&(name, asset)).copied()
    }

    /// The chart of accounts.
    pub fn chart(&self) -> impl Iterator<Item = (AccountName, Asset, AccountId)> {
        self.chart.iter().map(|((name, asset), account)| (*name, *asset, *account))
    }

    /// A subscriber.
    pub fn subscriber(&self, id: SubscriberId) -> Option<&Subscriber> {
        self.subscribers.get(&id)
    }

    /// How many subscribers are registered.
    pub fn subscriber_count(&self) -> usize {
        self.subscribers.len()
    }

    /// What has been used of limits.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// An order, unless it ended and left memory.
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(&id)
    }

    /// Every order in memory, in id order.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// What a client's key was used for.
    pub fn key(&self, key: Key16) -> Option<KeyUse> {
        self.keys.get(key)
    }

    /// What the keys of orders take in memory, in bytes: the one thing that grows with history.
    pub fn key_bytes(&self) -> usize {
        self.keys.bytes()
    }

    /// Whether a quote was taken.
    pub fn quote_used(&self, id: QuoteId, expires_at: Millis) -> bool {
        self.quotes_used.contains(&(expires_at, id))
    }

    /// How busy a partner is.
    pub fn load(&self, partner: Partner) -> PartnerLoad {
        self.loads.get(&partner).copied().unwrap_or_default()
    }

    /// The planned steps of a partner by due time.
    pub fn queued(&self, partner: Partner) -> impl Iterator<Item = DueStep> {
        self.queued.get(&partner).into_iter().flatten().copied()
    }

    /// The unknown steps of a partner by the time of their next inquiry.
    pub fn unknown(&self, partner: Partner) -> impl Iterator<Item = DueStep> {
        self.unknown.get(&partner).into_iter().flatten().copied()
    }

    /// The steps that were sent and not answered.
    pub fn sent(&self) -> impl Iterator<Item = (OrderId, u8)> {
        self.sent.iter().copied()
    }

    /// The first moment at which anything is due.
    pub fn next_due(&self) -> Option<Millis> {
        let sets = self.queued.values().chain(self.unknown.values());
        let steps = sets.filter_map(|set| set.first()).map(|(due_at, _, _)| *due_at);
        let others = [self.approvals.next_expiry().map(|(at, _)| at), self.custody.next_due().map(|(at, _)| at)];
        steps.chain(others.into_iter().flatten()).min()
    }

    /// A digest of the whole state: equal on two machines that applied the same records.
    pub fn digest(&self) -> Hash {
        // Writing to a vector cannot fail.
        Hash(Sha256::digest(minicbor::to_vec(self).unwrap_or_default()).into())
    }

    /// Applies the next record.
    ///
    /// Errors: any [`Broken`]; the state is then unusable and the writer must stop.
    pub fn apply(&mut self, record: &OpenRecord) -> Result<(), Broken> {
        let expected = self.sequence + 1;
        if record.sequence != expected {
            return Err(Broken::Sequence { expected, found: record.sequence });
        }
        self.sequence = record.sequence;
        self.now = self.now.max(record.meta.now);
        self.forget_expired_quotes();
        record.facts.iter().try_for_each(|fact| self.evolve(fact, &record.meta.actor))?;
        self.leave_ended(record);
        Ok(())
    }

    fn evolve(&mut self, fact: &Fact, by: &Actor) -> Result<(), Broken> {
        self.ledger.apply(fact.transfers()).map_err(Broken::Posting)?;
        match fact {
            Fact::AccountOpened { account, name, asset, bound } => {
                if self.ledger.open(*asset, *bound) != *account {
                    return Err(Broken::Account(*account));
                }
                self.chart.insert((*name, *asset), *account);
                Ok(())
            }
            Fact::Posted { .. } => Ok(()),
            Fact::CreditsGranted { partner, window } => {
                self.loads.entry(*partner).or_default().window = *window;
                Ok(())
            }
            Fact::SubscriberRegistered { .. } => self.register(fact, by),
            Fact::LotOpened { subscriber, number, provenance, amount, at, payment } => {
                let (number, provenance, payment) = (*number, *provenance, *payment);
                let lot = Lot { number, provenance, remaining: *amount, opened_at: *at, payment };
                self.open_lot(*subscriber, lot)
            }
            Fact::NumberPorted { subscriber, telco } => self.port(*subscriber, *telco),
            Fact::KeyTaken { key, used } => {
                self.keys.insert(*key, *used);
                Ok(())
            }
            Fact::OrderAdmitted(admission) => self.admit(admission),
            Fact::OrderDeclined { .. } => self.decline(fact),
            Fact::EndedLeaveAfter { stay_ms } => {
                self.let_ended_leave(*stay_ms);
                Ok(())
            }
            Fact::OrderRecalled(order) => self.recall(order),
            Fact::ApprovalProposed(approval) => self.evolve_approval(approval.id, fact),
            Fact::ApprovalActed { approval, .. } => self.evolve_approval(*approval, fact),
            Fact::LegalHoldPlaced { person, .. }
            | Fact::LegalHoldLifted { person, .. }
            | Fact::ErasureRequested { person, .. }
            | Fact::PersonErased { person } => self.evolve_custody(*person, fact),
            Fact::ComplaintFiled { complaint, .. } | Fact::ComplaintClosed { complaint, .. } => {
                let fits = self.complaints.evolve(fact, by, self.now);
                if fits { Ok(()) } else { Err(Broken::Complaint(*complaint)) }
            }
            // They change nothing but what is known about who looked, who did what, and who tried.
            Fact::Revealed { .. }
            | Fact::StaffActed { .. }
            | Fact::StaffActRefused { .. }
            | Fact::AttackNoted { .. } => Ok(()),
            Fact::StepPlanned { .. }
            | Fact::StepQueued { .. }
            | Fact::StepSent { .. }
            | Fact::StepUnknown { .. }
            | Fact::InquiryDeferred { .. }
            | Fact::StepDone { .. }
            | Fact::StepFailed { .. }
            | Fact::StepCompensated { .. }
            | Fact::StrayFound { .. }
            | Fact::SignalAbsorbed { .. }
            | Fact::OrderMoved { .. }
            | Fact::OrderUnwound { .. }
            | Fact::ValueReturned { .. }
            | Fact::RewardWithdrawn { .. }
            | Fact::CodeHandedOut { .. }
            | Fact::OrderReviewed { .. } => self.evolve_order(fact),
        }
    }

    fn open_lot(&mut self, subscriber: SubscriberId, lot: Lot) -> Result<(), Broken> {
        let holder = self.subscribers.get_mut(&subscriber).ok_or(Broken::Subscriber(subscriber))?;
        holder.next_lot = lot.number + 1;
        holder.active_at = self.now;
        holder.lots.push(lot);
        Ok(())
    }

    fn port(&mut self, subscriber: SubscriberId, telco: Telco) -> Result<(), Broken> {
        let ported = self.subscribers.get_mut(&subscriber).ok_or(Broken::Subscriber(subscriber))?;
        ported.telco = telco;
        ported.lots.clear();
        Ok(())
    }

    fn register(&mut self, fact: &Fact, by: &Actor) -> Result<(), Broken> {
        let Fact::SubscriberRegistered { subscriber, person, telco, province, own_card, credit_card } = fact else {
            return Ok(());
        };
        let registered = Subscriber {
            id: *subscriber,
            person: *person,
            telco: *telco,
            province: *province,
            own_card: *own_card,
            credit_card: *credit_card,
            lots: Vec::new(),
            next_lot: 0,
            partner: if by.kind == ActorKind::Partner { by.id } else { Key16::default() },
            open_orders: 0,
            active_at: self.now,
        };
        self.custody.register(*person, *subscriber);
        self.subscribers.insert(*subscriber, registered);
        Ok(())
    }

    fn evolve_approval(&mut self, id: ApprovalId, fact: &Fact) -> Result<(), Broken> {
        if self.approvals.evolve(fact, self.sequence, self.now) { Ok(()) } else { Err(Broken::Approval(id)) }
    }

    fn evolve_custody(&mut self, person: PersonId, fact: &Fact) -> Result<(), Broken> {
        if self.custody.evolve(fact, self.sequence, self.now) { Ok(()) } else { Err(Broken::Person(person)) }
    }

    /// A quote that has expired is refused for that reason alone, so that it was taken can be forgotten.
    fn forget_expired_quotes(&mut self) {
        while let Some((expires_at, _)) = self.quotes_used.first()
            && *expires_at < self.now
        {
            self.quotes_used.pop_first();
        }
    }
}
