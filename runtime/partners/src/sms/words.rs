//! What a messaging partner's answers mean.

use serde_json::Value;

use super::{Message, SmsAnswer};
use crate::Unreadable;
use crate::line::Reply;
use crate::statement::{Sweep, unreadable};
use crate::words::{code, name, refusal, text};

/// Lines a page.
pub(super) const PAGE_ITEMS: usize = 500;

/// A message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentItem {
    /// Our reference.
    pub reference: String,
    /// The partner's name of it.
    pub external: String,
}

/// A page of a messaging partner's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentPage {
    /// Its lines, oldest first.
    pub items: Vec<SentItem>,
    /// Where the next page starts; equal to the cursor asked for when there is nothing new.
    pub next: u64,
}

/// Whether a reference can stand in an address and mean nothing else there.
pub(super) fn fits_a_path(reference: &str) -> bool {
    name(reference, "").is_some()
}

/// Reads the answer to a message. A conflict says that the reference is used, not what for: that is asked about.
pub(super) fn sent(message: &Message, reply: &Reply) -> SmsAnswer {
    match reply.status {
        200 | 201 => told(message, &reply.body),
        202 => SmsAnswer::Pending,
        400 | 404 | 405 => refusal(&reply.body).map_or(SmsAnswer::Silence, |code| SmsAnswer::Refused { code }),
        _ => SmsAnswer::Silence,
    }
}

/// Reads the answer to an inquiry.
pub(super) fn inquired(message: &Message, reply: &Reply) -> SmsAnswer {
    match reply.status {
        200 => told(message, &reply.body),
        // Any other 404, such as of a route that is gone, says nothing about the message.
        404 if refusal(&reply.body).as_deref() == Some("notFound") => SmsAnswer::NotFound,
        _ => SmsAnswer::Silence,
    }
}

fn told(message: &Message, body: &[u8]) -> SmsAnswer {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return SmsAnswer::Silence };
    if text(&body, "/reference") != Some(&message.reference) {
        return SmsAnswer::Silence;
    }
    let external = text(&body, "/messageId").and_then(|id| name(id, &message.to));
    match (text(&body, "/status"), external) {
        (Some("accepted"), Some(external)) => SmsAnswer::Taken { external },
        (Some("queued"), _) => SmsAnswer::Pending,
        (Some("refused"), _) => {
            let code = text(&body, "/code").and_then(code).unwrap_or_else(|| "refused".to_owned());
            SmsAnswer::Refused { code }
        }
        _ => SmsAnswer::Silence,
    }
}

/// Reads a page.
///
/// Errors: a page that is none, goes backwards, or has a broken line.
pub(super) fn page(after: u64, reply: &Reply) -> Result<SentPage, Unreadable> {
    if reply.status != 200 {
        return Err(unreadable(format!("status {}", reply.status)));
    }
    let body: Value = serde_json::from_slice(&reply.body).map_err(|_| unreadable("not JSON"))?;
    let lines = body.get("messages").and_then(Value::as_array).ok_or_else(|| unreadable("no list of messages"))?;
    let (mut sweep, mut items) = (Sweep::after(after), Vec::new());
    for line in lines {
        let sequence = sweep.step(line)?;
        let item = text(line, "/reference").and_then(|reference| name(reference, "")).and_then(|reference| {
            let external = name(text(line, "/messageId")?, "")?;
            Some(SentItem { reference, external })
        });
        items.push(item.ok_or_else(|| unreadable(format!("line {sequence}")))?);
    }
    Ok(SentPage { items, next: sweep.page().next })
}
