//! What a run came to: our books against the counterparties', order by order and to the fen.

use crate::demo::books::Books;
use crate::demo::drive::Answered;
use facts::{AccountName, Nature, Necessity, Order, OrderId, OrderState, Orders, Partner, State, Step, StepState};
use ledger::{AccountId, Side};
use money::Asset;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// The report of a headless run. Every figure is an integer and always there.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Distinct keys sent.
    pub orders: u64,
    /// Orders that ended paid.
    pub settled: u64,
    /// Orders that ended with everything given back.
    pub refunded: u64,
    /// Orders of which nothing was taken.
    pub declined: u64,
    /// Orders that wait for a person.
    pub suspended: u64,
    /// Orders that stand anywhere else.
    pub unfinished: u64,
    /// Steps of which nobody knows.
    pub unknown_open: u64,
    /// Orders whose subscriber lost more than the end of the order says.
    pub double_deductions: u64,
    /// Settled orders that were not paid exactly, and payments for orders that did not settle.
    pub lost_payouts: u64,
    /// Sum over assets of the difference between debits and credits.
    pub imbalance_fen: u64,
    /// External accounts that differ from the counterparty's own book.
    pub two_party_breaks: u64,
    /// Acknowledged orders that the journal lacks.
    pub lost_acknowledgements: u64,
    /// Orders in the journal that nobody sent a key for.
    pub unasked_orders: u64,
    /// Orders whose code was not handed out, and codes that came twice.
    pub codes_amiss: u64,
    /// Messages that told people of their orders.
    pub told: u64,
    /// By how many that is more or less than in the books of whoever sends them.
    pub told_amiss: u64,
    /// Findings of the audit of journal, books and views.
    pub audit_findings: u64,
    /// Fen in doubt.
    pub in_doubt_fen: u64,
    /// Fen that unknown steps would move.
    pub exposure_fen: u64,
    /// Suspended orders by cause.
    pub suspended_by_cause: BTreeMap<String, u64>,
    /// Injected faults by kind and step.
    pub faults_injected: BTreeMap<String, u64>,
    /// Calls that partners received.
    pub partner_calls: u64,
    /// Calls of those that went wrong.
    pub partner_calls_faulted: u64,
    /// How often the node was killed.
    pub kills: u64,
    /// How long the run took, from the first order to the last end.
    pub elapsed_ms: u64,
    /// Orders a second over that time.
    pub orders_per_s: u64,
    /// Half of the orders were acknowledged within this.
    pub ack_p50_us: u64,
    /// All but a hundredth were.
    pub ack_p99_us: u64,
}

impl Report {
    /// What must not be, in words.
    pub fn breaches(&self) -> Vec<String> {
        let checks = [
            ("double deductions", self.double_deductions),
            ("lost payouts", self.lost_payouts),
            ("fen of imbalance", self.imbalance_fen),
            ("two-party breaks", self.two_party_breaks),
            ("acknowledged orders lost", self.lost_acknowledgements),
            ("orders nobody asked for", self.unasked_orders),
            ("orders unfinished", self.unfinished),
            ("codes amiss", self.codes_amiss),
            ("messages amiss", self.told_amiss),
            ("audit findings", self.audit_findings),
            ("fen in doubt beyond the exposure", self.in_doubt_fen.abs_diff(self.exposure_fen)),
        ];
        checks.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}")).collect()
    }
}

/// Judges a finished run.
pub fn judge(state: &State, orders: &Orders, books: &Books, answers: &BTreeMap<String, Answered>) -> Report {
    let mut report = Report { orders: answers.len() as u64, ..Report::default() };
    count_orders(orders, &mut report);
    compare_orders(orders, books, &mut report);
    compare_acknowledgements(orders, answers, &mut report);
    compare_accounts(state, books, &mut report);
    for totals in state.ledger().trial_balance().values() {
        let difference = totals.debits_posted.abs_diff(totals.credits_posted)
            + totals.debits_pending.abs_diff(totals.credits_pending);
        report.imbalance_fen += u64::try_from(difference).unwrap_or(u64::MAX);
    }
    report.faults_injected.clone_from(&books.faults);
    report.partner_calls = books.calls;
    report.partner_calls_faulted = books.faulted;
    report
}

fn count_orders(orders: &Orders, report: &mut Report) {
    for order in orders.iter() {
        match order.state {
            OrderState::Settled => report.settled += 1,
            OrderState::Refunded => report.refunded += 1,
            OrderState::Declined => report.declined += 1,
            OrderState::Suspended => {
                report.suspended += 1;
                *report.suspended_by_cause.entry(order.cause.to_string()).or_default() += 1;
            }
            OrderState::Created
            | OrderState::Challenged
            | OrderState::InReview
            | OrderState::Executing
            | OrderState::Clearing
            | OrderState::Paying
            | OrderState::Expired
            | OrderState::Cancelled => report.unfinished += 1,
        }
        let open = order.steps.iter().filter(|step| matches!(step.state, StepState::Sent | StepState::Unknown));
        for step in open {
            report.unknown_open += 1;
            report.exposure_fen += if step.plan.doubt.is_some() { step.plan.amount } else { 0 };
        }
    }
}

