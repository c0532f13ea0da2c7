//! One order as it would be: facts are gathered and applied to a copy, so that each next one sees the last.

use crate::command::{Decision, Reply, Rules};
use crate::contract::Contract;
use facts::{
    CallRef, Cause, Due, Fact, Gate, Meta, Millis, Nature, Necessity, Order, OrderId, OrderState, Partner, State, Step,
    StepPlan, StepState,
};
use ledger::{Action as Move, Entry, Transfer, TransferId};

/// How many transfers one record may carry: ten bits of a transfer's id.
const TRANSFERS_PER_RECORD: u64 = 1 << 10;

/// How many steps an order may come to have, so that a place is one byte and a record's transfers suffice.
const STEPS_MOST: u8 = 200;

pub(crate) struct Draft<'a> {
    pub(crate) state: &'a State,
    pub(crate) rules: &'a Rules,
    pub(crate) now: Millis,
    pub(crate) order: Order,
    facts: Vec<Fact>,
    next_transfer: u64,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(state: &'a State, rules: &'a Rules, meta: &Meta, order: Order) -> Draft<'a> {
        let next_transfer = first_transfer(state);
        let now = state.now().max(meta.now);
        Draft { state, rules, now, order, facts: Vec::new(), next_transfer }
    }

    /// Facts that come before those about the order, such as the opening of an account.
    pub(crate) fn precede(&mut self, facts: Vec<Fact>) {
        self.facts.splice(0..0, facts);
    }

    pub(crate) fn add(&mut self, fact: Fact) {
        self.order.evolve(&fact, self.state.sequence() + 1, self.now);
        self.facts.push(fact);
    }

    /// A fact that belongs with the others and changes nothing about the order.
    pub(crate) fn add_beside(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    pub(crate) fn id(&self) -> OrderId {
        self.order.id
    }

    pub(crate) fn step(&self, place: u8) -> Option<Step> {
        self.order.step(place).cloned()
    }

    pub(crate) fn contract(&self, partner: Partner) -> &'a Contract {
        self.rules.contracts.of(partner)
    }

    pub(crate) fn moved(&mut self, state: OrderState, cause: Cause) {
        if self.order.state != state || self.order.cause != cause {
            self.add(Fact::OrderMoved { order: self.id(), state, cause });
        }
    }

    /// Sets the order aside for a person. A cause that asking alone does not resolve is kept.
    pub(crate) fn suspend(&mut self, cause: Cause) {
        if self.order.state != OrderState::Suspended || self.order.cause == Cause::Exhausted {
            self.moved(OrderState::Suspended, cause);
        }
    }

    pub(crate) fn transfer(&mut self, action: Move) -> Transfer {
        let id = TransferId::new(self.next_transfer);
        self.next_transfer += 1;
        Transfer { id, action }
    }

    pub(crate) fn posts(&mut self, entries: &[Entry]) -> Vec<Transfer> {
        entries.iter().map(|entry| self.transfer(Move::Post(*entry))).collect()
    }

    fn hold(&mut self, entry: Option<Entry>) -> Vec<Transfer> {
        entry.map(|entry| self.transfer(Move::Hold { entry, expires_at: 0 })).into_iter().collect()
    }

    /// Gives back the step's open hold.
    pub(crate) fn void(&mut self, step: &Step) -> Vec<Transfer> {
        step.hold.map(|hold| self.transfer(Move::VoidHold { hold })).into_iter().collect()
    }

    /// Moves the step's hold against the in-doubt account.
    pub(crate) fn doubt(&mut self, step: &Step) -> Vec<Transfer> {
        let mut transfers = self.void(step);
        transfers.extend(self.hold(step.plan.doubt));
        transfers
    }

    /// Books what a step truly did: its movement, what always goes with it, and what goes with all of it.
    pub(crate) fn settle(&mut self, step: &Step, amount: u64) -> Vec<Transfer> {
        let mut transfers = self.settle_movement(step, amount);
        transfers.extend(self.posts(&step.plan.always));
        if amount == step.plan.amount {
            transfers.extend(self.posts(&step.plan.exact));
        }
        transfers
    }

    fn settle_movement(&mut self, step: &Step, amount: u64) -> Vec<Transfer> {
        let Some(clear) = step.plan.clear else { return Vec::new() };
        match step.hold {
            Some(hold) if step.state == StepState::Sent && (1..=clear.amount).contains(&amount) => {
                vec![self.transfer(Move::PostHold { hold, amount })]
            }
            Some(_) | None => {
                let mut transfers = self.void(step);
                if amount > 0 {
                    transfers.push(self.transfer(Move::Post(Entry { amount, ..clear })));
                }
                transfers
            }
        }
    }

    /// Appends a step and lets it go at once; an order with too many of them is left to a person.
    pub(crate) fn append(&mut self, plan: StepPlan) {
        let place = u8::try_from(self.order.steps.len()).ok().filter(|place| *place < STEPS_MOST);
        let Some(place) = place else { return self.suspend(Cause::Exhausted) };
        self.add(Fact::StepPlanned { order: self.id(), plan: Box::new(plan) });
        self.let_go(place, self.now);
    }

    /// Lets a step go: at once against a free credit, else from its partner's queue when it is due.
    pub(crate) fn let_go(&mut self, place: u8, due_at: Millis) {
        let Some(step) = self.step(place) else { return };
        let due_at = due_at.max(Millis(1));
        let partner = step.plan.partner;
        let mut queue = self.state.queued(partner);
        let first_in_line = queue.next().is_none_or(|(first, order, _)| first > self.now || order == self.id());
        if due_at <= self.now && first_in_line && self.has_credit(partner) {
            return self.send(place);
        }
        self.add(Fact::StepQueued { order: self.id(), step: place, due_at });
    }

    /// Whether one more request may leave: what this draft sent or ended counts already.
    pub(crate) fn has_credit(&self, partner: Partner) -> bool {
        let load = self.state.load(partner);
        let before = self.state.order(self.id()).map_or(0, |order| sent_to(order, partner));
        let in_flight = load.in_flight.saturating_add(sent_to(&self.order, partner)).saturating_sub(before);
        in_flight < load.window
    }

    /// Sends a step: durable before the request leaves.
    pub(crate) fn send(&mut self, place: u8) {
        let Some(step) = self.step(place) else { return };
        let transfers = self.hold(step.plan.clear);
        let attempt = step.attempt.saturating_add(1);
        self.add(Fact::StepSent { order: self.id(), step: place, attempt, transfers });
    }

    /// Lets the first step forward go that has not ended, when nothing else is open, and says where the order stands.
    pub(crate) fn advance(&mut self) {
        if !self.order.state.is_end() && self.order.state != OrderState::Suspended {
            self.next_step();
        }
        self.tell_stage();
    }

    fn next_step(&mut self) {
        if self.order.steps.iter().any(is_under_way) {
            return;
        }
        if self.order.unwinding.is_some() {
            return self.finish_unwinding();
        }
        let planned = self.order.numbered_steps().filter(|(_, step)| step.state == StepState::Planned);
        let waiting: Vec<(u8, Necessity, Option<Gate>)> =
            planned.map(|(place, step)| (place, step.plan.necessity, step.plan.waits_for())).collect();
        // What is optional keeps no order from its end: it goes on beside it.
        if waiting.iter().all(|(_, necessity, _)| *necessity == Necessity::Optional) {
            self.moved(OrderState::Settled, Cause::Planned);
            return waiting.into_iter().for_each(|(place, _, _)| self.let_go_when_due(place));
        }
        match waiting.first() {
            Some((place, _, None)) => self.let_go_when_due(*place),
            Some((_, _, Some(Gate::Review))) | None => {}
        }
    }

    /// Lets a step go whose turn has come, for when its plan says.
    pub(crate) fn let_go_when_due(&mut self, place: u8) {
        let Some(step) = self.step(place) else { return };
        match step.plan.due {
            Due::AtOnce | Due::OnReview => self.let_go(place, self.now),
            Due::At(moment) => self.let_go(place, moment),
            Due::After(wait) => self.let_go(place, self.now.plus(wait)),
        }
    }

    /// The public state of an order that goes on follows from its steps.
    fn tell_stage(&mut self) {
        if self.order.state.is_end() || self.order.state == OrderState::Suspended {
            return;
        }
        let paying = self.order.steps.iter().any(|step| {
            step.plan.action.nature() == Nature::Delivers && matches!(step.state, StepState::Sent | StepState::Unknown)
        });
        let waiting = self.order.steps.iter().any(|step| step.state == StepState::Planned && step.due_at > self.now);
        let asked = self.order.steps.iter().any(|step| step.attempt > 0);
        let taken = self.order.steps.iter().any(|step| takes_value(step) && step.state == StepState::Done);
        let stage = match self.order.unwinding {
            Some(_) => OrderState::Executing,
            None if self.order.awaits_review().is_some() => OrderState::InReview,
            None if paying => OrderState::Paying,
            None if taken && waiting => OrderState::Clearing,
            None if asked => OrderState::Executing,
            None => OrderState::Created,
        };
        let cause = self.order.unwinding.unwrap_or(Cause::Planned);
        self.moved(stage, cause);
    }

    /// The decision, unless the books refuse it: then the order is set aside and nothing else happens.
    pub(crate) fn into_decision(self, reply: Reply) -> Decision {
        let chain: Vec<Transfer> = self.facts.iter().flat_map(Fact::transfers).copied().collect();
        let opens_account = self.facts.iter().any(|fact| matches!(fact, Fact::AccountOpened { .. }));
        // An account that opens in this record has no sums yet, and no plan books on it while it is admitted.
        if opens_account || self.state.ledger().check(&chain).is_ok() {
            return Decision { facts: self.facts, reply };
        }
        let Some(order) = self.state.order(self.order.id).cloned() else { return Decision::only(Reply::NotNow) };
        let (facts, next_transfer) = (Vec::new(), first_transfer(self.state));
        Draft { order, facts, next_transfer, ..self }.set_aside(Cause::BooksRefused)
    }

    /// The order waits for a person and everything open waits a while: what was asked is in doubt, so that the
    /// answer that could not be taken in now is asked for again.
    pub(crate) fn set_aside(mut self, cause: Cause) -> Decision {
        self.suspend(cause);
        let open: Vec<(u8, Step)> =
            self.order.numbered_steps().filter(|(_, step)| is_under_way(step)).map(|(at, s)| (at, s.clone())).collect();
        for (step, known) in open {
            let (order, later) = (self.id(), self.now.plus(self.contract(known.plan.partner).inquire_at_most_every_ms));
            match known.state {
                StepState::Sent => {
                    let transfers = self.doubt(&known);
                    self.add(Fact::StepUnknown { order, step, cause, inquire_at: later, transfers });
                }
                StepState::Unknown => self.add(Fact::InquiryDeferred { order, step, cause, inquire_at: later }),
                _ => self.add(Fact::StepQueued { order, step, due_at: later }),
            }
        }
        let reply = if self.facts.is_empty() { Reply::Nothing } else { Reply::Done };
        Decision { facts: self.facts, reply }
    }
}

/// How many requests of an order are under way at a partner.
fn sent_to(order: &Order, partner: Partner) -> u32 {
    let sent = |step: &&Step| step.state == StepState::Sent && step.plan.partner == partner;
    u32::try_from(order.steps.iter().filter(sent).count()).unwrap_or(u32::MAX)
}

const fn first_transfer(state: &State) -> u64 {
    (state.sequence() + 1) * TRANSFERS_PER_RECORD
}

/// Whether a step was let go and has not ended.
pub(crate) fn is_under_way(step: &Step) -> bool {
    match step.state {
        StepState::Sent | StepState::Unknown => true,
        StepState::Planned => step.due_at != Millis(0),
        StepState::Done | StepState::Failed | StepState::Compensated => false,
    }
}

pub(crate) fn takes_value(step: &Step) -> bool {
    step.plan.action.nature().takes()
}

pub(crate) fn call_of(order: OrderId, place: u8, step: &Step) -> CallRef {
    CallRef { order, step: place, attempt: step.attempt }
}
