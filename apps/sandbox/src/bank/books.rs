//! A bank's books: payouts out of one prefunded settlement account, and the statement.

use std::collections::HashMap;
use std::sync::Arc;

use super::payout::{Asked, Payout};
use crate::iso20022::{CLOSED_ACCOUNT, Direction, INSUFFICIENT_FUNDS, Status};

/// A line of the statement; never changes.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub payout: Arc<str>,
    pub fen: i64,
    pub direction: Direction,
    pub at_ms: i64,
}

/// A creditor's account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Account {
    pub closed: bool,
    /// What it received less what it sent back, fen.
    pub received_fen: i64,
}

/// The books of one bank.
#[derive(Debug, Default)]
pub(super) struct Books {
    payouts: HashMap<Arc<str>, Payout>,
    accounts: HashMap<Arc<str>, Account>,
    entries: Vec<Entry>,
    /// All prefunding so far, fen.
    pub opening_fen: i128,
    /// What is left of it, fen.
    pub settlement_fen: i128,
    pub paid_fen: i128,
    pub returned_fen: i128,
}

impl Books {
    /// Prefunds the settlement account.
    pub fn fund(&mut self, fen: i64) {
        self.opening_fen += i128::from(fen);
        self.settlement_fen += i128::from(fen);
    }

    /// Opens an account.
    pub fn open(&mut self, card: Arc<str>, closed: bool) {
        self.accounts.insert(card, Account { closed, received_fen: 0 });
    }

    /// The account of a card that was seeded or paid.
    pub fn account(&self, card: &str) -> Option<Account> {
        self.accounts.get(card).copied()
    }

    /// The payout of this id.
    pub fn payout(&self, id: &str) -> Option<&Payout> {
        self.payouts.get(id)
    }

    /// Every payout, in no order.
    pub fn payouts(&self) -> impl Iterator<Item = &Payout> {
        self.payouts.values()
    }

    /// The statement.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether a payout would be paid now. Checks, in order: closed account, settlement funds.
    pub fn check(&self, asked: &Asked) -> Result<(), &'static str> {
        if self.accounts.get(&asked.account).is_some_and(|account| account.closed) {
            return Err(CLOSED_ACCOUNT);
        }
        if self.settlement_fen < i128::from(asked.fen) {
            return Err(INSUFFICIENT_FUNDS);
        }
        Ok(())
    }

    /// Accepts a payout of `fen` as pending. The id must be new.
    pub fn accept(&mut self, asked: Asked, fen: i64) {
        let number = self.payouts.len() + 1;
        let id = asked.id.clone();
        self.payouts.insert(id, Payout::pending(asked, fen, number));
    }

    /// Pays a pending payout, or refuses it when the books say no.
    pub fn settle(&mut self, id: &Arc<str>, at_ms: i64) {
        let Some(payout) = self.payouts.get(id).filter(|payout| payout.status == Status::Pending) else {
            return;
        };
        let actual = Asked { fen: payout.fen, ..payout.asked.clone() };
        match self.check(&actual) {
            Ok(()) => self.pay(actual, at_ms),
            Err(reason) => self.refuse(id, reason),
        }
    }

    fn pay(&mut self, asked: Asked, at_ms: i64) {
        if let Some(payout) = self.payouts.get_mut(&asked.id) {
            payout.status = Status::Settled;
        }
        self.accounts.entry(asked.account).or_default().received_fen += asked.fen;
        self.settlement_fen -= i128::from(asked.fen);
        self.paid_fen += i128::from(asked.fen);
        self.entries.push(Entry { payout: asked.id, fen: asked.fen, direction: Direction::Debit, at_ms });
    }

    /// Refuses a pending payout for good.
    pub fn refuse(&mut self, id: &Arc<str>, reason: &'static str) {
        if let Some(payout) = self.payouts.get_mut(id).filter(|payout| payout.status == Status::Pending) {
            payout.status = Status::Refused(reason);
        }
    }

    /// Sends a paid payout back, once; false when there is none to send.
    pub fn send_back(&mut self, id: &Arc<str>, reason: &'static str, at_ms: i64) -> bool {
        let paid = |payout: &&mut Payout| payout.status == Status::Settled && payout.returned.is_none();
        let Some(payout) = self.payouts.get_mut(id).filter(paid) else {
            return false;
        };
        payout.returned = Some(reason);
        let (fen, account) = (payout.fen, payout.asked.account.clone());
        self.accounts.entry(account).or_default().received_fen -= fen;
        self.settlement_fen += i128::from(fen);
        self.returned_fen += i128::from(fen);
        self.entries.push(Entry { payout: id.clone(), fen, direction: Direction::Credit, at_ms });
        true
    }
}
