//! Who was told of their orders: by the node's own count, and by the books of whoever sends messages.

use crate::demo::client::Http;
use crate::failure::{Doing, Failure};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How often it is looked whether all are told.
const LOOK: Duration = Duration::from_millis(50);
/// How long telling may take.
const TELLING_MOST: Duration = Duration::from_secs(240);
/// What references of messages about orders begin with; codes have others.
const REFERENCE: &str = "note-";

/// How many messages about orders there are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// By the node.
    pub ours: u64,
    /// By whoever sends them.
    pub theirs: u64,
}

/// A line of the book of whoever sends messages.
#[derive(Deserialize)]
struct SmsLine {
    reference: String,
}

/// Waits until everybody is told, and counts.
pub async fn told(node: &Http, sms: &str) -> Result<Told, Failure> {
    let since = Instant::now();
    let metrics = loop {
        let metrics = node.text("/metrics").await?;
        let figure = |name: &str| figure(&metrics, name);
        let all_seen = figure("notices_sequence") >= figure("durable_sequence");
        if all_seen && figure("notices_waiting") == Some(0) {
            break metrics;
        }
        if since.elapsed() > TELLING_MOST {
            return Err(Failure::breach(format!("{:?} people are not told", figure("notices_waiting"))));
        }
        tokio::time::sleep(LOOK).await;
    };
    let ours = figure(&metrics, "notices{outcome=\"told\"}").unwrap_or_default();
    let sms = Http::new(sms)?;
    // What is queued there is taken.
    sms.post("/sandbox/flush", &json!({})).await?;
    let book = sms.text("/sandbox/books.csv").await?;
    let mut references = BTreeSet::new();
    for line in csv::Reader::from_reader(book.as_bytes()).deserialize() {
        let line: SmsLine = line.doing("reading the book of messages")?;
        references.extend(Some(line.reference).filter(|reference| reference.starts_with(REFERENCE)));
    }
    Ok(Told { ours, theirs: references.len() as u64 })
}

fn figure(metrics: &str, name: &str) -> Option<u64> {
    let wanted = format!("tongbao_{name} ");
    metrics.lines().find_map(|line| line.strip_prefix(&wanted)).and_then(|figure| figure.trim().parse().ok())
}
