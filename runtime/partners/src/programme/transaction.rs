//! What the answer of a programme means.

use exchange::Answer;
use facts::CallRef;
use serde_json::Value;

use crate::line::Reply;
use crate::record::told;
use crate::words::{POINTS_MAX, call, code, name, refusal, refused, text};
use crate::{Movement, Request};

/// A conflict that is about another transaction: it says that the reference is used, not what for.
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

/// Reads a transaction. `None` when it is none, or its status is unknown.
///
/// A redemption that was reversed later is still done: its reversal is a line of the statement.
pub(super) fn read(transaction: &Value, account: &str) -> Option<(CallRef, Answer)> {
    let call = call(transaction, "/reference")?;
    let answer = match text(transaction, "/status")? {
        "redeemed" | "accrued" | "reversed" => {
            Answer::Done { amount: points(transaction)?, external: external(transaction, account)? }
        }
        "pending" => Answer::Pending,
        "refused" => refused(text(transaction, "/reason").and_then(code).unwrap_or_else(|| "refused".to_owned())),
        _ => return None,
    };
    Some((call, answer))
}

/// Which way a transaction moves points, or was to; `None` when it is of no known kind.
pub(super) fn movement(transaction: &Value) -> Option<Movement> {
    match (text(transaction, "/@type")?, text(transaction, "/status")?) {
        // The programme itself gave back what it had taken.
        ("Redemption", "reversed") => Some(Movement::GivenBack),
        ("Redemption", _) => Some(Movement::Taken),
        ("Accrual" | "Reversal", _) => Some(Movement::GivenBack),
        _ => None,
    }
}

/// Points: a whole number above zero.
pub(super) fn points(value: &Value) -> Option<u64> {
    value.get("points")?.as_u64().filter(|points| (1..=POINTS_MAX).contains(points))
}

/// The programme's own name of a transaction.
pub(super) fn external(value: &Value, account: &str) -> Option<String> {
    name(text(value, "/transaction")?, account)
}
