//! All SQL of the views, and nothing in it that only one database knows.
//!
//! SQLite and PostgreSQL take every text here as it is, the schema included: `BIGINT` and `TEXT` mean the same
//! to both. That is also why the positions of an order are text: both append text to text, and neither has a
//! type for bytes that the other knows.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use crate::OrderFilter;

/// What this code writes and reads. Views of another format are rebuilt.
pub const FORMAT: i64 = 1;

// Schema.

/// One row an order. `positions` lists the sequences of its records, each followed by a space.
pub const TABLES: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS orders (\
     id TEXT PRIMARY KEY, person TEXT NOT NULL, subscriber TEXT NOT NULL, product TEXT NOT NULL, \
     amount BIGINT NOT NULL, fee BIGINT NOT NULL, payout BIGINT NOT NULL, arrives_on BIGINT NOT NULL, \
     state TEXT NOT NULL, cause TEXT NOT NULL, refusal TEXT NOT NULL, \
     requested_at_ms BIGINT NOT NULL, admitted_at_ms BIGINT NOT NULL, changed_at_ms BIGINT NOT NULL, \
     admitted_in BIGINT NOT NULL, changed_in BIGINT NOT NULL, positions TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS totals (\
     account BIGINT NOT NULL, day BIGINT NOT NULL, debits BIGINT NOT NULL, credits BIGINT NOT NULL, \
     PRIMARY KEY (account, day))",
    "CREATE TABLE IF NOT EXISTS cursors (partner TEXT PRIMARY KEY, place BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, place BIGINT NOT NULL)",
];

/// What lists are read by.
pub const INDEXES: [&str; 3] = [
    "CREATE INDEX IF NOT EXISTS orders_of_person ON orders (person)",
    "CREATE INDEX IF NOT EXISTS orders_of_subscriber ON orders (subscriber)",
    "CREATE INDEX IF NOT EXISTS orders_in_state ON orders (state, id)",
];

/// Takes [`INDEXES`] away.
pub const NO_INDEXES: [&str; 3] = [
    "DROP INDEX IF EXISTS orders_of_person",
    "DROP INDEX IF EXISTS orders_of_subscriber",
    "DROP INDEX IF EXISTS orders_in_state",
];

// Transactions and places.

pub const BEGIN: &str = "BEGIN";
pub const COMMIT: &str = "COMMIT";
pub const ROLLBACK: &str = "ROLLBACK";

pub const START_PROGRESS: &str = "INSERT INTO progress (name, place) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
pub const PROGRESS: &str = "SELECT place FROM progress WHERE name = $1";
/// Moves on only from where this writer had been, which fences off a second one.
pub const MOVE_PROGRESS: &str = "UPDATE progress SET place = $1 WHERE name = $2 AND place = $3";

pub const SET_CURSOR: &str = "INSERT INTO cursors (partner, place) VALUES ($1, $2) \
     ON CONFLICT (partner) DO UPDATE SET place = excluded.place";
pub const CURSOR: &str = "SELECT place FROM cursors WHERE partner = $1";

// Writes of many rows. In a row, every `$` is a parameter.

/// A write of many rows at once.
pub struct Bulk {
    head: &'static str,
    row: &'static str,
    tail: &'static str,
}

const INSERT_ORDERS: &str = "INSERT INTO orders (id, person, subscriber, product, amount, fee, payout, arrives_on, \
     state, cause, refusal, requested_at_ms, admitted_at_ms, changed_at_ms, admitted_in, changed_in, positions) VALUES ";

/// Orders that are new.
pub const NEW_ORDERS: Bulk =
    Bulk { head: INSERT_ORDERS, row: "($, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $)", tail: "" };

/// Orders that stand elsewhere. They are there, so what is not said is never inserted.
pub const MOVED_ORDERS: Bulk = Bulk {
    head: INSERT_ORDERS,
    row: "($, '', '', '', 0, 0, 0, 0, $, $, '', 0, 0, $, 0, $, $)",
    tail: " ON CONFLICT (id) DO UPDATE SET state = excluded.state, cause = excluded.cause, \
     changed_at_ms = excluded.changed_at_ms, changed_in = excluded.changed_in, \
     positions = orders.positions || excluded.positions",
};

/// Orders about which something was recorded. Their state is not named, so that its index is left alone.
pub const TOUCHED_ORDERS: Bulk = Bulk {
    head: INSERT_ORDERS,
    row: "($, '', '', '', 0, 0, 0, 0, '', '', '', 0, 0, $, 0, $, $)",
    tail: " ON CONFLICT (id) DO UPDATE SET \
     changed_at_ms = excluded.changed_at_ms, changed_in = excluded.changed_in, \
     positions = orders.positions || excluded.positions",
};

/// Postings of a day to an account.
pub const ADDED_TOTALS: Bulk = Bulk {
    head: "INSERT INTO totals (account, day, debits, credits) VALUES ",
    row: "($, $, $, $)",
    tail: " ON CONFLICT (account, day) DO UPDATE SET debits = totals.debits + excluded.debits, \
     credits = totals.credits + excluded.credits",
};

impl Bulk {
    /// How many parameters a row has.
    pub fn parameters(&self) -> usize {
        self.row.matches('$').count()
    }

