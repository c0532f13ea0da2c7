//! What `cargo metadata` says, cut down to what the rules look at.

use crate::failure::{Failure, Outcome};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// When a dependency is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// In what is shipped.
    Shipped,
    /// In tests, examples and benchmarks alone.
    Tests,
    /// In build scripts.
    Build,
}

/// A dependency that one of our crates names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Its name in the registry or in the workspace.
    pub name: String,
    /// When it is used.
    pub used_in: Use,
    /// The features it is asked for with.
    pub features: Vec<String>,
}

/// A crate of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where its manifest is.
    pub manifest: PathBuf,
    /// What it names.
    pub dependencies: Vec<Dependency>,
    /// What its own features switch on.
    pub switches: Vec<String>,
}

/// Any crate of the resolved graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence as an SPDX expression; empty when it declares none.
    pub licence: String,
}

/// The graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// Our crates.
    pub members: Vec<Member>,
    /// All crates, ours too.
    pub packages: Vec<Package>,
}

impl Graph {
    /// Reads the answer of `cargo metadata --format-version 1`.
    ///
    /// Errors: it is no such answer.
    pub fn parse(metadata: &str) -> Outcome<Graph> {
        let metadata: Value = serde_json::from_str(metadata)
            .map_err(|error| Failure::new(format!("`cargo metadata` answered something else: {error}")))?;
        let ours: BTreeSet<&str> = list(&metadata, "workspace_members").iter().filter_map(Value::as_str).collect();
        let mut graph = Graph::default();
        for package in list(&metadata, "packages") {
            let (name, version) = (text(package, "name"), text(package, "version"));
            graph.packages.push(Package { name, version, licence: text(package, "license") });
            if package["id"].as_str().is_some_and(|id| ours.contains(id)) {
                graph.members.push(member(package));
            }
        }
        match graph.members.len() {
            0 => Err(Failure::new("`cargo metadata` names no crate of the workspace")),
            _ => Ok(graph),
        }
    }

    /// Whether a crate is one of ours.
    pub fn is_ours(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }
}

fn member(package: &Value) -> Member {
    let dependencies = list(package, "dependencies").iter().map(dependency).collect();
    let features = package["features"].as_object();
    let switches = features.into_iter().flat_map(|features| features.values());
    Member {
        name: text(package, "name"),
        manifest: PathBuf::from(text(package, "manifest_path")),
        dependencies,
        switches: switches.flat_map(words).collect(),
    }
}

fn dependency(dependency: &Value) -> Dependency {
    let used_in = match dependency["kind"].as_str() {
        None => Use::Shipped,
        Some("dev") => Use::Tests,
        Some(_) => Use::Build,
    };
    Dependency { name: text(dependency, "name"), used_in, features: words(&dependency["features"]) }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_dependencies_and_licences_are_read() {
        let graph = Graph::parse(
            r#"{"workspace_members":["a#1"],"packages":[
                {"id":"a#1","name":"a","version":"1.0.0","license":"MIT","manifest_path":"/a/Cargo.toml",
                 "features":{"bugs":["b/bugs"]},
                 "dependencies":[{"name":"b","kind":null,"features":["x"]},{"name":"c","kind":"dev","features":[]}]},
                {"id":"b#2","name":"b","version":"2.0.0","license":null,"dependencies":[]}]}"#,
        )
        .expect("as cargo writes it");
        assert_eq!(graph.members.len(), 1);
        assert_eq!(graph.members[0].switches, ["b/bugs"]);
        assert_eq!(graph.members[0].dependencies[0].features, ["x"]);
        assert_eq!(graph.members[0].dependencies[1].used_in, Use::Tests);
        assert_eq!(graph.packages[1].licence, "");
        assert!(graph.is_ours("a") && !graph.is_ours("b"));
    }

    #[test]
    fn an_answer_without_members_is_no_answer() {
        assert!(Graph::parse("{}").is_err());
        assert!(Graph::parse("no JSON").is_err());
    }
}
