//! The insert of a group, run on the caller's thread.
//!
//! `sqlx` runs each connection's statements on a worker thread of its own, there and back for every group.
//! So the connection is taken from its worker for as long as groups are written, and this one statement is bound
//! and stepped directly. Opening, schema, reads and checkpoints stay with `sqlx`.
#![allow(unsafe_code, reason = "SQLite is called directly here, and nowhere else")]

use std::ffi::{CStr, c_int};
use std::ptr::{self, NonNull};

use libsqlite3_sys as ffi;
use pollster::block_on;
use sqlx::sqlite::LockedSqliteHandle;

use crate::connection::{Connection, integer};
use crate::group::Group;
use crate::sql;

/// What SQLite answered to a statement that was run here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("SQLite result {code}: {message}")]
pub struct StatementError {
    /// The extended result code, which `sqlx` asks for on every connection.
    pub code: c_int,
    /// SQLite's own words.
    pub message: String,
}

/// A connection whose worker is kept away, and the prepared insert of a group.
pub struct GroupInsert {
    // Dropped in this order: the statement is finalized, the worker let in again, the connection closed.
    prepared: Prepared,
    lock: LockedSqliteHandle<'static>,
    connection: Held,
}

impl GroupInsert {
    /// Takes the connection from its worker and prepares the statement.
    pub fn prepare(connection: Connection) -> Result<Self, PrepareError> {
        let connection = Held::new(connection);
        // SAFETY: the connection lies still until `Held` goes, which is after the lock (the order of the fields);
        // nothing else refers to it meanwhile, since `Held` hands it out only by value.
        let borrowed: &'static mut Connection = unsafe { &mut *connection.0.as_ptr() };
        let mut lock = block_on(borrowed.inner().lock_handle())?;
        let prepared = Prepared::new(&mut lock, sql::INSERT_GROUP)?;
        Ok(Self { prepared, lock, connection })
    }

    /// Writes a group; durable on return unless in a transaction.
    pub fn insert(&mut self, group: &Group) -> Result<(), StatementError> {
        let inserted = self.bind_and_step(group);
        // SAFETY: the statement is not finalized before the drop. After a step that failed its code comes again.
        let reset = unsafe { ffi::sqlite3_reset(self.prepared.0.as_ptr()) };
        let reset = self.expect(reset, ffi::SQLITE_OK);
        // SAFETY: as above. It forgets the body, which it was only lent; it cannot fail.
        unsafe { ffi::sqlite3_clear_bindings(self.prepared.0.as_ptr()) };
        inserted.and(reset)
    }

    fn bind_and_step(&mut self, group: &Group) -> Result<(), StatementError> {
        let prepared = self.prepared.0.as_ptr();
        let numbers = [integer(group.first), integer(group.last), i64::from(group.checksum)];
        for (place, number) in (1..).zip(numbers) {
            // SAFETY: the statement is not finalized before the drop, and is not being stepped.
            let bound = unsafe { ffi::sqlite3_bind_int64(prepared, place, number) };
            self.expect(bound, ffi::SQLITE_OK)?;
        }
        let (body, bytes) = (group.body.as_ptr().cast(), group.body.len() as u64);
        // SAFETY: as above; pointer and length are one slice, which is borrowed until the bindings are cleared,
        // so that SQLite need not copy it: no destructor means that it is lent.
        let bound = unsafe { ffi::sqlite3_bind_blob64(prepared, 4, body, bytes, None) };
        self.expect(bound, ffi::SQLITE_OK)?;
        // SAFETY: as above, with all parameters bound.
        let stepped = unsafe { ffi::sqlite3_step(prepared) };
        self.expect(stepped, ffi::SQLITE_DONE)
    }

    fn expect(&mut self, code: c_int, wanted: c_int) -> Result<(), StatementError> {
        if code == wanted { Ok(()) } else { Err(error_of(&mut self.lock, code)) }
    }

    /// The connection, with its worker, for everything else.
    pub fn release(self) -> Connection {
        let Self { prepared, lock, connection } = self;
        drop(prepared);
        drop(lock);
        connection.release()
    }
}

/// Why no statement could be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The worker did not give the connection away.
    #[error(transparent)]
    Connection(#[from] sqlx::Error),
    /// SQLite refused the statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
}

/// A prepared statement; finalized when it goes.
struct Prepared(NonNull<ffi::sqlite3_stmt>);

// SAFETY: `sqlx` opens connections in SQLite's multi-thread mode: any thread may use a connection and its statements,
// one at a time. Only `GroupInsert` uses it, through `&mut self`, while it holds the lock.
unsafe impl Send for Prepared {}

impl Prepared {
    fn new(lock: &mut LockedSqliteHandle<'_>, sql: &str) -> Result<Self, StatementError> {
        let (length, mut made) = (c_int::try_from(sql.len()).unwrap_or(c_int::MAX), ptr::null_mut());
        let (database, flags) = (lock.as_raw_handle().as_ptr(), ffi::SQLITE_PREPARE_PERSISTENT);
        let text = sql.as_ptr().cast();
        // SAFETY: the lock keeps the database open and the worker away; `text` holds `length` bytes.
        let code = unsafe { ffi::sqlite3_prepare_v3(database, text, length, flags, &raw mut made, ptr::null_mut()) };
        // An empty statement is prepared to nothing, without an error.
        NonNull::new(made).filter(|_| code == ffi::SQLITE_OK).map(Self).ok_or_else(|| error_of(lock, code))
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // SAFETY: made by `sqlite3_prepare_v3` and finalized once; its database is still open and locked.
        // What it returns is the code of the last step, which was told then.
        unsafe { ffi::sqlite3_finalize(self.0.as_ptr()) };
    }
}

/// What SQLite says of the call that just returned `code`.
fn error_of(lock: &mut LockedSqliteHandle<'_>, code: c_int) -> StatementError {
    let database = lock.as_raw_handle().as_ptr();
    // SAFETY: the lock keeps the database open and the worker away.
    let text = unsafe { ffi::sqlite3_errmsg(database) };
    let message = match NonNull::new(text.cast_mut()) {
        // SAFETY: SQLite's texts end with a zero and are valid until the next call on the database; it is copied here.
        Some(text) => unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned(),
        None => "no message".to_owned(),
    };
    StatementError { code, message }
}

/// A connection in a place that it does not leave while it is locked.
struct Held(NonNull<Connection>);

// SAFETY: it owns the connection as a box does, and a connection may go to another thread.
unsafe impl Send for Held {}

impl Held {
    fn new(connection: Connection) -> Self {
        Self(NonNull::from(Box::leak(Box::new(connection))))
    }

    fn release(self) -> Connection {
        let place = std::mem::ManuallyDrop::new(self);
        // SAFETY: made from a box by `new`; the drop, which would free it too, does not run.
        *unsafe { Box::from_raw(place.0.as_ptr()) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: made from a box by `new`, and not released, since that consumes it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
