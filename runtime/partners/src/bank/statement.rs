//! The bank's statement, and its callbacks.

use exchange::Answer;
use facts::CallRef;
use serde_json::Value;

use crate::iso20022;
use crate::statement::Shape;
use crate::words::text;
use crate::{Movement, StatementItem};

/// Which list holds the lines, what names our reference in a line, and what the line says.
pub(super) const SHAPE: Shape = Shape { list: "Ntry", reference: "/EndToEndId", line: entry };

fn entry(call: CallRef, line: &Value) -> Option<StatementItem> {
    let movement = match text(line, "/CdtDbtInd")? {
        "DBIT" => Movement::Taken,
        "CRDT" => Movement::GivenBack,
        _ => return None,
    };
    let account = text(line, "/CdtrAcct").unwrap_or_default();
    let answer = Answer::Done { amount: iso20022::amount(line, "/Amt")?, external: iso20022::external(line, account)? };
    Some(StatementItem { call, movement, answer })
}

/// Reads a callback's body; `None` when it says nothing final about a reference of ours.
pub fn bank_callback(body: &[u8]) -> Option<StatementItem> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let account = text(&body, "/CdtrAcct").unwrap_or_default();
    match iso20022::read(&body, account)? {
        (_, Answer::Pending) => None,
        (call, answer) => Some(StatementItem { call, movement: Movement::Taken, answer }),
    }
}
