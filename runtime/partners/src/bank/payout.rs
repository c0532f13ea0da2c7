//! What a payout's answer means.

use exchange::Answer;
use facts::CallRef;
use serde_json::Value;

use crate::Request;
use crate::line::Reply;
use crate::record::told;
use crate::words::{call, code, name, positive_fen, refusal, refused, text};

/// Reads the answer to a payout. A conflict says that the reference is used, not what for: that is asked about.
pub(super) fn called(request: &Request, reply: &Reply) -> Answer {
    match reply.status {
        200 | 201 => told(request, &reply.body, read),
        202 => Answer::Pending,
        400 | 404 | 405 => refusal(&reply.body).map_or(Answer::Silence, refused),
        _ => Answer::Silence,
    }
}

/// Reads a payout. `None` when it is none, or its status is unknown.
///
/// A payout that came back later is still done: its return is a line of the statement.
pub(super) fn read(payout: &Value, account: &str) -> Option<(CallRef, Answer)> {
    let call = call(payout, "/EndToEndId")?;
    let answer = match text(payout, "/TxSts")? {
        "ACSC" => Answer::Done { amount: amount(payout, "/InstdAmt")?, external: external(payout, account)? },
        "PDNG" => Answer::Pending,
        "RJCT" => refused(text(payout, "/StsRsnInf/Rsn/Cd").and_then(code).unwrap_or_else(|| "RJCT".to_owned())),
        _ => return None,
    };
    Some((call, answer))
}

/// An amount of money: decimal text, above zero, in CNY.
pub(super) fn amount(value: &Value, pointer: &str) -> Option<u64> {
    if text(value, "/Ccy")? != "CNY" {
        return None;
    }
    positive_fen(text(value, pointer)?)
}

/// The bank's own reference.
pub(super) fn external(value: &Value, account: &str) -> Option<String> {
    name(text(value, "/AcctSvcrRef")?, account)
}
