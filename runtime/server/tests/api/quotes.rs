//! Quotes fix a price for a while, once.

use crate::support::{Person, Stage, direct};
use serde_json::{Value, json};

async fn quote(stage: &Stage, subscriber: &str, amount: u64) -> Value {
    stage.post("/v1/quotes", &[]).json(&direct(subscriber, amount)).reply().await.ok(200).json()
}

fn taking(order: Value, quote: &Value) -> Value {
    let mut order = order;
    order["quote"] = quote["quote"].clone();
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_takes_the_price_of_its_quote_once() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let quoted = quote(&stage, &subscriber, 10_000).await;
    assert_eq!(quoted["expires_at"].as_str().map(|text| &text[..16]), Some("2026-03-03T10:05"));
    let body = taking(direct(&subscriber, 10_000), &quoted);
    let placed = stage.place("one", &body).await.ok(201).json();
    for field in ["fee_fen", "fee_lines", "payout_fen", "arrives_on", "policy"] {
        assert_eq!(placed[field], quoted[field], "{field}");
    }
    assert_eq!(placed["quote"], quoted["id"]);
    stage.place("two", &body).await.refused(422, "quote_used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_expires_and_fits_one_order_only() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let other = stage.register(&Person::adult(2), 100_000).await;
    let quoted = quote(&stage, &subscriber, 10_000).await;
    for (key, order) in [("a", direct(&subscriber, 10_001)), ("b", direct(&other, 10_000))] {
        let refused = stage.place(key, &taking(order, &quoted)).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.field("order").starts_with("ord_"));
    }
    stage.rest().await;
    stage.post("/v1/clock/advance", &[]).json(&json!({"by_ms": 301_000})).reply().await.ok(200);
    let late = stage.place("late", &taking(direct(&subscriber, 10_000), &quoted)).await;
    late.refused(422, "quote_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_quote_is_malformed_and_burns_no_key() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let quoted = quote(&stage, &subscriber, 10_000).await;
    let text = quoted["quote"].as_str().expect("a quote");
    let forged = format!("{}{}", if text.starts_with('A') { "B" } else { "A" }, &text[1..]);
    let body = taking(direct(&subscriber, 10_000), &json!({"quote": forged}));
    let problem = stage.place("one", &body).await.refused(400, "malformed_request");
    assert_eq!(problem["param"], "/quote");
    stage.place("one", &taking(direct(&subscriber, 10_000), &quoted)).await.ok(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_is_refused_for_what_an_order_would_be() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let ask = |body: Value| stage.post("/v1/quotes", &[]).json(&body).reply();
    let problem = ask(direct(&subscriber, 999)).await.refused(422, "amount_too_small");
    assert_eq!(problem["hint"], "ask for 10.00 CNY");
    assert!(problem["order"].is_null() && problem["request_id"].is_string());
    ask(direct("sub_00000000000000000000000000", 1_000)).await.refused(404, "subscriber_unknown");
    let mut with_quote = direct(&subscriber, 10_000);
    with_quote["quote"] = json!("x");
    ask(with_quote).await.refused(400, "malformed_request");
}
