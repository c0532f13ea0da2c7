//! What the database says when it fails, and whether that is damage.

use std::io;

use crate::{Damage, ReadError, layout};

/// Why a segment's database did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// SQLite refused.
    #[error("SQLite result {code}: {message}")]
    Refused {
        /// The extended result code.
        code: i32,
        /// SQLite's own words.
        message: String,
    },
    /// What is stored has another type or size than what was written.
    #[error("{0}")]
    Misshapen(String),
    /// The system did not say how large the file is.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The library refused before SQLite was asked.
    #[error(transparent)]
    Library(rusqlite::Error),
}

impl From<rusqlite::Error> for StorageError {
    /// The library's own text of a refusal has no code, and an operator looks for the code first.
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error::*;
        match error {
            SqliteFailure(refusal, message) => {
                let message = message.unwrap_or_else(|| refusal.to_string());
                Self::Refused { code: refusal.extended_code, message }
            }
            SqlInputError { error, msg, .. } => Self::Refused { code: error.extended_code, message: msg },
            FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..) => {
                Self::Misshapen(error.to_string())
            }
            other => Self::Library(other),
        }
    }
}

/// Says what a failed read of the segment that starts at `first` means, when `sequence` was looked for.
///
/// A database that is not one, has lost its tables or holds other types was damaged; everything
/// else (no memory, no file handle, a device error) says nothing about the records.
pub fn read_failure(first: u64, sequence: u64, error: StorageError) -> ReadError {
    let segment = layout::segment_name(first);
    let damaged = match &error {
        StorageError::Refused { code, .. } => is_damage(*code),
        StorageError::Misshapen(_) => true,
        StorageError::Io(_) | StorageError::Library(_) => false,
    };
    if !damaged {
        return ReadError::Storage { segment, source: error.into() };
    }
    let expected = "the segment's tables".to_owned();
    Damage { segment, sequence, found: error.to_string(), expected }.into()
}

/// SQLite's result codes for: no such table, corrupt, not a database, and a file shorter than it says.
fn is_damage(code: i32) -> bool {
    const ERROR: i32 = 1;
    const CORRUPT: i32 = 11;
    const NOT_A_DATABASE: i32 = 26;
    const SHORT_READ: i32 = 10 | (2 << 8);
    const CORRUPT_FILE_SYSTEM: i32 = 10 | (33 << 8);
    matches!(code & 0xff, ERROR | CORRUPT | NOT_A_DATABASE) || matches!(code, SHORT_READ | CORRUPT_FILE_SYSTEM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Access, Connection};
    use crate::sql;

    /// What reading the last group says when this row was written by somebody else.
    fn reading(row: &'static str) -> ReadError {
        let dir = tempfile::tempdir().expect("a directory");
        let connection = Connection::create(&dir.path().join("segment"), Access::Write).expect("a database");
        connection.run(sql::CREATE_GROUPS).expect("a table");
        connection.run(row).expect(row);
        read_failure(1, 7, connection.last_group().expect_err("not a group"))
    }

    #[test]
    fn a_value_of_another_type_or_size_is_damage() {
        for (row, found) in [
            ("INSERT INTO groups VALUES (-1, 1, 0, x'00')", "Integer -1 out of range at index 0"),
            (
                "INSERT INTO groups VALUES (1, 'one', 0, x'00')",
                "Invalid column type Text at index: 1, name: last_sequence",
            ),
            ("INSERT INTO groups VALUES (1, 1, 4294967296, x'00')", "Integer 4294967296 out of range at index 2"),
            ("INSERT INTO groups VALUES (1, 1, 0, 'text')", "Invalid column type Text at index: 3, name: body"),
        ] {
            let ReadError::Damaged(damage) = reading(row) else { panic!("{row}") };
            assert_eq!((damage.sequence, damage.found.as_str()), (7, found), "{row}");
            assert_eq!(damage.segment, layout::segment_name(1));
        }
    }

    #[test]
    fn only_codes_that_speak_of_the_file_are_damage() {
        let told = |code| {
            let refused = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some("why".to_owned()));
            read_failure(1, 1, refused.into())
        };
        // No such table, corrupt (and its index), not a database, a short read, a corrupt file system.
        for code in [1, 11, 11 | 3 << 8, 26, 10 | 2 << 8, 10 | 33 << 8] {
            let ReadError::Damaged(damage) = told(code) else { panic!("{code}") };
            assert_eq!(damage.found, format!("SQLite result {code}: why"));
        }
        // Busy, no memory, a failed read, a failed sync, no file handle.
        for code in [5, 7, 10 | 1 << 8, 10 | 4 << 8, 14] {
            let ReadError::Storage { source, .. } = told(code) else { panic!("{code}") };
            assert_eq!(source.to_string(), format!("SQLite result {code}: why"));
        }
    }
}
