//! The shipped policy and data, read from the workspace for the tests of the rules.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::disallowed_methods, reason = "a test reads the shipped files")]

use exchange::rules::{NumberTable, Policy, PolicyFiles, VirtualOperators};
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A text file of the workspace.
pub fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The policy's files as text, to be changed one by one.
pub struct Texts(BTreeMap<&'static str, String>);

impl Texts {
    pub fn shipped() -> Texts {
        Texts(PolicyFiles::NAMES.map(|name| (name, text(&PolicyFiles::path(name)))).into())
    }

    pub fn of(&mut self, name: &str) -> &mut String {
        self.0.get_mut(name).unwrap_or_else(|| panic!("`{name}` is a file of the policy"))
    }

    pub fn files(&self) -> PolicyFiles<'_> {
        PolicyFiles::of(&self.0)
    }
}

/// The shipped policy.
pub fn policy() -> Policy {
    Policy::compile(&Texts::shipped().files()).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The shipped segment table, uncompressed.
pub fn segments() -> Vec<u8> {
    let packed = std::fs::read(root().join("data/number_segments_cn.csv.gz")).expect("the shipped table");
    let mut csv = Vec::new();
    GzDecoder::new(packed.as_slice()).read_to_end(&mut csv).expect("gzip");
    csv
}

/// The shipped number table.
pub fn numbers() -> NumberTable {
    let virtual_operators = VirtualOperators::parse(&text("policies/numbers.toml")).expect("shipped");
    NumberTable::parse(&segments(), &virtual_operators).expect("shipped")
}
