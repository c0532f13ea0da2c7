//! Why a task ended badly, and what to do about it.

use std::fmt;

/// A message for the developer, with the status to end with.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    /// The exit status.
    pub status: u8,
}

/// What a task comes to.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Something is wrong with the tree.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None, status: 1 }
    }

    /// The task was asked for in a way it does not know.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure { status: 2, ..Failure::new(message) }
    }

    /// The same with one action to take.
    pub fn hint(self, hint: impl Into<String>) -> Failure {
        Failure { hint: Some(hint.into()), ..self }
    }

    /// The failure for a list of faults; none when the list is empty.
    pub fn unless_empty(faults: &[String], what: &str) -> Outcome {
        match faults {
            [] => Ok(()),
            [one] => Err(Failure::new(format!("{what}: {one}"))),
            many => Err(Failure::new(format!("{what}: {} faults\n  {}", many.len(), many.join("\n  ")))),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}
