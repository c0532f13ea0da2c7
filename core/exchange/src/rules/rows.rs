//! The rows of a policy: every key of its files with its value, so that two policies are compared by rule and
//! never by line. Comments, spaces, the order of keys and of lists make no difference.

use super::texts::PolicyFiles;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use toml::{Table, Value};

/// Where a rule stands: its file, and its row there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's name.
    pub file: &'static str,
    /// The table and the key, such as `region pilot: products`.
    pub row: String,
}

/// A rule that two policies say differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it stands.
    pub place: Place,
    /// What it says in the first; none when it is not there.
    pub before: Option<String>,
    /// What it says in the other.
    pub after: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{}, {}: {} -> {}", self.place.file, self.place.row, value(&self.before), value(&self.after))
    }
}

/// What changes from one policy to another, by rule. A data file that is no TOML changes as a whole.
pub fn changes(before: &PolicyFiles<'_>, after: &PolicyFiles<'_>) -> Vec<Change> {
    let (before, after) = (all(before), all(after));
    let places: BTreeSet<&Place> = before.keys().chain(after.keys()).collect();
    let changed = places.into_iter().filter(|place| before.get(place) != after.get(place));
    let change = |place: &Place| Change {
        place: place.clone(),
        before: before.get(place).cloned(),
        after: after.get(place).cloned(),
    };
    changed.map(change).collect()
}

fn all(files: &PolicyFiles<'_>) -> BTreeMap<Place, String> {
    let named = files.named();
    named.flat_map(|(file, text)| if file.ends_with(".toml") { rows(file, text) } else { whole(file, text) }).collect()
}

/// A data file as one row: how long it is and where it ends.
fn whole(file: &'static str, text: &str) -> BTreeMap<Place, String> {
    let last = text.lines().next_back().unwrap_or_default();
    let value = format!("{} lines, {} bytes, the last `{last}`", text.lines().count(), text.len());
    [(Place { file, row: "rows".to_owned() }, value)].into()
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
