//! The test clock, and that it is nowhere else.

use crate::support::{Stage, StageOptions, direct};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_moves_to_what_is_due_and_only_at_rest() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    stage.rest().await;
    let advance = |body| stage.post("/v1/clock/advance", &[]).json(&body).reply();
    let nothing = advance(json!({"to": "next_due"})).await.ok(200).json();
    assert_eq!((nothing["idle"].as_bool(), nothing["advanced"].as_bool()), (Some(true), Some(false)));
    assert!(nothing["next_due_ms"].is_null());

    stage.place("one", &direct(&subscriber, 10_000)).await.ok(201);
    stage.rest().await;
    let look = stage.get("/v1/clock", &[]).reply().await.ok(200).json();
    assert_eq!((look["idle"].as_bool(), look["trusted"].as_bool()), (Some(true), Some(true)));
    let due = look["next_due_ms"].as_u64().expect("the payout");
    let moved = advance(json!({"to": "next_due"})).await.ok(200).json();
    assert_eq!((moved["advanced"].as_bool(), moved["next_due_ms"].as_u64()), (Some(true), Some(due)));
    assert!(moved["now_ms"].as_u64() >= Some(due));

    stage.rest().await;
    let by = advance(json!({"by_ms": 5_000})).await.ok(200).json();
    assert!(by["now_ms"].as_u64() >= moved["now_ms"].as_u64().map(|now| now + 5_000));
    for body in [json!({}), json!({"to": "noon"}), json!({"by_ms": 0}), json!({"to": "next_due", "by_ms": 1})] {
        advance(body).await.refused(400, "malformed_request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_read_when_asked() {
    let stage = Stage::start().await;
    let swept = stage.post("/v1/sweep", &[]).reply().await.ok(200).json();
    assert_eq!(swept["read"], facts::Partner::ALL.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_test_clock_there_are_no_such_routes() {
    let stage = Stage::with(StageOptions { test_clock: false, ..StageOptions::default() }).await;
    stage.get("/v1/clock", &[]).reply().await.refused(404, "route_unknown");
    stage.post("/v1/sweep", &[]).reply().await.refused(404, "route_unknown");
    let advance = stage.post("/v1/clock/advance", &[]).json(&json!({"by_ms": 1})).reply().await;
    advance.refused(404, "route_unknown");
}
