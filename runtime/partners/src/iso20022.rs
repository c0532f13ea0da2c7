//! What the answer of a bank or an acquirer means: both speak of transactions with ISO 20022 names.

use exchange::Answer;
use facts::CallRef;
use serde_json::Value;

use crate::Request;
use crate::line::Reply;
use crate::record::told;
use crate::words::{call, code, name, positive_fen, refusal, refused, text};

/// Reads the answer to a call. A conflict says that the reference is used, not what for: that is asked about.
pub(crate) fn called(request: &Request, reply: &Reply) -> Answer {
    match reply.status {
        200 | 201 => told(request, &reply.body, read),
        202 => Answer::Pending,
        400 | 404 | 405 => refusal(&reply.body).map_or(Answer::Silence, refused),
        _ => Answer::Silence,
    }
}

/// Reads a transaction. `None` when it is none, or its status is unknown.
///
/// One that came back later is still done: its return is a line of the statement.
pub(crate) fn read(transaction: &Value, account: &str) -> Option<(CallRef, Answer)> {
    let call = call(transaction, "/EndToEndId")?;
    let answer = match text(transaction, "/TxSts")? {
        "ACSC" => Answer::Done { amount: amount(transaction, "/InstdAmt")?, external: external(transaction, account)? },
        "PDNG" => Answer::Pending,
        "RJCT" => refused(text(transaction, "/StsRsnInf/Rsn/Cd").and_then(code).unwrap_or_else(|| "RJCT".to_owned())),
        _ => return None,
    };
    Some((call, answer))
}

/// An amount of money: decimal text, above zero, in CNY.
pub(crate) fn amount(value: &Value, pointer: &str) -> Option<u64> {
    if text(value, "/Ccy")? != "CNY" {
        return None;
    }
    positive_fen(text(value, pointer)?)
}

/// The partner's own reference.
pub(crate) fn external(value: &Value, account: &str) -> Option<String> {
    name(text(value, "/AcctSvcrRef")?, account)
}
