//! What a voucher's answer means.

use exchange::Answer;
use facts::CallRef;
use serde_json::Value;

use crate::Request;
use crate::line::Reply;
use crate::record::told;
use crate::words::{call, code, name, positive_fen, refusal, refused, text};

/// A conflict that is about another voucher: it says that the reference is used, not what for.
const REFERENCE_IN_USE: &str = "referenceInUse";

/// Reads the answer to a call.
pub(super) fn called(request: &Request, reply: &Reply) -> Answer {
    match reply.status {
        200 | 201 => told(request, &reply.body, read),
        202 => Answer::Pending,
        400 | 404 | 405 | 409 => match refusal(&reply.body) {
            Some(code) if code != REFERENCE_IN_USE => refused(code),
            _ => Answer::Silence,
        },
        _ => Answer::Silence,
    }
}

/// Reads a voucher. `None` when it is none, or its status is unknown.
///
/// A voucher that was cancelled later was issued all the same: its cancelling is a line of the statement.
pub(super) fn read(voucher: &Value, account: &str) -> Option<(CallRef, Answer)> {
    let call = call(voucher, "/reference")?;
    let answer = match text(voucher, "/status")? {
        "issued" | "cancelled" => {
            Answer::Done { amount: amount(voucher, "/face_value")?, external: external(voucher, account)? }
        }
        "pending" => Answer::Pending,
        "refused" => refused(text(voucher, "/reason").and_then(code).unwrap_or_else(|| "refused".to_owned())),
        _ => return None,
    };
    Some((call, answer))
}

/// An amount of money: decimal text, above zero, in CNY.
pub(super) fn amount(value: &Value, pointer: &str) -> Option<u64> {
    if text(value, "/currency")? != "CNY" {
        return None;
    }
    positive_fen(text(value, pointer)?)
}

/// The issuer's own name of a voucher.
pub(super) fn external(value: &Value, account: &str) -> Option<String> {
    name(text(value, "/voucher")?, account)
}
