//! Fen as yuan text and back, exactly: `9600` is `96.00`.

use core::fmt;

/// An amount of fen, shown in yuan with two digits.
pub struct Yuan(u64);

/// Shows fen in yuan with two digits.
pub const fn yuan(fen: u64) -> Yuan {
    Yuan(fen)
}

impl fmt::Display for Yuan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// The text is not a decimal number of yuan with at most two digits after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseYuanError;

impl fmt::Display for ParseYuanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected yuan as digits with at most two after the point, such as 96.00")
    }
}

impl core::error::Error for ParseYuanError {}

/// Reads yuan text as fen: `96`, `96.0` and `96.00` are all 9,600.
///
/// Errors: a sign, an exponent, a third digit after the point, or a value beyond 64 bits.
pub fn fen_from_yuan(text: &str) -> Result<u64, ParseYuanError> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits_only = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_only(whole) || !digits_only(part) || part.len() > 2 {
        return Err(ParseYuanError);
    }
    let whole: u64 = whole.parse().map_err(|_| ParseYuanError)?;
    let part_fen: u64 = part.parse().map_err(|_| ParseYuanError)?;
    let scale = if part.len() == 1 { 10 } else { 1 };
    whole.checked_mul(100).and_then(|fen| fen.checked_add(part_fen * scale)).ok_or(ParseYuanError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_text_and_fen_agree() {
        for (text, fen) in [("0.01", 1), ("96", 9_600), ("96.5", 9_650), ("96.05", 9_605), ("0", 0)] {
            assert_eq!(fen_from_yuan(text), Ok(fen), "{text}");
        }
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e2", "1.001", "1,0", "９", "184467440737095517"] {
            assert_eq!(fen_from_yuan(text), Err(ParseYuanError), "{text}");
        }
        assert_eq!(yuan(9_605).to_string(), "96.05");
    }
}
