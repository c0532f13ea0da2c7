//! Yuan as decimal text, fen as integers: the only place where one becomes the other.
//!
//! No float ever holds money here; a JSON number is read as the text it was written in.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Number;

/// Digits allowed before the decimal point: ten trillion yuan is far above any prepaid book, and its fen fit an `i64`.
const WHOLE_DIGITS_MAX: usize = 13;

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Something else than `-`, digits and one point, such as an exponent.
    #[error("not a plain decimal number of yuan")]
    NotPlain,
    /// Fractions of a fen.
    #[error("more than two decimals")]
    TooFine,
    /// More than 13 digits before the point.
    #[error("more than 13 digits before the point")]
    TooLarge,
}

/// Reads decimal yuan as fen.
///
/// Shape: an optional minus, 1 to 13 digits, optionally a point and one or two digits. `100`, `100.5` and `100.50` are equal or differ as in
/// arithmetic; `1e2` and `1.000` are refused, since what cannot be written in fen was not meant as money.
///
/// Errors: see [`AmountError`].
pub fn parse_yuan(text: &str) -> Result<i64, AmountError> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, cents) = match unsigned.split_once('.') {
        Some((_, "")) => return Err(AmountError::NotPlain),
        Some(parts) => parts,
        None => (unsigned, ""),
    };
    let fen = whole_fen(whole)? + cent_fen(cents)?;
    Ok(if negative { -fen } else { fen })
}

fn whole_fen(digits: &str) -> Result<i64, AmountError> {
    if digits.is_empty() || !is_digits(digits) {
        return Err(AmountError::NotPlain);
    }
    if digits.len() > WHOLE_DIGITS_MAX {
        return Err(AmountError::TooLarge);
    }
    let yuan: i64 = digits.parse().map_err(|_| AmountError::TooLarge)?;
    Ok(yuan * 100)
}

fn cent_fen(digits: &str) -> Result<i64, AmountError> {
    if !is_digits(digits) {
        return Err(AmountError::NotPlain);
    }
    let tens = |digit: u8| i64::from(digit - b'0');
    match digits.as_bytes() {
        [] => Ok(0),
        [one] => Ok(tens(*one) * 10),
        [one, two] => Ok(tens(*one) * 10 + tens(*two)),
        _ => Err(AmountError::TooFine),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Writes fen as yuan with two decimals, such as `-5.00`.
pub fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let size = fen.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// TMF `Quantity` as a caller sends it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Quantity {
    /// Decimal yuan, kept as text.
    pub amount: Number,
    /// Only `CNY` is known.
    pub units: String,
}

/// TMF `Quantity` as we answer it: fen written as `{"amount": 1.00, "units": "CNY"}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cny(pub i64);

impl Serialize for Cny {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut quantity = serializer.serialize_struct("Quantity", 2)?;
        // The text comes from `yuan`, so it is a JSON number by construction.
        quantity.serialize_field("amount", &Number::from_string_unchecked(yuan(self.0)))?;
        quantity.serialize_field("units", "CNY")?;
        quantity.end()
    }
}

#[cfg(test)]
mod tests {
    use super::AmountError::{NotPlain, TooFine, TooLarge};
    use super::{AmountError, Cny, Quantity, parse_yuan, yuan};

    const TABLE: &[(&str, Result<i64, AmountError>)] = &[
        ("0.01", Ok(1)),
        ("0.1", Ok(10)),
        ("100", Ok(10_000)),
        ("100.5", Ok(10_050)),
        ("100.50", Ok(10_050)),
        ("-5.00", Ok(-500)),
        ("-0.01", Ok(-1)),
        ("9999999999999.99", Ok(999_999_999_999_999)),
        ("99999999999999", Err(TooLarge)),
        ("123456789012345678901234567890", Err(TooLarge)),
        ("0.001", Err(TooFine)),
        ("1.000", Err(TooFine)),
        ("1e2", Err(NotPlain)),
        ("1E2", Err(NotPlain)),
        ("1.5e1", Err(NotPlain)),
        ("1.", Err(NotPlain)),
        (".5", Err(NotPlain)),
        ("-", Err(NotPlain)),
        ("--1", Err(NotPlain)),
        ("+1", Err(NotPlain)),
        ("", Err(NotPlain)),
        (" 1", Err(NotPlain)),
        ("1.-5", Err(NotPlain)),
        ("一百", Err(NotPlain)),
    ];

    #[test]
    fn decimal_yuan_becomes_fen_or_is_refused() {
        for (text, expected) in TABLE {
            assert_eq!(parse_yuan(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn a_json_number_is_read_as_the_text_it_was_written_in() {
        let read = |json: &str| {
            let quantity: Quantity = serde_json::from_str(json).expect("a quantity");
            parse_yuan(quantity.amount.as_str())
        };
        assert_eq!(read(r#"{"amount":96.10,"units":"CNY"}"#), Ok(9_610));
        assert_eq!(read(r#"{"amount":0.29,"units":"CNY"}"#), Ok(29));
        assert_eq!(read(r#"{"amount":1e2,"units":"CNY"}"#), Err(NotPlain));
        assert_eq!(read(r#"{"amount":0.0010,"units":"CNY"}"#), Err(TooFine));
    }

    #[test]
    fn writing_and_reading_back_is_the_same_amount() {
        for fen in [-10_001, -100, -1, 0, 1, 9, 10, 99, 100, 999_999_999_999_999] {
            assert_eq!(parse_yuan(&yuan(fen)), Ok(fen));
        }
        let json = serde_json::to_string(&Cny(-10)).expect("serialises");
        assert_eq!(json, r#"{"amount":-0.10,"units":"CNY"}"#);
    }
}
