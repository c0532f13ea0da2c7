//! The one writer.

use pollster::block_on;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use facts::{OpenRecord, Partner};
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Connection as _, Sqlite, SqliteConnection};

use crate::connection::for_writing;
use crate::fold::{Changes, Made, OrderChange};
use crate::reader::place;
use crate::sql::{self, Bulk};
use crate::{ViewError, ViewReader};

/// The name under which the last applied sequence is kept, in the transaction that applies it.
pub(crate) const APPLIED: &str = "applied";
const FORMAT: &str = "format";

/// Parameters of the longest statement: each costs a trip to the database's thread and a copy of every page it
/// touches, in case it is undone.
const PARAMETERS_MAX: usize = 2_048;

/// A record with what it posted, as the core's books came to it.
#[derive(Clone, Debug)]
pub struct Projected {
    /// The record.
    pub record: Arc<OpenRecord>,
    /// What its transfers posted: posts and posted holds, not holds.
    pub posted: Vec<ledger::Entry>,
}

/// The writer of the views.
pub struct Views {
    /// Always there until the drop, which needs to own it.
    connection: Option<SqliteConnection>,
    statements: Statements,
    reader: ViewReader,
}

struct Statements {
    new: Texts,
    moved: Texts,
    touched: Texts,
    totals: Texts,
}

/// The texts of one bulk write, by number of rows.
struct Texts([(usize, Arc<str>); 4]);

type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// When the indexes of the orders are made. They are hit all over: keeping them costs more than all else together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexes {
    /// With every order, for views that somebody looks at.
    Kept,
    /// Once everything is there, by opening the views again; without them lists take long.
    Last,
}

impl Views {
    /// Opens or creates the views at `path`, with their indexes.
    ///
    /// Errors: `Open`, `Storage`, `OtherFormat`, `Damaged`.
    pub fn open(path: &Path) -> Result<Views, ViewError> {
        Views::open_with(path, Indexes::Kept)
    }

    /// As [`Views::open`], with indexes now or later.
    pub fn open_with(path: &Path, indexes: Indexes) -> Result<Views, ViewError> {
        let mut connection = for_writing(path)?;
        let indexes = match indexes {
            Indexes::Kept => sql::INDEXES,
            Indexes::Last => sql::NO_INDEXES,
        };
        for statement in sql::TABLES.into_iter().chain(indexes) {
            block_on(sqlx::query(statement).execute(&mut connection))?;
        }
        for (name, start) in [(FORMAT, sql::FORMAT), (APPLIED, 0)] {
            block_on(sqlx::query(sql::START_PROGRESS).bind(name).bind(start).execute(&mut connection))?;
        }
        let (found, expected) = (place(&mut connection, sql::PROGRESS, FORMAT)?, sql::FORMAT.unsigned_abs());
        if found != expected {
            return Err(ViewError::OtherFormat { found, expected });
        }
        let position = place(&mut connection, sql::PROGRESS, APPLIED)?;
        let statements = Statements {
            new: Texts::of(&sql::NEW_ORDERS),
            moved: Texts::of(&sql::MOVED_ORDERS),
            touched: Texts::of(&sql::TOUCHED_ORDERS),
            totals: Texts::of(&sql::ADDED_TOTALS),
        };
        Ok(Views { connection: Some(connection), statements, reader: ViewReader::at(path, position) })
    }

