//! `cargo xtask test`: everything that must hold, in stages from quick to slow.

use crate::args::{Args, unknown};
use crate::exec::Line;
use crate::failure::{Failure, Outcome};
use crate::{crate_graph, demo_check, fuzz, sql_lint, supply, threats};
use std::time::{Duration, Instant};

/// What a stage runs.
enum Work {
    /// A program.
    Line(Line),
    /// The tests, whose summary is kept for the last line.
    Tests(Line),
    /// A task of ours.
    Task(fn(&[String]) -> Outcome),
}

struct Stage {
    name: &'static str,
    /// How a person repeats this stage alone.
    repeat: String,
    work: Work,
}

impl Stage {
    fn line(name: &'static str, text: &str) -> Stage {
        Stage { name, repeat: text.to_owned(), work: Work::Line(Line::new(text)) }
    }

    fn tests(name: &'static str, text: &str) -> Stage {
        Stage { name, repeat: text.to_owned(), work: Work::Tests(Line::new(text)) }
    }

    fn task(name: &'static str, task: fn(&[String]) -> Outcome) -> Stage {
        Stage { name, repeat: format!("cargo xtask {name}"), work: Work::Task(task) }
    }

    /// Runs it; the summary of the tests goes into `summary`.
    fn run(&self, summary: &mut Vec<String>) -> Outcome<Duration> {
        eprintln!("==> {}: {}", self.name, self.repeat);
        let started = Instant::now();
        let outcome = match &self.work {
            Work::Line(line) => line.run(),
            Work::Tests(line) => line.run_seen(|said| summary.extend(is_summary(said).then(|| said.to_owned()))),
            Work::Task(task) => task(&[]),
        };
        let took = started.elapsed();
        match outcome {
            Ok(()) => {
                eprintln!("    {}: passed in {:.1} s", self.name, took.as_secs_f64());
                Ok(took)
            }
            Err(failure) => {
                eprintln!("{failure}");
                let said = format!("stage `{}` failed after {:.1} s", self.name, took.as_secs_f64());
                Err(Failure::new(said).hint(format!("repeat it alone with `{}`", self.repeat)))
            }
        }
    }
}

/// nextest's own last word, as in `Summary [ 3.1s] 12 tests run: 12 passed, 0 skipped`.
fn is_summary(line: &str) -> bool {
    line.trim_start().starts_with("Summary [")
}

/// `cargo xtask test`.
pub fn run(words: &[String]) -> Outcome {
    let mut args = Args::new(words);
    let mut fast = false;
    while let Some(word) = args.next() {
        match word {
            "--fast" => fast = true,
            other => return Err(unknown("test", other)),
        }
    }
    let mut summary = Vec::new();
    let mut times = Vec::new();
    for stage in stages(fast, Line::new("cargo nextest --version").succeeds()) {
        times.push((stage.name, stage.run(&mut summary)?));
    }
    print_times(&times);
    // Last, so that whoever looks at the end of the output sees how many tests ran.
    summary.iter().for_each(|line| println!("{line}"));
    Ok(())
}

fn stages(fast: bool, nextest: bool) -> Vec<Stage> {
    let clippy = "cargo clippy --locked --workspace --all-targets -- -D warnings";
    // The simulator compiles deliberate bugs into the node, and with it into the whole workspace.
    let clippy_shipped = "cargo clippy --locked --package tongbao -- -D warnings";
    let mut stages = vec![
        Stage::line("format", "cargo fmt --all --check"),
        Stage::task("crate-graph", crate_graph::run),
        Stage::task("deny", supply::deny),
        Stage::task("sql-lint", sql_lint::run),
        Stage::line("recount", "python3 -B -m unittest discover --buffer --start-directory tests"),
        Stage::line("clippy", clippy),
        Stage::line("clippy, as shipped", clippy_shipped),
    ];
    // Tests run on the release profile, which keeps overflow checks: the dependencies are built once for
    // them and for the demos, which halves a cold run.
    if nextest {
        stages.push(Stage::tests("tests", "cargo nextest run --locked --workspace --release --no-fail-fast"));
        stages.push(Stage::task("threats", threats::run));
    } else {
        eprintln!("cargo-nextest is not installed: the tests run with `cargo test`");
        eprintln!("hint: `cargo install cargo-nextest --locked`");
        stages.push(Stage::line("tests", "cargo test --locked --workspace --all-targets --release"));
    }
    stages.push(Stage::line("doc tests", "cargo test --locked --workspace --doc --release"));
    if !fast {
        stages.push(Stage::task("fuzz", fuzz::run));
        stages.push(Stage::task("demo-check", demo_check::run));
    }
    stages
}

fn print_times(times: &[(&str, Duration)]) {
    println!();
    for (name, took) in times {
        println!("{:>9.1} s  {name}", took.as_secs_f64());
    }
    let all: Duration = times.iter().map(|(_, took)| took).sum();
    println!("{:>9.1} s  all stages passed", all.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(fast: bool, nextest: bool) -> Vec<String> {
        stages(fast, nextest).into_iter().map(|stage| stage.repeat).collect()
    }

    #[test]
    fn the_demos_come_last_and_can_be_left_out() {
        assert_eq!(names(false, true).last().map(String::as_str), Some("cargo xtask demo-check"));
        assert!(!names(true, true).contains(&"cargo xtask demo-check".to_owned()));
    }

    #[test]
    fn without_nextest_the_tests_still_run() {
        assert!(
            names(true, true).contains(&"cargo nextest run --locked --workspace --release --no-fail-fast".to_owned())
        );
        assert!(names(true, false).contains(&"cargo test --locked --workspace --all-targets --release".to_owned()));
    }

    #[test]
    fn a_failing_stage_names_the_command_to_repeat_it() {
        let said = Stage::line("format", "false --alone").run(&mut Vec::new()).expect_err("fails").to_string();
        assert!(said.contains("stage `format` failed") && said.contains("`false --alone`"), "{said}");
    }

    #[test]
    fn the_summary_of_the_tests_is_kept() {
        let mut summary = Vec::new();
        let line = Line::new("sh -c").with("echo '   PASS x' >&2; echo '     Summary [ 1.0s] 3 tests run' >&2");
        let stage = Stage { name: "tests", repeat: String::new(), work: Work::Tests(line) };
        stage.run(&mut summary).expect("ends well");
        assert_eq!(summary, ["     Summary [ 1.0s] 3 tests run"]);
    }
}
