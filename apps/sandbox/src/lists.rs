//! What every counterparty lists: pages of its statement, and its history as CSV.

use axum::Json;
use serde_json::{Value, json};

use crate::query::ListQuery;

/// A page of a statement, its lines under `list`, each with its sequence.
pub(crate) fn page<E>(entries: &[E], query: &ListQuery, list: &str, line: impl Fn(&E) -> Value) -> Json<Value> {
    let first = usize::try_from(query.after).unwrap_or(usize::MAX);
    let entries = entries.iter().enumerate().skip(first).take(query.limit);
    let numbered = |(position, entry): (usize, &E)| {
        let mut line = line(entry);
        line["sequence"] = (position + 1).into();
        line
    };
    let lines: Vec<Value> = entries.map(numbered).collect();
    let next_after = query.after.saturating_add(lines.len() as u64);
    Json(json!({list: lines, "next_after": next_after}))
}

/// The history as CSV: a header, and a row for each entry after its sequence.
///
/// Errors: it cannot be written.
pub(crate) fn table<E, const N: usize>(
    columns: [&str; N],
    entries: &[E],
    row: impl Fn(&E) -> [String; N],
) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["sequence"].into_iter().chain(columns))?;
    for (position, entry) in entries.iter().enumerate() {
        table.write_record([(position + 1).to_string()].into_iter().chain(row(entry)))?;
    }
    table.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}
