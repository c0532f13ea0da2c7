//! The shipped policy, contracts and numbering plan.

use exchange::rules::{NumberTable, Policy, PolicyFiles, VirtualOperators};
use exchange::{Contracts, Doors, Rules};
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The segments that tests use; the whole plan would take each test a second to read.
const SEGMENTS: [&str; 8] = ["1330090", "1330091", "1330890", "1330891", "1330004", "1341000", "1920000", "1621201"];

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn shipped() -> Rules {
    let texts = PolicyFiles::NAMES.map(|name| (name, text(&PolicyFiles::path(name)))).into();
    Rules {
        doors: Doors::Served,
        proposed: BTreeMap::new(),
        policy: Policy::compile(&PolicyFiles::of(&texts)).unwrap_or_else(|faults| panic!("{faults:?}")).into(),
        contracts: Contracts::parse(&text("policies/partners.toml")).expect("shipped"),
    }
}

/// All that tests use.
pub fn numbers() -> NumberTable {
    segments(&SEGMENTS).expect("shipped")
}

/// Another plan, without the last of them.
pub fn other_numbers() -> Result<NumberTable, String> {
    segments(&SEGMENTS[..SEGMENTS.len() - 1])
}

fn segments(wanted: &[&str]) -> Result<NumberTable, String> {
    let packed = std::fs::read(root().join("data/number_segments_cn.csv.gz")).expect("shipped");
    let mut csv = String::new();
    GzDecoder::new(packed.as_slice()).read_to_string(&mut csv).expect("gzip");
    let wanted = |line: &&str| line.starts_with("prefix7") || wanted.iter().any(|segment| line.starts_with(segment));
    let few = csv.lines().filter(wanted).collect::<Vec<_>>().join("\n");
    let virtual_operators = VirtualOperators::parse(&text("policies/numbers.toml")).expect("shipped");
    NumberTable::parse(few.as_bytes(), &virtual_operators).map_err(|error| error.to_string())
}
