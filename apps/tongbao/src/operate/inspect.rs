//! `tongbao journal inspect`: records, decoded, one line each.

use crate::arguments::InspectOptions;
use crate::failure::{Doing, Failure};
use crate::operate::replay;
use crate::output::Output;
use facts::{Fact, OrderId, Record};
use journal::Reader;
use serde::Serialize;

const READ_BYTES: usize = 1 << 20;

#[derive(Serialize)]
struct Line {
    sequence: u64,
    now_ms: u64,
    requested_at_ms: u64,
    actor: String,
    channel: String,
    previous: String,
    hash: String,
    leaf: String,
    facts: Vec<String>,
}

#[derive(Serialize)]
struct Inspected {
    records: Vec<Line>,
}

/// Prints records from a sequence on.
pub fn inspect(options: &InspectOptions, output: &Output) -> Result<(), Failure> {
    let order = options.order.as_ref().map(|text| text.parse::<OrderId>()).transpose().doing("reading --order")?;
    let mut reader = replay::open(&options.dir)?;
    let (mut next, mut records) = (options.from.max(1), Vec::new());
    'reading: loop {
        let entries = reader.read_from(next, READ_BYTES).doing("reading the journal")?;
        let Some(last) = entries.last() else { break };
        next = last.sequence + 1;
        for entry in &entries {
            let record = Record::decode(&entry.bytes).doing("reading a record")?;
            let about = order.is_none_or(|order| record.open.facts.iter().any(|fact| fact.order() == Some(order)));
            if about {
                records.push(line(&record));
            }
            if records.len() as u64 >= options.limit {
                break 'reading;
            }
        }
    }
    let words: Vec<String> = records.iter().map(words).collect();
    output.result(&Inspected { records }, &words.join("\n"));
    Ok(())
}

fn line(record: &Record) -> Line {
    let open = &record.open;
    Line {
        sequence: open.sequence,
        now_ms: open.meta.now.0,
        requested_at_ms: open.meta.requested_at.0,
        actor: open.meta.actor.kind.to_string(),
        channel: open.meta.channel.to_string(),
        previous: record.previous.to_string(),
        hash: record.hash.to_string(),
        leaf: record.leaf.to_string(),
        facts: open.facts.iter().map(|fact: &Fact| format!("{fact:?}")).collect(),
    }
}

fn words(line: &Line) -> String {
    let facts = line.facts.iter().map(|fact| format!("\n    {fact}")).collect::<String>();
    format!("{} at {} by {} ({}) {}{facts}", line.sequence, line.now_ms, line.actor, line.channel, &line.hash[..16])
}
