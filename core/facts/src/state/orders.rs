//! How facts about orders touch the rest of the state: lots, limits, and the queues that steps stand in.

use super::{Broken, State};
use crate::{Admission, Fact, Millis, Order, OrderId, Partner, Step, StepState, SubscriberId};

/// Where a step stands in line: derived from the step alone, so that queues cannot disagree with orders.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Queued(Partner, Millis),
    Sent(Partner),
    Unknown(Partner, Millis),
    Nowhere,
}

impl Order {
    /// Whether it ended and none of its steps is queued, sent or asked about.
    pub fn is_at_rest(&self) -> bool {
        self.state.is_end() && self.steps.iter().all(|step| Standing::of(step) == Standing::Nowhere)
    }
}

impl Standing {
    fn of(step: &Step) -> Standing {
        let partner = step.plan.partner;
        match step.state {
            StepState::Planned if step.due_at != Millis(0) => Standing::Queued(partner, step.due_at),
            StepState::Sent => Standing::Sent(partner),
            StepState::Unknown => Standing::Unknown(partner, step.due_at),
            StepState::Planned | StepState::Done | StepState::Failed | StepState::Compensated => Standing::Nowhere,
        }
    }
}

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
        self.count_open(&admission.parties, |open| open.saturating_add(1));
        self.counters.add(&admission.counts);
        if admission.quote.expires_at != Millis(0) {
            self.quotes_used.insert((admission.quote.expires_at, admission.quote.id));
        }
        self.orders.insert(id, Order::admitted(admission, self.sequence, self.now));
        Ok(())
    }

    pub(super) fn decline(&mut self, fact: &Fact) -> Result<(), Broken> {
        let Some(declined) = Order::declined(fact, self.sequence, self.now) else { return Ok(()) };
        if self.orders.contains_key(&declined.id) {
            return Err(Broken::Order(declined.id));
        }
        self.orders.insert(declined.id, declined);
        Ok(())
    }

    pub(super) fn evolve_order(&mut self, fact: &Fact) -> Result<(), Broken> {
        let Some(id) = fact.order() else { return Ok(()) };
        if let Fact::ValueReturned { .. } = fact {
            self.return_value(id, fact)?;
        }
        if let Fact::RewardWithdrawn { released, .. } = fact {
            self.counters.release(released);
        }
        let (sequence, now) = (self.sequence, self.now);
        let order = self.orders.get_mut(&id).ok_or(Broken::Order(id))?;
        let was_open = !order.state.is_end();
        let before: Vec<Standing> = order.steps.iter().map(Standing::of).collect();
        if !order.evolve(fact, sequence, now) {
            return Err(Broken::Order(id));
        }
        let after = order.steps.iter().map(Standing::of);
        let moved = (0u8..).zip(before.into_iter().zip(after)).filter(|(_, (before, after))| before != after);
        // Mostly one, which needs no room of its own until it is there.
        let moved: Vec<_> = moved.collect();
        let is_open = !order.state.is_end();
        let parties = if was_open == is_open { Vec::new() } else { order.parties.clone() };
        for (place, (before, after)) in moved {
            self.step_out(before, id, place);
            self.stand_in(after, id, place);
        }
        if was_open != is_open {
            let moved = |open: u32| if is_open { open.saturating_add(1) } else { open.saturating_sub(1) };
            self.count_open(&parties, moved);
        }
        Ok(())
    }

    /// An order of these began or ended. A receiver need not be registered.
    fn count_open(&mut self, parties: &[SubscriberId], moved: impl Fn(u32) -> u32) {
        for party in parties {
            if let Some(subscriber) = self.subscribers.get_mut(party) {
                subscriber.open_orders = moved(subscriber.open_orders);
                subscriber.active_at = self.now;
            }
        }
    }

    fn return_value(&mut self, id: OrderId, fact: &Fact) -> Result<(), Broken> {
        let Fact::ValueReturned { released, .. } = fact else { return Ok(()) };
        let order = self.orders.get(&id).ok_or(Broken::Order(id))?;
        let holder = order.subscriber();
        let subscriber = self.subscribers.get_mut(&holder).ok_or(Broken::Subscriber(holder))?;
        subscriber.give_back(&order.lots);
        self.counters.release(released);
        Ok(())
    }

    fn step_out(&mut self, standing: Standing, id: OrderId, place: u8) {
        match standing {
            Standing::Queued(partner, due_at) => {
                self.queued.entry(partner).or_default().remove(&(due_at, id, place));
                let load = self.loads.entry(partner).or_default();
                load.queued = load.queued.saturating_sub(1);
            }
            Standing::Sent(partner) => {
                self.sent.remove(&(id, place));
                let load = self.loads.entry(partner).or_default();
                load.in_flight = load.in_flight.saturating_sub(1);
            }
            Standing::Unknown(partner, due_at) => {
                self.unknown.entry(partner).or_default().remove(&(due_at, id, place));
            }
            Standing::Nowhere => {}
        }
    }

    fn stand_in(&mut self, standing: Standing, id: OrderId, place: u8) {
        match standing {
            Standing::Queued(partner, due_at) => {
                self.queued.entry(partner).or_default().insert((due_at, id, place));
                let load = self.loads.entry(partner).or_default();
                load.queued = load.queued.saturating_add(1);
            }
            Standing::Sent(partner) => {
                self.sent.insert((id, place));
                let load = self.loads.entry(partner).or_default();
                load.in_flight = load.in_flight.saturating_add(1);
            }
            Standing::Unknown(partner, due_at) => {
                self.unknown.entry(partner).or_default().insert((due_at, id, place));
            }
            Standing::Nowhere => {}
        }
    }
}
