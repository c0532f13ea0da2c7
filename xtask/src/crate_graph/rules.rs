//! `xtask/crates.toml`: what the graph may look like.

use crate::failure::{Failure, Outcome};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// Where a crate of ours stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// It uses only lower floors.
    At(i64),
    /// It uses none of ours, and only the binary and tests use it.
    Beside,
}

/// The rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The floor of each crate of ours.
    pub floors: BTreeMap<String, Floor>,
    /// The highest pure floor.
    pub pure_up_to: i64,
    /// The external crates that pure floors may use.
    pub pure_external: BTreeSet<String>,
    /// The licences that are allowed.
    pub licences: BTreeSet<String>,
    /// The external crates that ours may name, with the licence each was taken under.
    pub listed: BTreeMap<String, String>,
}

impl Rules {
    /// Reads the file.
    ///
    /// Errors: it is not TOML, a table is missing, a value is of another kind, or a line about a crate lacks a word.
    pub fn parse(text: &str) -> Outcome<Rules> {
        let file: Table = toml::from_str(text).map_err(|error| fault(&error.to_string()))?;
        let pure = table(&file, "pure")?;
        Ok(Rules {
            floors: floors(table(&file, "floors")?)?,
            pure_up_to: pure
                .get("up_to_floor")
                .and_then(Value::as_integer)
                .ok_or_else(|| fault("no `pure.up_to_floor`"))?,
            pure_external: words(pure, "external")?,
            licences: words(table(&file, "licences")?, "allow")?,
            listed: listed(table(&file, "crates")?)?,
        })
    }

    /// The floor of a crate.
    pub fn floor(&self, name: &str) -> Option<Floor> {
        self.floors.get(name).copied()
    }

    /// Whether a crate stands on a pure floor.
    pub fn is_pure(&self, name: &str) -> bool {
        matches!(self.floor(name), Some(Floor::At(floor)) if floor <= self.pure_up_to)
    }
}

fn fault(why: &str) -> Failure {
    Failure::new(format!("`xtask/crates.toml`: {why}"))
}

fn table<'a>(file: &'a Table, name: &str) -> Outcome<&'a Table> {
    file.get(name).and_then(Value::as_table).ok_or_else(|| fault(&format!("no table `[{name}]`")))
}

fn words(table: &Table, name: &str) -> Outcome<BTreeSet<String>> {
    let words = table.get(name).and_then(Value::as_array).ok_or_else(|| fault(&format!("no list `{name}`")))?;
    Ok(words.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn floors(table: &Table) -> Outcome<BTreeMap<String, Floor>> {
    let floor = |(name, value): (&String, &Value)| match value {
        Value::Integer(floor) => Ok((name.clone(), Floor::At(*floor))),
        Value::String(word) if word == "beside" => Ok((name.clone(), Floor::Beside)),
        other => Err(fault(&format!("the floor of `{name}` is a number or \"beside\": `{other}`"))),
    };
    table.iter().map(floor).collect()
}

fn listed(table: &Table) -> Outcome<BTreeMap<String, String>> {
    let line = |(name, value): (&String, &Value)| {
        let word = |key: &str| {
            let word = value.get(key).and_then(Value::as_str).filter(|word| !word.is_empty());
            word.ok_or_else(|| fault(&format!("the line about `{name}` has no `{key}`")))
        };
        word("for")?;
        word("keeper")?;
        Ok((name.clone(), word("licence")?.to_owned()))
    };
    table.iter().map(line).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Rules small enough to see through.
    pub fn sample() -> Rules {
        Rules::parse(
            r#"
            [floors]
            money = 0
            facts = 2
            journal = 4
            vault = 4
            sim = 8
            tongbao = 8
            sandbox = "beside"
            [pure]
            up_to_floor = 3
            external = ["minicbor"]
            [licences]
            allow = ["MIT", "Apache-2.0"]
            [crates]
            minicbor = { for = "facts", licence = "MIT", keeper = "somebody" }
            tokio = { for = "waiting", licence = "MIT", keeper = "somebody" }
            "#,
        )
        .expect("complete")
    }

    #[test]
    fn a_line_without_reason_keeper_or_licence_is_refused() {
        let rest = "[floors]\n[pure]\nup_to_floor=3\nexternal=[]\n[licences]\nallow=[]\n[crates]\n";
        for (line, missing) in [
            ("a = { licence = 'MIT', keeper = 'x' }", "for"),
            ("a = { for = 'y', licence = 'MIT' }", "keeper"),
            ("a = { for = 'y', keeper = 'x', licence = '' }", "licence"),
        ] {
            let said = Rules::parse(&format!("{rest}{line}")).expect_err("incomplete").to_string();
            assert!(said.contains(&format!("no `{missing}`")), "{said}");
        }
    }

    #[test]
    fn the_low_floors_are_pure() {
        let rules = sample();
        assert!(rules.is_pure("facts") && !rules.is_pure("journal") && !rules.is_pure("sandbox"));
    }
}
