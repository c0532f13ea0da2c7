//! How facts move an order, its steps, and the queues they stand in.

use super::{Broken, State};
use crate::{
    Admission, Cause, Fact, Millis, Order, OrderId, OrderState, Partner, Step, StepPlan, StepState, Terms, Usage,
};
use ledger::{Action as Move, Transfer, TransferId};

impl State {
    pub(super) fn admit(&mut self, admission: &Admission) -> Result<(), Broken> {
        let id = admission.order;
        if self.orders.contains_key(&id) {
            return Err(Broken::Order(id));
        }
        let holder = admission.parties.first().copied().unwrap_or_default();
        let subscriber = self.subscribers.get_mut(&holder).ok_or(Broken::Subscriber(holder))?;
        if !subscriber.take(&admission.lots) {
            return Err(Broken::Subscriber(holder));
        }
        let usage = self.usage.entry((admission.person, admission.requested_at.day())).or_default();
        usage.total = usage.total.saturating_add(admission.counts_total);
        usage.refund = usage.refund.saturating_add(admission.counts_refund);
        if admission.quote.expires_at != Millis(0) {
            self.quotes_used.insert((admission.quote.expires_at, admission.quote.id));
        }
        let order = Order {
            id,
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
            admitted_in: self.sequence,
            changed_in: self.sequence,
            admitted_at: self.now,
            changed_at: self.now,
        };
        self.orders.insert(id, order);
        Ok(())
    }

