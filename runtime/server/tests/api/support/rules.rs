//! The shipped policy, contracts and numbering plan.

use exchange::rules::{NumberTable, Policy, PolicyFiles, VirtualOperators};
use exchange::{Contracts, Doors, Rules};
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The segments that tests use; the whole plan would take each test a second to read.
const SEGMENTS: [&str; 4] = ["1330004", "1341000", "1920000", "1621201"];

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn shipped() -> Rules {
    let read = |name: &str| text(&format!("policies/{name}.toml"));
    let files = ["regions", "products", "fees", "limits", "timings", "licences"].map(read);
    let [regions, products, fees, limits, timings, licences] = &files;
    let (calendar, provinces) = (text("data/workdays_cn.csv"), text("data/provinces_cn.csv"));
    let (calendar, provinces) = (calendar.as_str(), provinces.as_str());
    let policy = PolicyFiles { regions, products, fees, limits, timings, licences, calendar, provinces };
    Rules {
        doors: Doors::Served,
        proposed: BTreeMap::new(),
        policy: Policy::compile(&policy).unwrap_or_else(|faults| panic!("{faults:?}")).into(),
        contracts: Contracts::parse(&read("partners")).expect("shipped"),
    }
}

/// All that tests use.
pub fn numbers() -> NumberTable {
    segments(&SEGMENTS).expect("shipped")
}

/// Another plan, without the last of them.
pub fn other_numbers() -> Result<NumberTable, String> {
    segments(&SEGMENTS[..3])
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
