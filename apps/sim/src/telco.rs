//! A telco with books of its own.

use crate::chance::Chance;
use crate::counterparty::{Counterparty, Office};
use crate::options::Faults;
use crate::register::Line;
use exchange::Answer;
use facts::{Action, Millis, Nature, OrderId, SubscriberId};
use node::Ask;
use partners::Movement;
use std::collections::BTreeMap;

/// What a number has at its telco. A billing run may take it below zero.
struct Bucket {
    remaining: i128,
    closed: bool,
}

struct Reservation {
    order: OrderId,
    subscriber: SubscriberId,
    amount: u64,
}

/// What a telco says it did for one order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TelcoSums {
    /// Taken less given back.
    pub(crate) taken: i128,
    /// Set aside and neither taken nor released.
    pub(crate) reserved: i128,
    /// Moved from one subscriber to another.
    pub(crate) transferred: i128,
}

/// A telco.
pub(crate) struct SimTelco {
    can_reserve: bool,
    buckets: BTreeMap<SubscriberId, Bucket>,
    reservations: BTreeMap<String, Reservation>,
    office: Office,
}

impl SimTelco {
    pub(crate) fn new(can_reserve: bool, chance: Chance, faults: Faults) -> SimTelco {
        SimTelco {
            can_reserve,
            buckets: BTreeMap::new(),
            reservations: BTreeMap::new(),
            office: Office::new(chance, faults),
        }
    }

    pub(crate) fn open(&mut self, subscriber: SubscriberId, remaining: u64, closed: bool) {
        self.buckets.insert(subscriber, Bucket { remaining: i128::from(remaining), closed });
    }

    /// What it did, order by order, out of its own lines.
    pub(crate) fn by_order(&self) -> BTreeMap<OrderId, TelcoSums> {
        let mut sums: BTreeMap<OrderId, TelcoSums> = BTreeMap::new();
        for line in self.office.register.lines() {
            let sum = sums.entry(line.call.order).or_default();
            match line.movement {
                Movement::Taken => sum.taken += i128::from(line.amount()),
                Movement::GivenBack => sum.taken -= i128::from(line.amount()),
                Movement::Transferred => sum.transferred += i128::from(line.amount()),
                Movement::SetAside | Movement::Released => {}
            }
        }
        for reservation in self.reservations.values() {
            sums.entry(reservation.order).or_default().reserved += i128::from(reservation.amount);
        }
        sums
    }

    /// Moves value between bucket and reservations, or says why not.
    fn apply_to_books(&mut self, ask: &Ask, amount: u64) -> Result<(Movement, u64, String), &'static str> {
        let fresh = format!("t-{}", self.office.register.lines().len() + 1);
        if let Some(from) = ask.from {
            return self.transfer(from, ask.subscriber, amount).map(|()| (Movement::Transferred, amount, fresh));
        }
        let bucket = self.buckets.get_mut(&ask.subscriber).ok_or("notFound")?;
        let wanted = i128::from(amount);
        match ask.action {
            Action::ReserveAirtime | Action::DeductAirtime if bucket.closed => Err("bucketClosed"),
            Action::ReserveAirtime if !self.can_reserve => Err("profileUnsupported"),
            Action::ReserveAirtime | Action::DeductAirtime if bucket.remaining < wanted => Err("insufficientBalance"),
            Action::ReserveAirtime => {
                bucket.remaining -= wanted;
                let reservation = Reservation { order: ask.call.order, subscriber: ask.subscriber, amount };
                self.reservations.insert(fresh.clone(), reservation);
                Ok((Movement::SetAside, amount, fresh))
            }
            Action::DeductAirtime => {
                bucket.remaining -= wanted;
                Ok((Movement::Taken, amount, fresh))
            }
            Action::CreditAirtime | Action::TopUpAirtime | Action::GrantReward => {
                bucket.remaining += wanted;
                Ok((Movement::GivenBack, amount, fresh))
            }
            Action::CaptureAirtime => {
                let held = self.reservations.remove(&ask.acts_on).ok_or("reservationNotHeld")?;
                let taken = held.amount.min(amount);
                bucket.remaining += i128::from(held.amount - taken);
                Ok((Movement::Taken, taken, ask.acts_on.clone()))
            }
            Action::ReleaseAirtime => {
                let held = self.reservations.remove(&ask.acts_on).ok_or("reservationNotHeld")?;
                bucket.remaining += i128::from(held.amount);
                Ok((Movement::Released, held.amount, ask.acts_on.clone()))
            }
            // Asked in its record alone, or of others.
            _ => Err("notFound"),
        }
    }

    fn transfer(&mut self, from: SubscriberId, to: SubscriberId, amount: u64) -> Result<(), &'static str> {
        let wanted = i128::from(amount);
        let open = |bucket: Option<&Bucket>| bucket.filter(|bucket| !bucket.closed).map(|bucket| bucket.remaining);
        let held = open(self.buckets.get(&from)).ok_or("bucketClosed")?;
        open(self.buckets.get(&to)).ok_or("bucketClosed")?;
        if held < wanted {
            return Err("insufficientBalance");
        }
        for (whose, change) in [(from, -wanted), (to, wanted)] {
            if let Some(bucket) = self.buckets.get_mut(&whose) {
                bucket.remaining += change;
            }
        }
        Ok(())
    }
}

/// What a telco is asked to move.
const fn movement_asked(action: Action) -> Movement {
    match action.nature() {
        _ if action.is_between_parties() => Movement::Transferred,
        Nature::SetsAside => Movement::SetAside,
        Nature::Releases => Movement::Released,
        Nature::Returns | Nature::Delivers => Movement::GivenBack,
        Nature::TakesSetAside | Nature::Takes | Nature::Confirms => Movement::Taken,
    }
}

impl Counterparty for SimTelco {
    fn apply(&mut self, ask: &Ask, amount: u64, visible_at: Millis) -> Answer {
        let (movement, answer) = match self.apply_to_books(ask, amount) {
            Ok((movement, amount, external)) => (movement, Answer::Done { amount, external }),
            Err(code) => (movement_asked(ask.action), Answer::Refused { code: code.to_owned() }),
        };
        self.office.register.add(Line { call: ask.call, movement, answer: answer.clone(), visible_at });
        answer
    }

    /// From what is still set aside, else from what is left, below zero if need be.
    fn billing_run(&mut self, ask: &Ask, now: Millis) {
        let mut amount = ask.amount;
        let held = self.reservations.remove(&ask.acts_on);
        let owner = held.as_ref().map_or(ask.subscriber, |held| held.subscriber);
        match (held, self.buckets.get_mut(&owner)) {
            (Some(held), _) => amount = held.amount,
            (None, Some(bucket)) => bucket.remaining -= i128::from(amount),
            (None, None) => return,
        }
        let external = format!("t-{}", self.office.register.lines().len() + 1);
        let answer = Answer::Done { amount, external };
        self.office.register.add(Line { call: ask.call, movement: Movement::Taken, answer, visible_at: now });
    }

    fn refuse(&mut self, ask: &Ask, now: Millis) {
        let answer = Answer::Refused { code: "bucketClosed".to_owned() };
        let movement = movement_asked(ask.action);
        self.office.register.add(Line { call: ask.call, movement, answer, visible_at: now });
    }

    fn office(&self) -> &Office {
        &self.office
    }

    fn office_mut(&mut self) -> &mut Office {
        &mut self.office
    }
}
