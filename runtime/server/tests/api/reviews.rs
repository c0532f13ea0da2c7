//! Orders that a reviewer looks at before anybody is asked.

use crate::support::{Person, Stage, direct, msisdn};
use serde_json::json;

const FROM: u64 = 200_000;

fn henan() -> Person {
    Person { msisdn: msisdn("1330090", 7), ..Person::adult(7) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_order_in_henan_waits_for_a_reviewer_and_then_runs() {
    let stage = Stage::start().await;
    let subscriber = stage.register(&henan(), 1_000_000).await;
    let placed = stage.place("one", &direct(&subscriber, FROM)).await.ok(201);
    let id = placed.field("id");
    let waiting = stage.get("/v1/orders", &[]).query(&[("state", "in_review")]);
    let position = placed.position().to_string();
    let waiting = waiting.header("Tongbao-Position", &position).reply().await.ok(200).json();
    assert_eq!(waiting["orders"][0]["id"], id, "{waiting}");
    let approve = json!({"verdict": "approved", "reason": "documents compared"});
    let review =
        |body: &serde_json::Value| stage.post("/v1/orders/{id}/review", &[&id]).by(stage.key_of("house")).json(body);
    review(&json!({"verdict": "perhaps", "reason": "x"})).reply().await.refused(400, "malformed_request");
    review(&json!({"verdict": "approved"})).reply().await.refused(400, "malformed_request");
    // Whoever sells does not review.
    stage
        .post("/v1/orders/{id}/review", &[&id])
        .by(stage.key_of("app"))
        .json(&approve)
        .reply()
        .await
        .refused(403, "not_permitted");
    let reviewed = review(&approve).reply().await.ok(200);
    assert_eq!(reviewed.field("verdict"), "approved");
    review(&approve).reply().await.refused(409, "not_in_review");
    stage.finish().await;
    let order = stage.get("/v1/orders/{id}", &[&id]).reply().await.ok(200).json();
    assert_eq!(order["state"], "settled", "{order}");
    let timeline = stage.get("/v1/orders/{id}/timeline", &[&id]).header("accept-language", "zh").reply().await;
    assert!(timeline.text().contains("人工审核：通过"), "{}", timeline.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_order_took_nothing() {
    let stage = Stage::start().await;
    let subscriber = stage.register(&henan(), 1_000_000).await;
    let id = stage.place("one", &direct(&subscriber, FROM)).await.ok(201).field("id");
    let reject = json!({"verdict": "rejected", "reason": "documents do not match"});
    stage.post("/v1/orders/{id}/review", &[&id]).by(stage.key_of("house")).json(&reject).reply().await.ok(200);
    let order = stage.get("/v1/orders/{id}", &[&id]).reply().await.ok(200).json();
    assert_eq!((&order["state"], &order["cause"]), (&json!("declined"), &json!("review_rejected")), "{order}");
    // What it counted is free again.
    stage.place("two", &direct(&subscriber, FROM)).await.ok(201);
    let nobody = "ord_00000000000000000000000000";
    stage
        .post("/v1/orders/{id}/review", &[nobody])
        .by(stage.key_of("house"))
        .json(&reject)
        .reply()
        .await
        .refused(404, "order_unknown");
}
