//! Whoever delivers against money, with books of its own: the bank that pays out, the issuer of vouchers. It knows a
//! request by its reference and does it once.

use crate::chance::Chance;
use crate::counterparty::{Counterparty, Deeds};
use crate::mishap::Luck;
use crate::options::Faults;
use crate::register::{Line, Register};
use exchange::Answer;
use facts::{Action, InstrumentId, Millis, OrderId};
use node::Ask;
use partners::Movement;
use std::collections::{BTreeMap, BTreeSet};

/// A bank, or an issuer.
pub(crate) struct SimTill {
    delivers: Action,
    /// What is on our account with it; below zero is what we owe it.
    ours: i128,
    ours_least: i128,
    closed: BTreeSet<InstrumentId>,
    register: Register,
    paid: BTreeMap<OrderId, i128>,
    luck: Luck,
    deeds: Deeds,
}

impl SimTill {
    /// A bank that holds so much of ours.
    pub(crate) fn bank(settlement: u64, chance: Chance, faults: Faults) -> SimTill {
        SimTill::new(Action::PayOut, i128::from(settlement), 0, chance, faults)
    }

    /// An issuer that lets us owe it so much.
    pub(crate) fn issuer(credit: u64, chance: Chance, faults: Faults) -> SimTill {
        SimTill::new(Action::IssueVoucher, 0, -i128::from(credit), chance, faults)
    }

    fn new(delivers: Action, ours: i128, ours_least: i128, chance: Chance, faults: Faults) -> SimTill {
        SimTill {
            delivers,
            ours,
            ours_least,
            closed: BTreeSet::new(),
            register: Register::default(),
            paid: BTreeMap::new(),
            luck: Luck::new(chance, faults),
            deeds: Deeds::default(),
        }
    }

    pub(crate) fn close(&mut self, card: InstrumentId) {
        self.closed.insert(card);
    }

    /// What is on our account.
    pub(crate) const fn ours(&self) -> i128 {
        self.ours
    }

    /// What was delivered, order by order.
    pub(crate) const fn by_order(&self) -> &BTreeMap<OrderId, i128> {
        &self.paid
    }

    fn pay(&mut self, ask: &Ask, amount: u64) -> Result<String, &'static str> {
        if ask.action != self.delivers {
            return Err("AG01");
        }
        if ask.instrument.is_some_and(|card| self.closed.contains(&card)) {
            return Err("AC04");
        }
        if self.ours - i128::from(amount) < self.ours_least {
            return Err("AM04");
        }
        self.ours -= i128::from(amount);
        *self.paid.entry(ask.call.order).or_default() += i128::from(amount);
        Ok(format!("p-{}", self.register.lines().len() + 1))
    }

    fn note(&mut self, ask: &Ask, answer: Answer, visible_at: Millis) {
        self.register.add(Line { call: ask.call, movement: Movement::Taken, answer, visible_at });
    }
}

impl Counterparty for SimTill {
    fn apply(&mut self, ask: &Ask, amount: u64, visible_at: Millis) -> Answer {
        if self.register.knows(ask.call) {
            return self.register.says(ask.call, ask.action, visible_at);
        }
        let answer = match self.pay(ask, amount) {
            Ok(external) => Answer::Done { amount, external },
            Err(code) => Answer::Refused { code: code.to_owned() },
        };
        self.note(ask, answer.clone(), visible_at);
        answer
    }

    /// It takes nothing on its own: the call was lost, that is all.
    fn billing_run(&mut self, _ask: &Ask, _now: Millis) {}

    fn refuse(&mut self, ask: &Ask, now: Millis) {
        self.note(ask, Answer::Refused { code: "AC06".to_owned() }, now);
    }

    fn register(&mut self) -> &mut Register {
        &mut self.register
    }

    fn record(&self) -> &Register {
        &self.register
    }

    fn luck(&mut self) -> &mut Luck {
        &mut self.luck
    }

    fn deeds(&mut self) -> &mut Deeds {
        &mut self.deeds
    }
}
