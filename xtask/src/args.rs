//! Flags of the tasks: few enough to be read by hand.

use crate::failure::{Failure, Outcome};

/// The words after a task, taken one by one.
pub struct Args<'a> {
    rest: std::slice::Iter<'a, String>,
}

impl<'a> Args<'a> {
    /// The words to read.
    pub fn new(words: &'a [String]) -> Args<'a> {
        Args { rest: words.iter() }
    }

    /// The next word.
    pub fn next(&mut self) -> Option<&'a str> {
        self.rest.next().map(String::as_str)
    }

    /// The whole number after a flag, at least 1.
    pub fn count_after(&mut self, flag: &str) -> Outcome<u64> {
        let word = self.next().ok_or_else(|| Failure::usage(format!("`{flag}` needs a number")))?;
        match word.parse() {
            Ok(count) if count >= 1 => Ok(count),
            _ => Err(Failure::usage(format!("`{flag}` needs a number from 1 on: `{word}`"))),
        }
    }

    /// Refuses whatever is left.
    pub fn nothing_more(mut self, task: &str) -> Outcome {
        match self.next() {
            Some(word) => Err(unknown(task, word)),
            None => Ok(()),
        }
    }
}

/// The failure for a word a task does not know.
pub fn unknown(task: &str, word: &str) -> Failure {
    Failure::usage(format!("`cargo xtask {task}` does not know `{word}`")).hint("`cargo xtask help` lists the flags")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_number_from_1_on() {
        let words: Vec<String> = ["7", "0", "x"].map(str::to_owned).into();
        let mut args = Args::new(&words);
        assert_eq!(args.count_after("--seeds").ok(), Some(7));
        assert!(args.count_after("--seeds").is_err());
        assert!(args.count_after("--seeds").is_err());
        assert!(args.count_after("--seeds").is_err());
    }
}
