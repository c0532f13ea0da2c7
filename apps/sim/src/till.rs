//! Whoever moves money, with books of its own: the bank that pays out, the issuer of vouchers, the acquirer that collects
//! and gives back, programmes with their points. It knows a request by its reference and does it once.

use crate::counterparty::{Counterparty, Office};
use crate::register::Line;
use exchange::Answer;
use facts::{Action, CallRef, InstrumentId, Millis, Nature, OrderId};
use node::Ask;
use partners::Movement;
use std::collections::{BTreeMap, BTreeSet};

/// A bank, an issuer, an acquirer, or a points programme.
pub(crate) struct SimTill {
    does: &'static [Action],
    /// What is on our account with it; below zero is what we owe it.
    ours: i128,
    ours_least: i128,
    closed: BTreeSet<InstrumentId>,
    /// What is left of each payment or redemption to be given back.
    left: BTreeMap<CallRef, u64>,
    paid: BTreeMap<OrderId, i128>,
    office: Office,
}

impl SimTill {
    /// A bank that holds so much of ours.
    pub(crate) fn bank(settlement: u64, office: Office) -> SimTill {
        SimTill::new(&[Action::PayOut], i128::from(settlement), 0, office)
    }

    /// An issuer that lets us owe it so much.
    pub(crate) fn issuer(credit: u64, office: Office) -> SimTill {
        SimTill::new(&[Action::IssueVoucher], 0, -i128::from(credit), office)
    }

    /// An acquirer, which gives back no more than it collected.
    pub(crate) fn acquirer(office: Office) -> SimTill {
        SimTill::new(&[Action::CollectPayment, Action::RefundPayment, Action::PayBack], 0, 0, office)
    }

    /// A programme that gives so many points more than it took.
    pub(crate) fn programme(credit: u64, office: Office) -> SimTill {
        let does = &[Action::RedeemPoints, Action::ReverseRedemption, Action::AccruePoints];
        SimTill::new(does, 0, -i128::from(credit), office)
    }

    fn new(does: &'static [Action], ours: i128, ours_least: i128, office: Office) -> SimTill {
        SimTill {
            does,
            ours,
            ours_least,
            closed: BTreeSet::new(),
            left: BTreeMap::new(),
            paid: BTreeMap::new(),
            office,
        }
    }

    pub(crate) fn close(&mut self, card: InstrumentId) {
        self.closed.insert(card);
    }

    /// What is on our account.
    pub(crate) const fn ours(&self) -> i128 {
        self.ours
    }

    /// What was delivered or given back, less what was collected, order by order.
    pub(crate) const fn by_order(&self) -> &BTreeMap<OrderId, i128> {
        &self.paid
    }

    fn pay(&mut self, ask: &Ask, amount: u64) -> Result<String, &'static str> {
        if !self.does.contains(&ask.action) {
            return Err("AG01");
        }
        if ask.instrument.is_some_and(|card| self.closed.contains(&card)) {
            return Err("AC04");
        }
        let nature = ask.action.nature();
        let out = if nature == Nature::Takes { -i128::from(amount) } else { i128::from(amount) };
        if self.ours - out < self.ours_least {
            return Err("AM04");
        }
        if ask.action.names_original() {
            let left = ask.about.and_then(|payment| self.left.get_mut(&payment)).ok_or("NOOR")?;
            *left = left.checked_sub(amount).ok_or("AM02")?;
        }
        if nature == Nature::Takes {
            self.left.insert(ask.call, amount);
        }
        self.ours -= out;
        *self.paid.entry(ask.call.order).or_default() += out;
        Ok(format!("p-{}", self.office.register.lines().len() + 1))
    }

    fn note(&mut self, ask: &Ask, answer: Answer, visible_at: Millis) {
        let movement = if ask.action.names_original() { Movement::GivenBack } else { Movement::Taken };
        self.office.register.add(Line { call: ask.call, movement, answer, visible_at });
    }
}

impl Counterparty for SimTill {
    fn apply(&mut self, ask: &Ask, amount: u64, visible_at: Millis) -> Answer {
        if self.office.register.knows(ask.call) {
            return self.office.register.says(ask.call, ask.action, visible_at);
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

    fn office(&self) -> &Office {
        &self.office
    }

    fn office_mut(&mut self) -> &mut Office {
        &mut self.office
    }
}
