//! The crates that the binary links, as cargo resolves them for it: no tests, no macros, no build scripts.

use super::sources::{self, Unsafe};
use crate::exec::{Line, root};
use crate::failure::{Failure, Outcome};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::Table;

/// What the binary is built for.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Between the fields of a line: no name, version or licence has it.
const FIELD: char = '\t';

/// A name with its version.
pub type Id = (String, String);

/// A crate that the binary links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Its name and version.
    pub id: Id,
    /// Its licence, as it declares it.
    pub licence: String,
    /// SHA-256 of the package as the registry serves it; none of ours.
    pub checksum: Option<String>,
    /// Which crates it uses itself.
    pub uses: BTreeSet<Id>,
    /// Whether it holds unsafe code.
    pub unsafe_code: Unsafe,
}

impl Linked {
    /// Whether it is a crate of ours.
    pub const fn is_ours(&self) -> bool {
        self.checksum.is_none()
    }
}

/// Reads them, by name.
///
/// Errors: cargo does not answer, or a package's source is not where cargo says.
pub fn read() -> Outcome<Vec<Linked>> {
    let tree = Line::new("cargo tree --locked --package tongbao --edges normal,no-proc-macro --prefix depth")
        .with("--target")
        .with(TARGET)
        .with("--format")
        .with(format!("{FIELD}{{p}}{FIELD}{{l}}{FIELD}"))
        .output()?;
    let metadata = Line::new("cargo metadata --locked --format-version 1").output()?;
    let (checksums, places) = (checksums()?, places(&metadata)?);
    let mut linked = Vec::new();
    for (id, (licence, uses)) in parse(&tree)? {
        let place = places.get(&id).ok_or_else(|| Failure::new(format!("cargo does not say where `{}` is", id.0)))?;
        let unsafe_code = sources::unsafe_code(place)?;
        linked.push(Linked { checksum: checksums.get(&id).cloned(), id, licence, uses, unsafe_code });
    }
    Ok(linked)
}

type Tree = BTreeMap<Id, (String, BTreeSet<Id>)>;

/// Reads lines of `depth FIELD name vVERSION (place) FIELD licence FIELD`. A crate's own are shown once, which is enough.
fn parse(tree: &str) -> Outcome<Tree> {
    let mut found = Tree::new();
    let mut above: Vec<Id> = Vec::new();
    for line in tree.lines() {
        let faulty = || Failure::new(format!("`cargo tree` answered something else: `{line}`"));
        let fields: Vec<&str> = line.split(FIELD).collect();
        let [depth, package, licence, _] = fields[..] else { return Err(faulty()) };
        let depth: usize = depth.parse().map_err(|_| faulty())?;
        let mut words = package.split_whitespace();
        let name = words.next().ok_or_else(faulty)?;
        let version = words.next().and_then(|word| word.strip_prefix('v')).ok_or_else(faulty)?;
        let id = (name.to_owned(), version.to_owned());
        if depth > above.len() {
            return Err(faulty());
        }
        above.truncate(depth);
        if let Some(user) = above.last() {
            found.entry(user.clone()).or_default().1.insert(id.clone());
        }
        found.entry(id.clone()).or_default().0 = licence.to_owned();
        above.push(id);
    }
    match found.len() {
        0 => Err(Failure::new("`cargo tree` names no crate")),
        _ => Ok(found),
    }
}

/// What `Cargo.lock` says that the registry serves.
fn checksums() -> Outcome<BTreeMap<Id, String>> {
    let path = root().join("Cargo.lock");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))?;
    let lock: Table =
        toml::from_str(&text).map_err(|error| Failure::new(format!("`Cargo.lock` is not TOML: {error}")))?;
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let word = |package: &toml::Value, key: &str| Some(package.get(key)?.as_str()?.to_owned());
    let entry = |package| Some(((word(package, "name")?, word(package, "version")?), word(package, "checksum")?));
    Ok(packages.filter_map(entry).collect())
}

/// Where each package's source is.
fn places(metadata: &str) -> Outcome<BTreeMap<Id, PathBuf>> {
    let metadata: Value = serde_json::from_str(metadata)
        .map_err(|error| Failure::new(format!("`cargo metadata` answered something else: {error}")))?;
    let place = |package: &Value| {
        let word = |key: &str| Some(package[key].as_str()?.to_owned());
        Some(((word("name")?, word("version")?), Path::new(&word("manifest_path")?).parent()?.to_owned()))
    };
    Ok(metadata["packages"].as_array().into_iter().flatten().filter_map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str, version: &str) -> Id {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn a_tree_is_read_with_what_each_uses() {
        let tree = "0\ta v1.0.0 (/a)\tMIT\t\n1\tb v2.0.0\tApache-2.0\t\n2\tc v3.0.0\tMIT/Apache-2.0\t\n1\tc v3.0.0\tMIT/Apache-2.0\t (*)\n";
        let found = parse(tree).expect("as cargo writes it");
        assert_eq!(found.len(), 3);
        assert_eq!(found[&id("a", "1.0.0")].1, [id("b", "2.0.0"), id("c", "3.0.0")].into());
        assert_eq!(found[&id("b", "2.0.0")], ("Apache-2.0".to_owned(), [id("c", "3.0.0")].into()));
        for wrong in ["", "a v1\n", "2\ta v1.0.0\tMIT\t\n", "0\ta 1.0.0\tMIT\t\n"] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_only_tests_and_macros_need_is_not_linked() {
        let linked = read().expect("cargo answers");
        let has = |name: &str| linked.iter().any(|linked| linked.id.0 == name);
        assert!(has("rustls") && has("rusqlite") && has("vault"));
        assert!(!has("rcgen") && !has("proptest") && !has("serde_derive") && !has("xtask"));
        // Every crate of the registry has the sum that the lock file holds; only ours has none.
        let ours: Vec<&str> = linked.iter().filter(|linked| linked.is_ours()).map(|linked| &*linked.id.0).collect();
        let known = ["access", "exchange", "facts", "journal", "ledger", "money", "node", "orderfile", "partners"];
        assert_eq!(ours[..9], known);
        assert_eq!(ours[9..], ["sandbox", "server", "tongbao", "vault", "views"]);
    }

    #[test]
    fn no_crate_of_ours_that_is_linked_holds_unsafe_code() {
        let linked = read().expect("cargo answers");
        let ours = linked.iter().filter(|linked| linked.is_ours());
        let found: Vec<_> = ours.filter(|linked| linked.unsafe_code == Unsafe::Used).collect();
        assert!(found.is_empty(), "{found:?}");
    }
}
