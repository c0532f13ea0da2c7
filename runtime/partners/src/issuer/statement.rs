//! The issuer's statement, and its callbacks.

use exchange::Answer;
use facts::CallRef;
use serde_json::Value;

use super::voucher;
use crate::statement::Shape;
use crate::words::text;
use crate::{Movement, StatementItem};

/// Which list holds the lines, what names our reference in a line, and what the line says.
pub(super) const SHAPE: Shape = Shape { list: "entries", reference: "/reference", line: entry };

fn entry(call: CallRef, line: &Value) -> Option<StatementItem> {
    let movement = match text(line, "/kind")? {
        "issued" => Movement::Taken,
        "cancelled" => Movement::GivenBack,
        _ => return None,
    };
    // A line names no holder, so there is nothing that its name of the voucher could tell.
    let answer = Answer::Done { amount: voucher::amount(line, "/amount")?, external: voucher::external(line, "")? };
    Some(StatementItem { call, movement, answer })
}

/// Reads a callback's body; `None` when it says nothing final about a reference of ours.
pub(crate) fn issuer_callback(body: &[u8]) -> Option<StatementItem> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let movement = if text(&body, "/status")? == "cancelled" { Movement::GivenBack } else { Movement::Taken };
    match voucher::read(&body, "")? {
        (_, Answer::Pending) => None,
        (call, answer) => Some(StatementItem { call, movement, answer }),
    }
}
