//! `cargo xtask threats`: every threat that `docs/threat-model.md` says is countered names tests, and they exist.
//!
//! A row of a table is a threat when its first cell is a letter of STRIDE and its last names tests, each as nextest
//! names it: `binary-id test_name`. Where nothing counters a threat yet the cell says `open:` and why.

use crate::args::Args;
use crate::exec::{Line, root};
use crate::failure::{Failure, Outcome};
use serde_json::Value;
use std::collections::BTreeSet;

const MODEL: &str = "docs/threat-model.md";
/// Spoofing, tampering, repudiation, information disclosure, denial of service, elevation of privilege.
const STRIDE: [&str; 6] = ["S", "T", "R", "I", "D", "E"];
const OPEN: &str = "open:";

/// `cargo xtask threats`.
pub fn run(words: &[String]) -> Outcome {
    Args::new(words).nothing_more("threats")?;
    let path = root().join(MODEL);
    let model = std::fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))?;
    let list = Line::new("cargo nextest list --locked --workspace --release --message-format json").output()?;
    let (threats, tests) = (threats(&model), tests(&list)?);
    Failure::unless_empty(&faults(&threats, &tests), MODEL)?;
    let open = threats.iter().filter(|threat| threat.evidence.starts_with(OPEN)).count();
    eprintln!("threats: {} in {MODEL}, {open} of them open; every test that the others name exists", threats.len());
    Ok(())
}

/// A row of the model.
#[derive(Debug, PartialEq, Eq)]
struct Threat<'m> {
    line: usize,
    evidence: &'m str,
}

fn threats(model: &str) -> Vec<Threat<'_>> {
    let threat = |(place, line)| threat(line).map(|evidence| Threat { line: place + 1, evidence });
    model.lines().enumerate().filter_map(threat).collect()
}

/// What the last cell of a threat's row says.
fn threat(line: &str) -> Option<&str> {
    let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
    let is_threat = cells.len() > 2 && STRIDE.contains(&cells[0]);
    if is_threat { cells.last().copied() } else { None }
}

fn faults(threats: &[Threat<'_>], tests: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    if threats.is_empty() {
        faults.push("it holds no threat".to_owned());
    }
    for Threat { line, evidence } in threats {
        if evidence.starts_with(OPEN) {
            continue;
        }
        let named: Vec<&str> = evidence.split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            faults.push(format!("line {line} names no test, and does not say `{OPEN}`"));
        }
        let gone = named.into_iter().filter(|name| !tests.contains(*name));
        faults.extend(gone.map(|name| format!("line {line} names `{name}`, which is no test")));
    }
    faults
}

/// The tests that nextest lists, as `binary-id test_name`.
fn tests(list: &str) -> Outcome<BTreeSet<String>> {
    let list: Value = serde_json::from_str(list)
        .map_err(|error| Failure::new(format!("`cargo nextest list` answered something else: {error}")))?;
    let suites = list["rust-suites"].as_object().ok_or_else(|| Failure::new("`cargo nextest list` names no suite"))?;
    let cases = suites.iter().flat_map(|(binary, suite)| {
        let cases = suite["testcases"].as_object().into_iter().flatten();
        cases.map(move |(name, _)| format!("{binary} {name}"))
    });
    Ok(cases.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "| | threat | counter | tests |\n|---|---|---|---|\n\
        | S | a | b | `server::api tls::one`, `vault two` |\n| T | a | b | open: not yet |\n| X | a | b | `no row` |\n";

    #[test]
    fn a_threat_names_tests_that_exist_or_is_open() {
        let found = threats(MODEL);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[0].evidence), (3, "`server::api tls::one`, `vault two`"));
        let tests: BTreeSet<String> = ["server::api tls::one", "vault two"].map(str::to_owned).into();
        assert_eq!(faults(&found, &tests), Vec::<String>::new());
        let said = faults(&found, &["vault two".to_owned()].into());
        assert_eq!(said, ["line 3 names `server::api tls::one`, which is no test"]);
        let nothing = MODEL.replace('`', "");
        assert_eq!(faults(&threats(&nothing), &tests).len(), 1);
        assert_eq!(faults(&[], &tests), ["it holds no threat"]);
    }

    #[test]
    fn the_list_of_tests_is_read() {
        let list = r#"{"rust-suites":{"server::api":{"testcases":{"tls::one":{},"two":{}}},"vault":{"testcases":{}}}}"#;
        let found = tests(list).expect("as nextest writes it");
        assert_eq!(found, ["server::api tls::one", "server::api two"].map(str::to_owned).into());
        assert!(tests("{}").is_err());
    }

    #[test]
    fn every_threat_of_ours_is_a_row_that_is_read() {
        let model = std::fs::read_to_string(root().join(super::MODEL)).expect("the model");
        assert!(threats(&model).len() >= 40, "{} threats were read", threats(&model).len());
    }
}
