//! Data on stdout, everything else on stderr; progress only where a person watches.

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// How results are printed.
pub struct Output {
    json: bool,
}

impl Output {
    /// Prints JSON or words.
    pub const fn new(json: bool) -> Output {
        Output { json }
    }

    /// Prints the result: the words, or one JSON object as the last line.
    pub fn result<T: Serialize>(&self, result: &T, words: &str) {
        if self.json {
            // Our own reports always serialise.
            println!("{}", serde_json::to_string(result).unwrap_or_default());
        } else {
            println!("{words}");
        }
    }

    /// A progress bar on stderr; hidden when nobody watches.
    pub fn progress(&self, total: u64, what: &str) -> ProgressBar {
        if !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta}");
        let bar = ProgressBar::new(total).with_message(what.to_owned());
        match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}

/// Sends the log to stderr; `RUST_LOG` says how much.
pub fn start_log(quiet: bool) {
    let default = if quiet { "error" } else { "warn,tongbao=info,node=info" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}