    /// Deletes the views at `path`, so that they are rebuilt. Nobody may have them open.
    ///
    /// Errors: a file is there and cannot be deleted.
    pub fn remove(path: &Path) -> std::io::Result<()> {
        for suffix in ["", "-wal", "-shm"] {
            let mut file = path.as_os_str().to_owned();
            file.push(suffix);
            match std::fs::remove_file(PathBuf::from(file)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Applies records in one transaction; those at or below the position are skipped.
    ///
    /// Errors: `Gap`, `OutOfRange`, `OtherWriter`, `Storage`; nothing of the batch is then applied.
    pub fn apply(&mut self, batch: &[Projected]) -> Result<(), ViewError> {
        let from = self.position();
        let batch = following(from, batch)?;
        let Some(last) = batch.last() else { return Ok(()) };
        let changes = Changes::of(batch)?;
        let to = last.record.sequence;
        let written = self.transaction(from, to, &changes);
        match written {
            Ok(()) => self.reader.set_position(to),
            Err(_) => self.roll_back(),
        }
        written
    }

    fn transaction(&mut self, from: u64, to: u64, changes: &Changes) -> Result<(), ViewError> {
        self.run(sqlx::query(sql::BEGIN))?;
        let step = sqlx::query(sql::MOVE_PROGRESS).bind(integer(to)?).bind(APPLIED).bind(integer(from)?);
        if self.run(step)? != 1 {
            return Err(ViewError::OtherWriter);
        }
        self.write_orders(changes)?;
        self.write_totals(changes)?;
        self.run(sqlx::query(sql::COMMIT)).map(drop)
    }

    fn write_orders(&mut self, changes: &Changes) -> Result<(), ViewError> {
        let (mut new, mut moved, mut touched) = (Vec::new(), Vec::new(), Vec::new());
        for (id, change) in &changes.orders {
            let row = (id.to_string(), change);
            match (&change.made, change.stands) {
                (Some(_), _) => new.push(row),
                (None, Some(_)) => moved.push(row),
                (None, None) => touched.push(row),
            }
        }
        let connection = open(&mut self.connection);
        self.statements.new.write(connection, &new, bind_new)?;
        self.statements.moved.write(connection, &moved, bind_moved)?;
        self.statements
            .touched
            .write(connection, &touched, |query, (id, change)| bind_end(query.bind(id.clone()), change))
    }

    fn write_totals(&mut self, changes: &Changes) -> Result<(), ViewError> {
        let totals: Vec<_> = changes.totals.iter().collect();
        self.statements.totals.write(open(&mut self.connection), &totals, |query, ((account, day), sums)| {
            let query = query.bind(i64::from(account.number())).bind(i64::from(day.count()));
            query.bind(sums.debits).bind(sums.credits)
        })
    }

    /// Keeps how far a partner's statement was read.
    ///
    /// Errors: `Storage`, `OutOfRange`.
    pub fn set_cursor(&mut self, partner: Partner, cursor: u64) -> Result<(), ViewError> {
        let cursor = integer(cursor)?;
        self.run(sqlx::query(sql::SET_CURSOR).bind(partner.to_string()).bind(cursor)).map(drop)
    }

    /// How far a partner's statement was read; 0 before the first page.
    ///
    /// Errors: `Storage`, `Damaged`.
    pub fn cursor(&mut self, partner: Partner) -> Result<u64, ViewError> {
        place(open(&mut self.connection), sql::CURSOR, &partner.to_string())
    }

    /// Sequence of the last record applied; 0 before the first.
    pub fn position(&self) -> u64 {
        self.reader.position()
    }

    /// A reader, which can be cloned and sent anywhere.
    pub fn reader(&self) -> ViewReader {
        self.reader.clone()
    }

    /// Runs a statement and says how many rows it changed.
    fn run(&mut self, query: Query) -> Result<u64, ViewError> {
        Ok(block_on(query.execute(open(&mut self.connection)))?.rows_affected())
    }

    fn roll_back(&mut self) {
        if let Err(error) = self.run(sqlx::query(sql::ROLLBACK)) {
            tracing::warn!(%error, "views transaction did not roll back");
        }
    }
}

impl Drop for Views {
    /// Waits for the close, so that the files are at rest when the owner is gone.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = block_on(connection.close())
        {
            tracing::warn!(%error, "views did not close");
        }
    }
}

fn open(connection: &mut Option<SqliteConnection>) -> &mut SqliteConnection {
    connection.as_mut().expect("a connection is there until it is dropped")
}

/// The part of a batch that was not applied before.
///
/// Errors: `Gap` when it does not follow.
fn following(position: u64, batch: &[Projected]) -> Result<&[Projected], ViewError> {
    let known = batch.iter().take_while(|projected| projected.record.sequence <= position).count();
    let rest = &batch[known..];
    for (expected, projected) in (position + 1..).zip(rest) {
        let found = projected.record.sequence;
        if found != expected {
            return Err(ViewError::Gap { expected, found });
        }
    }
    Ok(rest)
}

fn integer(value: u64) -> Result<i64, ViewError> {
    i64::try_from(value).map_err(|_| ViewError::OutOfRange(value))
}

impl Texts {
    fn of(bulk: &Bulk) -> Texts {
        let most = PARAMETERS_MAX / bulk.parameters();
        Texts([most, most / 8, most / 64, 1].map(|rows| (rows, bulk.of(rows, |_| "?".into()))))
    }

    /// Writes all rows, as many at once as there are texts for.
    fn write<T>(
        &self,
        connection: &mut SqliteConnection,
        mut rows: &[T],
        bind: impl Fn(Query, &T) -> Query,
    ) -> Result<(), ViewError> {
        for (size, text) in &self.0 {
            while rows.len() >= *size {
                let (now, later) = rows.split_at(*size);
                let query: Query = sqlx::query(AssertSqlSafe(Arc::clone(text)));
                block_on(now.iter().fold(query, &bind).execute(&mut *connection))?;
                rows = later;
            }
        }
        Ok(())
    }
}

type OrderRowOut<'c> = (String, &'c OrderChange);

fn bind_new(query: Query, (id, change): &OrderRowOut<'_>) -> Query {
    let Some(made) = &change.made else { return query };
    let query = bind_made(query.bind(id.clone()), made);
    let query = bind_standing(query, change).bind(made.refusal).bind(made.requested_at_ms).bind(made.made_at_ms);
    query.bind(change.changed_at_ms).bind(made.made_in).bind(change.changed_in).bind(change.positions.clone())
}

fn bind_made(query: Query, made: &Made) -> Query {
    let query = query.bind(made.person.clone()).bind(made.subscriber.clone()).bind(made.product);
    query.bind(made.amount).bind(made.fee).bind(made.payout).bind(made.arrives_on)
}

fn bind_moved(query: Query, (id, change): &OrderRowOut<'_>) -> Query {
    bind_end(bind_standing(query.bind(id.clone()), change), change)
}

fn bind_standing(query: Query, change: &OrderChange) -> Query {
    let (state, cause) = change.stands.map_or(("", ""), |(state, cause)| (state.code(), cause.code()));
    query.bind(state).bind(cause)
}

fn bind_end(query: Query, change: &OrderChange) -> Query {
    query.bind(change.changed_at_ms).bind(change.changed_in).bind(change.positions.clone())
}
