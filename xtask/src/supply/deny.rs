//! `cargo xtask deny`: licences, duplicates and sources of everything below us, and what is known to be broken in it.
//!
//! The rules are in `deny.toml`. What is known to be broken is known to databases elsewhere: where they cannot be
//! reached that is said, and the rest is checked all the same.

use crate::args::Args;
use crate::exec::{Line, root};
use crate::failure::{Failure, Outcome};
use serde_json::Value;

/// Where the packages of the web pages are pinned, once there are any.
const WEB_LOCK: &str = "web/package-lock.json";

/// `cargo xtask deny`.
pub fn run(words: &[String]) -> Outcome {
    Args::new(words).nothing_more("deny")?;
    if is_installed() {
        Line::new("cargo deny --locked check bans licenses sources").run()?;
        advisories()?;
    } else {
        skipped("cargo-deny is not installed: `cargo install cargo-deny --locked`");
    }
    if root().join(WEB_LOCK).exists() { npm() } else { Ok(()) }
}

/// Whether `cargo deny` can be run.
pub fn is_installed() -> bool {
    Line::new("cargo deny --version").succeeds()
}

fn advisories() -> Outcome {
    if !Line::new("cargo deny fetch db").succeeds() {
        skipped("advisories of crates: their database cannot be reached");
        return Ok(());
    }
    Line::new("cargo deny --locked check advisories").run()
}

fn npm() -> Outcome {
    let (_, said) = Line::new("npm audit --json --prefix web").output_whatever()?;
    match judged(&said) {
        Some(0) => Ok(()),
        Some(found) => Err(Failure::new(format!("npm audit: {found} packages with high or critical advisories"))
            .hint("`npm audit --prefix web` names them")),
        None => {
            skipped("advisories of npm packages: their database cannot be reached");
            Ok(())
        }
    }
}

/// How many packages `npm audit` finds seriously broken; none when it has no report.
fn judged(said: &str) -> Option<u64> {
    let report: Value = serde_json::from_str(said).ok()?;
    let found = &report["metadata"]["vulnerabilities"];
    Some(found["high"].as_u64()? + found["critical"].as_u64()?)
}

fn skipped(what: &str) {
    eprintln!("!!! SKIPPED: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_npm_counts_and_an_error_is_no_report() {
        let report = |high, critical| {
            format!(r#"{{"metadata":{{"vulnerabilities":{{"low":9,"high":{high},"critical":{critical}}}}}}}"#)
        };
        assert_eq!(judged(&report(0, 0)), Some(0));
        assert_eq!(judged(&report(2, 1)), Some(3));
        assert_eq!(judged(r#"{"message":"request failed","error":{}}"#), None);
        assert_eq!(judged("npm error"), None);
    }
}
