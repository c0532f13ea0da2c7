//! Results for people who open them in a spreadsheet, which takes a cell that begins with `=` for a formula.
//!
//! The contract's results repeat a request id byte for byte, and programmes compare them so. Who wants them for a
//! spreadsheet says so, and gets an apostrophe before such an id. The other columns are words and numbers of ours.

use std::borrow::Cow;

/// How a cell begins that a spreadsheet may run. Source: OWASP, CSV Injection; with the wide forms of the first four.
const FORMULA: [&str; 10] = ["=", "+", "-", "@", "\t", "\r", "\u{ff1d}", "\u{ff0b}", "\u{ff0d}", "\u{ff20}"];

/// A row of results whose first cell runs nothing.
pub fn disarmed(row: &[u8]) -> Cow<'_, [u8]> {
    let (quote, cell) = row.split_at(usize::from(row.starts_with(b"\"")));
    // Blanks before it do not hold a spreadsheet up.
    let shown = cell.trim_ascii_start();
    let is_formula =
        FORMULA.iter().any(|begin| cell.starts_with(begin.as_bytes()) || shown.starts_with(begin.as_bytes()));
    if is_formula { [quote, b"'", cell].concat().into() } else { row.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_disarmed_and_every_other_row_is_as_it_was() {
        for (row, shown) in [
            ("=1+1,accepted,,1,2,d\n", "'=1+1,accepted,,1,2,d\n"),
            ("\"=cmd|' /C calc'!A0,x\",refused,c,,,\n", "\"'=cmd|' /C calc'!A0,x\",refused,c,,,\n"),
            ("-1,a\n", "'-1,a\n"),
            ("+1,a\n", "'+1,a\n"),
            ("@SUM(A1),a\n", "'@SUM(A1),a\n"),
            ("\t=1,a\n", "'\t=1,a\n"),
            (" =1,a\n", "' =1,a\n"),
            ("\u{ff1d}1,a\n", "'\u{ff1d}1,a\n"),
            ("r-1,accepted,,1,2,d\n", "r-1,accepted,,1,2,d\n"),
            ("\"a,=b\",a\n", "\"a,=b\",a\n"),
            (",refused,malformed_request,,,\n", ",refused,malformed_request,,,\n"),
            ("request_id,outcome\n", "request_id,outcome\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&disarmed(row.as_bytes())), shown);
        }
    }
}