fn compare_orders(orders: &Orders, books: &Books, report: &mut Report) {
    let known: BTreeSet<OrderId> = orders.iter().map(|order| order.id).collect();
    let moved: BTreeSet<_> = books.moved.keys().chain(books.transferred.keys()).collect();
    let strangers = moved.iter().filter(|(_, order)| !known.contains(order));
    report.two_party_breaks += strangers.count() as u64;
    for order in orders.iter() {
        for partner in Partner::ALL {
            let moved = books.moved.get(&(partner, order.id)).copied().unwrap_or_default();
            let transferred = books.transferred.get(&(partner, order.id)).copied().unwrap_or_default();
            let right =
                may_move(order, partner).contains(&moved) && may_transfer(order, partner).contains(&transferred);
            let wrong = u64::from(!right);
            match partner {
                Partner::Telco(_) | Partner::Acquirer | Partner::Programme(_) => report.double_deductions += wrong,
                Partner::Bank | Partner::Issuer => report.lost_payouts += wrong,
            }
        }
    }
}

/// What was planned at a partner at first: what completes or undoes another step is about what that one moved.
fn planned(order: &Order, partner: Partner) -> impl Iterator<Item = &Step> {
    order.steps.iter().filter(move |step| step.plan.target.is_none() && step.plan.partner == partner)
}

/// What a partner may have moved from one of its own to another for an order, by how the order stands.
fn may_transfer(order: &Order, partner: Partner) -> RangeInclusive<i64> {
    let transfers = planned(order, partner).filter(|step| step.plan.action.is_between_parties());
    let full = transfers.map(|step| signed(step.plan.amount)).sum();
    match order.state {
        OrderState::Settled => full..=full,
        OrderState::Suspended => 0..=full,
        _ => 0..=0,
    }
}

/// What a partner may have taken for an order less what it gave, by how the order stands.
fn may_move(order: &Order, partner: Partner) -> RangeInclusive<i64> {
    let (mut taken, mut given) = (0, 0);
    let moving = planned(order, partner).filter(|step| !step.plan.action.is_between_parties());
    for step in moving.filter(|step| step.plan.necessity == Necessity::Required || step.state == StepState::Done) {
        match step.plan.action.nature() {
            Nature::Takes | Nature::TakesSetAside => taken += signed(step.plan.amount),
            Nature::Delivers => given += signed(step.plan.amount),
            Nature::SetsAside | Nature::Releases | Nature::Returns | Nature::Confirms => {}
        }
    }
    match order.state {
        OrderState::Settled => taken - given..=taken - given,
        // A person has yet to say; more than the order is about is never right.
        OrderState::Suspended => -given..=taken,
        _ => 0..=0,
    }
}

fn compare_acknowledgements(orders: &Orders, answers: &BTreeMap<String, Answered>, report: &mut Report) {
    let mut asked = BTreeSet::new();
    for answered in answers.values() {
        let order = answered.order.parse::<OrderId>().ok();
        match order.filter(|order| orders.get(*order).is_some()) {
            // Two keys never share an order.
            Some(order) => report.lost_acknowledgements += u64::from(!asked.insert(order)),
            None => report.lost_acknowledgements += 1,
        }
    }
    report.unasked_orders = orders.iter().filter(|order| !asked.contains(&order.id)).count() as u64;
}

/// What we believe each counterparty's book to hold, against what it holds.
fn compare_accounts(state: &State, books: &Books, report: &mut Report) {
    for partner in Partner::ALL {
        let net = books.net.get(&partner).copied().unwrap_or_default();
        let mut pairs = vec![(mirrored(state, partner), net)];
        if let Partner::Telco(telco) = partner {
            let reserved = books.reserved.get(&partner).copied().unwrap_or_default();
            pairs.push((debit_balance(state, AccountName::TelcoReserved(telco), partner.asset()), reserved));
            let transferred = books.net_transferred.get(&partner).copied().unwrap_or_default();
            pairs.push((debit_balance(state, AccountName::TelcoTransferred(telco), partner.asset()), transferred));
        }
        report.two_party_breaks += pairs.iter().filter(|(ours, theirs)| ours != theirs).count() as u64;
        report.in_doubt_fen += in_doubt(state, partner);
    }
}

fn debit_balance(state: &State, name: AccountName, asset: Asset) -> i64 {
    let account = state.account(name, asset).and_then(|id: AccountId| state.ledger().account(id));
    account.map_or(0, |account| signed(account.posted(Side::Debit)) - signed(account.posted(Side::Credit)))
}

/// What our books say that a partner took less what it gave.
fn mirrored(state: &State, partner: Partner) -> i64 {
    let moved = debit_balance(state, partner.mirror(), partner.asset());
    match partner {
        Partner::Telco(_) | Partner::Issuer | Partner::Acquirer | Partner::Programme(_) => moved,
        // What funded the reserve was nobody's order.
        Partner::Bank => moved + debit_balance(state, AccountName::OperatorFloat, Asset::Cny),
    }
}

fn in_doubt(state: &State, partner: Partner) -> u64 {
    let account =
        state.account(AccountName::InDoubt(partner), partner.asset()).and_then(|id| state.ledger().account(id));
    account.map_or(0, |account| account.pending(Side::Debit) + account.pending(Side::Credit))
}

fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}
