//! An issuer's books: vouchers by the caller's reference, and what is owed on both sides of them.
//!
//! Issuing debits what callers owe and credits what is owed to holders; cancelling is the same the other way round.
//! Handing out a code moves nothing: the liability stays until the voucher is spent, which is not simulated.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::voucher::{Asked, Status, Voucher};
use crate::refused::Refused;

/// The smallest and the largest voucher, fen.
const FACE_FEN: std::ops::RangeInclusive<i64> = 1..=500_000;
/// How long a lost answer with a code may be asked for again.
const AGAIN_MS: i64 = 10 * 60 * 1_000;

/// Reasons why nothing is issued.
pub(super) const AMOUNT_NOT_OFFERED: &str = "amountNotOffered";
pub(super) const HOLDER_BLOCKED: &str = "holderBlocked";
pub(super) const ISSUE_STOPPED: &str = "issueStopped";

/// What a line of the statement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Issued,
    Cancelled,
}

impl Kind {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Issued => "issued",
            Kind::Cancelled => "cancelled",
        }
    }

    /// The accounts that are debited and credited.
    pub fn accounts(self) -> (&'static str, &'static str) {
        match self {
            Kind::Issued => ("receivable", "liability"),
            Kind::Cancelled => ("liability", "receivable"),
        }
    }
}

/// A line of the statement; never changes.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub reference: Arc<str>,
    pub fen: i64,
    pub kind: Kind,
    pub at_ms: i64,
}

/// The books of one issuer.
#[derive(Debug, Default)]
pub(super) struct Books {
    vouchers: HashMap<Arc<str>, Voucher>,
    blocked: HashSet<Arc<str>>,
    entries: Vec<Entry>,
    /// Whether nothing is issued now.
    pub stopped: bool,
    pub issued_fen: i128,
    pub cancelled_fen: i128,
    /// What callers owe for vouchers.
    pub receivable_fen: i128,
    /// What is owed to holders of vouchers.
    pub liability_fen: i128,
}

impl Books {
    /// Issues nothing to a number any more; false when that was so before.
    pub fn block(&mut self, number: Arc<str>) -> bool {
        self.blocked.insert(number)
    }

    pub fn voucher(&self, reference: &str) -> Option<&Voucher> {
        self.vouchers.get(reference)
    }

    /// Every voucher, in no order.
    pub fn vouchers(&self) -> impl Iterator<Item = &Voucher> {
        self.vouchers.values()
    }

    /// The statement.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How far the two accounts are from each other and from the vouchers that they are about.
    pub fn imbalance(&self) -> i128 {
        let live = self.vouchers().filter(|voucher| voucher.status == Status::Issued);
        let owed: i128 = live.map(|voucher| i128::from(voucher.fen)).sum();
        (self.liability_fen - owed).abs() + (self.receivable_fen - self.liability_fen).abs()
    }

    /// Whether a voucher would be issued now. Checks, in order: amount, holder, stop.
    pub fn check(&self, asked: &Asked) -> Result<(), &'static str> {
        if !is_offered(asked.fen) {
            return Err(AMOUNT_NOT_OFFERED);
        }
        if self.blocked.contains(&asked.holder) {
            return Err(HOLDER_BLOCKED);
        }
        if self.stopped {
            return Err(ISSUE_STOPPED);
        }
        Ok(())
    }

    /// Takes a voucher down as pending, worth `fen` once it is issued. The reference must be new.
    pub fn accept(&mut self, asked: Asked, fen: i64) {
        let number = self.vouchers.len() + 1;
        let reference = asked.reference.clone();
        self.vouchers.insert(reference, Voucher::pending(asked, fen, number));
    }

    /// Issues a pending voucher, or refuses it when the books say no.
    pub fn settle(&mut self, reference: &Arc<str>, at_ms: i64) {
        let Some(voucher) = self.vouchers.get(reference).filter(|voucher| voucher.status == Status::Pending) else {
            return;
        };
        if let Err(reason) = self.check(&voucher.asked) {
            return self.refuse(reference, reason);
        }
        let fen = voucher.fen;
        if let Some(voucher) = self.vouchers.get_mut(reference) {
            voucher.status = Status::Issued;
            voucher.issued_ms = Some(at_ms);
        }
        self.issued_fen += i128::from(fen);
        self.receivable_fen += i128::from(fen);
        self.liability_fen += i128::from(fen);
        self.entries.push(Entry { reference: reference.clone(), fen, kind: Kind::Issued, at_ms });
    }

    /// Refuses a pending voucher for good.
    pub fn refuse(&mut self, reference: &str, reason: &'static str) {
        if let Some(voucher) = self.vouchers.get_mut(reference).filter(|voucher| voucher.status == Status::Pending) {
            voucher.status = Status::Refused(reason);
        }
    }

    /// Cancels an issued voucher; one that is cancelled stays so.
    ///
    /// Errors: there is none, it was never issued, or its code was collected.
    pub fn cancel(&mut self, reference: &str, at_ms: i64) -> Result<(), Refused> {
        let voucher = self.vouchers.get_mut(reference).ok_or_else(|| Refused::not_found("voucher", reference))?;
        match voucher.status {
            Status::Cancelled => return Ok(()),
            Status::Issued => {}
            Status::Pending | Status::Refused(_) => return Err(not_issued(voucher)),
        }
        if voucher.collected_ms.is_some() {
            return Err(Refused::conflict("collected", format!("the code was collected: {reference}")));
        }
        voucher.status = Status::Cancelled;
        let (fen, reference) = (voucher.fen, voucher.asked.reference.clone());
        self.cancelled_fen += i128::from(fen);
        self.receivable_fen -= i128::from(fen);
        self.liability_fen -= i128::from(fen);
        self.entries.push(Entry { reference, fen, kind: Kind::Cancelled, at_ms });
        Ok(())
    }

    /// Hands the code out: the first time, and again for a while in case the answer was lost. Returns the voucher with
    /// when that was first.
    ///
    /// Errors: there is none, it is not issued or no longer, or its code was collected too long ago.
    pub fn collect(&mut self, reference: &str, at_ms: i64) -> Result<(&Voucher, i64), Refused> {
        let voucher = self.vouchers.get_mut(reference).ok_or_else(|| Refused::not_found("voucher", reference))?;
        if voucher.status != Status::Issued {
            return Err(not_issued(voucher));
        }
        let first_ms = *voucher.collected_ms.get_or_insert(at_ms);
        if at_ms - first_ms > AGAIN_MS {
            return Err(Refused::gone("collected", format!("the code was collected: {reference}")));
        }
        Ok((voucher, first_ms))
    }
}

/// Whether a voucher of so many fen is issued at all.
pub(super) fn is_offered(fen: i64) -> bool {
    FACE_FEN.contains(&fen)
}

fn not_issued(voucher: &Voucher) -> Refused {
    let reason = format!("the voucher is {}: {}", voucher.status.name(), voucher.asked.reference);
    Refused::conflict("notIssued", reason)
}
