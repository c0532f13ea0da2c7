//! An acquirer's books: payments and refunds by the caller's id, what payers have, and what is owed to the merchant.
//!
//! A payment debits its payer and credits the merchant; a refund, and what a payer takes back, are the same the other
//! way round. Nothing goes back but to the instrument that paid, and never more than it paid.

use std::collections::HashMap;
use std::sync::Arc;

use super::transaction::{Asked, Kind, Transaction};
use crate::iso20022::{CLOSED_ACCOUNT, Direction, INSUFFICIENT_FUNDS, Status};

/// Reasons beside those of any account, as ISO 20022 codes.
const UNKNOWN_ACCOUNT: &str = "AC01";
/// The refund is of more than is left of the payment.
const MORE_THAN_LEFT: &str = "AM02";
/// Nothing is left of the payment.
const GIVEN_BACK_ALREADY: &str = "ARDT";
/// The payment is not settled.
const NOT_SETTLED: &str = "ED05";
/// There is no such payment.
const NO_ORIGINAL: &str = "NOOR";

/// What an entry booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Booked {
    Collected,
    Refunded,
    /// Taken back by the payer.
    Returned,
}

impl Booked {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Booked::Collected => "collected",
            Booked::Refunded => "refunded",
            Booked::Returned => "returned",
        }
    }

    /// The accounts that are debited and credited.
    pub fn accounts(self) -> (&'static str, &'static str) {
        match self {
            Booked::Collected => ("payers", "merchant"),
            Booked::Refunded | Booked::Returned => ("merchant", "payers"),
        }
    }

    /// Which way it moved, seen from the merchant's account.
    pub fn direction(self) -> Direction {
        match self {
            Booked::Collected => Direction::Credit,
            Booked::Refunded | Booked::Returned => Direction::Debit,
        }
    }
}

/// A line of the statement; never changes.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub id: Arc<str>,
    pub payer: Arc<str>,
    pub fen: i64,
    pub booked: Booked,
    pub at_ms: i64,
}

/// A payer's account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payer {
    pub closed: bool,
    /// What is there, fen.
    pub fen: i64,
}

/// The books of one acquirer.
#[derive(Debug, Default)]
pub(super) struct Books {
    transactions: HashMap<Arc<str>, Transaction>,
    payers: HashMap<Arc<str>, Payer>,
    entries: Vec<Entry>,
    /// What payers had at first, fen.
    pub opening_fen: i128,
    pub collected_fen: i128,
    pub refunded_fen: i128,
    pub returned_fen: i128,
    /// What is owed to the merchant, fen.
    pub merchant_fen: i128,
}

impl Books {
    /// Opens a payer's account.
    pub fn open(&mut self, payer: Arc<str>, account: Payer) {
        self.opening_fen += i128::from(account.fen);
        self.payers.insert(payer, account);
    }

    pub fn payer(&self, payer: &str) -> Option<Payer> {
        self.payers.get(payer).copied()
    }

    /// Every payer's account, in no order.
    pub fn payers(&self) -> impl ExactSizeIterator<Item = &Payer> {
        self.payers.values()
    }

    pub fn transaction(&self, id: &str) -> Option<&Transaction> {
        self.transactions.get(id)
    }

