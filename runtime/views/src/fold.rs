//! What records come to: one change an order, one sum an account and day, what staff did, and what moved.
//!
//! They are folded as they come, since a record takes many times the room of what it changes.

use std::collections::BTreeMap;
use std::fmt::Write;

use facts::{ActorKind, Admission, Cause, Day, Fact, Key16, OpenRecord, OrderId, OrderState, PersonId, SubscriberId};
use ledger::AccountId;

use crate::movement::{Movement, movements_of};
use crate::{Projected, ViewError, act_of};

/// Records that follow each other, on their way into the views.
pub struct Folded {
    /// The last record that the views have.
    pub(crate) from: u64,
    /// The last record that was taken.
    pub(crate) to: u64,
    pub(crate) changes: Changes,
}

/// All changes of a batch.
#[derive(Default)]
pub(crate) struct Changes {
    pub orders: BTreeMap<OrderId, OrderChange>,
    pub totals: BTreeMap<(AccountId, Day), Sums>,
    pub acts: Vec<Act>,
    /// Acts that could not be done after all: the act's record, and the code.
    pub refused: Vec<(i64, String)>,
    /// What came to subscribers and what went, in order.
    pub movements: Vec<Movement>,
}

/// Something that a member of staff did.
pub struct Act {
    pub sequence: i64,
    pub actor: String,
    pub word: &'static str,
    pub at_ms: i64,
}

/// What a batch changes about one order.
#[derive(Default)]
pub struct OrderChange {
    /// What it was made with, when the batch made it.
    pub made: Option<Made>,
    /// Where it stands, when the batch says so.
    pub stands: Option<(OrderState, Cause)>,
    /// When its last change was; zero when it was only recalled, which changes nothing.
    pub changed_at_ms: i64,
    /// The record of its last change; zero as above.
    pub changed_in: i64,
    /// The last of its records in the batch.
    pub seen_in: i64,
    /// The sequences of its records in the batch, each followed by a space.
    pub positions: String,
}

/// What never changes about an order.
pub struct Made {
    pub person: PersonId,
    pub subscriber: Option<SubscriberId>,
    pub product: &'static str,
    pub amount: i64,
    pub fee: i64,
    pub payout: i64,
    pub arrives_on: i64,
    pub refusal: &'static str,
    pub requested_at_ms: i64,
    pub made_at_ms: i64,
    pub made_in: i64,
    /// The agent's till that it was placed at; empty when it was at none.
    pub till: String,
}

/// Minor units posted.
#[derive(Clone, Copy, Default)]
pub struct Sums {
    pub debits: i64,
    pub credits: i64,
}

/// A column has 64 signed bits. What is above them (only an amount that somebody asked for and did not get, or
/// a day that he named) is shown as the greatest there is.
pub fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Folded {
    /// Nothing yet, behind the last record that the views have.
    pub fn behind(position: u64) -> Folded {
        Folded { from: position, to: position, changes: Changes::default() }
    }

    /// The last record that was taken.
    pub const fn position(&self) -> u64 {
        self.to
    }

    /// How many records were taken.
    pub const fn records(&self) -> u64 {
        self.to - self.from
    }

    /// Takes a record; one that was taken before is skipped.
    ///
    /// Errors: `Gap` when it is not the next, `OutOfRange` when the postings of a day leave a column.
    pub fn take(&mut self, projected: &Projected) -> Result<(), ViewError> {
        let (expected, found) = (self.to + 1, projected.record.sequence);
        if found < expected {
            return Ok(());
        }
        if found > expected {
            return Err(ViewError::Gap { expected, found });
        }
        self.to = found;
        self.changes.take_facts(projected);
        self.changes.take_act(&projected.record);
        self.changes.movements.extend(movements_of(&projected.record));
        self.changes.take_postings(projected)
    }
}