    /// The statement for so many rows, with the marks of the database's driver: `$1` for PostgreSQL, `?` for
    /// SQLite, which would find each numbered parameter by walking over all of its statement.
    pub fn of(&self, rows: usize, mark: impl Fn(usize) -> Cow<'static, str>) -> Arc<str> {
        let mut text = self.head.to_owned();
        let mut parameter = 0;
        for row in 0..rows {
            text.push_str(if row == 0 { "" } else { ", " });
            for piece in self.row.split_inclusive('$') {
                let Some(before) = piece.strip_suffix('$') else {
                    text.push_str(piece);
                    continue;
                };
                parameter += 1;
                text.push_str(before);
                text.push_str(&mark(parameter));
            }
        }
        text.push_str(self.tail);
        text.into()
    }
}

// Reads.

const ORDER_COLUMNS: &str = "SELECT id, person, subscriber, product, amount, fee, payout, arrives_on, state, cause, \
     refusal, requested_at_ms, admitted_at_ms, changed_at_ms, admitted_in, changed_in FROM orders WHERE id ";

/// One order.
pub fn order() -> String {
    format!("{ORDER_COLUMNS}= $1")
}

/// A page of orders: id above the page and limit, then what the filter asks for, as parameters in that order.
pub fn orders_page(filter: OrderFilter) -> String {
    let asked = [
        ("state", filter.state.is_some()),
        ("person", filter.person.is_some()),
        ("subscriber", filter.subscriber.is_some()),
    ];
    let mut text = format!("{ORDER_COLUMNS}<= $1");
    for (place, (column, _)) in (3..).zip(asked.into_iter().filter(|(_, asked)| *asked)) {
        // Writing to a string cannot fail.
        let _ = write!(text, " AND {column} = ${place}");
    }
    text.push_str(" ORDER BY id DESC LIMIT $2");
    text
}

pub const POSITIONS: &str = "SELECT positions FROM orders WHERE id = $1";
pub const TOTALS: &str = "SELECT day, debits, credits FROM totals \
     WHERE account = $1 AND day >= $2 AND day <= $3 ORDER BY day";
pub const COUNTS: &str = "SELECT state, COUNT(*) AS orders FROM orders GROUP BY state ORDER BY state";

#[cfg(test)]
mod tests {
    use super::*;

    /// Words and signs that only one of the two databases understands, or understands in its own way.
    const FOREIGN: [&str; 33] = [
        "PRAGMA",
        "AUTOINCREMENT",
        "ROWID",
        "WITHOUT",
        "STRICT",
        "BLOB",
        "BYTEA",
        "INTEGER",
        "INT",
        "SERIAL",
        "REAL",
        "DOUBLE",
        "DATETIME",
        "TIMESTAMPTZ",
        "JSONB",
        "REPLACE",
        "IGNORE",
        "GLOB",
        "ILIKE",
        "REGEXP",
        "IMMEDIATE",
        "EXCLUSIVE",
        "VACUUM",
        "ATTACH",
        "IFNULL",
        "IIF",
        "NVL",
        "STRFTIME",
        "NOW",
        "RETURNING",
        "ANY",
        "ARRAY",
        "UNNEST",
    ];

    fn numbered(parameter: usize) -> Cow<'static, str> {
        format!("${parameter}").into()
    }

    fn all_texts() -> Vec<String> {
        let whole = include_str!("sql.rs");
        let code = whole.split("#[cfg(test)]").next().unwrap_or_default();
        let mut texts: Vec<String> = code.split('"').skip(1).step_by(2).map(str::to_owned).collect();
        for bulk in [NEW_ORDERS, MOVED_ORDERS, TOUCHED_ORDERS, ADDED_TOTALS] {
            texts.push(bulk.of(3, numbered).to_string());
        }
        texts
    }

    #[test]
    fn every_text_is_understood_by_sqlite_and_postgresql() {
        let texts = all_texts();
        assert!(texts.len() > 20, "the file's texts are found");
        for text in texts {
            let words = text.to_ascii_uppercase();
            let mut words = words.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
            let foreign = words.find(|word| FOREIGN.contains(word));
            assert_eq!(foreign, None, "{text}");
            for sign in ['`', '@', '#', '~', ';', '['] {
                assert!(!text.contains(sign), "`{sign}` in: {text}");
            }
            assert!(!text.contains("::"), "a cast of PostgreSQL in: {text}");
        }
    }

    /// SQL elsewhere would escape the test above. Pragmas are options of a connection, not texts.
    #[test]
    fn there_is_no_sql_outside_this_file() {
        for (file, text) in [
            ("connection.rs", include_str!("connection.rs")),
            ("decode.rs", include_str!("decode.rs")),
            ("fold.rs", include_str!("fold.rs")),
            ("reader.rs", include_str!("reader.rs")),
            ("row.rs", include_str!("row.rs")),
            ("views.rs", include_str!("views.rs")),
        ] {
            for word in ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "DROP ", "PRAGMA "] {
                assert!(!text.contains(word), "`{word}` in {file}");
            }
        }
    }

    #[test]
    fn parameters_count_up_through_all_rows() {
        let text = ADDED_TOTALS.of(2, numbered);
        assert!(text.contains("VALUES ($1, $2, $3, $4), ($5, $6, $7, $8) ON CONFLICT"), "{text}");
        assert_eq!(NEW_ORDERS.parameters(), 17);
    }
}
