//! Readers beside the writer.

use pollster::block_on;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use facts::{Day, OrderId};
use ledger::AccountId;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::connection::for_reading;
use crate::decode::{damaged, natural, order_row, positions, word};
use crate::views::APPLIED;
use crate::{OrderFilter, OrderRow, StateCount, Total, ViewError, sql};

/// Connections kept open between reads; more are opened when more read at once.
const IDLE_CONNECTIONS_MAX: usize = 8;

/// A reader of the views; cheap to clone, and to be used from any thread. A read blocks its thread.
#[derive(Clone)]
pub struct ViewReader(Arc<Shared>);

struct Shared {
    path: PathBuf,
    position: AtomicU64,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl ViewReader {
    /// Opens views that another process may be writing; its position stays what it was when it was opened.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn open(path: &Path) -> Result<ViewReader, ViewError> {
        let position = place(&mut for_reading(path)?, sql::PROGRESS, APPLIED)?;
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
        let mut query = sqlx::query(AssertSqlSafe(sql::orders_page(filter))).bind(from.to_string());
        query = query.bind(i64::from(limit));
        if let Some(state) = filter.state {
            query = query.bind(state.code());
        }
        if let Some(person) = filter.person {
            query = query.bind(person.to_string());
        }
        if let Some(subscriber) = filter.subscriber {
            query = query.bind(subscriber.to_string());
        }
        self.rows(query)?.iter().map(order_row).collect()
    }

    /// One order.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn order_row(&self, id: OrderId) -> Result<Option<OrderRow>, ViewError> {
        let query = sqlx::query(AssertSqlSafe(sql::order())).bind(id.to_string());
        self.rows(query)?.first().map(order_row).transpose()
    }

    /// The sequences of an order's records, ascending; empty when there is no such order.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn positions_of(&self, order: OrderId) -> Result<Vec<u64>, ViewError> {
        let rows = self.rows(sqlx::query(sql::POSITIONS).bind(order.to_string()))?;
        rows.first().map_or(Ok(Vec::new()), positions)
    }

    /// What was posted to an account, day by day, both ends included; days without postings are left out.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn totals(&self, account: AccountId, from: Day, to: Day) -> Result<Vec<Total>, ViewError> {
        let query = sqlx::query(sql::TOTALS).bind(i64::from(account.number()));
        let query = query.bind(i64::from(from.count())).bind(i64::from(to.count()));
        let total = |row: &SqliteRow| {
            let day = natural(row, "day")?;
            let day = u32::try_from(day).map(Day::from_count).map_err(|_| damaged("day", day))?;
            Ok(Total { account, day, debits: natural(row, "debits")?, credits: natural(row, "credits")? })
        };
        self.rows(query)?.iter().map(total).collect()
    }

    /// How many orders stand where; states without orders are left out.
    ///
    /// Errors: `Open`, `Storage`, `Damaged`.
    pub fn counts(&self) -> Result<Vec<StateCount>, ViewError> {
        let count = |row: &SqliteRow| Ok(StateCount { state: word(row, "state")?, orders: natural(row, "orders")? });
        self.rows(sqlx::query(sql::COUNTS))?.iter().map(count).collect()
    }

    fn rows(&self, query: Query) -> Result<Vec<SqliteRow>, ViewError> {
        let idle = self.idle().pop();
        let mut connection = idle.map_or_else(|| for_reading(&self.0.path), Ok)?;
        // A connection that failed is not kept.
        let rows = block_on(query.fetch_all(&mut connection))?;
        let mut idle = self.idle();
        if idle.len() < IDLE_CONNECTIONS_MAX {
            idle.push(connection);
        }
        Ok(rows)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Query = sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// The greatest id of a page; `None` when there is nothing below.
fn below(after: Option<OrderId>) -> Option<OrderId> {
    match after {
        None => Some(OrderId::from_bits(u128::MAX)),
        Some(after) => after.bits().checked_sub(1).map(OrderId::from_bits),
    }
}

/// A place kept under a name; 0 when there is none.
pub(crate) fn place(connection: &mut SqliteConnection, statement: &'static str, name: &str) -> Result<u64, ViewError> {
    let found: Option<i64> = block_on(sqlx::query_scalar(statement).bind(name.to_owned()).fetch_optional(connection))?;
    let found = found.unwrap_or(0);
    u64::try_from(found).map_err(|_| damaged("place", found))
}
