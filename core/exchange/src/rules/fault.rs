//! What is wrong with a policy, said so that its maker can repair it.

use core::fmt;

/// One fault of a policy file: where, what was found, what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// The file's name.
    pub file: &'static str,
    /// The place in the file: a key, a row or a line.
    pub place: String,
    /// What was found there.
    pub found: String,
    /// What is allowed there.
    pub allowed: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, {}: found {}, allowed: {}", self.file, self.place, self.found, self.allowed)
    }
}

impl core::error::Error for PolicyFault {}

/// Faults gathered while a policy is compiled.
#[derive(Default)]
pub(super) struct Faults(Vec<PolicyFault>);

impl Faults {
    pub(super) fn add(
        &mut self,
        file: &'static str,
        place: impl Into<String>,
        found: impl Into<String>,
        allowed: &str,
    ) {
        self.0.push(PolicyFault { file, place: place.into(), found: found.into(), allowed: allowed.to_owned() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_list(self) -> Vec<PolicyFault> {
        self.0
    }
}
