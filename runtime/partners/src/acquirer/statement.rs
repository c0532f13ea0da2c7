//! The acquirer's statement, and its callbacks.

use exchange::Answer;
use facts::CallRef;
use serde_json::Value;

use crate::iso20022;
use crate::statement::Shape;
use crate::words::text;
use crate::{Movement, StatementItem};

/// Which list holds the lines, what names our reference in a line, and what the line says.
pub(super) const SHAPE: Shape = Shape { list: "Ntry", reference: "/EndToEndId", line: entry };

/// The statement is of our account there: what was collected is credited to it.
fn entry(call: CallRef, line: &Value) -> Option<StatementItem> {
    let movement = match text(line, "/CdtDbtInd")? {
        "CRDT" => Movement::Taken,
        "DBIT" => Movement::GivenBack,
        _ => return None,
    };
    // A line names no instrument, so there is nothing that its name of the transaction could tell.
    let answer = Answer::Done { amount: iso20022::amount(line, "/Amt")?, external: iso20022::external(line, "")? };
    Some(StatementItem { call, movement, answer })
}

/// Reads a callback's body; `None` when it says nothing final about a reference of ours. A refund names its payment.
pub(crate) fn acquirer_callback(body: &[u8]) -> Option<StatementItem> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let movement = if body.get("OrgnlEndToEndId").is_some() { Movement::GivenBack } else { Movement::Taken };
    match iso20022::read(&body, "")? {
        (_, Answer::Pending) => None,
        (call, answer) => Some(StatementItem { call, movement, answer }),
    }
}
