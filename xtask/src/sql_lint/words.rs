//! What only one of the two engines understands, or what they understand differently.

/// A word or two, in capitals, and why it is not shared. `(` after a word means a call.
const NOT_SHARED: [(&str, &str); 56] = [
    ("ANY (", "PostgreSQL only; list the values"),
    ("ARRAY", "PostgreSQL only"),
    ("ATTACH", "SQLite only"),
    ("AUTOINCREMENT", "SQLite only; we number rows ourselves"),
    ("BEGIN DEFERRED", "SQLite only"),
    ("BEGIN EXCLUSIVE", "SQLite only"),
    ("BEGIN IMMEDIATE", "SQLite only"),
    ("BIGSERIAL", "PostgreSQL only; we number rows ourselves"),
    ("BOOLEAN", "SQLite has none; use INTEGER 0 and 1"),
    ("BYTEA", "SQLite would store it as a number; the schema says BLOB and PostgreSQL's copy BYTEA"),
    ("COLLATE NOCASE", "SQLite only"),
    ("DATETIME (", "SQLite only; times are milliseconds in INTEGER"),
    ("DISTINCT ON", "PostgreSQL only"),
    ("FOR SHARE", "PostgreSQL only"),
    ("FOR UPDATE", "PostgreSQL only"),
    ("FULL JOIN", "not in every SQLite"),
    ("GENERATE_SERIES", "not in SQLite as we build it"),
    ("GLOB", "SQLite only"),
    ("GREATEST (", "PostgreSQL only; use CASE"),
    ("GROUP_CONCAT", "SQLite only"),
    ("IFNULL (", "SQLite only; COALESCE is shared"),
    ("IIF (", "SQLite only; CASE is shared"),
    ("ILIKE", "PostgreSQL only"),
    ("INDEXED BY", "SQLite only"),
    ("INSERT OR", "SQLite only; ON CONFLICT is shared"),
    ("INSTR (", "SQLite only"),
    ("INTERVAL", "PostgreSQL only; times are milliseconds in INTEGER"),
    ("JSONB", "different in the two"),
    ("JSON_EXTRACT (", "SQLite only"),
    ("JULIANDAY (", "SQLite only"),
    ("LAST_INSERT_ROWID", "SQLite only; RETURNING is shared"),
    ("LATERAL", "PostgreSQL only"),
    ("LEAST (", "PostgreSQL only; use CASE"),
    ("LIKE", "blind to case in SQLite, not in PostgreSQL"),
    ("NOW (", "PostgreSQL only, and time comes as a value"),
    ("CURRENT_TIMESTAMP", "time comes as a value"),
    ("PRINTF (", "SQLite only"),
    ("RANDOM (", "an integer in SQLite, a fraction in PostgreSQL"),
    ("REAL", "no floats near money"),
    ("REPLACE INTO", "SQLite only; ON CONFLICT is shared"),
    ("ROWID", "SQLite only"),
    ("SERIAL", "PostgreSQL only; we number rows ourselves"),
    ("SQLITE_MASTER", "SQLite only"),
    ("SQLITE_SCHEMA", "SQLite only"),
    ("STRFTIME (", "SQLite only"),
    ("STRICT", "SQLite only"),
    ("TOTAL (", "SQLite only, and a float"),
    ("TRUNCATE", "PostgreSQL only; DELETE is shared"),
    ("TYPEOF (", "SQLite only"),
    ("UNIXEPOCH (", "SQLite only, and time comes as a value"),
    ("UNNEST (", "PostgreSQL only"),
    ("UNSIGNED", "in neither as a type of its own"),
    ("UPDATE OR", "SQLite only"),
    ("VACUUM INTO", "SQLite only"),
    ("WITHOUT ROWID", "SQLite only"),
    ("ZEROBLOB (", "SQLite only"),
];

const MARK_QUESTION: (&str, &str) = ("?", "SQLite's placeholder; `$1` is shared");
const MARK_NAMED: (&str, &str) = (":name", "SQLite's placeholder; `$1` is shared");
const MARK_CAST: (&str, &str) = ("::", "PostgreSQL's cast; CAST is shared");
const MARK_EQUALS: (&str, &str) = ("==", "SQLite only; `=` is shared");
const MARK_BACKTICK: (&str, &str) = ("`", "SQLite's quotes; names need none");
const SCALAR_MAX: (&str, &str) = ("MAX(a, b)", "SQLite only with two arguments; use CASE");
const SCALAR_MIN: (&str, &str) = ("MIN(a, b)", "SQLite only with two arguments; use CASE");

