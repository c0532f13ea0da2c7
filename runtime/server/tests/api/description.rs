//! The description of the API is what is committed, and every route of it is exercised here.

use crate::support::Stage;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Set to write the description instead of comparing it.
const REFRESH: &str = "TONGBAO_REFRESH_OPENAPI";

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json")
}

fn described() -> Value {
    serde_json::from_str(&server::openapi_json()).expect("JSON")
}

#[test]
fn the_committed_description_is_the_code_s() {
    let described = server::openapi_json();
    if std::env::var_os(REFRESH).is_some() {
        std::fs::write(committed(), &described).expect("written");
    }
    let found = std::fs::read_to_string(committed()).unwrap_or_default();
    assert!(
        found == described,
        "openapi.json is not what the code describes\nhint: {REFRESH}=1 cargo test -p server --test api description"
    );
}

#[test]
fn every_route_is_exercised() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api");
    let files = std::fs::read_dir(dir).expect("the tests").filter_map(Result::ok).map(|entry| entry.path());
    let sources: String = files.filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let mut routes = 0;
    for (path, methods) in described()["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            assert!(sources.contains(&format!("{method}(\"{path}\"")), "no test asks {method} {path}");
            routes += 1;
        }
    }
    assert_eq!(routes, 88);
}

#[test]
fn every_operation_is_named_tagged_and_told() {
    let described = described();
    assert_eq!(described["openapi"], "3.1.0");
    let mut names = std::collections::BTreeSet::new();
    for (path, methods) in described["paths"].as_object().expect("paths") {
        assert!(path.starts_with('/'));
        for operation in methods.as_object().expect("methods").values() {
            let name = operation["operationId"].as_str().expect("a name");
            assert!(names.insert(name.to_owned()), "{name} twice");
            assert!(operation["tags"][0].is_string() && operation["summary"].is_string(), "{path}");
        }
    }
}

#[test]
fn bodies_have_no_other_fields() {
    let described = described();
    for (path, methods) in described["paths"].as_object().expect("paths") {
        let Some(schema) = methods.pointer("/post/requestBody/content/application~1json/schema/$ref") else { continue };
        let pointer = schema.as_str().expect("a reference").trim_start_matches('#');
        assert_eq!(described.pointer(pointer).expect("there")["additionalProperties"], false, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_served() {
    let stage = Stage::start().await;
    let served = stage.get("/openapi.json", &[]).reply().await.ok(200);
    assert_eq!(served.header("content-type"), Some("application/json"));
    assert_eq!(served.text(), server::openapi_json());
}
