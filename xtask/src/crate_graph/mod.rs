//! The crate graph: floors, external crates, licences, and lints: those of the pure crates, and no unsafe code in any.
//!
//! The rules are in `xtask/crates.toml`, the graph comes from `cargo metadata`.

mod arrows;
mod externals;
mod graph;
mod licence;
mod lints;
mod rules;

use crate::args::Args;
use crate::exec::{Line, root};
use crate::failure::{Failure, Outcome};
use graph::Graph;
use rules::Rules;

/// `cargo xtask crate-graph`.
pub fn run(words: &[String]) -> Outcome {
    Args::new(words).nothing_more("crate-graph")?;
    let (graph, rules) = (read_graph()?, read_rules()?);
    Failure::unless_empty(&faults(&graph, &rules)?, "crate graph")?;
    eprintln!("crate graph: {} crates of ours, {} in all, in order", graph.members.len(), graph.packages.len());
    Ok(())
}

fn faults(graph: &Graph, rules: &Rules) -> Outcome<Vec<String>> {
    let mut faults = arrows::faults(graph, rules);
    faults.extend(externals::faults(graph, rules));
    let workspace = read(&root().join("Cargo.toml"))?;
    for member in &graph.members {
        let manifest = read(&member.manifest)?;
        faults.extend(lints::unsafe_fault(&member.name, &manifest, &workspace));
        if rules.is_pure(&member.name) {
            faults.extend(lints::faults(&member.name, &manifest));
        }
    }
    faults.extend(lints::ban_faults(&read(&root().join("core/clippy.toml"))?));
    Ok(faults)
}

fn read_graph() -> Outcome<Graph> {
    let metadata = Line::new("cargo metadata --format-version 1").output()?;
    Graph::parse(&metadata)
}

fn read_rules() -> Outcome<Rules> {
    Rules::parse(&read(&root().join("xtask/crates.toml"))?)
}

fn read(path: &std::path::Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_its_own_rules() {
        let graph = read_graph().expect("cargo metadata answers");
        let rules = read_rules().expect("xtask/crates.toml can be read");
        assert_eq!(faults(&graph, &rules).expect("manifests can be read"), Vec::<String>::new());
    }
}
