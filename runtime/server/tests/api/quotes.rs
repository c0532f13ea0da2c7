//! Quotes fix a price for a while, once.

use crate::support::{Person, Stage, direct, msisdn};
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

#[tokio::test(flavor = "multi_thread")]
async fn every_product_of_an_order_file_is_priced_or_refused_as_in_a_file() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let mut body = person.body(100_000);
    body["credit_card"] = json!("cc_000001");
    let registered = stage.post("/v1/subscribers", &[]).key("r").json(&body).reply().await.ok(201);
    assert!(registered.field("credit_card").ends_with("0001"));
    let (subscriber, other, stranger) = (registered.field("id"), Person::adult(2), msisdn("1341000", 9));
    stage.register(&other, 1).await;
    let ask = |product: &str, amount: u64, more: Value| {
        let mut body = direct(&subscriber, amount);
        body["product"] = json!(product);
        more.as_object().expect("members").iter().for_each(|(name, value)| body[name] = value.clone());
        stage.post("/v1/quotes", &[]).json(&body).reply()
    };
    let none = json!({});
    for (product, amount, more, fee, payout) in [
        ("direct", 10_000, json!({"instrument": person.card}), 400, 9_600),
        ("gift", 10_000, json!({"target": other.msisdn}), 100, 10_000),
        ("gift", 10_000, json!({"target": stranger, "instrument": "ignored"}), 100, 10_000),
        ("points", 1_001, json!({"instrument": "cc_000001"}), 0, 1_501),
        ("points", 1_001, none.clone(), 0, 1_501),
    ] {
        let quoted = ask(product, amount, more).await.ok(200).json();
        assert_eq!((&quoted["fee_fen"], &quoted["payout_fen"]), (&json!(fee), &json!(payout)), "{product}: {quoted}");
    }
    for (product, amount, more, code) in [
        ("direct", 10_000, json!({"instrument": "cc_000001"}), "instrument_not_own"),
        // A file presumes the recharge; here it is looked up.
        ("refund", 10_000, json!({"instrument": "paid:p1;to:p1"}), "recharge_unknown"),
        ("agent", 10_000, json!({"instrument": "cc_000001"}), "instrument_not_own"),
        ("agent", 10_000, json!({"instrument": person.card}), "product_not_offered"),
        ("refund", 10, none.clone(), "instrument_not_own"),
        ("refund", 10, json!({"instrument": "paid:p1;to:p2"}), "instrument_not_own"),
        ("refund", 10, json!({"instrument": "paid:p1;to:p1"}), "amount_too_small"),
        ("points", 1, json!({"instrument": person.card}), "instrument_not_own"),
        ("gift", 1, json!({"target": person.msisdn}), "receiver_not_eligible"),
        ("gift", 1, json!({"target": "+8613300040002"}), "receiver_not_eligible"),
        ("gift", 1, json!({"target": "16212010001"}), "receiver_not_eligible"),
        ("gift", 1, json!({"target": other.msisdn}), "amount_too_small"),
    ] {
        ask(product, amount, more.clone()).await.refused(422, code);
    }
    let problem = ask("gift", 10_000, none).await.refused(400, "malformed_request");
    assert_eq!(problem["param"], "/target");
}
