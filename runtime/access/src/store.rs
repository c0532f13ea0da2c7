//! The file `access.sqlite`: opened privately, recognised by its key, changed in whole transactions.

use crate::machine::{self, UntoldAct};
use crate::sealing::Keys;
use crate::{AccessError, sql};
use facts::Millis;
use rusqlite::types::{FromSql, ToSql, ToSqlOutput};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row, Transaction, TransactionBehavior};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a statement waits for another process, such as the command line.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// What the store recognises its key by.
pub const KEY_CHECK: &str = "key_check";

/// The store. What is remembered in memory is changed only while this is locked, so that it never outlives the row.
pub struct Store {
    connection: Mutex<Connection>,
    /// What a command does by its next change.
    pub announced: Mutex<Option<UntoldAct>>,
}

impl Store {
    /// Opens a store, or makes an empty one that its owner alone can read.
    ///
    /// Errors: others can read it, or it was made with another key.
    pub fn open(path: &Path, keys: &Keys) -> Result<Store, AccessError> {
        let failed = |source| AccessError::File { path: path.to_owned(), source };
        touch_private(path).map_err(failed)?;
        let mode = path.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(AccessError::Exposed { path: path.to_owned(), mode });
        }
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch(sql::SETUP)?;
        connection.set_prepared_statement_cache_capacity(64);
        let store = Store { connection: Mutex::new(connection), announced: Mutex::new(None) };
        store.write(|rows| prepare(rows, keys))?;
        Ok(store)
    }

    /// Reads, and may change what is remembered in memory.
    pub fn read<T>(&self, read: impl FnOnce(&Rows<'_>) -> Result<T, AccessError>) -> Result<T, AccessError> {
        read(&Rows(&self.lock()))
    }

    /// Changes all or nothing. A *no* is a result too: what was counted on the way to it stays.
    pub fn write<T>(&self, write: impl FnOnce(&Rows<'_>) -> Result<T, AccessError>) -> Result<T, AccessError> {
        let mut connection = self.lock();
        let transaction = Transaction::new(&mut connection, TransactionBehavior::Immediate)?;
        let result =
            write(&Rows(&transaction)).and_then(|done| self.keep_announced(&Rows(&transaction)).map(|()| done));
        match result {
            Ok(_) | Err(AccessError::Denied(_)) => transaction.commit()?,
            Err(_) => transaction.rollback()?,
        }
        result
    }

    /// Writes a consistent copy, which its owner alone can read, to a place where there is none.
    pub fn copy_into(&self, to: &Path) -> Result<(), AccessError> {
        let failed = |source| AccessError::File { path: to.to_owned(), source };
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(failed)?;
        let text = to.to_str().ok_or_else(|| failed(io::Error::other("the path is no UTF-8 text")))?;
        self.read(|rows| rows.change(sql::COPY_INTO, [text]).map(drop))
    }

    fn keep_announced(&self, rows: &Rows<'_>) -> Result<(), AccessError> {
        let announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner).take();
        announced.map_or(Ok(()), |act| machine::put(rows, &act))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic rolled its transaction back; the connection is as good as before.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn prepare(rows: &Rows<'_>, keys: &Keys) -> Result<(), AccessError> {
    if rows.one(sql::TABLES, [], |row| row.get::<_, i64>(0))? == Some(0) {
        for create in sql::CREATE {
            rows.change(create, [])?;
        }
        rows.change(sql::META_PUT, (KEY_CHECK, keys.check()))?;
    }
    rows.change(sql::ACTS, [])?;
    let check: Option<Vec<u8>> = rows.one(sql::META, [KEY_CHECK], |row| row.get(0))?;
    if check.as_deref() == Some(&keys.check()[..]) { Ok(()) } else { Err(AccessError::WrongKey) }
}

fn touch_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
thread_local! {
    /// How many statements this thread ran: what a caller could see by the time that an answer takes.
    pub static STATEMENTS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// The rows, while the store is locked. Statements are prepared once.
pub struct Rows<'c>(&'c Connection);

impl Rows<'_> {
    /// SQLite takes `$2` for a name and numbers names as they come; the statements mean the number, which it writes `?2`.
    fn prepared(&self, sql: &str) -> Result<CachedStatement<'_>, AccessError> {
        #[cfg(test)]
        STATEMENTS.set(STATEMENTS.get() + 1);
        Ok(self.0.prepare_cached(&sql.replace('$', "?"))?)
    }

    /// Runs a change and says how many rows it changed.
    pub fn change(&self, sql: &str, params: impl Params) -> Result<usize, AccessError> {
        Ok(self.prepared(sql)?.execute(params)?)
    }

    /// The first row, if there is one.
    pub fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, AccessError> {
        Ok(self.prepared(sql)?.query_row(params, read).optional()?)
    }

    /// All rows.
    pub fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, AccessError> {
        let mut statement = self.prepared(sql)?;
        let rows = statement.query_map(params, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Changes when another process changed the store.
    pub fn version(&self) -> Result<i64, AccessError> {
        Ok(self.one(sql::DATA_VERSION, [], |row| row.get(0))?.unwrap_or_default())
    }
}

/// A moment as a column: milliseconds, at most those that a column holds. Counts of seconds or steps go this way too.
pub struct At(pub Millis);

impl ToSql for At {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(i64::try_from(self.0.0).unwrap_or(i64::MAX)))
    }
}

impl FromSql for At {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<At> {
        i64::column_result(value).map(|ms| At(Millis(u64::try_from(ms).unwrap_or_default())))
    }
}

/// A column whose text is not as it was written.
pub fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}
