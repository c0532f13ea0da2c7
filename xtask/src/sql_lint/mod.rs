//! SQL keeps to what SQLite and PostgreSQL share, so that either can be the engine.
//!
//! All SQL of the runtime is in files named `sql.rs`. What only SQLite has stands there at the end, behind a line
//! `// SQLite only.`, and is not looked at; `PRAGMA` is not looked at anywhere.

mod literals;
mod words;

use crate::args::Args;
use crate::exec::root;
use crate::failure::{Failure, Outcome};
use std::path::{Path, PathBuf};

const FILE: &str = "sql.rs";
const SQLITE_ONLY: &str = "// SQLite only.";
const TESTS: &str = "#[cfg(test)]";

/// `cargo xtask sql-lint`.
pub fn run(words: &[String]) -> Outcome {
    Args::new(words).nothing_more("sql-lint")?;
    let (faults, files) = look()?;
    Failure::unless_empty(&faults, "SQL")?;
    eprintln!("sql-lint: {files} files named `{FILE}`, all in what SQLite and PostgreSQL share");
    Ok(())
}

fn look() -> Outcome<(Vec<String>, usize)> {
    let mut sources = Vec::new();
    collect(&root().join("runtime"), &mut sources)?;
    sources.sort();
    let (mut faults, mut files) = (Vec::new(), 0);
    for path in sources {
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        if path.file_name().is_some_and(|file| file == FILE) {
            files += 1;
            faults.extend(shared_faults(&name, &text));
        } else {
            faults.extend(stray_faults(&name, &text));
        }
    }
    match files {
        0 => Err(Failure::new(format!("no file named `{FILE}` below `runtime`: nothing was checked"))),
        _ => Ok((faults, files)),
    }
}

/// What SQLite and PostgreSQL do not share in the text of a file named `sql.rs`.
fn shared_faults(name: &str, source: &str) -> Vec<String> {
    let shared = source.split(SQLITE_ONLY).next().and_then(|shared| shared.split(TESTS).next()).unwrap_or_default();
    let mut faults = Vec::new();
    for literal in literals::of(shared) {
        let found = words::in_statement(&literal.text);
        faults.extend(found.map(|(word, reason)| format!("{name}:{}: `{word}`: {reason}", literal.line)));
    }
    faults
}

/// SQL outside the files named `sql.rs`, where nobody would look at it.
fn stray_faults(name: &str, source: &str) -> Vec<String> {
    let code = source.split(TESTS).next().unwrap_or_default();
    let stray = literals::of(code).into_iter().filter(|literal| words::is_statement(&literal.text));
    stray.map(|literal| format!("{name}:{}: SQL belongs into a file named `{FILE}`", literal.line)).collect()
}

/// The sources of what is shipped; tests may say what they like.
fn collect(folder: &Path, sources: &mut Vec<PathBuf>) -> Outcome {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_test = matches!(name.as_str(), "tests" | "benches" | "examples") || name.ends_with("_tests.rs");
        if path.is_dir() && !is_test {
            collect(&path, sources)?;
        } else if name.ends_with(".rs") && !is_test {
            sources.push(path);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot read `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_keeps_to_what_both_share() {
        let (faults, files) = look().expect("the sources can be read");
        assert_eq!(faults, Vec::<String>::new());
        assert!(files > 0);
    }

    #[test]
    fn a_word_of_one_engine_is_a_fault_with_its_line() {
        let source = "/// AUTOINCREMENT in a comment is none.\nconst A: &str = \"SELECT 1\";\n\
                      const B: &str = \"INSERT OR IGNORE INTO t VALUES ($1)\";\n";
        let said = shared_faults("sql.rs", source);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("sql.rs:3: `INSERT OR`: "), "{said:?}");
    }

    #[test]
    fn what_only_sqlite_has_stands_at_the_end() {
        let shared = "const A: &str = \"BEGIN IMMEDIATE\";\n";
        assert_eq!(shared_faults("sql.rs", shared).len(), 1);
        assert_eq!(shared_faults("sql.rs", &format!("{SQLITE_ONLY}\n{shared}")), Vec::<String>::new());
        assert_eq!(shared_faults("sql.rs", &format!("{TESTS}\n{shared}")), Vec::<String>::new());
        assert_eq!(shared_faults("sql.rs", "const P: &str = \"PRAGMA synchronous = FULL\";"), Vec::<String>::new());
    }

    #[test]
    fn sql_elsewhere_is_a_fault() {
        let source = "fn f() { run(\"DELETE FROM orders\"); say(\"select a file\"); }";
        assert_eq!(stray_faults("store.rs", source), ["store.rs:1: SQL belongs into a file named `sql.rs`"]);
        assert_eq!(stray_faults("store.rs", &format!("#[cfg(test)]\n{source}")), Vec::<String>::new());
    }
}
