//! A programme's books: members and their lots, transactions by the caller's reference, and what callers brought in.
//!
//! A redemption debits its member and credits the caller, who is owed for points taken back on the caller's word; its
//! reversal and an accrual are the same the other way round.

use std::collections::HashMap;
use std::sync::Arc;

use super::lots::{Lots, Portion};
use super::transaction::{Asked, Kind, Status, Transaction};
use crate::clock::{beijing_date, later_date};

/// How many days points live when nobody asks for another term.
const TERM_DAYS: i64 = 730;

/// Reasons why nothing is moved.
pub(super) const MEMBER_UNKNOWN: &str = "memberUnknown";
pub(super) const MEMBER_CLOSED: &str = "memberClosed";
const INSUFFICIENT_POINTS: &str = "insufficientPoints";
const ALREADY_EXPIRED: &str = "alreadyExpired";
const REDEMPTION_UNKNOWN: &str = "redemptionUnknown";
const NOT_REDEEMED: &str = "notRedeemed";
const ALREADY_REVERSED: &str = "alreadyReversed";

/// What a line of the statement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Booked {
    Redeemed,
    Reversed,
    Accrued,
}

impl Booked {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Booked::Redeemed => "redeemed",
            Booked::Reversed => "reversed",
            Booked::Accrued => "accrued",
        }
    }

    /// The accounts that are debited and credited.
    pub fn accounts(self) -> (&'static str, &'static str) {
        match self {
            Booked::Redeemed => ("members", "caller"),
            Booked::Reversed | Booked::Accrued => ("caller", "members"),
        }
    }
}

/// A line of the statement; never changes.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub reference: Arc<str>,
    pub points: i64,
    pub booked: Booked,
    pub at_ms: i64,
}

/// A member.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    pub closed: bool,
    pub lots: Lots,
}

/// The books of one programme.
#[derive(Debug, Default)]
pub(super) struct Books {
    transactions: HashMap<Arc<str>, Transaction>,
    members: HashMap<Arc<str>, Member>,
    entries: Vec<Entry>,
    /// What members had at first.
    pub opening: i128,
    pub redeemed: i128,
    pub reversed: i128,
    pub accrued: i128,
    /// What the caller brought in, less what the caller gave out.
    pub caller: i128,
}

impl Books {
    /// Admits a member, with the lots that the member has.
    pub fn admit(&mut self, member: Arc<str>, admitted: Member) {
        self.opening += i128::from(admitted.lots.total());
        self.members.insert(member, admitted);
    }

    pub fn member(&self, member: &str) -> Option<&Member> {
        self.members.get(member)
    }

