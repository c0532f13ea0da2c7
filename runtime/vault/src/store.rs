//! The database of a vault: sealed rows, and nothing that knows what is in them.

use pollster::block_on;
use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, QueryBuilder, Sqlite, SqliteConnection};

use crate::key::Lookup;
use crate::sql::{self, TableSql};

/// How long a statement waits for another connection's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Pages in the log after which a commit merges it into the main file: rows go in by digest, so that many at once touch
/// most pages, and each of them is merged once instead of with every commit.
const LOG_PAGES: &str = "32000";
/// Kibibytes of pages a connection may keep, as SQLite writes them: below zero.
const CACHE: &str = "-65536";

/// A table of sealed rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    Persons,
    Numbers,
    Instruments,
}

impl Table {
    /// The table's name, in messages and in what a row is sealed for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Persons => "persons",
            Self::Numbers => "numbers",
            Self::Instruments => "instruments",
        }
    }

    fn sql(self) -> TableSql {
        match self {
            Self::Persons => sql::PERSONS,
            Self::Numbers => sql::NUMBERS,
            Self::Instruments => sql::INSTRUMENTS,
        }
    }
}

/// A row as it is stored.
pub struct Row {
    pub id: u128,
    pub person: u128,
    pub lookup: Lookup,
    pub sealed: Vec<u8>,
}

/// What tells a row from every other that was offered: id, person and look-up.
pub type Place = (u128, u128, Lookup);

impl Row {
    /// What tells the row from every other that was offered.
    pub fn place(&self) -> Place {
        (self.id, self.person, self.lookup)
    }
}

/// A connection to the vault's database.
pub struct Store {
    inner: SqliteConnection,
}

/// Makes an empty file that only its owner can read, unless there is one.
pub fn touch_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

impl Store {
    /// Connects to an existing file.
    pub fn open(path: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", LOG_PAGES)
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", CACHE)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        Ok(Self { inner: block_on(options.connect())? })
    }

    /// Makes the tables unless they are there, all or none, with these lines about the vault.
    pub fn create_tables(&mut self, meta: &[(&str, String)]) -> Result<(), sqlx::Error> {
        self.in_transaction(|store| {
            let count: i64 = block_on(sqlx::query_scalar(sql::HAS_META).fetch_one(&mut store.inner))?;
            if count > 0 {
                return Ok(());
            }
            for table in [sql::PERSONS, sql::NUMBERS, sql::INSTRUMENTS] {
                store.run(table.create)?;
            }
            store.run(sql::CREATE_META)?;
            for (name, content) in meta {
                let insert = sqlx::query(sql::INSERT_META).bind(*name).bind(content.as_str());
                block_on(insert.execute(&mut store.inner))?;
            }
            Ok(())
        })
    }

    /// One line about the vault.
    pub fn meta(&mut self, name: &str) -> Result<Option<String>, sqlx::Error> {
        block_on(sqlx::query_scalar(sql::SELECT_META).bind(name).fetch_optional(&mut self.inner))
    }

    /// Does all or nothing; durable on return.
    pub fn in_transaction<T, E: From<sqlx::Error>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run(sql::BEGIN)?;
        let done = work(self).and_then(|value| self.run(sql::COMMIT).map(|()| value).map_err(E::from));
        if done.is_err() {
            // The first error is the one to tell; a failed commit may have ended the transaction already.
            self.run(sql::ROLLBACK).ok();
        }
        done
    }

    /// Inserts rows, except those whose id or look-up is there already. Returns which are new.
    ///
    /// Many rows are mostly all new: then the count says so, and no row has to come back from the database's thread.
    pub fn insert(&mut self, table: Table, rows: &[Row]) -> Result<HashSet<Place>, sqlx::Error> {
        if rows.len() > 1 {
            self.run(sql::SAVEPOINT)?;
            let mut insert = insert_of(table, rows, sql::UNLESS_THERE);
            let put = block_on(insert.build().execute(&mut self.inner))?.rows_affected();
            if put == rows.len() as u64 {
                self.run(sql::RELEASE)?;
                return Ok(rows.iter().map(Row::place).collect());
            }
            self.run(sql::ROLLBACK_TO)?;
            self.run(sql::RELEASE)?;
        }
        let mut insert = insert_of(table, rows, sql::UNLESS_THERE_TELLING);
        let new: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = block_on(insert.build_query_as().fetch_all(&mut self.inner))?;
        new.into_iter().map(|(id, person, lookup)| Ok((id_of(id)?, id_of(person)?, lookup_of(lookup)?))).collect()
    }

    /// The id and person of the row with this look-up; instruments are looked up within a person.
    pub fn by_lookup(
        &mut self,
        table: Table,
        lookup: Lookup,
        person: u128,
    ) -> Result<Option<(u128, u128)>, sqlx::Error> {
        let mut query = sqlx::query_as(table.sql().by_lookup).bind(lookup.to_vec());
        if table == Table::Instruments {
            query = query.bind(blob(person));
        }
        let found: Option<(Vec<u8>, Vec<u8>)> = block_on(query.fetch_optional(&mut self.inner))?;
        found.map(|(id, person)| Ok((id_of(id)?, id_of(person)?))).transpose()
    }

    /// The person and the sealed text of the row with this id.
    pub fn by_id(&mut self, table: Table, id: u128) -> Result<Option<(u128, Vec<u8>)>, sqlx::Error> {
        let query = sqlx::query_as(table.sql().by_id).bind(blob(id));
        let found: Option<(Vec<u8>, Vec<u8>)> = block_on(query.fetch_optional(&mut self.inner))?;
        found.map(|(person, sealed)| Ok((id_of(person)?, sealed))).transpose()
    }

    /// Writes a consistent copy to a file that is empty or does not exist.
    pub fn copy_into(&mut self, to: &str) -> Result<(), sqlx::Error> {
        block_on(sqlx::query(sql::COPY_INTO).bind(to).execute(&mut self.inner)).map(drop)
    }

    /// Runs a statement without parameters.
    pub fn run(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        block_on(sqlx::query(statement).execute(&mut self.inner)).map(drop)
    }
}

fn insert_of(table: Table, rows: &[Row], end: &str) -> QueryBuilder<Sqlite> {
    let mut insert = QueryBuilder::<Sqlite>::new(table.sql().insert);
    insert.push_values(rows, |mut values, row| {
        values.push_bind(blob(row.id)).push_bind(blob(row.person));
        values.push_bind(row.lookup.to_vec()).push_bind(row.sealed.clone());
    });
    insert.push(end);
    insert
}

fn blob(id: u128) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}

fn id_of(blob: Vec<u8>) -> Result<u128, sqlx::Error> {
    let bytes = blob.try_into().map_err(|_| sqlx::Error::Decode("an id has 16 bytes".into()))?;
    Ok(u128::from_be_bytes(bytes))
}

fn lookup_of(blob: Vec<u8>) -> Result<Lookup, sqlx::Error> {
    blob.try_into().map_err(|_| sqlx::Error::Decode("a look-up has 16 bytes".into()))
}
