//! Words of a partner that we keep: amounts, names and codes, each read strictly.
//!
//! What is read here ends up in records that live for ever. A name that carries the phone or card number, or
//! bytes that could change the meaning of an address, is therefore no name.

use exchange::Answer;
use facts::CallRef;
use serde_json::{Number, Value};

/// The greatest amount that is read, a hundred trillion yuan: no order comes near it, and books and views can add up
/// many of them. More is no answer, so that the order waits for a person instead of filling an account to its brim.
const FEN_MAX: u64 = 10_000_000_000_000_000;
/// The greatest number of points that is read.
pub(crate) const POINTS_MAX: u64 = FEN_MAX;
/// Longest name or code of a partner that is kept.
const NAME_BYTES_MAX: usize = 64;

/// The text at a JSON pointer.
pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

/// The request of ours that the text at a pointer names.
pub(crate) fn call(value: &Value, pointer: &str) -> Option<CallRef> {
    text(value, pointer)?.parse().ok()
}

/// Fen as a JSON number of yuan with two digits.
pub(crate) fn yuan_number(fen: u64, sign: Sign) -> Number {
    let minus = if sign == Sign::Minus { "-" } else { "" };
    Number::from_string_unchecked(format!("{minus}{}", money::yuan(fen)))
}

/// The sign of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Taken from the subscriber.
    Minus,
    /// Given to the subscriber.
    Plus,
}

/// Reads a TMF `Quantity` of yuan: not zero, no exponent, at most two decimals.
pub(crate) fn quantity(value: &Value, pointer: &str) -> Option<(Sign, u64)> {
    let quantity = value.pointer(pointer)?;
    if text(quantity, "/units")? != "CNY" {
        return None;
    }
    let Value::Number(number) = quantity.get("amount")? else { return None };
    // The number as it was written: arbitrary precision keeps its text.
    let written = number.as_str();
    let (sign, digits) = written.strip_prefix('-').map_or((Sign::Plus, written), |digits| (Sign::Minus, digits));
    Some((sign, positive_fen(digits)?))
}

/// Reads yuan text that must be above zero and believable.
pub(crate) fn positive_fen(text: &str) -> Option<u64> {
    money::fen_from_yuan(text).ok().filter(|fen| (1..=FEN_MAX).contains(fen))
}

/// A partner's name of what it did, fit for a record and for a path; it must not contain the account.
pub(crate) fn name(text: &str, account: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    let fits = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain);
    let names_something = text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    let tells_account = !account.is_empty() && text.contains(account);
    (fits && names_something && !tells_account).then(|| text.to_owned())
}

/// A partner's code: letters, digits and hyphens, and no digits long enough to be a number of somebody.
pub(crate) fn code(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let fits = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (fits && digits <= 6).then(|| text.to_owned())
}

/// The code of a refusal's body.
pub(crate) fn refusal(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    code(text(&body, "/code")?)
}

/// A refusal by code.
pub(crate) fn refused(code: impl Into<String>) -> Answer {
    Answer::Refused { code: code.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(json: &str) -> Option<(Sign, u64)> {
        let value = serde_json::from_str(&format!(r#"{{"amount":{{"amount":{json},"units":"CNY"}}}}"#));
        quantity(&value.expect("a JSON value"), "/amount")
    }

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for (json, read) in [
            ("100.00", Some((Sign::Plus, 10_000))),
            ("-100.00", Some((Sign::Minus, 10_000))),
            ("0.01", Some((Sign::Plus, 1))),
            ("7", Some((Sign::Plus, 700))),
            ("0.1", Some((Sign::Plus, 10))),
            ("90071992547409.93", Some((Sign::Plus, 9_007_199_254_740_993))),
            ("100000000000000.00", Some((Sign::Plus, 10_000_000_000_000_000))),
            ("100000000000000.01", None),
            ("-100000000000000000.00", None),
            ("0.00", None),
            ("-0.00", None),
            ("1e2", None),
            ("1E+2", None),
            ("100.000", None),
            ("0.001", None),
            ("99999999999999999999999999999999999999.99", None),
            ("\"100.00\"", None),
            ("null", None),
            ("[]", None),
        ] {
            assert_eq!(amount(json), read, "{json}");
        }
    }

    #[test]
    fn amounts_of_another_unit_are_not_read() {
        for json in [r#"{"amount":1.00}"#, r#"{"amount":1.00,"units":"USD"}"#, r#"{"units":"CNY"}"#, "1.00", "null"] {
            let value: Value = serde_json::from_str(json).expect("a JSON value");
            assert_eq!(quantity(&value, ""), None, "{json}");
        }
    }

    #[test]
    fn amounts_are_written_as_numbers_with_two_digits() {
        assert_eq!(yuan_number(10_005, Sign::Minus).to_string(), "-100.05");
        assert_eq!(yuan_number(u64::MAX, Sign::Plus).to_string(), "184467440737095516.15");
    }

    #[test]
    fn names_fit_a_path_and_tell_no_account() {
        assert_eq!(name("rsv-1", "13300000001").as_deref(), Some("rsv-1"));
        for bad in ["", ".", "..", "a/b", "rsv 1", "rsv?x=1", "rsv%2f", "rsv-13300000001", "编号", &"x".repeat(65)] {
            assert_eq!(name(bad, "13300000001"), None, "{bad}");
        }
    }

    #[test]
    fn codes_carry_no_numbers_of_people() {
        assert_eq!(code("AC04").as_deref(), Some("AC04"));
        for bad in ["", "13300000001", "closed-13300000001", "a b", "\u{7}", &"x".repeat(65)] {
            assert_eq!(code(bad), None, "{bad}");
        }
    }
}