    /// Every member, in no order.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.members.values()
    }

    pub fn transaction(&self, reference: &str) -> Option<&Transaction> {
        self.transactions.get(reference)
    }

    /// Every transaction, in no order.
    pub fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.values()
    }

    /// The statement.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whose points a transaction moves.
    pub fn member_of<'a>(&'a self, asked: &'a Asked) -> Option<&'a Arc<str>> {
        match &asked.kind {
            Kind::Redemption { member, .. } | Kind::Accrual { member, .. } => Some(member),
            Kind::Reversal { redemption } => match &self.transactions.get(redemption)?.asked.kind {
                Kind::Redemption { member, .. } => Some(member),
                Kind::Accrual { .. } | Kind::Reversal { .. } => None,
            },
        }
    }

    /// How far members and caller are from each other and from their entries.
    pub fn imbalance(&self) -> i128 {
        let held: i128 = self.members().map(|member| i128::from(member.lots.total())).sum();
        let brought = self.redeemed - self.reversed - self.accrued;
        (self.opening - held - self.caller).abs() + (self.caller - brought).abs()
    }

    /// How many points are asked for: by a reversal, what its redemption took.
    pub fn points_asked(&self, asked: &Asked) -> i64 {
        match &asked.kind {
            Kind::Redemption { points, .. } | Kind::Accrual { points, .. } => *points,
            Kind::Reversal { redemption } => self.transactions.get(redemption).map_or(0, |taken| taken.points),
        }
    }

    /// Whether `points` would be moved now. Checks, in order: a redemption's or accrual's member is known and open, and
    /// has as many that have not expired, or their day is to come; a reversal's redemption is there, was done, and is not
    /// reversed.
    fn check(&self, asked: &Asked, points: i64, at_ms: i64) -> Result<(), &'static str> {
        let day = beijing_date(at_ms);
        match &asked.kind {
            Kind::Redemption { member, .. } => {
                let usable = self.open_member(member)?.lots.usable(&day);
                if usable < points { Err(INSUFFICIENT_POINTS) } else { Ok(()) }
            }
            Kind::Accrual { member, expires_on, .. } => {
                self.open_member(member)?;
                let expired = expires_on.as_ref().is_some_and(|expires_on| **expires_on <= *day);
                if expired { Err(ALREADY_EXPIRED) } else { Ok(()) }
            }
            Kind::Reversal { redemption } => {
                let taken = self.transactions.get(redemption);
                let taken = taken.filter(|taken| matches!(taken.asked.kind, Kind::Redemption { .. }));
                let taken = taken.ok_or(REDEMPTION_UNKNOWN)?;
                if taken.status != Status::Done {
                    return Err(NOT_REDEEMED);
                }
                let others = taken.reversals.iter().filter(|other| **other != asked.reference);
                let mut others = others.filter_map(|other| self.transaction(other));
                let alive = others.any(|other| !matches!(other.status, Status::Refused(_)));
                if taken.is_reversed || alive { Err(ALREADY_REVERSED) } else { Ok(()) }
            }
        }
    }

    fn open_member(&self, member: &str) -> Result<&Member, &'static str> {
        let member = self.members.get(member).ok_or(MEMBER_UNKNOWN)?;
        if member.closed { Err(MEMBER_CLOSED) } else { Ok(member) }
    }

    /// Whether what is asked would be done now.
    pub fn would_do(&self, asked: &Asked, at_ms: i64) -> bool {
        self.check(asked, self.points_asked(asked), at_ms).is_ok()
    }

    /// Takes a transaction down as pending. The reference must be new.
    pub fn accept(&mut self, asked: Asked, points: i64) {
        let number = self.transactions.len() + 1;
        let reference = asked.reference.clone();
        if let Some(taken) = asked.redemption().and_then(|redemption| self.transactions.get_mut(redemption)) {
            taken.reversals.push(reference.clone());
        }
        self.transactions.insert(reference, Transaction::pending(asked, points, number));
    }

    /// Does what is pending, or refuses it when the books say no.
    pub fn settle(&mut self, reference: &Arc<str>, at_ms: i64) {
        let Some(pending) = self.transactions.get(reference).filter(|found| found.status == Status::Pending) else {
            return;
        };
        let (asked, points) = (pending.asked.clone(), pending.points);
        if let Err(reason) = self.check(&asked, points, at_ms) {
            return self.refuse(reference, reason);
        }
        let Some(portions) = self.moved(&asked, points, at_ms) else {
            return;
        };
        if let Some(transaction) = self.transactions.get_mut(reference) {
            transaction.status = Status::Done;
            transaction.portions = portions;
        }
        let booked = match asked.kind {
            Kind::Redemption { .. } => Booked::Redeemed,
            Kind::Accrual { .. } => Booked::Accrued,
            Kind::Reversal { .. } => Booked::Reversed,
        };
        self.book(reference.clone(), points, booked, at_ms);
    }

    /// Moves the points of what was checked; which of them, by lot.
    fn moved(&mut self, asked: &Asked, points: i64, at_ms: i64) -> Option<Vec<Portion>> {
        let day = beijing_date(at_ms);
        match &asked.kind {
            Kind::Redemption { member, .. } => self.members.get_mut(member)?.lots.draw(points, &day),
            Kind::Accrual { member, expires_on, .. } => {
                let expires_on = expires_on.clone().unwrap_or_else(|| later_date(at_ms, TERM_DAYS).into());
                let portion: Portion = ((expires_on, asked.reference.clone()), points);
                self.members.get_mut(member)?.lots.put(portion.clone());
                Some(vec![portion])
            }
            Kind::Reversal { redemption } => self.given_back(redemption),
        }
    }

    /// Gives the lots of a redemption what it took of them: they expire when they would have.
    fn given_back(&mut self, redemption: &Arc<str>) -> Option<Vec<Portion>> {
        let taken = self.transactions.get_mut(redemption)?;
        let Kind::Redemption { member, .. } = &taken.asked.kind else {
            return None;
        };
        let lots = &mut self.members.get_mut(member)?.lots;
        taken.portions.iter().for_each(|portion| lots.put(portion.clone()));
        taken.is_reversed = true;
        Some(taken.portions.clone())
    }

    /// Refuses what is pending for good.
    pub fn refuse(&mut self, reference: &str, reason: &'static str) {
        if let Some(transaction) = self.transactions.get_mut(reference).filter(|found| found.status == Status::Pending)
        {
            transaction.status = Status::Refused(reason);
        }
    }

    /// The programme itself gives back what a redemption took, once; false when there is nothing to give back.
    pub fn take_back(&mut self, reference: &Arc<str>, at_ms: i64) -> bool {
        let reversal = Asked { reference: reference.clone(), kind: Kind::Reversal { redemption: reference.clone() } };
        let points = self.points_asked(&reversal);
        if self.check(&reversal, points, at_ms).is_err() || self.given_back(reference).is_none() {
            return false;
        }
        self.book(reference.clone(), points, Booked::Reversed, at_ms);
        true
    }

    fn book(&mut self, reference: Arc<str>, points: i64, booked: Booked, at_ms: i64) {
        let total = match booked {
            Booked::Redeemed => &mut self.redeemed,
            Booked::Reversed => &mut self.reversed,
            Booked::Accrued => &mut self.accrued,
        };
        *total += i128::from(points);
        self.caller += if booked == Booked::Redeemed { i128::from(points) } else { -i128::from(points) };
        self.entries.push(Entry { reference, points, booked, at_ms });
    }
}
