//! `tongbao policy diff`: what changes from one policy to another, by rule row, and never by text line.

use super::arguments::DiffOptions;
use super::texts;
use super::texts::Texts;
use crate::failure::Failure;
use crate::output::Output;
use exchange::rules::{Place, rows};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Serialize)]
struct Side {
    version: String,
    effective_from: String,
}

#[derive(Serialize)]
struct Change {
    file: &'static str,
    row: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
struct Difference {
    before: Side,
    after: Side,
    changes: Vec<Change>,
}

/// Compares two policies, both of which must hold.
pub fn diff(options: &DiffOptions, output: &Output) -> Result<(), Failure> {
    let (before, after) = (texts(Some(&options.before))?, texts(Some(&options.after))?);
    let difference = Difference { before: side(&before)?, after: side(&after)?, changes: changes(&before, &after) };
    output.result(&difference, &words(&difference));
    Ok(())
}

fn side(texts: &Texts) -> Result<Side, Failure> {
    let policy = texts.policy()?;
    Ok(Side { version: policy.version().to_string(), effective_from: policy.effective_from().to_string() })
}

fn changes(before: &Texts, after: &Texts) -> Vec<Change> {
    let (before, after) = (all(before), all(after));
    let places: BTreeSet<&Place> = before.keys().chain(after.keys()).collect();
    let changed = places.into_iter().filter(|place| before.get(place) != after.get(place));
    let change = |place: &Place| Change {
        file: place.file,
        row: place.row.clone(),
        before: before.get(place).cloned(),
        after: after.get(place).cloned(),
    };
    changed.map(change).collect()
}

fn all(texts: &Texts) -> BTreeMap<Place, String> {
    texts.named().flat_map(|(file, text)| rows(file, text)).collect()
}

fn words(difference: &Difference) -> String {
    let side = |side: &Side| format!("policy {}, from {}", side.version, side.effective_from);
    let mut lines = vec![format!("- {}", side(&difference.before)), format!("+ {}", side(&difference.after))];
    for change in &difference.changes {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let (before, after) = (value(&change.before), value(&change.after));
        lines.push(format!("{}, {}: {before} -> {after}", change.file, change.row));
    }
    lines.push(format!("{} rules change", difference.changes.len()));
    lines.join("\n")
}
