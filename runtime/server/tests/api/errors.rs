//! Every wrong turn gets a clear answer and harms nobody.

use crate::support::{Person, Stage, StageOptions, direct};
use reqwest::Method;
use server::Bounds;
use std::sync::atomic::Ordering;

#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_and_methods_are_said_to_be() {
    let stage = Stage::start().await;
    let nowhere = stage.request(Method::GET, "/v2/everything").reply().await;
    let body = nowhere.refused(404, "route_unknown");
    assert_eq!(body["request_id"].as_str(), nowhere.header("x-request-id"));
    let wrong = stage.request(Method::DELETE, "/v1/orders").reply().await;
    wrong.refused(405, "method_not_allowed");
    let allowed = wrong.header("allow").expect("the methods there are");
    assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
    stage.request(Method::POST, "/livez").reply().await.refused(405, "method_not_allowed");
    let spoken = stage.request(Method::GET, "/nowhere").header("Accept-Language", "zh").reply().await;
    assert_eq!(spoken.refused(404, "route_unknown")["title"], "接口不存在");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_a_problem_leads_to_a_page_in_the_language_of_who_follows() {
    let stage = Stage::start().await;
    let refused = stage.place("small", &direct(&stage.subscriber().await, 1)).await.refused(422, "amount_too_small");
    let page = refused["type"].as_str().expect("a type").to_owned();
    let chinese = stage.request(Method::GET, &page).header("Accept-Language", "zh").by_nobody().reply().await.ok(200);
    assert_eq!(chinese.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(chinese.header("content-language"), Some("zh-CN"));
    assert!(chinese.text().contains("<code>amount_too_small</code>") && chinese.text().contains("第 11 项检查"));
    let all = stage.get("/problems", &[]).header("Accept", "application/json").by_nobody().reply().await.ok(200).json();
    for problem in all["problems"].as_array().expect("problems") {
        let code = problem["code"].as_str().expect("a code");
        let page = stage.get("/problems/{code}", &[code]).by_nobody().reply().await.ok(200).text();
        assert!(page.contains(&format!("<code>{code}</code>")), "{page}");
    }
    stage.get("/problems/{code}", &["no_such_code"]).reply().await.refused(404, "route_unknown");
    stage.get("/problems/{code}", &["<script>"]).reply().await.refused(404, "route_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_must_be_json_and_say_so() {
    let stage = Stage::start().await;
    let send = |kind: &'static str, body: &'static str| stage.post("/v1/orders", &[]).key("k").text(kind, body).reply();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json"] {
        send(kind, "{}").await.refused(415, "content_type_unsupported");
    }
    for body in ["", "{", "{\"a\":}", "nul", "{} {}", "\u{feff}{}"] {
        let problem = send("application/json; charset=utf-8", body).await.refused(400, "malformed_request");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.starts_with("no JSON at line")), "{problem}");
    }
    let deep = "[".repeat(10_000);
    let refused = stage.post("/v1/orders", &[]).key("k").text("application/json", deep).reply().await;
    refused.refused(400, "malformed_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_about_the_caller_are_checked() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let body = direct(&subscriber, 10_000);
    for (name, value) in [("X-Device", "a b"), ("X-Device", "")] {
        let refused = stage.post("/v1/orders", &[]).key("k").header(name, value).json(&body).reply().await;
        assert_eq!(refused.refused(400, "malformed_request")["param"], name);
    }
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let named = stage.post("/v1/orders", &[]).key("k").header("traceparent", trace).by(stage.key_of("wang"));
    let placed = named.header("X-Device", "phone-7").json(&body).reply().await.ok(201);
    assert_eq!(placed.header("x-request-id"), Some("0af7651916cd43dd8448eb211c80319c"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_node_says_that_the_outcome_is_unknown() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    stage.place("warm", &direct(&subscriber, 10_000)).await.ok(201);
    stage.node.stop();
    stage.node.wait_stopped().await;
    let problem = stage.place("one", &direct(&subscriber, 10_000)).await.refused(503, "outcome_unknown");
    assert_eq!(problem["hint"], "repeat the request with the same key: it happens once");
    stage.get("/v1/partners", &[]).reply().await.refused(503, "node_stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_distrusted_clock_takes_no_orders() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    stage.distrust();
    stage.place("one", &direct(&subscriber, 10_000)).await.refused(503, "clock_halted");
    let body = Person::adult(2).body(1);
    stage.post("/v1/subscribers", &[]).key("r").json(&body).reply().await.refused(503, "clock_halted");
    stage.get("/v1/partners", &[]).reply().await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_at_once_are_turned_away_and_health_still_answers() {
    let bounds = Bounds { requests: 1, ..Bounds::default() };
    let stage = Stage::with(StageOptions { bounds, ..StageOptions::default() }).await;
    let subscriber = stage.subscriber().await;
    stage.place("warm", &direct(&subscriber, 10_000)).await.ok(201);
    let release = stage.block().await;
    let body = direct(&subscriber, 10_000);
    let send = |key: &'static str| tokio::spawn(stage.post("/v1/orders", &[]).key(key).json(&body).reply());
    let (mut one, mut other) = (send("one"), send("other"));
    let (told, waiting) = tokio::select! {
        told = &mut one => (told, other),
        told = &mut other => (told, one),
    };
    let told = told.expect("an answer");
    told.refused(503, "busy");
    assert_eq!(told.header("retry-after"), Some("1"));
    stage.get("/livez", &[]).reply().await.ok(200);
    stage.get("/openapi.json", &[]).reply().await.ok(200);
    drop(release);
    waiting.await.expect("an answer").ok(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_is_unknown() {
    let bounds = Bounds { outcome_time: std::time::Duration::from_millis(100), ..Bounds::default() };
    let stage = Stage::with(StageOptions { bounds, ..StageOptions::default() }).await;
    let subscriber = stage.subscriber().await;
    stage.place("warm", &direct(&subscriber, 10_000)).await.ok(201);
    let release = stage.block().await;
    stage.place("one", &direct(&subscriber, 10_000)).await.refused(503, "outcome_unknown");
    drop(release);
    let again = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201);
    assert!(again.replayed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_one_failed_request() {
    let stage = Stage::start().await;
    stage.moods.panics.store(true, Ordering::SeqCst);
    let problem = stage.post("/v1/sweep", &[]).reply().await.refused(500, "internal");
    assert!(!problem.to_string().contains("panics"));
    stage.moods.panics.store(false, Ordering::SeqCst);
    stage.post("/v1/sweep", &[]).reply().await.ok(200);
}
