//! What the benchmarks share: the shipped rules, read from the repository, and the size of this process.

pub mod site;

use exchange::rules::{Policy, PolicyFiles};
use exchange::{Contracts, Doors, Rules};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The repository's root.
///
/// # Panics
/// When the crate does not lie in it.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

/// A file of the repository as text.
///
/// # Panics
/// When it is not there.
pub fn text(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).expect("a file of the repository")
}

/// The shipped rules.
///
/// # Panics
/// When they do not hold.
pub fn rules() -> Rules {
    let texts = PolicyFiles::NAMES.map(|name| (name, text(&PolicyFiles::path(name)))).into();
    let policy = Policy::compile(&PolicyFiles::of(&texts)).expect("the shipped policy");
    let contracts = Contracts::parse(&text("policies/partners.toml")).expect("the shipped contracts");
    Rules { policy: policy.into(), contracts, doors: Doors::Served, proposed: BTreeMap::new() }
}

/// Memory of this process that is in use, in KiB.
pub fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or_default()
}
