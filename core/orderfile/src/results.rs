//! `results.csv`: one row an input row, in order.

use crate::record::{fields, write_field};
use core::fmt::Write;
use core::str;
use facts::{Day, Refusal};
use std::borrow::Cow;

/// The header line of a results file.
pub const RESULTS_HEADER: &str = "request_id,outcome,code,fee_fen,payout,arrives_on\n";

/// The code of a row whose id another row used with other fields; no refusal of an order has it.
pub const CONFLICT: &str = "idempotency_conflict";

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was accepted.
    Accepted {
        /// Fen.
        fee: u64,
        /// Fen; for points fen of airtime.
        payout: u64,
        /// When it arrives.
        arrives_on: Day,
    },
    /// It was refused, with this code.
    Refused(&'static str),
}

/// What a row is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The answer, for the first time.
    First(Answer),
    /// The answer that an earlier row with the same id and fields was given.
    Duplicate(Answer),
}

/// Writes the row of a result, with its line end.
pub fn write_result(request_id: &str, told: Told, out: &mut String) {
    write_field(request_id, out);
    let (Told::First(answer) | Told::Duplicate(answer)) = told;
    let outcome = match (told, answer) {
        (Told::Duplicate(_), _) => "duplicate",
        (Told::First(_), Answer::Accepted { .. }) => "accepted",
        (Told::First(_), Answer::Refused(_)) => "refused",
    };
    // Writing to a string cannot fail.
    let _ = match answer {
        Answer::Accepted { fee, payout, arrives_on } => writeln!(out, ",{outcome},,{fee},{payout},{arrives_on}"),
        Answer::Refused(code) => writeln!(out, ",{outcome},{code},,,"),
    };
}

/// Reads the answer out of a row that [`write_result`] wrote.
///
/// Only the id can hold a comma, and it comes first. `None` when the bytes are no such row.
pub fn read_result(row: &[u8]) -> Option<Answer> {
    let row = str::from_utf8(row).ok()?.strip_suffix('\n')?;
    let mut fields = row.rsplitn(6, ',');
    let mut next = || fields.next();
    let (arrives_on, payout, fee, code) = (next()?, next()?, next()?, next()?);
    if code.is_empty() {
        let (fee, payout) = (fee.parse().ok()?, payout.parse().ok()?);
        return Some(Answer::Accepted { fee, payout, arrives_on: arrives_on.parse().ok()? });
    }
    Some(Answer::Refused(if code == CONFLICT { CONFLICT } else { code.parse::<Refusal>().ok()?.code() }))
}

/// The fields of a line of results after the header, in the order of the contract; `None` for any other line.
pub fn result_fields(line: &[u8]) -> Option<[Cow<'_, str>; 6]> {
    fields(line).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_written_as_the_contract_says() {
        let accepted = Answer::Accepted { fee: 300, payout: 9_700, arrives_on: Day::from_count(20_000) };
        let mut out = RESULTS_HEADER.to_owned();
        for (id, told) in [
            ("r1", Told::First(accepted)),
            ("r1", Told::Duplicate(accepted)),
            ("", Told::First(Answer::Refused("malformed_request"))),
            ("a,\"b\"", Told::Duplicate(Answer::Refused("identity_invalid"))),
        ] {
            let from = out.len();
            write_result(id, told, &mut out);
            let (Told::First(answer) | Told::Duplicate(answer)) = told;
            assert_eq!(read_result(&out.as_bytes()[from..]), Some(answer));
        }
        assert_eq!(read_result(b"r1,accepted,,300"), None);
        let expected = "request_id,outcome,code,fee_fen,payout,arrives_on\n\
            r1,accepted,,300,9700,2024-10-04\n\
            r1,duplicate,,300,9700,2024-10-04\n\
            ,refused,malformed_request,,,\n\
            \"a,\"\"b\"\"\",duplicate,identity_invalid,,,\n";
        assert_eq!(out, expected);
        let last = result_fields(out.lines().last().expect("a line").as_bytes()).expect("a result");
        assert_eq!(last, ["a,\"b\"", "duplicate", "identity_invalid", "", "", ""]);
        assert_eq!(result_fields(b"a,b"), None);
    }
}
