//! All SQL of the views, and nothing in it that only one database knows.
//!
//! SQLite and PostgreSQL take every text here as it is, the schema included: `BIGINT` and `TEXT` mean the same
//! to both. That is also why the positions of an order are text: both append text to text, and neither has a
//! type for bytes that the other knows.

use std::fmt::Write;

use crate::{ActFilter, OrderFilter};

/// What this code writes and reads. Views of another format are rebuilt.
pub const FORMAT: i64 = 3;

// Schema.

/// One row an order. `positions` lists the sequences of its records, each followed by a space.
pub const TABLES: [&str; 6] = [
    "CREATE TABLE IF NOT EXISTS orders (\
     id TEXT PRIMARY KEY, person TEXT NOT NULL, subscriber TEXT NOT NULL, product TEXT NOT NULL, \
     amount BIGINT NOT NULL, fee BIGINT NOT NULL, payout BIGINT NOT NULL, arrives_on BIGINT NOT NULL, \
     state TEXT NOT NULL, cause TEXT NOT NULL, refusal TEXT NOT NULL, \
     requested_at_ms BIGINT NOT NULL, admitted_at_ms BIGINT NOT NULL, changed_at_ms BIGINT NOT NULL, \
     admitted_in BIGINT NOT NULL, changed_in BIGINT NOT NULL, positions TEXT NOT NULL, till TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS totals (\
     account BIGINT NOT NULL, day BIGINT NOT NULL, debits BIGINT NOT NULL, credits BIGINT NOT NULL, \
     PRIMARY KEY (account, day))",
    "CREATE TABLE IF NOT EXISTS acts (\
     place BIGINT PRIMARY KEY, actor TEXT NOT NULL, act TEXT NOT NULL, at_ms BIGINT NOT NULL, refused TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS movements (\
     subscriber TEXT NOT NULL, place BIGINT NOT NULL, number BIGINT NOT NULL, at_ms BIGINT NOT NULL, \
     day BIGINT NOT NULL, order_id TEXT NOT NULL, kind TEXT NOT NULL, came BIGINT NOT NULL, went BIGINT NOT NULL, \
     fee BIGINT NOT NULL, PRIMARY KEY (subscriber, place, number))",
    "CREATE TABLE IF NOT EXISTS cursors (partner TEXT PRIMARY KEY, place BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, place BIGINT NOT NULL)",
];

/// What lists are read by.
pub const INDEXES: [&str; 5] = [
    "CREATE INDEX IF NOT EXISTS orders_of_person ON orders (person)",
    "CREATE INDEX IF NOT EXISTS orders_of_subscriber ON orders (subscriber)",
    "CREATE INDEX IF NOT EXISTS orders_in_state ON orders (state, id)",
    "CREATE INDEX IF NOT EXISTS orders_of_till ON orders (till, id)",
    "CREATE INDEX IF NOT EXISTS acts_of_actor ON acts (actor, place)",
];

/// Takes [`INDEXES`] away.
pub const NO_INDEXES: [&str; 5] = [
    "DROP INDEX IF EXISTS orders_of_person",
    "DROP INDEX IF EXISTS orders_of_subscriber",
    "DROP INDEX IF EXISTS orders_in_state",
    "DROP INDEX IF EXISTS orders_of_till",
    "DROP INDEX IF EXISTS acts_of_actor",
];

// Places.

pub const START_PROGRESS: &str = "INSERT INTO progress (name, place) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
pub const PROGRESS: &str = "SELECT place FROM progress WHERE name = $1";
/// Moves on only from where this writer had been, which fences off a second one.
pub const MOVE_PROGRESS: &str = "UPDATE progress SET place = $1 WHERE name = $2 AND place = $3";

pub const SET_CURSOR: &str = "INSERT INTO cursors (partner, place) VALUES ($1, $2) \
     ON CONFLICT (partner) DO UPDATE SET place = excluded.place";
pub const CURSOR: &str = "SELECT place FROM cursors WHERE partner = $1";

// Writes. Orders that stand somewhere are there, so what is not said of them is never inserted.

/// An order that is new.
pub const NEW_ORDER: &str = "INSERT INTO orders (id, person, subscriber, product, amount, fee, payout, arrives_on, \
     state, cause, refusal, requested_at_ms, admitted_at_ms, changed_at_ms, admitted_in, changed_in, positions, till) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";

/// An order that stands elsewhere.
pub const MOVED_ORDER: &str = "UPDATE orders SET state = $1, cause = $2, changed_at_ms = $3, changed_in = $4, \
     positions = positions || $5 WHERE id = $6";

/// An order about which something was recorded, which is no change when it was only recalled. Its state is not named,
/// so that its index is left alone.
pub const TOUCHED_ORDER: &str = "UPDATE orders SET \
     changed_at_ms = CASE WHEN changed_at_ms < $1 THEN $1 ELSE changed_at_ms END, \
     changed_in = CASE WHEN changed_in < $2 THEN $2 ELSE changed_in END, positions = positions || $3 WHERE id = $4";

/// Postings of a day to an account.
pub const ADDED_TOTAL: &str = "INSERT INTO totals (account, day, debits, credits) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (account, day) DO UPDATE SET debits = totals.debits + excluded.debits, \
     credits = totals.credits + excluded.credits";

