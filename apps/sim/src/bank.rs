//! The bank that pays out, with books of its own. It knows a payout by its reference and makes it once.

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

/// The bank.
pub(crate) struct SimBank {
    settlement: i128,
    closed: BTreeSet<InstrumentId>,
    register: Register,
    paid: BTreeMap<OrderId, i128>,
    luck: Luck,
    deeds: Deeds,
}

impl SimBank {
    pub(crate) fn new(settlement: u64, chance: Chance, faults: Faults) -> SimBank {
        SimBank {
            settlement: i128::from(settlement),
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

    /// What is left on our account.
    pub(crate) const fn settlement(&self) -> i128 {
        self.settlement
    }

    /// What was paid, order by order.
    pub(crate) const fn by_order(&self) -> &BTreeMap<OrderId, i128> {
        &self.paid
    }

    fn pay(&mut self, ask: &Ask, amount: u64) -> Result<String, &'static str> {
        let card = ask.instrument.ok_or("AC01")?;
        if ask.action != Action::PayOut {
            return Err("AG01");
        }
        if self.closed.contains(&card) {
            return Err("AC04");
        }
        if self.settlement < i128::from(amount) {
            return Err("AM04");
        }
        self.settlement -= i128::from(amount);
        *self.paid.entry(ask.call.order).or_default() += i128::from(amount);
        Ok(format!("b-{}", self.register.lines().len() + 1))
    }

    fn note(&mut self, ask: &Ask, answer: Answer, visible_at: Millis) {
        self.register.add(Line { call: ask.call, movement: Movement::Taken, answer, visible_at });
    }
}

impl Counterparty for SimBank {
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

    /// A bank takes nothing on its own: the call was lost, that is all.
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
