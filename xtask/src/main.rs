//! Developer tasks: `cargo xtask` followed by one of the words below.
//!
//! Nothing here is part of the product. A task prints what it does on stderr and ends with status 0, 1 when
//! something is wrong with the tree, or 2 when it was asked for something it does not know.

mod args;
mod crate_graph;
mod demo;
mod demo_check;
mod exec;
mod failure;
mod fuzz;
#[cfg(test)]
mod glossary;
#[cfg(test)]
mod personal;
mod sql_lint;
mod supply;
mod test;
mod threats;

use failure::Failure;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  test [--fast]                           everything that must hold; --fast leaves the demos out
  demo [arguments]                        build and run `tongbao demo` with these arguments
  demo-check [--seeds N] [--orders K]     headless demos without, with light and with heavy faults, recounted
  fuzz [--examples N]                     ask a running node whatever its description allows, and what it does not
  crate-graph                             floors, external crates, licences, lints of the pure crates
  deny                                    licences, duplicates and sources of crates; known faults of crates and pages
  sbom [--out FILE]                       bill of materials of the binary: CycloneDX 1.5
  threats                                 the tests that the threat model names exist
  sql-lint                                SQL that SQLite and PostgreSQL share
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match words.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match task {
        "test" => test::run(rest),
        "demo" => demo::run(rest),
        "demo-check" => demo_check::run(rest),
        "fuzz" => fuzz::run(rest),
        "crate-graph" => crate_graph::run(rest),
        "deny" => supply::deny(rest),
        "sbom" => supply::sbom(rest),
        "sql-lint" => sql_lint::run(rest),
        "threats" => threats::run(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::usage(format!("unknown task: `{other}`")).hint("`cargo xtask help` lists the tasks")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.status)
        }
    }
}
