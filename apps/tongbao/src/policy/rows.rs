//! The rows of a policy: every key of its files with its value, so that two policies are compared by rule and
//! never by line. Comments, spaces, the order of keys and of lists make no difference.

use std::collections::BTreeMap;
use toml::{Table, Value};

/// Where a rule stands: its file, and its row there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's name.
    pub file: &'static str,
    /// The table and the key, such as `region pilot: products`.
    pub row: String,
}

/// The keys by which rows of a list are told apart, where they have one.
const NAMES: [&str; 2] = ["name", "number"];

/// Every row of a file. What is no TOML has none: the compiler says what is wrong with it.
pub fn rows(file: &'static str, text: &str) -> BTreeMap<Place, String> {
    let mut rows = BTreeMap::new();
    let table: Table = text.parse().unwrap_or_default();
    for (key, value) in &table {
        put(file, key, value, &mut rows);
    }
    rows
}

/// Puts the rows of a value under its path.
fn put(file: &'static str, path: &str, value: &Value, rows: &mut BTreeMap<Place, String>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                put(file, &format!("{path}.{key}"), value, rows);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_table) => {
            for (index, value) in list.iter().enumerate() {
                put(file, &format!("{path} {}", name(value, index)), value, rows);
            }
        }
        _ => {
            rows.insert(Place { file, row: path.to_owned() }, words(value));
        }
    }
}

/// What a row of a list is called: by its name or number, else by its place.
fn name(value: &Value, index: usize) -> String {
    let named = NAMES.iter().find_map(|key| value.get(key));
    named.map_or_else(|| format!("#{}", index + 1), |name| words(name).trim_matches('"').to_owned())
}

/// A value in words; lists of words in order of the alphabet, since they are sets.
fn words(value: &Value) -> String {
    match value {
        Value::Array(list) => {
            let mut words: Vec<String> = list.iter().map(self::words).collect();
            words.sort();
            format!("[{}]", words.join(", "))
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_rule_says_makes_a_difference() {
        let one = "# a comment\n[a]\nx = 1_000\ny = [\"b\", \"a\"]\n[[row]]\nname = \"n\"\nk = true\n";
        let other = "[[row]]\nk = true\nname = \"n\"\n[a]\ny = [\"a\", \"b\"]\nx = 1000\n";
        assert_eq!(rows("f", one), rows("f", other));
        let found: Vec<String> =
            rows("f", one).iter().map(|(place, value)| format!("{} = {value}", place.row)).collect();
        assert_eq!(found, ["a.x = 1000", "a.y = [\"a\", \"b\"]", "row n.k = true", "row n.name = \"n\""]);
        assert!(rows("f", "= no toml").is_empty());
    }
}
