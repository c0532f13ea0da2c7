//! All SQL of the notices, in what SQLite and PostgreSQL share.

pub const FORMAT: i64 = 1;

pub const TABLES: [&str; 6] = [
    "CREATE TABLE IF NOT EXISTS waiting (\
     about TEXT NOT NULL, kind TEXT NOT NULL, place BIGINT NOT NULL, stand TEXT NOT NULL, tries BIGINT NOT NULL, \
     made_at_ms BIGINT NOT NULL, sent_at_ms BIGINT NOT NULL, due_at_ms BIGINT NOT NULL, PRIMARY KEY (about, kind))",
    "CREATE INDEX IF NOT EXISTS waiting_by_due ON waiting (due_at_ms)",
    "CREATE TABLE IF NOT EXISTS ended (\
     about TEXT NOT NULL, kind TEXT NOT NULL, forget_at_ms BIGINT NOT NULL, PRIMARY KEY (about, kind))",
    "CREATE INDEX IF NOT EXISTS ended_by_end ON ended (forget_at_ms)",
    "CREATE TABLE IF NOT EXISTS days (\
     subscriber TEXT NOT NULL, day BIGINT NOT NULL, told BIGINT NOT NULL, PRIMARY KEY (subscriber, day))",
    "CREATE TABLE IF NOT EXISTS figures (name TEXT PRIMARY KEY, figure BIGINT NOT NULL)",
];

pub const START_FIGURE: &str = "INSERT INTO figures (name, figure) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
pub const FIGURE: &str = "SELECT figure FROM figures WHERE name = $1";
pub const SET_FIGURE: &str = "UPDATE figures SET figure = $1 WHERE name = $2";
pub const COUNT_FIGURE: &str = "UPDATE figures SET figure = figure + 1 WHERE name = $1";
pub const WAITING: &str = "SELECT COUNT(*) AS figure FROM waiting";

/// Whether it came to an end lately.
pub const HAS_ENDED: &str = "SELECT COUNT(*) AS figure FROM ended WHERE about = $1 AND kind = $2";
/// Unless it waits already.
pub const NEW: &str = "INSERT INTO waiting (about, kind, place, stand, tries, made_at_ms, sent_at_ms, due_at_ms) \
     VALUES ($1, $2, $3, $4, 0, $5, 0, $5) ON CONFLICT (about, kind) DO NOTHING";
pub const DUE: &str = "SELECT about, kind, place, stand, tries, made_at_ms, sent_at_ms FROM waiting \
     WHERE due_at_ms <= $1 ORDER BY due_at_ms LIMIT $2";
pub const SENT: &str = "UPDATE waiting SET stand = $1, sent_at_ms = $2 WHERE about = $3 AND kind = $4";
pub const LATER: &str =
    "UPDATE waiting SET stand = $1, tries = tries + 1, due_at_ms = $2 WHERE about = $3 AND kind = $4";
pub const OVER: &str = "DELETE FROM waiting WHERE about = $1 AND kind = $2";
pub const ENDED: &str = "INSERT INTO ended (about, kind, forget_at_ms) VALUES ($1, $2, $3)";
pub const FORGET: &str = "DELETE FROM ended WHERE forget_at_ms <= $1";

/// One more on a day, of at most so many. Changes nothing when they are used up.
pub const COUNT_DAY: &str = "INSERT INTO days (subscriber, day, told) VALUES ($1, $2, 1) \
     ON CONFLICT (subscriber, day) DO UPDATE SET told = days.told + 1 WHERE days.told < $3";
pub const FORGET_DAYS: &str = "DELETE FROM days WHERE day < $1";
