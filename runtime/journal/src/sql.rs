//! All SQL of the journal.
//!
//! Everything under "statements" is shared by SQLite and PostgreSQL. The schema differs between them
//! only in its types (PostgreSQL says `BIGINT` and `BYTEA`). What only SQLite has is at the end.

// Schema.

/// One row a group. The key is the row's place in the table, so that a group is written once.
pub const CREATE_GROUPS: &str = "CREATE TABLE groups (\
    first_sequence INTEGER PRIMARY KEY, \
    last_sequence INTEGER NOT NULL, \
    checksum INTEGER NOT NULL, \
    body BLOB NOT NULL)";
/// What the segment is: format, shard, place in the journal.
pub const CREATE_META: &str = "CREATE TABLE meta (name TEXT PRIMARY KEY, content TEXT NOT NULL)";

// Statements.

pub const BEGIN: &str = "BEGIN";
pub const COMMIT: &str = "COMMIT";
pub const INSERT_META: &str = "INSERT INTO meta (name, content) VALUES ($1, $2)";
pub const SELECT_META: &str = "SELECT name, content FROM meta";
pub const INSERT_GROUP: &str =
    "INSERT INTO groups (first_sequence, last_sequence, checksum, body) VALUES ($1, $2, $3, $4)";
pub const LAST_GROUP: &str =
    "SELECT first_sequence, last_sequence, checksum, body FROM groups ORDER BY first_sequence DESC LIMIT 1";
pub const LAST_SEQUENCE: &str = "SELECT last_sequence FROM groups ORDER BY first_sequence DESC LIMIT 1";
/// The groups from a position on; the first is the one that holds it, if there is no hole.
pub const GROUPS_FROM: &str = "SELECT first_sequence, last_sequence, checksum, body FROM groups \
    WHERE first_sequence >= COALESCE((SELECT MAX(first_sequence) FROM groups WHERE first_sequence <= $1), 0) \
    AND last_sequence >= $1 ORDER BY first_sequence LIMIT $2";

// SQLite only.

/// Merges the log into the main file, syncs that and empties the log.
pub const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
/// Pages of the database, the log included.
pub const PAGE_COUNT: &str = "PRAGMA page_count";
