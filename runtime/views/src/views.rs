//! The one writer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use facts::{OpenRecord, Partner};
use rusqlite::{Connection, params};

use crate::connection::for_writing;
use crate::fold::{Changes, Folded, OrderChange};
use crate::movement::write_movements;
use crate::reader::place;
use crate::{ViewError, ViewReader, sql};

/// The name under which the last applied sequence is kept, in the transaction that applies it.
pub(crate) const APPLIED: &str = "applied";
const FORMAT: &str = "format";

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
    connection: Connection,
    reader: ViewReader,
}

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
        let connection = for_writing(path)?;
        let indexes = match indexes {
            Indexes::Kept => sql::INDEXES,
            Indexes::Last => sql::NO_INDEXES,
        };
        for statement in sql::TABLES.into_iter().chain(indexes) {
            connection.execute(statement, [])?;
        }
        for (name, start) in [(FORMAT, sql::FORMAT), (APPLIED, 0)] {
            connection.execute(sql::START_PROGRESS, (name, start))?;
        }
        let (found, expected) = (place(&connection, sql::PROGRESS, FORMAT)?, sql::FORMAT.unsigned_abs());
        if found != expected {
            return Err(ViewError::OtherFormat { found, expected });
        }
        let position = place(&connection, sql::PROGRESS, APPLIED)?;
        Ok(Views { connection, reader: ViewReader::at(path, position) })
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
        let mut folded = Folded::behind(self.position());
        batch.iter().try_for_each(|projected| folded.take(projected))?;
        self.write(&folded)
    }

    /// Applies what records were folded into, in one transaction.
    ///
    /// Errors: `OutOfRange`, `OtherWriter`, `Storage`; nothing is then applied.
    pub fn write(&mut self, Folded { from, to, changes }: &Folded) -> Result<(), ViewError> {
        if from < to {
            self.transaction(*from, *to, changes)?;
            self.reader.set_position(*to);
        }
        Ok(())
    }

    /// What is not committed is rolled back.
    fn transaction(&mut self, from: u64, to: u64, changes: &Changes) -> Result<(), ViewError> {
        let transaction = self.connection.transaction()?;
        if transaction.execute(sql::MOVE_PROGRESS, (integer(to)?, APPLIED, integer(from)?))? != 1 {
            return Err(ViewError::OtherWriter);
        }
        write_orders(&transaction, changes)?;
        write_totals(&transaction, changes)?;
        write_acts(&transaction, changes)?;
        write_movements(&transaction, &changes.movements)?;
        Ok(transaction.commit()?)
    }

    /// Keeps how far a partner's statement was read.
    ///
    /// Errors: `Storage`, `OutOfRange`.
    pub fn set_cursor(&mut self, partner: Partner, cursor: u64) -> Result<(), ViewError> {
        self.connection.execute(sql::SET_CURSOR, (partner.to_string(), integer(cursor)?))?;
        Ok(())
    }

    /// How far a partner's statement was read; 0 before the first page.
    ///
    /// Errors: `Storage`, `Damaged`.
    pub fn cursor(&self, partner: Partner) -> Result<u64, ViewError> {
        place(&self.connection, sql::CURSOR, &partner.to_string())
    }

    /// Sequence of the last record applied; 0 before the first.
    pub fn position(&self) -> u64 {
        self.reader.position()
    }

    /// A reader, which can be cloned and sent anywhere.
    pub fn reader(&self) -> ViewReader {
        self.reader.clone()
    }
}

fn integer(value: u64) -> Result<i64, ViewError> {
    i64::try_from(value).map_err(|_| ViewError::OutOfRange(value))
}

fn write_orders(connection: &Connection, changes: &Changes) -> Result<(), ViewError> {
    let mut new = connection.prepare_cached(sql::NEW_ORDER)?;
    let mut moved = connection.prepare_cached(sql::MOVED_ORDER)?;
    let mut touched = connection.prepare_cached(sql::TOUCHED_ORDER)?;
    for (id, change) in &changes.orders {
        let id = id.to_string();
        let OrderChange { made, stands, changed_at_ms, changed_in, seen_in: _, positions } = change;
        let (state, cause) = stands.map_or(("", ""), |(state, cause)| (state.code(), cause.code()));
        let changed = match (made, stands) {
            (Some(made), _) => new.execute(params![
                id,
                made.person.to_string(),
                made.subscriber.map(|subscriber| subscriber.to_string()).unwrap_or_default(),
                made.product,
                made.amount,
                made.fee,
                made.payout,
                made.arrives_on,
                state,
                cause,
                made.refusal,
                made.requested_at_ms,
                made.made_at_ms,
                changed_at_ms,
                made.made_in,
                changed_in,
                positions,
                made.till
            ])?,
            (None, Some(_)) => moved.execute((state, cause, changed_at_ms, changed_in, positions, &id))?,
            (None, None) => touched.execute((changed_at_ms, changed_in, positions, &id))?,
        };
        if changed != 1 {
            return Err(ViewError::Damaged { column: "id", found: format!("no order {id}") });
        }
    }
    Ok(())
}

fn write_totals(connection: &Connection, changes: &Changes) -> Result<(), ViewError> {
    let mut added = connection.prepare_cached(sql::ADDED_TOTAL)?;
    for ((account, day), sums) in &changes.totals {
        added.execute((account.number(), day.count(), sums.debits, sums.credits))?;
    }
    Ok(())
}

fn write_acts(connection: &Connection, changes: &Changes) -> Result<(), ViewError> {
    let mut new = connection.prepare_cached(sql::NEW_ACT)?;
    for act in &changes.acts {
        new.execute((act.sequence, &act.actor, act.word, act.at_ms))?;
    }
    let mut refused = connection.prepare_cached(sql::REFUSED_ACT)?;
    for (act, code) in &changes.refused {
        refused.execute((code, act))?;
    }
    Ok(())
}
