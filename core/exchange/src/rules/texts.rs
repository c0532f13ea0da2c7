//! The texts that make a policy, by the names of its files: the one place that lists them.

use facts::PolicyVersion;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub(super) const REGIONS: &str = "regions.toml";
pub(super) const PRODUCTS: &str = "products.toml";
pub(super) const FEES: &str = "fees.toml";
pub(super) const LIMITS: &str = "limits.toml";
pub(super) const TIMINGS: &str = "timings.toml";
pub(super) const LICENCES: &str = "licences.toml";
pub(super) const CAMPAIGNS: &str = "campaigns.toml";
pub(super) const CALENDAR: &str = "workdays_cn.csv";
pub(super) const PROVINCES: &str = "provinces_cn.csv";

/// In the order in which the version is made from them.
const NAMES: [&str; 9] = [REGIONS, PRODUCTS, FEES, LIMITS, TIMINGS, LICENCES, CAMPAIGNS, CALENDAR, PROVINCES];

/// The texts that make a policy; none is read from a disk here. One that is not there is empty.
#[derive(Clone, Copy, Debug)]
pub struct PolicyFiles<'a>([&'a str; NAMES.len()]);

impl<'a> PolicyFiles<'a> {
    /// The names of the files.
    pub const NAMES: [&'static str; NAMES.len()] = NAMES;

    /// Where a file is under the directory that holds both folders: what an operator writes is in `policies`, what
    /// is so in the world in `data`.
    pub fn path(name: &str) -> String {
        let folder = if name.ends_with(".csv") { "data" } else { "policies" };
        format!("{folder}/{name}")
    }

    /// Files that are not there yet, to be found by [`PolicyFiles::with`].
    pub const fn none() -> PolicyFiles<'static> {
        PolicyFiles([""; NAMES.len()])
    }

    /// The files of which the texts are kept by name.
    pub fn of(texts: &'a BTreeMap<&'static str, String>) -> PolicyFiles<'a> {
        PolicyFiles::none().with(|name| texts.get(name).map(String::as_str))
    }

    /// The same policy with other texts under the names for which there are some.
    #[must_use]
    pub fn with(self, text: impl Fn(&'static str) -> Option<&'a str>) -> PolicyFiles<'a> {
        PolicyFiles(core::array::from_fn(|place| text(NAMES[place]).unwrap_or(self.0[place])))
    }

    /// The files with their names.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        NAMES.into_iter().zip(self.0)
    }

    /// The text of a file; empty when it is not there.
    pub fn text(&self, name: &str) -> &'a str {
        self.named().find(|(file, _)| *file == name).map_or("", |(_, text)| text)
    }

    pub(super) fn sources(&self) -> BTreeMap<&'static str, String> {
        self.named().map(|(name, text)| (name, text.to_owned())).collect()
    }
}

/// The hash of everything the policy was compiled from: named and length-prefixed, so that no content can
/// move from one file to another unseen. A file that is not there is not counted, so that a policy from before
/// the file was known keeps its version.
pub(super) fn version(files: &PolicyFiles<'_>) -> PolicyVersion {
    let mut hash = Sha256::new();
    hash.update(b"tongbao/policy/1");
    for (name, content) in files.named().filter(|(_, content)| !content.is_empty()) {
        for part in [name, content] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    cut(hash)
}

/// The first 16 bytes of a finished hash.
pub(super) fn cut(hash: Sha256) -> PolicyVersion {
    let mut version = [0; 16];
    version.copy_from_slice(&hash.finalize()[..16]);
    PolicyVersion(version)
}
