//! The bill of materials: CycloneDX 1.5, the same bytes for the same lock file and sources.

use super::linked::{Id, Linked};
use serde_json::{Value, json};

/// The crate that becomes the binary.
const BINARY: &str = "tongbao";

/// The bill, as JSON.
pub fn text(crates: &[Linked]) -> String {
    let (binary, others): (Vec<&Linked>, Vec<&Linked>) = crates.iter().partition(|linked| linked.id.0 == BINARY);
    let bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": binary.first().map(|binary| component(binary, "application")),
            "licenses": [{"license": {"id": "Apache-2.0"}}],
        },
        "components": others.iter().map(|linked| component(linked, "library")).collect::<Vec<_>>(),
        "dependencies": crates.iter().map(dependencies).collect::<Vec<_>>(),
    });
    // A value of our own always serialises.
    serde_json::to_string_pretty(&bill).unwrap_or_default() + "\n"
}

fn component(linked: &Linked, kind: &str) -> Value {
    let (name, version) = &linked.id;
    let mut component = json!({
        "type": kind,
        "bom-ref": reference(&linked.id),
        "name": name,
        "version": version,
        "scope": "required",
        "licenses": [{"expression": expression(&linked.licence)}],
        "purl": purl(linked),
        "properties": [{"name": "tongbao:unsafe", "value": linked.unsafe_code.word()}],
    });
    if let Some(checksum) = &linked.checksum {
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    component
}

fn dependencies(linked: &Linked) -> Value {
    json!({"ref": reference(&linked.id), "dependsOn": linked.uses.iter().map(reference).collect::<Vec<_>>()})
}

fn reference((name, version): &Id) -> String {
    format!("{name}@{version}")
}

/// Ours are in no registry: under `cargo` they would name somebody else's.
fn purl(linked: &Linked) -> String {
    let (name, version) = &linked.id;
    let version = version.replace('+', "%2B");
    if linked.is_ours() {
        format!("pkg:generic/tongbao/{name}@{version}")
    } else {
        format!("pkg:cargo/{name}@{version}")
    }
}

/// As SPDX writes it; the older form has a slash for `OR`.
fn expression(licence: &str) -> String {
    licence.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ")
}

#[cfg(test)]
mod tests {
    use super::super::linked;
    use super::*;
    use crate::exec::root;
    use jsonschema::{Registry, Validator};
    use std::collections::BTreeSet;

    const SCHEMAS: &str = "http://cyclonedx.org/schema/";

    /// A validator of the published schema, which names two others.
    fn is_valid(bill: &Value) -> Result<(), String> {
        let read = |name: &str| -> Value {
            let path = root().join("data/standards/cyclonedx").join(format!("{name}.SNAPSHOT.schema.json"));
            serde_json::from_str(&std::fs::read_to_string(path).expect("a schema")).expect("JSON")
        };
        let named = |name: &str| (format!("{SCHEMAS}{name}.SNAPSHOT.schema.json"), read(name));
        let registry = [named("spdx"), named("jsf-0.82")]
            .into_iter()
            .fold(Registry::new(), |registry, (uri, schema)| registry.add(uri, schema).expect("a schema"));
        let registry = registry.prepare().expect("schemas");
        let validator: Validator = jsonschema::options().with_registry(&registry).build(&read("bom-1.5")).expect("1.5");
        let errors: Vec<String> = validator.iter_errors(bill).map(|error| error.to_string()).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors.join("\n")) }
    }

    #[test]
    fn the_bill_of_the_binary_is_complete_and_valid() {
        let crates = linked::read().expect("cargo answers");
        let bill: Value = serde_json::from_str(&text(&crates)).expect("JSON");
        is_valid(&bill).expect("as published");
        assert_eq!(bill["metadata"]["component"]["name"], "tongbao");
        let components = bill["components"].as_array().expect("a list");
        assert_eq!(components.len() + 1, crates.len());
        let mut references = BTreeSet::from(["tongbao@0.1.0"]);
        for component in components {
            let whole = ["name", "version", "purl"].iter().all(|field| component[*field].as_str().is_some());
            assert!(whole && component["licenses"][0]["expression"] != "", "{component}");
            let from_registry = component["purl"].as_str().is_some_and(|purl| purl.starts_with("pkg:cargo/"));
            let sum = component["hashes"][0]["content"].as_str();
            assert_eq!(sum.map_or(0, str::len), if from_registry { 64 } else { 0 }, "{component}");
            references.extend(component["bom-ref"].as_str());
        }
        for dependency in bill["dependencies"].as_array().expect("a list") {
            let used = dependency["dependsOn"].as_array().into_iter().flatten();
            assert!(
                used.chain([&dependency["ref"]]).all(|name| references.contains(name.as_str().unwrap_or_default()))
            );
        }
        assert_eq!(text(&crates), text(&linked::read().expect("again")), "the same bytes");
    }

    #[test]
    fn a_bill_with_a_fault_is_noticed() {
        let crates = linked::read().expect("cargo answers");
        let bill: Value = serde_json::from_str(&text(&crates)).expect("JSON");
        let mut wrong = bill.clone();
        wrong["components"][0]["type"] = json!("crate");
        assert!(is_valid(&wrong).is_err());
        let mut wrong = bill.clone();
        wrong["components"][0].as_object_mut().expect("an object").remove("name");
        assert!(is_valid(&wrong).is_err());
        let mut wrong = bill;
        wrong["specVersion"] = json!(15);
        assert!(is_valid(&wrong).is_err());
    }

    #[test]
    fn licences_are_written_as_spdx_has_them() {
        assert_eq!(expression("MIT/Apache-2.0"), "MIT OR Apache-2.0");
        assert_eq!(expression("Apache-2.0 / MIT"), "Apache-2.0 OR MIT");
        assert_eq!(expression("(MIT OR Apache-2.0) AND Unicode-3.0"), "(MIT OR Apache-2.0) AND Unicode-3.0");
    }
}
