//! Walking over a page of any partner's statement.

use facts::CallRef;
use reqwest::Method;
use serde_json::Value;

use crate::line::{Line, PAGE_BYTES_MAX, Reply};
use crate::words::call;
use crate::{StatementItem, StatementPage, Unreadable};

/// A page as far as it was read.
pub(crate) struct Sweep {
    next: u64,
    pub items: Vec<StatementItem>,
}

impl Sweep {
    /// Starts behind a cursor.
    pub fn after(after: u64) -> Sweep {
        Sweep { next: after, items: Vec::new() }
    }

    /// Steps on to the next line and returns its sequence.
    ///
    /// Errors: the line has none, or one that is not after the last: the cursor would go back or stand still.
    pub fn step(&mut self, line: &Value) -> Result<u64, Unreadable> {
        let sequence = line.get("sequence").and_then(Value::as_u64).filter(|sequence| i64::try_from(*sequence).is_ok());
        let sequence = sequence.ok_or_else(|| unreadable(format!("a line without sequence after {}", self.next)))?;
        if sequence <= self.next {
            return Err(unreadable(format!("line {sequence} after {}", self.next)));
        }
        self.next = sequence;
        Ok(sequence)
    }

    /// The page.
    pub fn page(self) -> StatementPage {
        StatementPage { items: self.items, next: self.next }
    }
}

/// Lines a page.
const PAGE_ITEMS: usize = 500;

/// How a partner's page is shaped that is one list of lines of value.
pub(crate) struct Shape {
    /// The name of the list.
    pub list: &'static str,
    /// Where a line names our reference.
    pub reference: &'static str,
    /// Reads a line of ours.
    pub line: fn(CallRef, &Value) -> Option<StatementItem>,
}

/// Asks for such a page, after a cursor.
///
/// Errors: it could not be read now.
pub(crate) async fn ask(line: &Line, after: u64, shape: &Shape) -> Result<StatementPage, Unreadable> {
    let path = format!("/statement?after={after}&limit={PAGE_ITEMS}");
    let reply = line.ask(line.request(Method::GET, &path), PAGE_BYTES_MAX).await;
    page(after, &reply.ok_or_else(|| unreadable("no answer"))?, shape)
}

/// Reads such a page. A line of ours that is not understood makes the page unreadable: it is money.
///
/// Errors: a page that is none, goes backwards, or has a broken line of ours.
pub(crate) fn page(after: u64, reply: &Reply, shape: &Shape) -> Result<StatementPage, Unreadable> {
    if reply.status != 200 {
        return Err(unreadable(format!("status {}", reply.status)));
    }
    let body: Value = serde_json::from_slice(&reply.body).map_err(|_| unreadable("not JSON"))?;
    let lines = body.get(shape.list).and_then(Value::as_array).ok_or_else(|| unreadable("no list of entries"))?;
    let mut sweep = Sweep::after(after);
    for line in lines {
        let sequence = sweep.step(line)?;
        let Some(call) = call(line, shape.reference) else { continue };
        let item = (shape.line)(call, line).ok_or_else(|| unreadable(format!("line {sequence}")))?;
        sweep.items.push(item);
    }
    Ok(sweep.page())
}

pub(crate) fn unreadable(why: impl Into<String>) -> Unreadable {
    Unreadable(why.into())
}
