//! The programme's statement, and its callbacks.

use exchange::Answer;
use facts::CallRef;
use serde_json::Value;

use super::transaction;
use crate::statement::Shape;
use crate::words::text;
use crate::{Movement, StatementItem};

/// Which list holds the lines, what names our reference in a line, and what the line says.
pub(super) const SHAPE: Shape = Shape { list: "entries", reference: "/reference", line: entry };

fn entry(call: CallRef, line: &Value) -> Option<StatementItem> {
    let movement = match text(line, "/kind")? {
        "redeemed" => Movement::Taken,
        "reversed" | "accrued" => Movement::GivenBack,
        _ => return None,
    };
    // A line names no member, so there is nothing that its name of the transaction could tell.
    let answer = Answer::Done { amount: transaction::points(line)?, external: transaction::external(line, "")? };
    Some(StatementItem { call, movement, answer })
}

/// Reads a callback's body; `None` when it says nothing final about a reference of ours.
pub(crate) fn programme_callback(body: &[u8]) -> Option<StatementItem> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let movement = transaction::movement(&body)?;
    match transaction::read(&body, "")? {
        (_, Answer::Pending) => None,
        (call, answer) => Some(StatementItem { call, movement, answer }),
    }
}
