//! The shipped rules, read from the workspace.

use exchange::rules::{Policy, PolicyFiles};
use exchange::{Contracts, Doors, Rules};
use std::collections::BTreeMap;
use std::path::Path;

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Policy and contracts as shipped.
pub fn rules() -> Rules {
    rules_with(&[])
}

/// The shipped rules with other texts under some names of files.
pub fn rules_with(others: &[(&str, &str)]) -> Rules {
    let file = |name| match others.iter().find(|(other, _)| *other == name) {
        Some((_, other)) => (*other).to_owned(),
        None => text(&PolicyFiles::path(name)),
    };
    let texts = PolicyFiles::NAMES.map(|name| (name, file(name))).into();
    let policy = Policy::compile(&PolicyFiles::of(&texts)).unwrap_or_else(|faults| panic!("{faults:?}"));
    let contracts = Contracts::parse(&text("policies/partners.toml")).unwrap_or_else(|fault| panic!("{fault}"));
    Rules { policy: policy.into(), contracts, doors: Doors::Served, proposed: BTreeMap::new() }
}