    /// Every transaction, in no order.
    pub fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.values()
    }

    /// The statement.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The instrument that a transaction collects from or gives back to.
    pub fn payer_of<'a>(&'a self, asked: &'a Asked) -> Option<&'a Arc<str>> {
        match &asked.kind {
            Kind::Payment { payer } => Some(payer),
            Kind::Refund { original } => match &self.transactions.get(original)?.asked.kind {
                Kind::Payment { payer } => Some(payer),
                Kind::Refund { .. } => None,
            },
        }
    }

    /// How far the accounts are from each other, from their entries, and from what may be given back.
    pub fn imbalance(&self) -> i128 {
        let held: i128 = self.payers().map(|payer| i128::from(payer.fen)).sum();
        let owed = self.collected_fen - self.refunded_fen - self.returned_fen;
        let payments = self.transactions().filter(|transaction| transaction.asked.original().is_none());
        let too_much: i64 = payments.map(|payment| (-self.left(payment, "")).max(0)).sum();
        (self.opening_fen - held - self.merchant_fen).abs() + (self.merchant_fen - owed).abs() + i128::from(too_much)
    }

    /// What is left to be given back of a payment, setting one refund aside.
    fn left(&self, payment: &Transaction, except: &str) -> i64 {
        let collected = if payment.status == Status::Settled { payment.fen } else { 0 };
        let others = payment.refunds.iter().filter(|id| ***id != *except).filter_map(|id| self.transaction(id));
        let alive = others.filter(|refund| !matches!(refund.status, Status::Refused(_)));
        collected - payment.taken_back_fen - alive.map(|refund| refund.fen).sum::<i64>()
    }

    /// Whether a transaction would be done now. Checks, in order: a payment's account is known, open, and has as much;
    /// a refund's payment is there, settled, not given back, has as much left, and its account is open.
    pub fn check(&self, asked: &Asked) -> Result<(), &'static str> {
        match &asked.kind {
            Kind::Payment { payer } => {
                let account = self.payers.get(payer).ok_or(UNKNOWN_ACCOUNT)?;
                open(account)?;
                if account.fen < asked.fen { Err(INSUFFICIENT_FUNDS) } else { Ok(()) }
            }
            Kind::Refund { original } => {
                let payment = self.transactions.get(original).filter(|found| found.asked.original().is_none());
                let payment = payment.ok_or(NO_ORIGINAL)?;
                if payment.status != Status::Settled {
                    return Err(NOT_SETTLED);
                }
                let left = self.left(payment, &asked.id);
                if left <= 0 {
                    return Err(GIVEN_BACK_ALREADY);
                }
                if left < asked.fen {
                    return Err(MORE_THAN_LEFT);
                }
                self.payer_of(asked).and_then(|payer| self.payers.get(payer)).ok_or(UNKNOWN_ACCOUNT).and_then(open)
            }
        }
    }

    /// Takes a transaction of `fen` down as pending. The id must be new.
    pub fn accept(&mut self, asked: Asked, fen: i64) {
        let number = self.transactions.len() + 1;
        let id = asked.id.clone();
        if let Some(payment) = asked.original().and_then(|original| self.transactions.get_mut(original)) {
            payment.refunds.push(id.clone());
        }
        self.transactions.insert(id, Transaction::pending(asked, fen, number));
    }

    /// Does what is pending, or refuses it when the books say no.
    pub fn settle(&mut self, id: &Arc<str>, at_ms: i64) {
        let Some(pending) = self.transactions.get(id).filter(|found| found.status == Status::Pending) else {
            return;
        };
        let actual = Asked { fen: pending.fen, ..pending.asked.clone() };
        if let Err(reason) = self.check(&actual) {
            return self.refuse(id, reason);
        }
        if let Some(transaction) = self.transactions.get_mut(id) {
            transaction.status = Status::Settled;
        }
        let booked = if actual.original().is_none() { Booked::Collected } else { Booked::Refunded };
        self.book(&actual, booked, at_ms);
    }

    /// Refuses what is pending for good.
    pub fn refuse(&mut self, id: &str, reason: &'static str) {
        if let Some(transaction) = self.transactions.get_mut(id).filter(|found| found.status == Status::Pending) {
            transaction.status = Status::Refused(reason);
        }
    }

    /// The payer takes back what is left of a payment, once; false when nothing is.
    pub fn take_back(&mut self, id: &Arc<str>, at_ms: i64) -> bool {
        let Some(payment) = self.transactions.get(id).filter(|found| found.asked.original().is_none()) else {
            return false;
        };
        let taken = Asked { fen: self.left(payment, ""), ..payment.asked.clone() };
        if taken.fen <= 0 {
            return false;
        }
        if let Some(payment) = self.transactions.get_mut(id) {
            payment.taken_back_fen = taken.fen;
        }
        self.book(&taken, Booked::Returned, at_ms);
        true
    }

    fn book(&mut self, asked: &Asked, booked: Booked, at_ms: i64) {
        let (Some(payer), fen) = (self.payer_of(asked).cloned(), asked.fen) else {
            return;
        };
        let total = match booked {
            Booked::Collected => &mut self.collected_fen,
            Booked::Refunded => &mut self.refunded_fen,
            Booked::Returned => &mut self.returned_fen,
        };
        *total += i128::from(fen);
        let to_merchant = if booked == Booked::Collected { fen } else { -fen };
        self.merchant_fen += i128::from(to_merchant);
        if let Some(account) = self.payers.get_mut(&payer) {
            account.fen -= to_merchant;
        }
        self.entries.push(Entry { id: asked.id.clone(), payer, fen, booked, at_ms });
    }
}

fn open(account: &Payer) -> Result<(), &'static str> {
    if account.closed { Err(CLOSED_ACCOUNT) } else { Ok(()) }
}
