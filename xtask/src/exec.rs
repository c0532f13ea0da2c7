//! Runs other programs from the root of the workspace.

use crate::failure::{Failure, Outcome};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the workspace.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    program: String,
    words: Vec<String>,
}

impl Line {
    /// A command line split at its blanks.
    pub fn new(text: &str) -> Line {
        let mut words = text.split_whitespace().map(str::to_owned);
        Line { program: words.next().unwrap_or_default(), words: words.collect() }
    }

    /// The same with one more argument, blanks and all.
    pub fn with(mut self, word: impl Into<String>) -> Line {
        self.words.push(word.into());
        self
    }

    /// As a person types it.
    pub fn text(&self) -> String {
        let mut text = self.program.clone();
        for word in &self.words {
            text.push(' ');
            if word.is_empty() || word.contains(char::is_whitespace) {
                text.push_str(&format!("'{word}'"));
            } else {
                text.push_str(word);
            }
        }
        text
    }

    fn command(&self) -> Command {
        // Inside `cargo xtask` this names the toolchain's own cargo.
        let program = match self.program.as_str() {
            "cargo" => std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()),
            other => other.to_owned(),
        };
        let mut command = Command::new(program);
        command.args(&self.words).current_dir(root()).stdin(Stdio::null());
        command
    }

    /// Runs it with our output.
    ///
    /// Errors: it cannot be started, or it ends with another status than 0.
    pub fn run(&self) -> Outcome {
        let status = self.command().status().map_err(|error| self.not_started(&error))?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}` ended with {status}", self.text()))) }
    }

    /// Becomes it, as if it had been typed: it reads our input, hears our signals, and its status is ours.
    ///
    /// Errors: it cannot be started.
    pub fn become_it(&self) -> Failure {
        self.not_started(&self.command().stdin(Stdio::inherit()).exec())
    }

    /// Whether it can be run at all and ends well; says nothing.
    pub fn succeeds(&self) -> bool {
        self.command().stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// Runs it and returns its standard output; its standard error is ours.
    ///
    /// Errors: as [`Line::run`], or the output is not UTF-8.
    pub fn output(&self) -> Outcome<String> {
        let (status, output) = self.output_whatever()?;
        if status == Some(0) { Ok(output) } else { Err(Failure::new(format!("`{}` failed\n{output}", self.text()))) }
    }

    /// Runs it and returns its status and its standard output.
    ///
    /// Errors: it cannot be started, or the output is not UTF-8.
    pub fn output_whatever(&self) -> Outcome<(Option<i32>, String)> {
        let output = self.command().stderr(Stdio::inherit()).output().map_err(|error| self.not_started(&error))?;
        let text = String::from_utf8(output.stdout)
            .map_err(|_| Failure::new(format!("`{}` printed something that is not UTF-8", self.text())))?;
        Ok((output.status.code(), text))
    }

    /// Runs it with our output, and shows each line of its standard error to `see` as well.
    ///
    /// Errors: as [`Line::run`].
    pub fn run_seen(&self, mut see: impl FnMut(&str)) -> Outcome {
        let mut child = self.command().stderr(Stdio::piped()).spawn().map_err(|error| self.not_started(&error))?;
        if let Some(stderr) = child.stderr.take() {
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                eprintln!("{line}");
                see(&line);
            }
        }
        let status = child.wait().map_err(|error| self.not_started(&error))?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}` ended with {status}", self.text()))) }
    }

    fn not_started(&self, error: &std::io::Error) -> Failure {
        Failure::new(format!("cannot run `{}`: {error}", self.program))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_typed_again() {
        let line = Line::new("python3 tests/recount.py").with("a b").with("c");
        assert_eq!(line.text(), "python3 tests/recount.py 'a b' c");
    }

    #[test]
    fn a_program_that_fails_is_told_by_name() {
        let missing = Line::new("no-such-program-anywhere").run().expect_err("cannot be there").to_string();
        assert!(missing.contains("no-such-program-anywhere"), "{missing}");
        let failing = Line::new("false").run().expect_err("ends with 1").to_string();
        assert!(failing.contains("`false` ended"), "{failing}");
    }
}
