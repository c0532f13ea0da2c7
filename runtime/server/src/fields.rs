//! Reading a JSON object field by field, strictly. Errors name the field and what is allowed, never what was found.

use crate::moments;
use crate::problem::Problem;
use facts::Millis;
use serde_json::{Map, Value};
use std::str::FromStr;

/// The greatest integer that every JSON reader keeps: 2^53.
pub const INTEGER_MAX: u64 = 1 << 53;
/// The longest text of a field.
const TEXT_BYTES_MAX: usize = 1_024;

/// A JSON object with the pointer to it.
pub struct Fields<'v> {
    object: &'v Map<String, Value>,
    pointer: String,
}

impl<'v> Fields<'v> {
    /// The object that a value is, with no fields but these.
    ///
    /// Errors: it is no object, or has another field.
    pub fn of(value: &'v Value, pointer: &str, allowed: &[&str]) -> Result<Fields<'v>, Problem> {
        let object = value.as_object().ok_or_else(|| Problem::malformed(pointer, "a JSON object"))?;
        match object.keys().find(|name| !allowed.contains(&name.as_str())) {
            Some(unknown) => Err(refuse_unknown(unknown, pointer, allowed)),
            None => Ok(Fields { object, pointer: pointer.to_owned() }),
        }
    }

    /// The pointer to a field.
    pub fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    /// A field's value; none when it is missing or null.
    pub fn value(&self, name: &str) -> Option<&'v Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    fn needed(&self, name: &str, allowed: &str) -> Result<&'v Value, Problem> {
        self.value(name).ok_or_else(|| {
            Problem::malformed(self.pointer(name), allowed).detail(format!("`{name}` is missing; allowed: {allowed}"))
        })
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<&'v str, Problem> {
        self.needed(name, "a text")?;
        self.optional_text(name)?.ok_or_else(|| self.wrong(name, "a text"))
    }

    /// A text that may be missing.
    pub fn optional_text(&self, name: &str) -> Result<Option<&'v str>, Problem> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let text = value.as_str().filter(|text| (1..=TEXT_BYTES_MAX).contains(&text.len()));
        text.map(Some).ok_or_else(|| self.wrong(name, "a text of 1 to 1024 bytes"))
    }

    /// A text of at most so many characters, which may have several lines.
    pub fn long_text(&self, name: &str, most: usize) -> Result<&'v str, Problem> {
        let allowed = format!("a text of 1 to {most} characters");
        let text = self.needed(name, &allowed)?.as_str();
        let text = text.filter(|text| (1..=most).contains(&text.chars().count()) && !text.trim().is_empty());
        text.ok_or_else(|| self.wrong(name, &allowed))
    }

    /// A word that reads as a value of its own type.
    pub fn word<T: FromStr>(&self, name: &str, allowed: &str) -> Result<T, Problem> {
        self.needed(name, allowed)?;
        self.optional_word(name, allowed)?.ok_or_else(|| self.wrong(name, allowed))
    }

    /// A word that may be missing.
    pub fn optional_word<T: FromStr>(&self, name: &str, allowed: &str) -> Result<Option<T>, Problem> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let word = value.as_str().and_then(|text| text.parse().ok());
        word.map(Some).ok_or_else(|| self.wrong(name, allowed))
    }

    /// A whole number from 1 to 2^53, written as digits alone.
    pub fn amount(&self, name: &str) -> Result<u64, Problem> {
        const ALLOWED: &str = "a whole number from 1 to 9007199254740992, without point or exponent";
        let Value::Number(number) = self.needed(name, ALLOWED)? else { return Err(self.wrong(name, ALLOWED)) };
        // The number as it was written: 1e3 and 1.0 are refused, since other readers take them for floats.
        let written = number.as_str();
        let digits = written.bytes().all(|byte| byte.is_ascii_digit());
        let amount = if digits { written.parse().ok() } else { None };
        amount.filter(|amount| (1..=INTEGER_MAX).contains(amount)).ok_or_else(|| self.wrong(name, ALLOWED))
    }

    /// A moment that may be missing and is not after `now`.
    pub fn optional_moment(&self, name: &str, now: Millis) -> Result<Option<Millis>, Problem> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let moment = value.as_str().and_then(moments::parse).filter(|moment| *moment <= now);
        let allowed = "a moment that has passed, such as `2026-11-22T09:30:00+08:00`";
        moment.map(Some).ok_or_else(|| self.wrong(name, allowed))
    }

    /// The problem of a field that is not as it must be.
    pub fn wrong(&self, name: &str, allowed: &str) -> Problem {
        Problem::malformed(self.pointer(name), allowed)
    }
}

/// A name that could be a person's number is not repeated.
fn refuse_unknown(name: &str, pointer: &str, allowed: &[&str]) -> Problem {
    let plain = name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let list = if allowed.is_empty() { "no field".to_owned() } else { format!("`{}`", allowed.join("`, `")) };
    let at = if plain { format!("{pointer}/{name}") } else { pointer.to_owned() };
    let what = if plain { format!("unknown field `{name}`") } else { "unknown field".to_owned() };
    Problem::malformed(at, &list).detail(format!("{what}; allowed: {list}"))
}
