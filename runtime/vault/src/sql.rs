//! All SQL of the vault.
//!
//! Statements are shared by SQLite and PostgreSQL; the schema differs only in its types
//! (PostgreSQL says `BYTEA`, and `BIGSERIAL` for `entered`). What only SQLite has is at the end.
//! Parameters appear in the order of their numbers, since SQLite counts appearances.

/// The statements of one table of sealed rows.
pub struct TableSql {
    pub create: &'static str,
    pub insert: &'static str,
    pub by_id: &'static str,
    /// By look-up, of two versions at once; for instruments by person too.
    pub by_lookup: &'static str,
    /// Rows that were entered after a place, oldest first.
    pub entered_after: &'static str,
    pub last_entered: &'static str,
    pub remove: &'static str,
    /// Empties the rows of a person: they stay, so that it can be told that they were erased.
    pub empty: &'static str,
    /// Rows after a place whose look-up is of another version.
    pub lookups_of_others: &'static str,
    pub move_lookup: &'static str,
    pub count_lookups_of_others: &'static str,
}

macro_rules! table {
    ($name:literal, $unique:literal, $by_lookup:literal) => {
        TableSql {
            // `entered` counts rows in their order; `person_id` is whose row it is; `lookup` is the keyed digest of the
            // value under version `lookup_key`; `sealed` is nonce, ciphertext and tag. Both are empty once erased.
            create: concat!(
                "CREATE TABLE ",
                $name,
                " (entered INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, person_id BLOB NOT NULL, lookup BLOB,",
                " lookup_key INTEGER NOT NULL, sealed BLOB, UNIQUE ",
                $unique,
                ")"
            ),
            insert: concat!(
                "INSERT INTO ",
                $name,
                " (id, person_id, lookup, lookup_key, sealed) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
            ),
            by_id: concat!("SELECT person_id, sealed FROM ", $name, " WHERE id = $1"),
            by_lookup: concat!("SELECT id, person_id FROM ", $name, " WHERE ", $by_lookup),
            entered_after: concat!(
                "SELECT entered, id, person_id FROM ",
                $name,
                " WHERE entered > $1 ORDER BY entered LIMIT $2"
            ),
            last_entered: concat!("SELECT MAX(entered) FROM ", $name),
            remove: concat!("DELETE FROM ", $name, " WHERE entered = $1"),
            empty: concat!("UPDATE ", $name, " SET lookup = NULL, sealed = NULL WHERE person_id = $1"),
            lookups_of_others: concat!(
                "SELECT entered, id, person_id, sealed FROM ",
                $name,
                " WHERE entered > $1 AND lookup_key <> $2 AND lookup IS NOT NULL ORDER BY entered LIMIT $3"
            ),
            move_lookup: concat!("UPDATE ", $name, " SET lookup = $1, lookup_key = $2 WHERE entered = $3"),
            count_lookups_of_others: concat!(
                "SELECT COUNT(*) FROM ",
                $name,
                " WHERE lookup_key <> $1 AND lookup IS NOT NULL"
            ),
        }
    };
}

pub const PERSONS: TableSql = table!("persons", "(lookup)", "lookup IN ($1, $2)");
pub const NUMBERS: TableSql = table!("numbers", "(lookup)", "lookup IN ($1, $2)");
pub const INSTRUMENTS: TableSql = table!("instruments", "(person_id, lookup)", "lookup IN ($1, $2) AND person_id = $3");

/// To find the numbers of a person; their cards are found by what makes them unique, and a person has their own id.
pub const INDEX_NUMBERS: &str = "CREATE INDEX numbers_of_person ON numbers (person_id)";

/// The data keys of persons, wrapped by the master key of a version.
pub const INSERT_KEY: &str = "INSERT INTO data_keys (person_id, version, wrapped) VALUES ($1, $2, $3)";
pub const SELECT_KEY: &str = "SELECT version, wrapped FROM data_keys WHERE person_id = $1";
pub const REMOVE_KEY: &str = "DELETE FROM data_keys WHERE person_id = $1";
pub const KEYS_OF_OTHERS: &str = "SELECT person_id, version, wrapped FROM data_keys WHERE person_id > $1 AND version <> $2 ORDER BY person_id LIMIT $3";
pub const WRAP_KEY: &str = "UPDATE data_keys SET version = $1, wrapped = $2 WHERE person_id = $3";
pub const COUNT_KEYS_OF_OTHERS: &str = "SELECT COUNT(*) FROM data_keys WHERE version <> $1";
pub const COUNT_KEYS: &str = "SELECT COUNT(*) FROM data_keys";
/// The rows of persons whose keys were destroyed.
pub const COUNT_ERASED: &str = "SELECT COUNT(*) FROM persons WHERE sealed IS NULL";

/// The numbers of those who are not registered and to whom an order is under way. Vaults from before have none.
pub const CREATE_CONTACTS: &str = "CREATE TABLE IF NOT EXISTS contacts \
     (order_id BLOB PRIMARY KEY, id BLOB NOT NULL, sealed BLOB NOT NULL); \
     CREATE INDEX IF NOT EXISTS contacts_by_id ON contacts (id)";
/// What people wrote and were answered, under the keys of persons.
pub const CREATE_TEXTS: &str = "CREATE TABLE IF NOT EXISTS texts \
     (id BLOB NOT NULL, side INTEGER NOT NULL, person_id BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (id, side)); \
     CREATE INDEX IF NOT EXISTS texts_of_person ON texts (person_id)";
/// One that is there is written anew: what was said last counts.
pub const PUT_TEXT: &str = "INSERT INTO texts (id, side, person_id, sealed) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (id, side) DO UPDATE SET sealed = excluded.sealed";
pub const SELECT_TEXT: &str = "SELECT person_id, sealed FROM texts WHERE id = $1 AND side = $2";
pub const REMOVE_TEXTS: &str = "DELETE FROM texts WHERE person_id = $1";
pub const INSERT_CONTACT: &str =
    "INSERT INTO contacts (order_id, id, sealed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
pub const SELECT_CONTACT: &str = "SELECT order_id, sealed FROM contacts WHERE id = $1 LIMIT 1";
pub const CONTACTS_AFTER: &str = "SELECT order_id, id FROM contacts WHERE order_id > $1 ORDER BY order_id LIMIT $2";
pub const REMOVE_CONTACT: &str = "DELETE FROM contacts WHERE order_id = $1";

/// What the vault is: format, what recognises its keys, and how far it is.
pub const CREATE_META: &str = "CREATE TABLE meta (name TEXT PRIMARY KEY, content TEXT NOT NULL)";
pub const SET_META: &str =
    "INSERT INTO meta (name, content) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET content = excluded.content";
pub const SELECT_META: &str = "SELECT content FROM meta WHERE name = $1";
pub const REMOVE_META: &str = "DELETE FROM meta WHERE name = $1";

// SQLite only.

/// Without rows of their own beside the index: half the pages.
pub const CREATE_KEYS: &str = "CREATE TABLE data_keys (person_id BLOB PRIMARY KEY, version INTEGER NOT NULL, wrapped BLOB NOT NULL) WITHOUT ROWID";
/// Whether the tables were made.
pub const HAS_META: &str = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'meta'";
/// A consistent copy as a new file.
pub const COPY_INTO: &str = "VACUUM INTO $1";
/// Merges the log into the main file and empties it. Answers whether somebody was in the way.
pub const EMPTY_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
