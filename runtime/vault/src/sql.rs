//! All SQL of the vault.
//!
//! Statements are shared by SQLite and PostgreSQL; the schema differs only in its types
//! (PostgreSQL says `BYTEA`). What only SQLite has is at the end.

/// The statements of one table.
pub struct TableSql {
    pub create: &'static str,
    /// Followed by rows of values.
    pub insert: &'static str,
    pub by_id: &'static str,
    /// By look-up; for instruments by person too.
    pub by_lookup: &'static str,
}

macro_rules! table {
    ($name:literal, $unique:literal, $by_lookup:literal) => {
        TableSql {
            // `person_id` is whose row it is; `lookup` is the keyed digest of the value;
            // `sealed` is nonce, ciphertext and tag.
            create: concat!(
                "CREATE TABLE ",
                $name,
                " (id BLOB PRIMARY KEY, person_id BLOB NOT NULL, lookup BLOB NOT NULL, sealed BLOB NOT NULL, UNIQUE ",
                $unique,
                ")"
            ),
            insert: concat!("INSERT INTO ", $name, " (id, person_id, lookup, sealed) "),
            by_id: concat!("SELECT person_id, sealed FROM ", $name, " WHERE id = $1"),
            by_lookup: concat!("SELECT id, person_id FROM ", $name, " WHERE ", $by_lookup),
        }
    };
}

pub const PERSONS: TableSql = table!("persons", "(lookup)", "lookup = $1");
pub const NUMBERS: TableSql = table!("numbers", "(lookup)", "lookup = $1");
pub const INSTRUMENTS: TableSql = table!("instruments", "(person_id, lookup)", "lookup = $1 AND person_id = $2");

/// Ends an insert: rows that are there stay.
pub const UNLESS_THERE: &str = " ON CONFLICT DO NOTHING";
/// The same, and the new ones are told.
pub const UNLESS_THERE_TELLING: &str = " ON CONFLICT DO NOTHING RETURNING id, person_id, lookup";

/// What the vault is: format, and what recognises its key.
pub const CREATE_META: &str = "CREATE TABLE meta (name TEXT PRIMARY KEY, content TEXT NOT NULL)";
pub const INSERT_META: &str = "INSERT INTO meta (name, content) VALUES ($1, $2)";
pub const SELECT_META: &str = "SELECT content FROM meta WHERE name = $1";
pub const COMMIT: &str = "COMMIT";
pub const ROLLBACK: &str = "ROLLBACK";
pub const SAVEPOINT: &str = "SAVEPOINT rows";
pub const ROLLBACK_TO: &str = "ROLLBACK TO SAVEPOINT rows";
pub const RELEASE: &str = "RELEASE SAVEPOINT rows";

// SQLite only.

/// Takes the write lock at once, so that two writers wait instead of failing half-way.
pub const BEGIN: &str = "BEGIN IMMEDIATE";
/// Whether the tables were made.
pub const HAS_META: &str = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'meta'";
/// A consistent copy as a new file.
pub const COPY_INTO: &str = "VACUUM INTO $1";