/// What a statement has that is not shared, with the reason. A `PRAGMA` is not looked at.
pub fn in_statement(statement: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let words = words(statement);
    let pragma = words.first().is_some_and(|word| word == "PRAGMA");
    let words = if pragma { Vec::new() } else { words };
    let mut found: Vec<_> = NOT_SHARED.into_iter().filter(|(phrase, _)| has(&words, phrase)).collect();
    let marks = [
        ("?", MARK_QUESTION),
        ("::", MARK_CAST),
        ("==", MARK_EQUALS),
        ("`", MARK_BACKTICK),
        (":", MARK_NAMED),
        ("@", MARK_NAMED),
    ];
    found.extend(marks.into_iter().filter(|(mark, _)| has(&words, mark)).map(|(_, fault)| fault));
    found.extend(
        [("MAX", SCALAR_MAX), ("MIN", SCALAR_MIN)]
            .into_iter()
            .filter_map(|(name, fault)| has_two_arguments(&words, name).then_some(fault)),
    );
    found.into_iter()
}

/// Whether a text is an SQL statement, and not a sentence that begins like one.
pub fn is_statement(text: &str) -> bool {
    const BEGINNINGS: [&str; 9] = [
        "SELECT ",
        "INSERT INTO ",
        "UPDATE ",
        "DELETE FROM ",
        "CREATE TABLE ",
        "CREATE INDEX ",
        "CREATE UNIQUE INDEX ",
        "DROP TABLE ",
        "WITH RECURSIVE ",
    ];
    BEGINNINGS.iter().any(|beginning| text.trim_start().starts_with(beginning))
}

/// Names and marks, in capitals. Text in single quotes is one empty mark.
fn words(statement: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut chars = statement.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\'' => {
                while chars.next().is_some_and(|char| char != '\'') {}
                words.push("''".to_owned());
            }
            _ if is_name(char) => {
                let mut word = char.to_ascii_uppercase().to_string();
                while let Some(next) = chars.next_if(|next| is_name(*next)) {
                    word.push(next.to_ascii_uppercase());
                }
                words.push(word);
            }
            ':' | '=' if chars.next_if_eq(&char).is_some() => words.push(format!("{char}{char}")),
            _ if char.is_whitespace() => {}
            mark => words.push(mark.to_string()),
        }
    }
    words
}

fn is_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_' || char == '$'
}

fn has(words: &[String], phrase: &str) -> bool {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words.windows(phrase.len()).any(|window| window.iter().eq(phrase.iter()))
}

/// Whether a function is called with more than one argument.
fn has_two_arguments(words: &[String], name: &str) -> bool {
    let calls = words.windows(2).enumerate().filter(|(_, window)| window[0] == name && window[1] == "(");
    calls.into_iter().any(|(place, _)| {
        let mut depth = 0;
        for word in &words[place + 1..] {
            match word.as_str() {
                "(" => depth += 1,
                ")" => depth -= 1,
                "," if depth == 1 => return true,
                _ => {}
            }
            if depth == 0 {
                return false;
            }
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(statement: &str) -> Vec<&'static str> {
        in_statement(statement).map(|(word, _)| word).collect()
    }

    #[test]
    fn shared_statements_are_fine() {
        for statement in [
            "SELECT a, MAX(b) FROM t WHERE c >= COALESCE((SELECT MIN(d) FROM u), 0) ORDER BY a DESC LIMIT $2",
            "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING a",
            "UPDATE t SET a = CASE WHEN a < $1 THEN $1 ELSE a END, realm = 'LIKE ? real'",
            "CREATE TABLE t (a INTEGER PRIMARY KEY, body BLOB NOT NULL, strictly TEXT)",
            "PRAGMA wal_checkpoint(TRUNCATE)",
        ] {
            assert_eq!(found(statement), Vec::<&str>::new(), "{statement}");
        }
    }

    #[test]
    fn what_one_engine_alone_understands_is_found() {
        for (statement, word) in [
            ("insert or ignore into t values ($1)", "INSERT OR"),
            ("SELECT ifnull(a, 0) FROM t", "IFNULL ("),
            ("SELECT a FROM t WHERE a = ?1", "?"),
            ("SELECT a FROM t WHERE a = :a", ":name"),
            ("SELECT a::TEXT FROM t", "::"),
            ("SELECT a FROM t WHERE a == $1", "=="),
            ("SELECT MAX(a, (b)) FROM t", "MAX(a, b)"),
            ("SELECT a FROM t FOR UPDATE", "FOR UPDATE"),
            ("CREATE TABLE t (a BIGSERIAL)", "BIGSERIAL"),
            ("SELECT a FROM t WHERE a LIKE $1", "LIKE"),
            ("SELECT name FROM sqlite_schema", "SQLITE_SCHEMA"),
        ] {
            assert_eq!(found(statement), [word], "{statement}");
        }
    }

    #[test]
    fn every_word_of_the_list_can_be_found() {
        for (phrase, _) in NOT_SHARED {
            assert!(found(&format!("SELECT x {phrase} y")).contains(&phrase), "{phrase}");
        }
    }

    #[test]
    fn a_sentence_is_no_statement() {
        assert!(is_statement(" SELECT 1"));
        assert!(!is_statement("select one of these"));
        assert!(!is_statement("SELECTED"));
    }
}
