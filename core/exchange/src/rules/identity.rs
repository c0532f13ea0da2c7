//! Resident identity numbers: shape, check character and the age they prove.
//!
//! Only the birth date is kept. The number itself is personal data: it is never stored, printed or hashed here.

use core::fmt;
use facts::Day;

/// What an identity number says about its holder on the day of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A valid number of an adult.
    Valid,
    /// No valid identity number.
    Invalid,
    /// A valid number of somebody who is too young.
    Underage,
}

/// A well-formed resident identity number.
///
/// Source: GB 11643-1999; check character by ISO 7064 MOD 11-2. The region prefix is not checked, since
/// regions were renamed and merged since the numbers were given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdentityNumber {
    born: (u32, u32, u32),
}

/// The text is no resident identity number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityError;

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a resident identity number: seventeen digits and a check character are expected")
    }
}

impl core::error::Error for IdentityError {}

impl fmt::Debug for IdentityNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityNumber(hidden)")
    }
}

/// The check character for each sum modulo 11.
const CHECK: &[u8; 11] = b"10X98765432";

impl IdentityNumber {
    /// Reads seventeen digits and a digit or upper-case `X`.
    ///
    /// Errors: another shape, a birth date that does not exist, or a check character that does not fit.
    pub fn parse(text: &str) -> Result<IdentityNumber, IdentityError> {
        let bytes = text.as_bytes();
        if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
            return Err(IdentityError);
        }
        // ISO 7064 MOD 11-2: the weight of a place is a power of two modulo 11, so doubling step by step does it.
        let sum = bytes[..17].iter().fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
        if bytes[17] != CHECK[sum as usize] {
            return Err(IdentityError);
        }
        let number = |range: core::ops::Range<usize>| text[range].parse().map_err(|_| IdentityError);
        let born = (number(6..10)?, number(10..12)?, number(12..14)?);
        if !exists(born) {
            return Err(IdentityError);
        }
        Ok(IdentityNumber { born })
    }

    /// Whether the holder was born on or before the day.
    pub fn is_born_by(&self, day: Day) -> bool {
        self.born <= day.date()
    }

    /// Whether the holder has had their birthday of that many years by the day. Somebody born on 29 February
    /// has it on 1 March of a common year.
    pub fn is_of_age(&self, years: u32, on: Day) -> bool {
        let birthday = (self.born.0 + years, self.born.1, self.born.2);
        birthday <= on.date()
    }
}

impl Identity {
    /// What the text says on the day, when adults are people of `adult_from_years` and older.
    pub fn of(text: &str, on: Day, adult_from_years: u32) -> Identity {
        let Ok(number) = IdentityNumber::parse(text) else {
            return Identity::Invalid;
        };
        if !number.is_born_by(on) {
            return Identity::Invalid;
        }
        if !number.is_of_age(adult_from_years, on) {
            return Identity::Underage;
        }
        Identity::Valid
    }
}

/// Whether the date is in the calendar. People are born before 1970, which [`Day`] does not count, so the
/// date is looked up in a year with the same leap rule that it does.
fn exists((year, month, day): (u32, u32, u32)) -> bool {
    let same_leap_rule = 2_000 + year % 400;
    year >= 1 && Day::from_date(same_leap_rule, month, day).is_some()
}
