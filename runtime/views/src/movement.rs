//! What came to a subscriber and what went, record by record: what statements are read from.
//!
//! A fact does not say all of it: what comes back is what its order took, and what stays behind at a telco is what was
//! held. Both are looked up in the movements before, so that no state is needed.

use std::str::FromStr;

use facts::{Day, Fact, Millis, OpenRecord, OrderId, SubscriberId};
use rusqlite::Connection;

use crate::fold::integer;
use crate::{ViewError, sql};

/// Why value came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovementKind {
    /// Airtime was recharged.
    Recharged,
    /// An order took it.
    Ordered,
    /// An order gave it back.
    Returned,
    /// The number left its telco, and what it held stayed behind.
    LeftBehind,
}

impl MovementKind {
    /// Every kind.
    pub const ALL: [MovementKind; 4] =
        [MovementKind::Recharged, MovementKind::Ordered, MovementKind::Returned, MovementKind::LeftBehind];

    /// The public word.
    pub const fn code(self) -> &'static str {
        match self {
            MovementKind::Recharged => "recharged",
            MovementKind::Ordered => "ordered",
            MovementKind::Returned => "returned",
            MovementKind::LeftBehind => "left_behind",
        }
    }
}

impl FromStr for MovementKind {
    type Err = ();

    fn from_str(text: &str) -> Result<MovementKind, ()> {
        MovementKind::ALL.into_iter().find(|kind| kind.code() == text).ok_or(())
    }
}

/// A movement, as statements show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovementRow {
    /// The record that tells of it.
    pub sequence: u64,
    /// When, in node time.
    pub at: Millis,
    /// The day in Asia/Shanghai, of node time.
    pub day: Day,
    /// The order that took or gave back.
    pub order: Option<OrderId>,
    /// Why.
    pub kind: MovementKind,
    /// Fen that came.
    pub came: u64,
    /// Fen that went.
    pub went: u64,
    /// The order's fee in fen; of what was returned, the fee that is not due after all.
    pub fee: u64,
}

/// What a subscriber held before some days, and what moved on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movements {
    /// Fen held before the first of the days.
    pub held_before: u64,
    /// What moved, oldest first.
    pub rows: Vec<MovementRow>,
}

/// A movement on its way into the views.
pub(crate) struct Movement {
    place: i64,
    number: i64,
    at: Millis,
    moved: Moved,
}

enum Moved {
    Recharged { subscriber: SubscriberId, fen: u64 },
    Ordered { subscriber: SubscriberId, order: OrderId, fen: u64, fee: u64 },
    Returned { order: OrderId },
    LeftBehind { subscriber: SubscriberId },
}

/// The movements that a record tells of, in the order of its facts.
pub(crate) fn movements_of(record: &OpenRecord) -> impl Iterator<Item = Movement> {
    let (place, at) = (integer(record.sequence), record.meta.now);
    let moved = (0i64..).zip(&record.facts).filter_map(|(number, fact)| Some((number, moved(fact)?)));
    moved.map(move |(number, moved)| Movement { place, number, at, moved })
}

fn moved(fact: &Fact) -> Option<Moved> {
    match fact {
        Fact::LotOpened { subscriber, amount, .. } => {
            Some(Moved::Recharged { subscriber: *subscriber, fen: *amount }).filter(|_| *amount > 0)
        }
        Fact::OrderAdmitted(admission) => {
            let taken = admission.lots.iter().fold(0, |sum: u64, lot| sum.saturating_add(lot.taken.remaining));
            let (order, fee) = (admission.order, admission.terms.fee);
            let subscriber = admission.parties.first().copied()?;
            Some(Moved::Ordered { subscriber, order, fen: taken, fee }).filter(|_| taken > 0)
        }
        Fact::ValueReturned { order, .. } => Some(Moved::Returned { order: *order }),
        Fact::NumberPorted { subscriber, .. } => Some(Moved::LeftBehind { subscriber: *subscriber }),
        _ => None,
    }
}

/// Writes movements in their order, after the orders of the same batch.
pub(crate) fn write_movements(connection: &Connection, movements: &[Movement]) -> Result<(), ViewError> {
    for Movement { place, number, at, moved } in movements {
        let (at_ms, day) = (integer(at.0), at.day().count());
        let told = |subscriber: &SubscriberId, order: &str, kind: MovementKind, [came, went, fee]: [u64; 3]| {
            let amounts = (integer(came), integer(went), integer(fee));
            connection.prepare_cached(sql::NEW_MOVEMENT)?.execute(rusqlite::params![
                subscriber.to_string(),
                place,
                number,
                at_ms,
                day,
                order,
                kind.code(),
                amounts.0,
                amounts.1,
                amounts.2
            ])
        };
        match moved {
            Moved::Recharged { subscriber, fen } => told(subscriber, "", MovementKind::Recharged, [*fen, 0, 0])?,
            Moved::Ordered { subscriber, order, fen, fee } => {
                told(subscriber, &order.to_string(), MovementKind::Ordered, [0, *fen, *fee])?
            }
            Moved::Returned { order } => {
                let kinds = (MovementKind::Returned.code(), order.to_string(), MovementKind::Ordered.code());
                let given = (place, number, at_ms, day, kinds.0, kinds.1, kinds.2);
                connection.prepare_cached(sql::RETURNED_MOVEMENT)?.execute(given)?
            }
            Moved::LeftBehind { subscriber } => {
                let kind = MovementKind::LeftBehind.code();
                let given = (place, number, at_ms, day, kind, subscriber.to_string());
                connection.prepare_cached(sql::LEFT_MOVEMENT)?.execute(given)?
            }
        };
    }
    Ok(())
}
