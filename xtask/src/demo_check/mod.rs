//! `cargo xtask demo-check`: headless demos whose every figure is counted a second time.
//!
//! One demo without faults, one with light and several with heavy ones. Each dumps its books, and
//! `tests/recount.py`, which shares no code with the product, must come to the same figures. Then the node is
//! killed again and again under load.

mod verdict;

use crate::args::{Args, unknown};
use crate::demo;
use crate::exec::{Line, root};
use crate::failure::{Failure, Outcome};
use serde_json::Value;
use std::path::Path;
use std::time::Instant;
use verdict::{Faults, Strikes};

const SEEDS: u64 = 5;
const ORDERS: u64 = 2_000;
const KILLS: u64 = 20;
/// From so many heavy orders on, every kind of fault is expected at every step.
const ORDERS_FOR_EVERY_KIND: u64 = 10_000;

/// A headless demo to run.
struct Run {
    faults: Faults,
    seed: u64,
    orders: u64,
}

/// `cargo xtask demo-check`.
pub fn run(words: &[String]) -> Outcome {
    let mut args = Args::new(words);
    let (mut seeds, mut orders) = (SEEDS, ORDERS);
    while let Some(word) = args.next() {
        match word {
            "--seeds" => seeds = args.count_after(word)?,
            "--orders" => orders = args.count_after(word)?,
            other => return Err(unknown("demo-check", other)),
        }
    }
    demo::build()?;
    let mut strikes = Strikes::default();
    for run in plan(seeds, orders) {
        let seen = run.go()?;
        if run.faults == Faults::Heavy {
            strikes.add(&seen);
        }
    }
    if seeds.saturating_mul(orders) >= ORDERS_FOR_EVERY_KIND {
        Failure::unless_empty(&strikes.missing(), "faults that never struck in all heavy demos")?;
    }
    crash_test()
}

fn plan(seeds: u64, orders: u64) -> Vec<Run> {
    let calm = [Run { faults: Faults::None, seed: 1, orders }, Run { faults: Faults::Light, seed: 2, orders }];
    let heavy = (1..=seeds).map(|seed| Run { faults: Faults::Heavy, seed, orders });
    calm.into_iter().chain(heavy).collect()
}

impl Run {
    fn name(&self) -> String {
        format!("{} seed {}", self.faults.word(), self.seed)
    }

    /// Runs the demo, judges its report, and has it recounted. Returns how often what kind of fault struck.
    fn go(&self) -> Outcome<Value> {
        let folder = format!("target/demo-check/{}-{}", self.faults.word(), self.seed);
        let dump = format!("{folder}/dump");
        fresh(&root().join(&folder))?;
        let started = Instant::now();
        let line = self.line(&dump);
        let report = report_of(&line)?;
        let report_file = format!("{folder}/report.json");
        write(&root().join(&report_file), &report.to_string())?;
        let strikes = read_json(&root().join(&dump).join("faults.json"))?;
        let again = |failure: Failure| failure.hint(format!("repeat it with `{}`", line.text()));
        let faults = verdict::on_demo(&report, &strikes, self.faults, self.orders);
        Failure::unless_empty(&faults, &format!("demo {}", self.name())).map_err(again)?;
        Line::new("python3 tests/recount.py").with(&dump).with(&report_file).run()?;
        let figures = verdict::summary(&report);
        eprintln!("    {}: {figures} ({:.1} s)", self.name(), started.elapsed().as_secs_f64());
        Ok(strikes)
    }

    fn line(&self, dump: &str) -> Line {
        let Run { faults, seed, orders } = self;
        let words =
            format!("demo --headless --products all --orders {orders} --faults {} --seed {seed} --json", faults.word());
        Line::new(&format!("{} {words}", demo::BINARY)).with("--dump").with(dump)
    }
}

fn crash_test() -> Outcome {
    let line = Line::new(&format!("{} crash-test --kills {KILLS} --json", demo::BINARY));
    let started = Instant::now();
    let report = report_of(&line)?;
    let faults = verdict::on_crash_test(&report, KILLS);
    Failure::unless_empty(&faults, "crash test")
        .map_err(|failure| failure.hint(format!("repeat it with `{}`", line.text())))?;
    eprintln!("    crash test: {} ({:.1} s)", verdict::summary(&report), started.elapsed().as_secs_f64());
    Ok(())
}

/// Runs the binary; its last line is its report, its status must be 0.
fn report_of(line: &Line) -> Outcome<Value> {
    let (status, output) = line.output_whatever()?;
    let last = output.lines().last().unwrap_or_default();
    let report: Option<Value> = serde_json::from_str(last).ok().filter(Value::is_object);
    match (status, report) {
        (Some(0), Some(report)) => Ok(report),
        (Some(0), None) => Err(Failure::new(format!("`{}` ended without a report: `{last}`", line.text()))),
        (status, _) => {
            let status = status.map_or("a signal".to_owned(), |status| format!("status {status}"));
            Err(Failure::new(format!("`{}` ended with {status}: `{last}`", line.text())))
        }
    }
}

fn fresh(folder: &Path) -> Outcome {
    let made = match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => std::fs::create_dir_all(folder),
    };
    made.map_err(|error| Failure::new(format!("cannot clear `{}`: {error}", folder.display())))
}

fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).map_err(|error| Failure::new(format!("cannot write `{}`: {error}", path.display())))
}

fn read_json(path: &Path) -> Outcome<Value> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| Failure::new(format!("`{}`: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_one_calm_one_light_and_the_heavy_ones() {
        let names: Vec<String> = plan(2, 10).iter().map(Run::name).collect();
        assert_eq!(names, ["none seed 1", "light seed 2", "heavy seed 1", "heavy seed 2"]);
        let line = plan(1, 10)[2].line("target/x").text();
        assert_eq!(
            line,
            "target/release/tongbao demo --headless --products all --orders 10 --faults heavy --seed 1 --json --dump target/x"
        );
    }

    #[test]
    fn a_report_is_the_last_line_of_a_program_that_ends_well() {
        let report = report_of(&Line::new("printf").with("words\\n{\"orders\":3}\\n")).expect("a report");
        assert_eq!(report["orders"], 3);
        assert!(report_of(&Line::new("printf").with("words\\n")).is_err());
        assert!(report_of(&Line::new("sh -c").with("echo '{}'; exit 3")).is_err());
    }
}
