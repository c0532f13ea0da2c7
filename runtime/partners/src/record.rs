//! Reading a partner's record about one reference of ours.

use exchange::Answer;
use facts::CallRef;
use serde_json::Value;

use crate::Request;
use crate::line::Reply;
use crate::words::refusal;

/// Reads what a partner says about one reference, given the account that its names must not tell; `None` when it is no
/// such thing, or its status is unknown.
pub(crate) type Read = fn(&Value, &str) -> Option<(CallRef, Answer)>;

/// What a body tells about the request.
pub(crate) fn told(request: &Request, body: &[u8], read: Read) -> Answer {
    let record = serde_json::from_slice::<Value>(body).ok();
    match record.and_then(|record| read(&record, &request.account)) {
        Some((call, answer)) if call == request.call => answer,
        _ => Answer::Silence,
    }
}

/// Reads the answer to an inquiry.
pub(crate) fn inquired(request: &Request, reply: &Reply, read: Read) -> Answer {
    match reply.status {
        200 => told(request, &reply.body, read),
        // Any other 404, such as of a route that is gone, says nothing about the request.
        404 if refusal(&reply.body).as_deref() == Some("notFound") => Answer::NotFound,
        _ => Answer::Silence,
    }
}