impl Changes {
    fn take_facts(&mut self, projected: &Projected) {
        let record = &projected.record;
        let (sequence, now_ms) = (integer(record.sequence), integer(record.meta.now.0));
        for fact in &record.facts {
            let Some(order) = told_order(fact) else { continue };
            let change = self.orders.entry(order).or_default();
            if change.seen_in != sequence {
                // Writing to a string cannot fail.
                let _ = write!(change.positions, "{sequence} ");
                change.seen_in = sequence;
            }
            // What is said about an order changes nothing about it.
            let only_said = matches!(fact, Fact::ComplaintFiled { .. } | Fact::ComplaintClosed { .. });
            if !only_said && !matches!(fact, Fact::OrderRecalled(_)) {
                (change.changed_in, change.changed_at_ms) = (sequence, now_ms);
                change.take(fact, till_of(record));
            }
        }
    }

    fn take_act(&mut self, record: &OpenRecord) {
        if let Some(word) = act_of(record) {
            let (sequence, at_ms) = (integer(record.sequence), integer(record.meta.now.0));
            self.acts.push(Act { sequence, actor: record.meta.actor.id.to_string(), word, at_ms });
        }
        for fact in &record.facts {
            if let Fact::StaffActRefused { record, code } = fact {
                self.refused.push((integer(*record), code.clone()));
            }
        }
    }

    fn take_postings(&mut self, projected: &Projected) -> Result<(), ViewError> {
        let day = projected.record.meta.now.day();
        for entry in &projected.posted {
            let amount = i64::try_from(entry.amount).map_err(|_| ViewError::OutOfRange(entry.amount))?;
            let too_much = || ViewError::OutOfRange(entry.amount);
            let debits = &mut self.totals.entry((entry.debit, day)).or_default().debits;
            *debits = debits.checked_add(amount).ok_or_else(too_much)?;
            let credits = &mut self.totals.entry((entry.credit, day)).or_default().credits;
            *credits = credits.checked_add(amount).ok_or_else(too_much)?;
        }
        Ok(())
    }
}

/// The agent's till that a command came from.
fn till_of(record: &OpenRecord) -> Option<Key16> {
    (record.meta.actor.kind == ActorKind::Agent).then_some(record.meta.device)
}

fn text_of(till: Option<Key16>) -> String {
    till.map(|till| till.to_string()).unwrap_or_default()
}

/// The order that a fact tells of. That a client's key was taken is about the key.
fn told_order(fact: &Fact) -> Option<OrderId> {
    if matches!(fact, Fact::KeyTaken { .. }) { None } else { fact.order() }
}

impl OrderChange {
    fn take(&mut self, fact: &Fact, till: Option<Key16>) {
        match fact {
            Fact::OrderAdmitted(admission) => {
                self.stands = Some((OrderState::Created, Cause::Planned));
                self.made = Some(Made { till: text_of(till), ..self.admitted(admission) });
            }
            Fact::OrderDeclined { .. } => {
                self.stands = Some((OrderState::Declined, Cause::Refused));
                self.made = self.declined(fact).map(|made| Made { till: text_of(till), ..made });
            }
            Fact::OrderMoved { state, cause, .. } => self.stands = Some((*state, *cause)),
            _ => {}
        }
    }

    fn admitted(&self, admission: &Admission) -> Made {
        let terms = &admission.terms;
        Made {
            person: admission.person,
            subscriber: Some(admission.parties.first().copied().unwrap_or_default()),
            product: terms.product.code(),
            amount: integer(terms.amount),
            fee: integer(terms.fee),
            payout: integer(terms.payout),
            arrives_on: i64::from(terms.arrives_on.count()),
            refusal: "",
            requested_at_ms: integer(admission.requested_at.0),
            made_at_ms: self.changed_at_ms,
            made_in: self.changed_in,
            till: String::new(),
        }
    }

    fn declined(&self, fact: &Fact) -> Option<Made> {
        let Fact::OrderDeclined { person, subscriber, product, amount, refusal, requested_at, .. } = fact else {
            return None;
        };
        Some(Made {
            person: *person,
            subscriber: *subscriber,
            product: product.code(),
            amount: integer(*amount),
            fee: 0,
            payout: 0,
            arrives_on: i64::from(requested_at.day().count()),
            refusal: refusal.code(),
            requested_at_ms: integer(requested_at.0),
            made_at_ms: self.changed_at_ms,
            made_in: self.changed_in,
            till: String::new(),
        })
    }
}
