//! Plays one seed and prints its report: `cargo run -p sim --example play -- SEED ORDERS none|light|heavy [BUG]`.

#[path = "../tests/shipped/mod.rs"]
mod shipped;

use sim::{Bug, Faults, Options, run};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(default);
    let faults = match words.get(2).map(String::as_str) {
        Some("none") => Faults::None,
        Some("light") => Faults::Light,
        _ => Faults::Heavy,
    };
    let bug = words.get(3).and_then(|word| Bug::ALL.into_iter().find(|bug| format!("{bug:?}") == *word));
    let report = run(Options { seed: number(0, 1), orders: number(1, 200), faults, bug }, shipped::rules());
    println!("{report:#?}");
}
