//! The database of a vault: sealed rows and wrapped keys, and nothing that knows what is in them.

use crate::VaultError;
use crate::contacts::Contact;
use crate::ring::Lookup;
use crate::sql::{self, TableSql};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row as SqlRow, Transaction, TransactionBehavior};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// How often a statement asks for another connection's lock, and how long it waits between: evenly, since whoever
/// waits ever longer finds a busy writer's lock free ever less.
const BUSY_TRIES: i32 = 20_000;
const BUSY_PAUSE: Duration = Duration::from_micros(500);
/// Prepared statements a connection keeps: all there are.
const STATEMENTS: usize = 64;
/// Pages in the log after which a commit merges it into the main file: rows go in by digest, so that many at once touch
/// most pages, and each of them is merged once instead of with every commit.
const LOG_PAGES: u32 = 32_000;
/// Kibibytes of pages a connection may keep, as SQLite writes them: below zero.
const CACHE: i32 = -65_536;

/// How often the log is tried to be emptied, and how long each time and between.
const LOG_TRIES: u32 = 50;
const LOG_PAUSE: Duration = Duration::from_millis(50);

/// A table of sealed rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Names and identity numbers.
    Persons,
    /// Mobile numbers.
    Numbers,
    /// Cards.
    Instruments,
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 3] = [Table::Persons, Table::Numbers, Table::Instruments];

    /// The table's name, in messages and in what a row is sealed for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Persons => "persons",
            Self::Numbers => "numbers",
            Self::Instruments => "instruments",
        }
    }

    const fn sql(self) -> &'static TableSql {
        match self {
            Self::Persons => &sql::PERSONS,
            Self::Numbers => &sql::NUMBERS,
            Self::Instruments => &sql::INSTRUMENTS,
        }
    }
}

/// A row as it is stored.
pub struct Row {
    pub id: u128,
    pub person: u128,
    pub lookup: Lookup,
    pub lookup_key: u32,
    pub sealed: Vec<u8>,
}

/// What a row is read for.
pub struct Stored {
    pub person: u128,
    /// None when it was erased.
    pub sealed: Option<Vec<u8>>,
}

/// A row whose look-up is of an older key.
pub struct Stale {
    pub entered: i64,
    pub id: u128,
    pub person: u128,
    pub sealed: Vec<u8>,
}

/// A data key as it is stored.
pub struct Wrapped {
    pub person: u128,
    pub version: u32,
    pub wrapped: Vec<u8>,
}

/// A connection to the vault's database.
pub struct Store(Connection);

/// What can be asked in a transaction and outside of one.
pub struct View<'c>(&'c Connection);

/// Makes an empty file that only its owner can read, unless there is one.
pub fn touch_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

impl Store {
    /// Connects to an existing file.
    pub fn open(path: &Path) -> Result<Self, VaultError> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.busy_handler(Some(wait))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "cache_size", CACHE)?;
        // What is removed is overwritten: a destroyed key must not lie in a free page.
        connection.pragma_update(None, "secure_delete", "ON")?;
        Ok(Self(connection))
    }

    /// Outside of a transaction.
    pub fn view(&self) -> View<'_> {
        View(&self.0)
    }

    /// Does all or nothing; durable on return. The write lock is taken at once, so that two writers wait instead of
    /// failing half-way.
    pub fn in_transaction<T>(
        &mut self,
        work: impl FnOnce(&View<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let transaction = Transaction::new(&mut self.0, TransactionBehavior::Immediate)?;
        let done = work(&View(&transaction))?;
        transaction.commit()?;
        Ok(done)
    }

    /// Merges the log into the main file and empties it, so that it holds nothing that was removed. It waits for readers
    /// in short pieces: meanwhile nobody can put anything.
    ///
    /// Errors: somebody reads for too long.
    pub fn empty_log(&self) -> Result<(), VaultError> {
        self.0.busy_timeout(LOG_PAUSE)?;
        for _ in 0..LOG_TRIES {
            match self.0.query_row(sql::EMPTY_LOG, [], |row| row.get::<_, i64>(0)) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
                Err(error) => return Err(error.into()),
            }
            std::thread::sleep(LOG_PAUSE);
        }
        Err(VaultError::Busy)
    }

    /// Writes a consistent copy to a file that is empty or does not exist.
    pub fn copy_into(&self, to: &str) -> Result<(), VaultError> {
        Ok(self.0.execute(sql::COPY_INTO, [to]).map(drop)?)
    }

    #[cfg(test)]
    pub fn run(&self, statement: &str) {
        self.0.execute_batch(statement).unwrap();
    }
}

