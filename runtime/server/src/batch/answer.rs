//! What a row is told: entered in file order, answered from the state and from what the journal knows of its key.

use super::rows::{Register, Rows, row_of};
use exchange::{ClientKey, Reply};
use facts::{KeyUse, Made, Order, OrderId, Refusal, State};
use node::{Lane, NodeError, Pending};
use orderfile::{Answer, Column, OrderLine, Row, Told};
use views::OrderRow;

const CONFLICT: Told = Told::First(Answer::Refused(orderfile::CONFLICT));
const MALFORMED: Told = Told::First(Answer::Refused(Refusal::MalformedRequest.code()));

/// A row on its way to its answer.
pub struct Entered {
    request_id: Box<str>,
    told: Awaited,
}

enum Awaited {
    Known(Told),
    Pending(Pending<Decided>),
}

/// What the node says about a row.
pub enum Decided {
    /// This.
    Told(Told),
    /// What it said before about an order that has left its memory.
    Before(OrderId),
    /// Nothing: the order could not be decided.
    Nothing,
}

impl Entered {
    /// The row's request id and what the node says about it, once that is durable, with its position.
    ///
    /// Errors: the node stopped; entered again, the row gets the answer it had.
    pub async fn decided(self) -> Result<(Box<str>, Decided, u64), NodeError> {
        let (decided, position) = match self.told {
            Awaited::Known(told) => (Decided::Told(told), 0),
            Awaited::Pending(pending) => pending.durable().await?,
        };
        Ok((self.request_id, decided, position))
    }
}

impl<R: Register> Rows<'_, R> {
    /// Puts the row of that number, counted from 0, at the end of the lane.
    ///
    /// Errors: the register does not answer, and nothing was put there.
    pub fn enter(&self, number: u64, line: OrderLine<'_>) -> Result<Entered, R::Fault> {
        let (request_id, told) = match line {
            OrderLine::Broken(echo) => (echo.into(), Awaited::Known(MALFORMED)),
            OrderLine::Row(row) => (row.get(Column::RequestId).into(), Awaited::Pending(self.enter_row(number, &row)?)),
        };
        Ok(Entered { request_id, told })
    }

    /// Every row goes through the desk, the malformed too: whether its id has an answer comes before all else.
    fn enter_row(&self, number: u64, row: &Row<'_>) -> Result<Pending<Decided>, R::Fault> {
        let key = self.key(row);
        Ok(match self.order(number, row, key)? {
            Some(envelope) => self.node.enter(Lane::Orders, Some(envelope), move |told| {
                told.reply.map_or(Decided::Nothing, |reply| placed(told.state, reply, number))
            }),
            None => self.node.enter(Lane::Orders, None, move |told| Decided::Told(malformed(told.state, key, number))),
        })
    }
}

/// What came of an order. An answer that this very row was given before is its first, not a duplicate.
fn placed(state: &State, reply: Reply, number: u64) -> Decided {
    let made = match reply {
        Reply::Made(made) | Reply::Replayed(KeyUse { made, .. }) => made,
        Reply::KeyConflict => return Decided::Told(CONFLICT),
        Reply::Done | Reply::Nothing | Reply::NotFound | Reply::NotNow | Reply::Exists(_) | Reply::Denied(_) => {
            return Decided::Nothing;
        }
    };
    let Made::Order(id) = made else { return Decided::Nothing };
    let Some(answer) = state.order(id).map(answer_of) else { return Decided::Before(id) };
    Decided::Told(if row_of(id) == number { Told::First(answer) } else { Told::Duplicate(answer) })
}

/// A malformed row whose id an earlier row used has an answer. One that a later row used did not have it yet: a run
/// that was interrupted may have come that far.
fn malformed(state: &State, key: ClientKey, number: u64) -> Told {
    let earlier = state.key(key.key).filter(|used| match used.made {
        Made::Order(order) => row_of(order) < number,
        Made::Subscriber(_) | Made::Lot(..) | Made::Act | Made::Complaint(_) => false,
    });
    if earlier.is_some() { CONFLICT } else { MALFORMED }
}

fn answer_of(order: &Order) -> Answer {
    match order.refusal {
        Some(refusal) => Answer::Refused(refusal.code()),
        None => {
            let terms = &order.terms;
            Answer::Accepted { fee: terms.fee, payout: terms.payout, arrives_on: terms.arrives_on }
        }
    }
}

/// The answer of an order as the views show it.
pub fn answer_shown(row: &OrderRow) -> Answer {
    match row.refusal {
        Some(refusal) => Answer::Refused(refusal.code()),
        None => Answer::Accepted { fee: row.fee, payout: row.payout, arrives_on: row.arrives_on },
    }
}