/// Something that a member of staff did.
pub const NEW_ACT: &str = "INSERT INTO acts (place, actor, act, at_ms, refused) VALUES ($1, $2, $3, $4, '')";

/// It could not be done after all.
pub const REFUSED_ACT: &str = "UPDATE acts SET refused = $1 WHERE place = $2";

/// Value that came to a subscriber or went, as its fact says it.
pub const NEW_MOVEMENT: &str = "INSERT INTO movements \
     (subscriber, place, number, at_ms, day, order_id, kind, came, went, fee) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// What an order took comes back, with its fee. The order's row says whose movement to look for.
pub const RETURNED_MOVEMENT: &str = "INSERT INTO movements \
     (subscriber, place, number, at_ms, day, order_id, kind, came, went, fee) \
     SELECT taken.subscriber, $1, $2, $3, $4, taken.order_id, $5, taken.went, 0, taken.fee \
     FROM orders JOIN movements taken ON taken.subscriber = orders.subscriber AND taken.order_id = orders.id \
     WHERE orders.id = $6 AND taken.kind = $7";

/// All that a number held stays behind; nothing when it held nothing.
pub const LEFT_MOVEMENT: &str = "INSERT INTO movements \
     (subscriber, place, number, at_ms, day, order_id, kind, came, went, fee) \
     SELECT subscriber, $1, $2, $3, $4, '', $5, 0, SUM(came - went), 0 \
     FROM movements WHERE subscriber = $6 GROUP BY subscriber HAVING SUM(came - went) > 0";

// Reads.

const ORDER_COLUMNS: &str = "SELECT id, person, subscriber, product, amount, fee, payout, arrives_on, state, cause, \
     refusal, requested_at_ms, admitted_at_ms, changed_at_ms, admitted_in, changed_in FROM orders WHERE id ";

/// One order.
pub fn order() -> String {
    format!("{ORDER_COLUMNS}= $1")
}

/// A page of orders: id above the page, what the filter asks for, and limit, as parameters in that order. SQLite counts
/// parameters as they come, PostgreSQL by their numbers, so both must agree.
pub fn orders_page(filter: OrderFilter) -> String {
    let asked = [
        ("state", filter.state.is_some()),
        ("person", filter.person.is_some()),
        ("subscriber", filter.subscriber.is_some()),
        ("till", filter.till.is_some()),
    ];
    page(format!("{ORDER_COLUMNS}<= $1"), &asked.map(|(column, asked)| (format!("{column} ="), asked)), "id")
}

/// A page of acts: place below the page, what the filter asks for, and limit, in the same way.
pub fn acts_page(filter: &ActFilter) -> String {
    let asked = [
        ("actor =".to_owned(), filter.actor.is_some()),
        ("act =".to_owned(), filter.act.is_some()),
        ("at_ms >=".to_owned(), filter.from.is_some()),
        ("at_ms <".to_owned(), filter.until.is_some()),
    ];
    page("SELECT place, actor, act, at_ms, refused FROM acts WHERE place < $1".to_owned(), &asked, "place")
}

fn page(mut text: String, asked: &[(String, bool)], order: &str) -> String {
    let mut place = 2;
    for (condition, _) in asked.iter().filter(|(_, asked)| *asked) {
        // Writing to a string cannot fail.
        let _ = write!(text, " AND {condition} ${place}");
        place += 1;
    }
    let _ = write!(text, " ORDER BY {order} DESC LIMIT ${place}");
    text
}

pub const POSITIONS: &str = "SELECT positions FROM orders WHERE id = $1";
pub const TOTALS: &str = "SELECT day, debits, credits FROM totals \
     WHERE account = $1 AND day >= $2 AND day <= $3 ORDER BY day";
/// What a subscriber held before a day, as far as records up to a place tell.
pub const HELD_BEFORE: &str = "SELECT COALESCE(SUM(came - went), 0) AS held FROM movements \
     WHERE subscriber = $1 AND day < $2 AND place <= $3";
/// Movements of days, both ends included, in records up to a place.
pub const MOVEMENTS: &str = "SELECT place, at_ms, day, order_id, kind, came, went, fee FROM movements \
     WHERE subscriber = $1 AND day >= $2 AND day <= $3 AND place <= $4 ORDER BY place, number LIMIT $5";
pub const COUNTS: &str = "SELECT state, COUNT(*) AS orders FROM orders GROUP BY state ORDER BY state";

#[cfg(test)]
mod tests {
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

    fn all_texts() -> Vec<String> {
        let whole = include_str!("sql.rs");
        let code = whole.split("#[cfg(test)]").next().unwrap_or_default();
        code.split('"').skip(1).step_by(2).map(str::to_owned).collect()
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
            ("acts.rs", include_str!("acts.rs")),
            ("connection.rs", include_str!("connection.rs")),
            ("decode.rs", include_str!("decode.rs")),
            ("fold.rs", include_str!("fold.rs")),
            ("movement.rs", include_str!("movement.rs")),
            ("reader.rs", include_str!("reader.rs")),
            ("row.rs", include_str!("row.rs")),
            ("views.rs", include_str!("views.rs")),
        ] {
            for word in ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "DROP ", "PRAGMA "] {
                assert!(!text.contains(word), "`{word}` in {file}");
            }
        }
    }
}
