//! The files of a policy as texts, and moments as they are typed.

use crate::failure::{Doing, Failure};
use exchange::rules::{Policy, PolicyFault, PolicyFiles};
use facts::{Day, Millis};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

/// The files of a policy, read and not yet checked.
pub struct Texts {
    /// Those that it is compiled from.
    policy: BTreeMap<&'static str, String>,
    /// Whose numbers are not connected; versioned with the number table, not with the policy.
    pub numbers: String,
    /// What partners promise; no part of the policy's version.
    pub partners: String,
}

impl Texts {
    /// Reads the files of a policy, and the data it is compiled with.
    ///
    /// Errors: a file that cannot be read, by its name.
    pub fn read(policy: &Path, data: &Path) -> Result<Texts, Failure> {
        let text = |name: &str| {
            let path = match name.ends_with(".csv") {
                true => data.join(name),
                false => policy.join(name),
            };
            let read = std::fs::read_to_string(&path).doing(&format!("reading `{}`", path.display()));
            read.map_err(|failure| failure.hint("name a directory that holds the files of `policies/`"))
        };
        Ok(Texts {
            policy: PolicyFiles::NAMES
                .into_iter()
                .map(|name| Ok((name, text(name)?)))
                .collect::<Result<_, Failure>>()?,
            numbers: text("numbers.toml")?,
            partners: text("partners.toml")?,
        })
    }

    /// The files that the policy is compiled from.
    pub fn files(&self) -> PolicyFiles<'_> {
        PolicyFiles::of(&self.policy)
    }

    /// The files that an operator writes, each with its name.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let written = self.files().named().filter(|(name, _)| name.ends_with(".toml"));
        written.chain([("numbers.toml", self.numbers.as_str()), ("partners.toml", self.partners.as_str())])
    }

    /// The compiled policy, or every fault.
    pub fn compile(&self) -> Result<Policy, Vec<PolicyFault>> {
        Policy::compile(&self.files())
    }

    /// The compiled policy.
    ///
    /// Errors: every fault, one a line.
    pub fn policy(&self) -> Result<Policy, Failure> {
        self.compile().map_err(|faults| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Failure::unable(format!("the policy does not hold:\n{}", lines.join("\n")))
        })
    }
}

/// A moment as it is typed: a date, or a date and a time of day, in Asia/Shanghai.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub Millis);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        let wrong = || format!("`{text}` is no moment; allowed: 2026-10-01, or 2026-10-01T16:59 in Asia/Shanghai");
        let (date, time) = text.split_once('T').unwrap_or((text, "00:00"));
        let day: Day = date.parse().map_err(|_| wrong())?;
        let minutes = minutes_of(time).ok_or_else(wrong)?;
        Ok(Moment(day.start().plus(minutes * 60_000)))
    }
}

/// Minutes since midnight of `hh:mm`.
fn minutes_of(time: &str) -> Option<u64> {
    let (hour, minute) = time.split_once(':')?;
    let number = |text: &str, most: u64| -> Option<u64> {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| digits && *number <= most)
    };
    Some(number(hour, 23)? * 60 + number(minute, 59)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_with_or_without_a_time() {
        let at = |text: &str| text.parse::<Moment>().map(|moment| (moment.0.day().to_string(), moment.0.of_day()));
        assert_eq!(at("2026-10-01"), Ok(("2026-10-01".to_owned(), 0)));
        assert_eq!(at("2026-10-01T16:59"), Ok(("2026-10-01".to_owned(), (16 * 60 + 59) * 60_000)));
        for wrong in
            ["", "today", "2026-02-30", "2026-10-01T24:00", "2026-10-01T1:00", "2026-10-01T+1:00", "2026-10-01 09:00"]
        {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
