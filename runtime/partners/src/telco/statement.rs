//! A telco's history as a statement, and its callbacks, which carry the same lines.

use exchange::Answer;
use serde_json::Value;

use super::history::{Fate, Item, NotRead};
use crate::line::Reply;
use crate::statement::{Sweep, unreadable};
use crate::words::refused;
use crate::{StatementItem, StatementPage, Unreadable};

/// Lines a page.
pub(super) const PAGE_ITEMS: usize = 500;

/// Reads a page. A line of ours that is not understood makes the page unreadable: it may be money.
///
/// Errors: a page that is none, goes backwards, or has a broken line of ours.
pub(super) fn page(after: u64, reply: &Reply) -> Result<StatementPage, Unreadable> {
    if reply.status != 200 {
        return Err(unreadable(format!("status {}", reply.status)));
    }
    let lines: Vec<Value> = serde_json::from_slice(&reply.body).map_err(|_| unreadable("not a list"))?;
    let mut sweep = Sweep::after(after);
    for line in &lines {
        let sequence = sweep.step(line)?;
        match Item::read(line) {
            Ok(item) => sweep.items.extend(final_item(item)),
            Err(NotRead::Foreign) => {}
            Err(NotRead::UnknownWord) => tracing::warn!(sequence, "telco history has a line of unknown type or status"),
            Err(NotRead::Broken) => return Err(unreadable(format!("line {sequence}"))),
        }
    }
    Ok(sweep.page())
}

/// Reads a callback's body; `None` when it says nothing final about a reference of ours.
pub fn telco_callback(body: &[u8]) -> Option<StatementItem> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let event = body.get("event")?;
    let line = ["reserveBalance", "adjustBalance", "topupBalance", "transferBalance"]
        .iter()
        .find_map(|resource| event.get(resource))?;
    Item::read(line).ok().and_then(final_item)
}

fn final_item(item: Item) -> Option<StatementItem> {
    let Item { call, movement, fate } = item;
    match fate {
        Fate::Queued => None,
        Fate::Completed { amount, external } => {
            Some(StatementItem { call, movement, answer: Answer::Done { amount, external } })
        }
        Fate::Failed { code } => Some(StatementItem { call, movement, answer: refused(code) }),
    }
}
