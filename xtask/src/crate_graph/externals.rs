//! External crates: listed with a reason, under a licence that is allowed, and few on the pure floors.

use super::graph::{Dependency, Graph, Package, Use};
use super::licence;
use super::rules::Rules;
use std::collections::BTreeSet;

/// What is wrong with the external crates.
pub fn faults(graph: &Graph, rules: &Rules) -> Vec<String> {
    let mut faults = unlisted(graph, rules);
    faults.extend(impure(graph, rules));
    faults.extend(unused(graph, rules));
    faults.extend(graph.packages.iter().filter_map(|package| relicensed(package, rules)));
    faults.extend(graph.packages.iter().filter_map(|package| not_allowed(package, rules)));
    faults
}

fn external(graph: &Graph) -> impl Iterator<Item = (&str, &Dependency)> {
    let named = graph.members.iter().flat_map(|member| {
        let name = member.name.as_str();
        member.dependencies.iter().map(move |dependency| (name, dependency))
    });
    named.filter(|(_, dependency)| !graph.is_ours(&dependency.name))
}

fn unlisted(graph: &Graph, rules: &Rules) -> Vec<String> {
    external(graph)
        .filter(|(_, dependency)| !rules.listed.contains_key(&dependency.name))
        .map(|(user, dependency)| {
            format!("`{user}` uses `{}`, which `xtask/crates.toml` does not list", dependency.name)
        })
        .collect()
}

fn impure(graph: &Graph, rules: &Rules) -> Vec<String> {
    external(graph)
        .filter(|(user, dependency)| rules.is_pure(user) && dependency.used_in != Use::Tests)
        .filter(|(_, dependency)| !rules.pure_external.contains(&dependency.name))
        .map(|(user, dependency)| format!("`{user}` stands on a pure floor and uses `{}`", dependency.name))
        .collect()
}

/// A line that outlives its crate would let it come back unseen.
fn unused(graph: &Graph, rules: &Rules) -> Vec<String> {
    let used: BTreeSet<&str> = external(graph).map(|(_, dependency)| dependency.name.as_str()).collect();
    let listed = rules.listed.keys().chain(&rules.pure_external);
    let unused: BTreeSet<&String> = listed.filter(|name| !used.contains(name.as_str())).collect();
    unused.into_iter().map(|name| format!("`xtask/crates.toml` lists `{name}`, which no crate of ours uses")).collect()
}

fn relicensed(package: &Package, rules: &Rules) -> Option<String> {
    let Package { name, version, licence } = package;
    let listed = rules.listed.get(name).filter(|listed| *listed != licence)?;
    Some(format!("`{name}` {version} has licence `{licence}`, and `xtask/crates.toml` says `{listed}`"))
}

fn not_allowed(package: &Package, rules: &Rules) -> Option<String> {
    let Package { name, version, licence } = package;
    match licence::is_allowed(licence, &rules.licences) {
        true => None,
        false if licence.is_empty() => Some(format!("`{name}` {version} declares no licence")),
        false => Some(format!("`{name}` {version} has licence `{licence}`, which is not allowed")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::Member;
    use super::super::rules::tests::sample;
    use super::*;

    fn uses(user: &str, used: &[(&str, Use)]) -> Member {
        let dependencies = used
            .iter()
            .map(|(name, used_in)| Dependency { name: (*name).to_owned(), used_in: *used_in, features: Vec::new() })
            .collect();
        Member { name: user.to_owned(), manifest: Default::default(), dependencies, switches: Vec::new() }
    }

    fn graph(members: Vec<Member>, packages: &[(&str, &str)]) -> Graph {
        let package = |(name, licence): &(&str, &str)| Package {
            name: (*name).to_owned(),
            version: "1.0.0".to_owned(),
            licence: (*licence).to_owned(),
        };
        Graph { members, packages: packages.iter().map(package).collect() }
    }

    fn fine() -> Vec<Member> {
        vec![uses("money", &[("minicbor", Use::Shipped)]), uses("journal", &[("tokio", Use::Shipped)])]
    }

    #[test]
    fn listed_crates_with_allowed_licences_are_fine() {
        let packages = [("minicbor", "MIT"), ("tokio", "MIT"), ("further", "Apache-2.0 OR GPL-3.0")];
        assert_eq!(faults(&graph(fine(), &packages), &sample()), Vec::<String>::new());
    }

    #[test]
    fn an_unlisted_crate_is_a_fault_even_in_tests() {
        let mut members = fine();
        members.push(uses("vault", &[("left-pad", Use::Tests)]));
        let said = faults(&graph(members, &[]), &sample());
        assert_eq!(said, ["`vault` uses `left-pad`, which `xtask/crates.toml` does not list"]);
    }

    #[test]
    fn a_pure_crate_uses_few_crates_and_in_tests_any_listed_one() {
        let mut members = fine();
        members.push(uses("facts", &[("tokio", Use::Shipped)]));
        assert_eq!(faults(&graph(members, &[]), &sample()), ["`facts` stands on a pure floor and uses `tokio`"]);
        let mut members = fine();
        members.push(uses("facts", &[("tokio", Use::Tests)]));
        assert_eq!(faults(&graph(members, &[]), &sample()), Vec::<String>::new());
    }

    #[test]
    fn a_line_without_a_user_is_a_fault() {
        let members = vec![uses("money", &[("minicbor", Use::Shipped)])];
        let said = faults(&graph(members, &[]), &sample());
        assert_eq!(said, ["`xtask/crates.toml` lists `tokio`, which no crate of ours uses"]);
    }

    #[test]
    fn a_licence_is_allowed_wherever_the_crate_is() {
        let said = faults(&graph(fine(), &[("deep-below", "AGPL-3.0-only"), ("nameless", "")]), &sample());
        assert_eq!(
            said,
            [
                "`deep-below` 1.0.0 has licence `AGPL-3.0-only`, which is not allowed",
                "`nameless` 1.0.0 declares no licence",
            ]
        );
    }

    #[test]
    fn a_licence_that_changed_is_looked_at_again() {
        let said = faults(&graph(fine(), &[("tokio", "Apache-2.0")]), &sample());
        assert_eq!(said, ["`tokio` 1.0.0 has licence `Apache-2.0`, and `xtask/crates.toml` says `MIT`"]);
    }
}
