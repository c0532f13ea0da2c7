//! What the command line says when it cannot do what was asked: what happened, and one thing to do about it.

use std::fmt;

/// A failed command.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    exit_code: u8,
}

/// The command was understood and its result is bad: a breach was found.
const BREACH: u8 = 1;
/// The command could not be carried out.
const UNABLE: u8 = 2;
/// The node stopped on its own, so that nothing unsafe goes on.
const STOPPED: u8 = 70;

impl Failure {
    /// Something was in the way.
    pub fn unable(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None, exit_code: UNABLE }
    }

    /// A check found that something does not hold.
    pub fn breach(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None, exit_code: BREACH }
    }

    /// The node stopped itself.
    pub fn stopped(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None, exit_code: STOPPED }
    }

    /// Adds one action.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// The process's exit status.
    pub const fn exit_code(&self) -> u8 {
        self.exit_code
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

impl std::error::Error for Failure {}

/// Turns any error into a failure that says what was being done.
pub trait Doing<T> {
    /// Names what was being done.
    fn doing(self, what: &str) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, what: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::unable(format!("{what}: {error}")))
    }
}
