//! Every text field of every body, from the description, with what means something to somebody else: SQL, spreadsheets,
//! shells, templates, logs, pages. Nothing of it is run, nothing falls over, and what is kept is kept as text.

use crate::support::Stage;
use reqwest::Method;
use serde_json::{Map, Value, json};

const PAYLOADS: [&str; 12] = [
    "' OR '1'='1' --",
    "1; DROP TABLE orders; --",
    "x' UNION SELECT secret FROM access --",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1-1",
    "../../../../etc/passwd",
    "$(touch /tmp/tongbao-was-here)",
    "{{7*7}}${7*7}",
    "<script>alert(1)</script>",
    "a\r\nSet-Cookie: x=y",
    "\u{202e}\u{0}\u{feff}x",
];

/// The bodies of the description with a value for each field that fits its type.
fn bodies() -> Vec<(Method, String, Map<String, Value>)> {
    let described: Value = serde_json::from_str(&server::openapi_json()).expect("JSON");
    let mut bodies = Vec::new();
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let Some(pointer) = schema.as_str().map(|schema| schema.trim_start_matches('#')) else { continue };
            let fields = described.pointer(pointer).expect("a schema")["properties"].as_object().expect("fields");
            let filled = fields.iter().map(|(name, field)| (name.clone(), fill(field))).collect();
            bodies.push((method.to_ascii_uppercase().parse().expect("a method"), path.clone(), filled));
        }
    }
    bodies
}

fn is_text(field: &Value) -> bool {
    field["type"] == "string" || field["type"].as_array().is_some_and(|types| types.contains(&json!("string")))
}

fn fill(field: &Value) -> Value {
    match field.get("example") {
        Some(example) => example.clone(),
        None if is_text(field) => json!("text"),
        None if field["type"] == "array" => json!([]),
        None => json!(1),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_any_field_is_run() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let (mut sent, mut taken) = (0, 0);
    for (method, path, filled) in bodies() {
        let asked = path.replace("{id}", &subscriber).replace("{act}", "approve");
        // Some of it takes keys away: from somebody who is not needed below.
        let asked = asked.replace("{name}", "shop");
        let asked = asked.replace("{partner}", "CTCC").replace("{number}", "1");
        for (name, value) in &filled {
            for payload in PAYLOADS.iter().filter(|_| value.is_string()) {
                let mut body = filled.clone();
                body.insert(name.clone(), json!(payload));
                let request = stage.request(method.clone(), &asked).by(stage.key_of("house"));
                let reply = request.key(&format!("injection-{sent}")).json(&Value::Object(body)).reply().await;
                assert!(reply.status < 500, "{method} {path} {name} {payload:?}: {}", reply.text());
                assert_eq!(reply.header("set-cookie"), None, "{method} {path} {name}");
                if reply.status >= 400 {
                    assert!(!reply.text().contains(payload), "{path} {name} repeats {payload:?}: {}", reply.text());
                }
                taken += u32::from(reply.status < 300);
                sent += 1;
            }
        }
    }
    assert!(sent >= 200, "only {sent} texts were sent, {taken} taken");
    assert!(!std::path::Path::new("/tmp/tongbao-was-here").exists());
    stage.rest().await;
    // What was asked before is there, and can be asked again.
    stage.get("/v1/subscribers/{id}", &[&subscriber]).reply().await.ok(200);
    let position = stage.node.durable().to_string();
    stage.get("/v1/orders", &[]).query(&[("min_position", &position)]).reply().await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_and_paths_are_read_strictly() {
    let stage = Stage::start().await;
    for query in [
        "state=%27%20OR%201%3D1",
        "subscriber=%00",
        "subscriber=%ff%fe",
        "limit=1e9",
        "limit=-1",
        "x=1",
        "limit=1&limit=2",
    ] {
        let path = format!("/v1/orders?{query}");
        let reply = stage.request(Method::GET, &path).by(stage.key_of("house")).reply().await;
        reply.refused(400, "malformed_request");
    }
    for id in ["%00", "%ff%fe", "..%2f..%2fetc%2fpasswd", "%27%20OR%201%3D1", "ord_%0d%0aX:y", &"a".repeat(8_000)] {
        let reply = stage.request(Method::GET, &format!("/v1/orders/{id}")).reply().await;
        assert_eq!(reply.status, 404, "{id}: {}", reply.text());
    }
}