impl View<'_> {
    /// Whether the tables were made.
    pub fn has_tables(&self) -> Result<bool, VaultError> {
        Ok(self.0.query_row(sql::HAS_META, [], |row| row.get::<_, i64>(0))? > 0)
    }

    /// Makes the tables.
    pub fn create_tables(&self) -> Result<(), VaultError> {
        let rows = Table::ALL.map(|table| table.sql().create);
        let others = [sql::INDEX_NUMBERS, sql::CREATE_KEYS, sql::CREATE_META];
        rows.into_iter().chain(others).try_for_each(|statement| Ok(self.0.execute_batch(statement)?))
    }

    /// Makes the tables of contacts and texts, unless they are there.
    pub fn create_later_tables(&self) -> Result<(), VaultError> {
        self.0.execute_batch(sql::CREATE_CONTACTS)?;
        Ok(self.0.execute_batch(sql::CREATE_TEXTS)?)
    }

    /// Keeps a text; one that is there is written anew.
    pub fn put_text(&self, id: u128, side: u8, person: u128, sealed: &[u8]) -> Result<(), VaultError> {
        self.change(sql::PUT_TEXT, (&id.to_be_bytes()[..], side, &person.to_be_bytes()[..], sealed)).map(drop)
    }

    /// Whose a text is, with what is sealed.
    pub fn text(&self, id: u128, side: u8) -> Result<Option<(u128, Vec<u8>)>, VaultError> {
        let mut select = self.0.prepare_cached(sql::SELECT_TEXT)?;
        let read = |row: &SqlRow<'_>| Ok((id_at(row, 0)?, row.get(1)?));
        Ok(select.query_row((&id.to_be_bytes()[..], side), read).optional()?)
    }

    /// Removes the texts of a person.
    pub fn remove_texts(&self, person: u128) -> Result<(), VaultError> {
        self.change(sql::REMOVE_TEXTS, [&person.to_be_bytes()[..]]).map(drop)
    }

    /// Keeps a contact, unless its order has one. Says whether it was kept.
    pub fn insert_contact(&self, contact: Contact, sealed: &[u8]) -> Result<bool, VaultError> {
        let (order, id) = (contact.order.to_be_bytes(), contact.id.to_be_bytes());
        Ok(self.change(sql::INSERT_CONTACT, (&order[..], &id[..], sealed))? > 0)
    }

    /// A contact by its id, with what is sealed.
    pub fn contact(&self, id: u128) -> Result<Option<(Contact, Vec<u8>)>, VaultError> {
        let mut select = self.0.prepare_cached(sql::SELECT_CONTACT)?;
        let read = |row: &SqlRow<'_>| Ok((Contact { order: id_at(row, 0)?, id }, row.get(1)?));
        Ok(select.query_row([&id.to_be_bytes()[..]], read).optional()?)
    }

    /// Contacts after an order's.
    pub fn contacts_after(&self, order: u128, limit: usize) -> Result<Vec<Contact>, VaultError> {
        let mut select = self.0.prepare_cached(sql::CONTACTS_AFTER)?;
        let read = |row: &SqlRow<'_>| Ok(Contact { order: id_at(row, 0)?, id: id_at(row, 1)? });
        let rows = select.query_map((&order.to_be_bytes()[..], limit), read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Removes the contact of an order.
    pub fn remove_contact(&self, order: u128) -> Result<(), VaultError> {
        self.change(sql::REMOVE_CONTACT, [&order.to_be_bytes()[..]]).map(drop)
    }

    /// One line about the vault.
    pub fn meta(&self, name: &str) -> Result<Option<String>, VaultError> {
        let mut select = self.0.prepare_cached(sql::SELECT_META)?;
        Ok(select.query_row([name], |row| row.get(0)).optional()?)
    }

    /// One line about the vault that is a number; 0 when it is not there.
    pub fn meta_number(&self, name: &str) -> Result<u64, VaultError> {
        Ok(self.meta(name)?.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// Sets a line about the vault.
    pub fn set_meta(&self, name: &str, content: &str) -> Result<(), VaultError> {
        self.change(sql::SET_META, (name, content)).map(drop)
    }

    /// Removes a line about the vault.
    pub fn remove_meta(&self, name: &str) -> Result<(), VaultError> {
        self.change(sql::REMOVE_META, [name]).map(drop)
    }

    /// Inserts a row, unless its id or look-up is there already. Says whether it was.
    pub fn insert(&self, table: Table, row: &Row) -> Result<bool, VaultError> {
        let (id, person) = (row.id.to_be_bytes(), row.person.to_be_bytes());
        let row = (&id[..], &person[..], &row.lookup[..], row.lookup_key, &row.sealed);
        Ok(self.change(table.sql().insert, row)? > 0)
    }

    /// The id and person of the row with one of these look-ups; instruments are looked up within a person.
    pub fn by_lookup(
        &self,
        table: Table,
        lookups: [Lookup; 2],
        person: u128,
    ) -> Result<Option<(u128, u128)>, VaultError> {
        let mut select = self.0.prepare_cached(table.sql().by_lookup)?;
        let [one, other] = lookups.each_ref().map(|lookup| &lookup[..]);
        let read = |row: &SqlRow<'_>| Ok((id_at(row, 0)?, id_at(row, 1)?));
        let found = match table {
            Table::Instruments => select.query_row((one, other, &person.to_be_bytes()[..]), read),
            Table::Persons | Table::Numbers => select.query_row((one, other), read),
        };
        Ok(found.optional()?)
    }

    /// The row with this id.
    pub fn by_id(&self, table: Table, id: u128) -> Result<Option<Stored>, VaultError> {
        let mut select = self.0.prepare_cached(table.sql().by_id)?;
        let read = |row: &SqlRow<'_>| Ok(Stored { person: id_at(row, 0)?, sealed: row.get(1)? });
        Ok(select.query_row([&id.to_be_bytes()[..]], read).optional()?)
    }

    /// The place of the last row.
    pub fn last_entered(&self, table: Table) -> Result<i64, VaultError> {
        let mut select = self.0.prepare_cached(table.sql().last_entered)?;
        Ok(select.query_row([], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0))
    }

    /// Rows after a place: place, id and person.
    pub fn entered_after(&self, table: Table, place: i64, limit: usize) -> Result<Vec<(i64, u128, u128)>, VaultError> {
        let mut select = self.0.prepare_cached(table.sql().entered_after)?;
        let rows = select.query_map((place, limit), |row| Ok((row.get(0)?, id_at(row, 1)?, id_at(row, 2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Removes a row.
    pub fn remove(&self, table: Table, place: i64) -> Result<(), VaultError> {
        self.change(table.sql().remove, [place]).map(drop)
    }

    /// Empties the rows of a person.
    pub fn empty(&self, table: Table, person: u128) -> Result<(), VaultError> {
        self.change(table.sql().empty, [&person.to_be_bytes()[..]]).map(drop)
    }

    /// Keeps the data key of a new person.
    pub fn insert_key(&self, key: &Wrapped) -> Result<(), VaultError> {
        self.change(sql::INSERT_KEY, (&key.person.to_be_bytes()[..], key.version, &key.wrapped)).map(drop)
    }

    /// A person's data key.
    pub fn key(&self, person: u128) -> Result<Option<Wrapped>, VaultError> {
        let mut select = self.0.prepare_cached(sql::SELECT_KEY)?;
        let read = |row: &SqlRow<'_>| Ok(Wrapped { person, version: row.get(0)?, wrapped: row.get(1)? });
        Ok(select.query_row([&person.to_be_bytes()[..]], read).optional()?)
    }

    /// Destroys a person's data key.
    pub fn remove_key(&self, person: u128) -> Result<(), VaultError> {
        self.change(sql::REMOVE_KEY, [&person.to_be_bytes()[..]]).map(drop)
    }

    /// Data keys after a person's that are wrapped by another version than this one.
    pub fn keys_of_others(&self, after: &[u8], version: u32, limit: usize) -> Result<Vec<Wrapped>, VaultError> {
        let mut select = self.0.prepare_cached(sql::KEYS_OF_OTHERS)?;
        let read =
            |row: &SqlRow<'_>| Ok(Wrapped { person: id_at(row, 0)?, version: row.get(1)?, wrapped: row.get(2)? });
        let rows = select.query_map((after, version, limit), read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Wraps a data key anew.
    pub fn wrap_key(&self, key: &Wrapped) -> Result<(), VaultError> {
        self.change(sql::WRAP_KEY, (key.version, &key.wrapped, &key.person.to_be_bytes()[..])).map(drop)
    }

    /// Rows after a place whose look-up is of another version than this one.
    pub fn stale(&self, table: Table, place: i64, version: u32, limit: usize) -> Result<Vec<Stale>, VaultError> {
        let mut select = self.0.prepare_cached(table.sql().lookups_of_others)?;
        let read = |row: &SqlRow<'_>| {
            Ok(Stale { entered: row.get(0)?, id: id_at(row, 1)?, person: id_at(row, 2)?, sealed: row.get(3)? })
        };
        let rows = select.query_map((place, version, limit), read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Gives a row a look-up of another version.
    pub fn move_lookup(&self, table: Table, place: i64, lookup: Lookup, version: u32) -> Result<(), VaultError> {
        self.change(table.sql().move_lookup, (&lookup[..], version, place)).map(drop)
    }

    /// How many data keys and look-ups are of another version than this one.
    pub fn of_others(&self, version: u32) -> Result<u64, VaultError> {
        let lookups = Table::ALL.map(|table| table.sql().count_lookups_of_others);
        let counts = [sql::COUNT_KEYS_OF_OTHERS].into_iter().chain(lookups);
        counts.map(|statement| Ok(self.0.query_row(statement, [version], |row| row.get::<_, u64>(0))?)).sum()
    }

    /// How many data keys there are, and how many persons were erased.
    pub fn counts(&self) -> Result<(u64, u64), VaultError> {
        let count = |statement| self.0.query_row(statement, [], |row| row.get::<_, u64>(0));
        Ok((count(sql::COUNT_KEYS)?, count(sql::COUNT_ERASED)?))
    }

    fn change(&self, statement: &'static str, parameters: impl rusqlite::Params) -> Result<usize, VaultError> {
        Ok(self.0.prepare_cached(statement)?.execute(parameters)?)
    }
}

/// Waits for a lock; says whether to ask again.
fn wait(tries: i32) -> bool {
    std::thread::sleep(BUSY_PAUSE);
    tries < BUSY_TRIES
}

fn id_at(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<u128> {
    row.get::<_, [u8; 16]>(column).map(u128::from_be_bytes)
}
