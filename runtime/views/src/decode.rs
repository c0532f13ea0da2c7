//! Rows back into values.

use std::fmt::Display;
use std::str::FromStr;

use facts::{Day, Millis};
use rusqlite::Row;

use crate::{ActRow, MovementRow, OrderRow, ViewError};

/// Reads an order's row.
pub fn order_row(row: &Row<'_>) -> Result<OrderRow, ViewError> {
    let arrives_on = natural(row, "arrives_on")?;
    let (refusal, subscriber) = (text(row, "refusal")?, text(row, "subscriber")?);
    Ok(OrderRow {
        id: word(row, "id")?,
        person: word(row, "person")?,
        subscriber: if subscriber.is_empty() { None } else { Some(word(row, "subscriber")?) },
        product: word(row, "product")?,
        amount: natural(row, "amount")?,
        fee: natural(row, "fee")?,
        payout: natural(row, "payout")?,
        arrives_on: u32::try_from(arrives_on).map(Day::from_count).map_err(|_| damaged("arrives_on", arrives_on))?,
        state: word(row, "state")?,
        cause: word(row, "cause")?,
        refusal: if refusal.is_empty() { None } else { Some(word(row, "refusal")?) },
        requested_at: Millis(natural(row, "requested_at_ms")?),
        admitted_at: Millis(natural(row, "admitted_at_ms")?),
        changed_at: Millis(natural(row, "changed_at_ms")?),
        admitted_in: natural(row, "admitted_in")?,
        changed_in: natural(row, "changed_in")?,
    })
}

/// Reads an act's row.
pub fn act_row(row: &Row<'_>) -> Result<ActRow, ViewError> {
    let refused = text(row, "refused")?;
    Ok(ActRow {
        sequence: natural(row, "place")?,
        actor: text(row, "actor")?.to_owned(),
        act: text(row, "act")?.to_owned(),
        at: Millis(natural(row, "at_ms")?),
        refused: (!refused.is_empty()).then(|| refused.to_owned()),
    })
}

/// Reads a movement's row.
pub fn movement_row(row: &Row<'_>) -> Result<MovementRow, ViewError> {
    let order = text(row, "order_id")?;
    Ok(MovementRow {
        sequence: natural(row, "place")?,
        at: Millis(natural(row, "at_ms")?),
        day: day(row)?,
        order: if order.is_empty() { None } else { Some(word(row, "order_id")?) },
        kind: word(row, "kind")?,
        came: natural(row, "came")?,
        went: natural(row, "went")?,
        fee: natural(row, "fee")?,
    })
}

/// A column that holds a day.
pub fn day(row: &Row<'_>) -> Result<Day, ViewError> {
    let found = natural(row, "day")?;
    u32::try_from(found).map(Day::from_count).map_err(|_| damaged("day", found))
}

/// Reads an order's positions, which must ascend.
pub fn positions(row: &Row<'_>) -> Result<Vec<u64>, ViewError> {
    let listed = text(row, "positions")?;
    let read: Result<Vec<u64>, _> = listed.split_terminator(' ').map(u64::from_str).collect();
    let ascending = read.ok().filter(|positions| positions.is_sorted_by(|left, right| left < right));
    ascending.ok_or_else(|| damaged("positions", listed))
}

/// A column that holds a word or an id.
pub fn word<T: FromStr>(row: &Row<'_>, column: &'static str) -> Result<T, ViewError> {
    let found = text(row, column)?;
    found.parse().map_err(|_| damaged(column, format!("`{found}`")))
}

/// A column that holds a whole number, never below zero.
pub fn natural(row: &Row<'_>, column: &'static str) -> Result<u64, ViewError> {
    let found: i64 = row.get(column).map_err(|error| damaged(column, error))?;
    u64::try_from(found).map_err(|_| damaged(column, found))
}

fn text<'r>(row: &'r Row<'_>, column: &'static str) -> Result<&'r str, ViewError> {
    let found = row.get_ref(column).map_err(|error| damaged(column, error))?;
    found.as_str().map_err(|error| damaged(column, error))
}

pub fn damaged(column: &'static str, found: impl Display) -> ViewError {
    ViewError::Damaged { column, found: found.to_string() }
}
