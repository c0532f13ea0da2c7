//! Arrows between our crates: downward only.

use super::graph::{Dependency, Graph, Member, Use};
use super::rules::{Floor, Rules};

/// What only the simulator may switch on: deliberate bugs.
const BUGS: &str = "bugs";
const BUGS_FOR: &str = "sim";

/// What is wrong with the arrows.
pub fn faults(graph: &Graph, rules: &Rules) -> Vec<String> {
    let mut faults = Vec::new();
    for member in &graph.members {
        let Some(floor) = rules.floor(&member.name) else {
            faults.push(format!("`{}` has no floor in `xtask/crates.toml`", member.name));
            continue;
        };
        for dependency in member.dependencies.iter().filter(|dependency| graph.is_ours(&dependency.name)) {
            faults.extend(rules.floor(&dependency.name).and_then(|to| arrow(member, floor, dependency, to)));
        }
        faults.extend(bugs(graph, member));
    }
    let gone = rules.floors.keys().filter(|name| !graph.is_ours(name));
    faults.extend(gone.map(|name| format!("`{name}` has a floor in `xtask/crates.toml` and is no crate of ours")));
    faults
}

fn arrow(member: &Member, from: Floor, dependency: &Dependency, to: Floor) -> Option<String> {
    let (user, used) = (&member.name, &dependency.name);
    match (from, to) {
        (Floor::At(from), Floor::At(to)) if to < from => None,
        (Floor::At(from), Floor::At(to)) if to == from => {
            Some(format!("`{user}` uses `{used}`, and both stand on floor {from}"))
        }
        (Floor::At(from), Floor::At(to)) => {
            Some(format!("`{user}` on floor {from} uses `{used}` on floor {to}, which is above it"))
        }
        (Floor::Beside, _) => Some(format!("`{user}` stands beside the floors and uses `{used}`, a crate of ours")),
        (Floor::At(_), Floor::Beside) if dependency.used_in == Use::Tests || user == "tongbao" => None,
        (Floor::At(_), Floor::Beside) => {
            Some(format!("`{user}` uses `{used}`, which only `tongbao` and tests may use"))
        }
    }
}

/// Deliberate bugs are compiled in for the simulator alone.
fn bugs(graph: &Graph, member: &Member) -> Option<String> {
    if member.name == BUGS_FOR {
        return None;
    }
    let named = |dependency: &&Dependency| graph.is_ours(&dependency.name) && dependency.features.iter().any(is_bugs);
    let asked = member.dependencies.iter().any(|dependency| named(&dependency));
    let switched = member.switches.iter().any(|switch| switch.ends_with("/bugs"));
    (asked || switched)
        .then(|| format!("`{}` switches on the feature `{BUGS}`, which is for `{BUGS_FOR}`", member.name))
}

fn is_bugs(feature: &String) -> bool {
    feature == BUGS
}

#[cfg(test)]
mod tests {
    use super::super::rules::tests::sample;
    use super::*;

    fn graph(arrows: &[(&str, &str, Use)]) -> Graph {
        let member = |name: &str| Member {
            name: name.to_owned(),
            manifest: Default::default(),
            dependencies: arrows
                .iter()
                .filter(|(from, ..)| *from == name)
                .map(|(_, to, used_in)| Dependency { name: (*to).to_owned(), used_in: *used_in, features: Vec::new() })
                .collect(),
            switches: Vec::new(),
        };
        let names = ["money", "facts", "journal", "vault", "sim", "tongbao", "sandbox"];
        Graph { members: names.map(member).into(), packages: Vec::new() }
    }

    fn one(arrow: (&str, &str, Use)) -> Vec<String> {
        faults(&graph(&[arrow]), &sample())
    }

    #[test]
    fn downward_arrows_are_fine() {
        let fine = [
            ("facts", "money", Use::Shipped),
            ("journal", "facts", Use::Tests),
            ("tongbao", "sandbox", Use::Shipped),
            ("journal", "sandbox", Use::Tests),
        ];
        assert_eq!(faults(&graph(&fine), &sample()), Vec::<String>::new());
    }

    #[test]
    fn an_upward_arrow_is_a_fault_even_in_tests() {
        assert_eq!(
            one(("money", "facts", Use::Shipped)),
            ["`money` on floor 0 uses `facts` on floor 2, which is above it"]
        );
        assert_eq!(one(("facts", "journal", Use::Tests)).len(), 1);
    }

    #[test]
    fn an_arrow_along_a_floor_is_a_fault() {
        assert_eq!(one(("vault", "journal", Use::Shipped)), ["`vault` uses `journal`, and both stand on floor 4"]);
    }

    #[test]
    fn the_sandbox_stands_apart() {
        assert_eq!(one(("sandbox", "money", Use::Tests)).len(), 1);
        assert_eq!(one(("journal", "sandbox", Use::Shipped)).len(), 1);
        assert_eq!(one(("sim", "sandbox", Use::Shipped)).len(), 1);
    }

    #[test]
    fn each_crate_has_a_floor_and_each_floor_a_crate() {
        let mut graph = graph(&[]);
        graph.members[0].name = "risk".to_owned();
        let said = faults(&graph, &sample());
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("`risk` has no floor"), "{said:?}");
        assert!(said[1].contains("`money` has a floor"), "{said:?}");
    }

    #[test]
    fn only_the_simulator_plants_bugs() {
        let arrow = |from| (from, "journal", Use::Shipped);
        let mut graph = graph(&[arrow("sim"), arrow("tongbao")]);
        for member in &mut graph.members {
            for dependency in &mut member.dependencies {
                dependency.features.push("bugs".to_owned());
            }
        }
        assert_eq!(faults(&graph, &sample()), ["`tongbao` switches on the feature `bugs`, which is for `sim`"]);
        graph.members[0].switches.push("journal/bugs".to_owned());
        assert_eq!(faults(&graph, &sample()).len(), 2);
    }
}
