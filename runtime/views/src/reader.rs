//! Readers beside the writer.

use std::iter::once;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use facts::{Day, OrderId, SubscriberId};
use ledger::AccountId;
use rusqlite::types::Value;
use rusqlite::{Connection, Params, Row, params_from_iter};

use crate::connection::for_reading;
use crate::decode::{act_row, day, movement_row, natural, order_row, positions, word};
use crate::views::APPLIED;
use crate::{ActFilter, ActRow, Movements, OrderFilter, OrderRow, StateCount, Total, ViewError, sql};

/// Connections kept open between reads; more are opened when more read at once.
const IDLE_CONNECTIONS_MAX: usize = 8;

/// A reader of the views; cheap to clone, and to be used from any thread. A read blocks its thread.
#[derive(Clone)]
pub struct ViewReader(Arc<Shared>);

struct Shared {
    path: PathBuf,
    position: AtomicU64,
    idle: Mutex<Vec<Connection>>,
}

impl ViewReader {
    /// Opens views that another process may be writing; its position stays what it was when it was opened.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn open(path: &Path) -> Result<ViewReader, ViewError> {
        let position = place(&for_reading(path)?, sql::PROGRESS, APPLIED)?;
        Ok(ViewReader::at(path, position))
    }

    pub(crate) fn at(path: &Path, position: u64) -> ViewReader {
        let position = AtomicU64::new(position);
        ViewReader(Arc::new(Shared { path: path.to_owned(), position, idle: Mutex::default() }))
    }

    pub(crate) fn set_position(&self, position: u64) {
        self.0.position.store(position, Ordering::Release);
    }

    /// Sequence of the last record that a read which starts now is sure to see; 0 before the first.
    pub fn position(&self) -> u64 {
        self.0.position.load(Ordering::Acquire)
    }

    /// At most `limit` orders with smaller ids than `after`, newest first.
    ///
    /// Paging is stable: an order never changes its place, and new ones come before the first page.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn orders(&self, filter: OrderFilter, after: Option<OrderId>, limit: u32) -> Result<Vec<OrderRow>, ViewError> {
        let Some(from) = below(after) else { return Ok(Vec::new()) };
        let state = filter.state.map(|state| state.code().to_owned());
        let person = filter.person.map(|person| person.to_string());
        let subscriber = filter.subscriber.map(|subscriber| subscriber.to_string());
        let till = filter.till.map(|till| till.to_string());
        let asked = [state, person, subscriber, till].into_iter().flatten().map(Value::Text);
        let given = once(Value::Text(from.to_string())).chain(asked).chain(once(Value::Integer(limit.into())));
        self.rows(&sql::orders_page(filter), params_from_iter(given), order_row)
    }

    /// One order.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn order_row(&self, id: OrderId) -> Result<Option<OrderRow>, ViewError> {
        Ok(self.rows(&sql::order(), [id.to_string()], order_row)?.pop())
    }

    /// The sequences of an order's records, ascending; empty when there is no such order.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn positions_of(&self, order: OrderId) -> Result<Vec<u64>, ViewError> {
        Ok(self.rows(sql::POSITIONS, [order.to_string()], positions)?.pop().unwrap_or_default())
    }

    /// At most `limit` acts of staff in records before `before`, newest first.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn acts(&self, filter: &ActFilter, before: Option<u64>, limit: u32) -> Result<Vec<ActRow>, ViewError> {
        let integer = |value: u64| Value::Integer(i64::try_from(value).unwrap_or(i64::MAX));
        let words = [filter.actor.map(|actor| actor.to_string()), filter.act.clone()].into_iter().flatten();
        let moments = [filter.from, filter.until].into_iter().flatten().map(|moment| integer(moment.0));
        let asked = words.map(Value::Text).chain(moments);
        let given = once(integer(before.unwrap_or(u64::MAX))).chain(asked).chain(once(Value::Integer(limit.into())));
        self.rows(&sql::acts_page(filter), params_from_iter(given), act_row)
    }

    /// What was posted to an account, day by day, both ends included; days without postings are left out.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn totals(&self, account: AccountId, from: Day, to: Day) -> Result<Vec<Total>, ViewError> {
        let total = |row: &Row<'_>| {
            Ok(Total { account, day: day(row)?, debits: natural(row, "debits")?, credits: natural(row, "credits")? })
        };
        self.rows(sql::TOTALS, (account.number(), from.count(), to.count()), total)
    }

    /// What a subscriber held before `from`, and at most `limit` movements from then to `until`, both ends included, as
    /// far as records up to `position` tell: the same question has the same answer for ever.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn movements(
        &self,
        subscriber: SubscriberId,
        days: (Day, Day),
        position: u64,
        limit: u32,
    ) -> Result<Movements, ViewError> {
        let (of, position) = (subscriber.to_string(), i64::try_from(position).unwrap_or(i64::MAX));
        let (from, until) = (days.0.count(), days.1.count());
        let held = self.rows(sql::HELD_BEFORE, (&of, from, position), |row| natural(row, "held"))?.pop();
        let rows = self.rows(sql::MOVEMENTS, (&of, from, until, position, limit), movement_row)?;
        Ok(Movements { held_before: held.unwrap_or(0), rows })
    }

    /// How many orders stand where; states without orders are left out.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn counts(&self) -> Result<Vec<StateCount>, ViewError> {
        let count = |row: &Row<'_>| Ok(StateCount { state: word(row, "state")?, orders: natural(row, "orders")? });
        self.rows(sql::COUNTS, [], count)
    }

    fn rows<T>(
        &self,
        statement: &str,
        given: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T, ViewError>,
    ) -> Result<Vec<T>, ViewError> {
        let idle = self.idle().pop();
        let connection = idle.map_or_else(|| for_reading(&self.0.path), Ok)?;
        // A connection that failed is not kept.
        let read = rows(&connection, statement, given, read)?;
        let mut idle = self.idle();
        if idle.len() < IDLE_CONNECTIONS_MAX {
            idle.push(connection);
        }
        Ok(read)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rows<T>(
    connection: &Connection,
    statement: &str,
    given: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, ViewError>,
) -> Result<Vec<T>, ViewError> {
    let mut select = connection.prepare_cached(statement)?;
    let (mut rows, mut all) = (select.query(given)?, Vec::new());
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

/// The greatest id of a page; `None` when there is nothing below.
fn below(after: Option<OrderId>) -> Option<OrderId> {
    match after {
        None => Some(OrderId::from_bits(u128::MAX)),
        Some(after) => after.bits().checked_sub(1).map(OrderId::from_bits),
    }
}

/// A place kept under a name; 0 when there is none.
pub(crate) fn place(connection: &Connection, statement: &'static str, name: &str) -> Result<u64, ViewError> {
    Ok(rows(connection, statement, [name], |row| natural(row, "place"))?.pop().unwrap_or(0))
}
