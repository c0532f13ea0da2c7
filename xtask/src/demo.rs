//! `cargo xtask demo`: builds the binary as it is shipped and runs its demo.

use crate::exec::Line;
use crate::failure::Outcome;

/// The binary, from the root.
pub const BINARY: &str = "target/release/tongbao";

/// `cargo xtask demo`.
pub fn run(words: &[String]) -> Outcome {
    build()?;
    let line = Line::new(BINARY).with("demo");
    Err(words.iter().fold(line, |line, word| line.with(word)).become_it())
}

/// Builds the binary as it is shipped.
pub fn build() -> Outcome {
    Line::new("cargo build --locked --release --bin tongbao").run()
}
