//! The bank's statement, and its callbacks.

use exchange::Answer;
use facts::CallRef;
use serde_json::Value;

use super::payout;
use crate::line::Reply;
use crate::statement::{Sweep, unreadable};
use crate::words::{call, text};
use crate::{Movement, StatementItem, StatementPage, Unreadable};

/// Lines a page.
pub(super) const PAGE_ITEMS: usize = 500;

/// Reads a page. A line of ours that is not understood makes the page unreadable: it is money.
///
/// Errors: a page that is none, goes backwards, or has a broken line of ours.
pub(super) fn page(after: u64, reply: &Reply) -> Result<StatementPage, Unreadable> {
    if reply.status != 200 {
        return Err(unreadable(format!("status {}", reply.status)));
    }
    let body: Value = serde_json::from_slice(&reply.body).map_err(|_| unreadable("not JSON"))?;
    let lines = body.get("Ntry").and_then(Value::as_array).ok_or_else(|| unreadable("no list of entries"))?;
    let mut sweep = Sweep::after(after);
    for line in lines {
        let sequence = sweep.step(line)?;
        let Some(call) = call(line, "/EndToEndId") else { continue };
        let item = entry(call, line).ok_or_else(|| unreadable(format!("line {sequence}")))?;
        sweep.items.push(item);
    }
    Ok(sweep.page())
}

fn entry(call: CallRef, line: &Value) -> Option<StatementItem> {
    let movement = match text(line, "/CdtDbtInd")? {
        "DBIT" => Movement::Taken,
        "CRDT" => Movement::GivenBack,
        _ => return None,
    };
    let account = text(line, "/CdtrAcct").unwrap_or_default();
    let answer = Answer::Done { amount: payout::amount(line, "/Amt")?, external: payout::external(line, account)? };
    Some(StatementItem { call, movement, answer })
}

/// Reads a callback's body; `None` when it says nothing final about a reference of ours.
pub fn bank_callback(body: &[u8]) -> Option<StatementItem> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let account = text(&body, "/CdtrAcct").unwrap_or_default();
    match payout::read(&body, account)? {
        (_, Answer::Pending) => None,
        (call, answer) => Some(StatementItem { call, movement: Movement::Taken, answer }),
    }
}