    pub(super) fn decline(&mut self, fact: &Fact) -> Result<(), Broken> {
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
        } = fact
        else {
            return Ok(());
        };
        if self.orders.contains_key(order) {
            return Err(Broken::Order(*order));
        }
        let terms = Terms {
            product: *product,
            amount: *amount,
            fee: 0,
            fee_lines: Vec::new(),
            payout: 0,
            arrives_on: requested_at.day(),
            policy: *policy,
        };
        let declined = Order {
            id: *order,
            person: *person,
            parties: vec![*subscriber],
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
            quote: Default::default(),
            admitted_in: self.sequence,
            changed_in: self.sequence,
            admitted_at: self.now,
            changed_at: self.now,
        };
        self.orders.insert(*order, declined);
        Ok(())
    }

    pub(super) fn evolve_order(&mut self, fact: &Fact) -> Result<(), Broken> {
        let Some(id) = fact.order() else { return Ok(()) };
        let (sequence, now) = (self.sequence, self.now);
        let order = self.orders.get_mut(&id).ok_or(Broken::Order(id))?;
        order.changed_in = sequence;
        order.changed_at = now;
        match fact {
            Fact::StepPlanned { plan, .. } => order.steps.push(Step::planned(StepPlan::clone(plan))),
            Fact::OrderMoved { state, cause, .. } => {
                order.state = *state;
                order.cause = *cause;
            }
            Fact::OrderUnwound { cause, .. } => {
                order.unwinding = Some(*cause);
                self.unqueue_forward_steps(id)?;
            }
            Fact::ValueReturned { day, total, refund, .. } => {
                let (holder, person, lots) = (order.subscriber(), order.person, core::mem::take(&mut order.lots));
                if let Some(subscriber) = self.subscribers.get_mut(&holder) {
                    subscriber.give_back(&lots);
                }
                let usage = self.usage.entry((person, *day)).or_default();
                *usage =
                    Usage { total: usage.total.saturating_sub(*total), refund: usage.refund.saturating_sub(*refund) };
            }
            Fact::StepQueued { step, due_at, .. } => self.queue(id, *step, *due_at)?,
            Fact::StepSent { step, attempt, transfers, .. } => self.send(id, *step, *attempt, transfers)?,
            Fact::StepUnknown { step, inquire_at, transfers, .. } => {
                self.leave(id, *step)?;
                let step_state = self.step_mut(id, *step)?;
                step_state.state = StepState::Unknown;
                step_state.hold = held(transfers);
                self.inquire(id, *step, *inquire_at)?;
            }
            Fact::InquiryDeferred { step, inquire_at, .. } => {
                self.leave(id, *step)?;
                self.step_mut(id, *step)?.inquiries += 1;
                self.inquire(id, *step, *inquire_at)?;
            }
            Fact::StepDone { step, amount, external, .. } => {
                self.leave(id, *step)?;
                let step_state = self.step_mut(id, *step)?;
                step_state.state = StepState::Done;
                step_state.hold = None;
                step_state.done = *amount;
                step_state.external.clone_from(external);
            }
            Fact::StepFailed { step, .. } => {
                self.leave(id, *step)?;
                let step_state = self.step_mut(id, *step)?;
                step_state.state = StepState::Failed;
                step_state.hold = None;
            }
            Fact::StepCompensated { step, .. } => self.step_mut(id, *step)?.state = StepState::Compensated,
            _ => {}
        }
        Ok(())
    }

    fn step_mut(&mut self, id: OrderId, step: u8) -> Result<&mut Step, Broken> {
        let order = self.orders.get_mut(&id).ok_or(Broken::Order(id))?;
        order.steps.get_mut(usize::from(step)).ok_or(Broken::Step(id, step))
    }

    /// Takes a step out of whichever queue its state says it stands in.
    fn leave(&mut self, id: OrderId, place: u8) -> Result<(), Broken> {
        let step = self.step_mut(id, place)?;
        let (partner, state) = (step.plan.partner, step.state);
        let due_at = core::mem::take(&mut step.due_at);
        match state {
            StepState::Planned | StepState::Failed => {
                if self.queued.entry(partner).or_default().remove(&(due_at, id, place)) {
                    self.count_queued(partner, |queued| queued.saturating_sub(1));
                }
            }
            StepState::Sent => {
                if self.sent.remove(&(id, place)) {
                    let load = self.loads.entry(partner).or_default();
                    load.in_flight = load.in_flight.saturating_sub(1);
                }
            }
            StepState::Unknown => {
                self.unknown.entry(partner).or_default().remove(&(due_at, id, place));
            }
            StepState::Done | StepState::Compensated => {}
        }
        Ok(())
    }

    fn queue(&mut self, id: OrderId, place: u8, due_at: Millis) -> Result<(), Broken> {
        self.leave(id, place)?;
        let step = self.step_mut(id, place)?;
        step.state = StepState::Planned;
        step.due_at = due_at;
        let partner = step.plan.partner;
        self.queued.entry(partner).or_default().insert((due_at, id, place));
        self.count_queued(partner, |queued| queued.saturating_add(1));
        Ok(())
    }

    fn send(&mut self, id: OrderId, place: u8, attempt: u8, transfers: &[Transfer]) -> Result<(), Broken> {
        self.leave(id, place)?;
        let now = self.now;
        let step = self.step_mut(id, place)?;
        step.state = StepState::Sent;
        step.attempt = attempt;
        step.sent_at = now;
        step.inquiries = 0;
        step.hold = held(transfers);
        let partner = step.plan.partner;
        self.sent.insert((id, place));
        let load = self.loads.entry(partner).or_default();
        load.in_flight = load.in_flight.saturating_add(1);
        Ok(())
    }

    fn inquire(&mut self, id: OrderId, place: u8, at: Millis) -> Result<(), Broken> {
        let step = self.step_mut(id, place)?;
        step.due_at = at;
        let partner = step.plan.partner;
        self.unknown.entry(partner).or_default().insert((at, id, place));
        Ok(())
    }

    /// When an order unwinds, what was still planned of its way forward is given up.
    fn unqueue_forward_steps(&mut self, id: OrderId) -> Result<(), Broken> {
        let planned = self.orders.get(&id).ok_or(Broken::Order(id))?.planned;
        for place in 0..planned {
            let waiting = self.step_mut(id, place)?.state == StepState::Planned;
            if waiting {
                self.leave(id, place)?;
            }
        }
        Ok(())
    }

    fn count_queued(&mut self, partner: Partner, change: impl FnOnce(u32) -> u32) {
        let load = self.loads.entry(partner).or_default();
        load.queued = change(load.queued);
    }
}

/// The hold that a chain leaves open: its last one.
fn held(transfers: &[Transfer]) -> Option<TransferId> {
    let holds = transfers.iter().rev().find(|transfer| matches!(transfer.action, Move::Hold { .. }));
    holds.map(|transfer| transfer.id)
}
