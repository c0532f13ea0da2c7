//! Placing, looking at and withdrawing orders.

use crate::support::{Person, Stage, direct};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_placed_taken_and_paid() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let placed = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201);
    let body = placed.json();
    assert_eq!(body["state"], "created");
    assert_eq!(body["payout_fen"].as_u64().expect("fen") + body["fee_fen"].as_u64().expect("fen"), 10_000);
    assert_eq!(body["arrives_on"], "2026-03-04");
    let id = placed.field("id");
    assert_eq!(placed.header("location"), Some(format!("/v1/orders/{id}").as_str()));
    assert!(placed.position() > 0);

    stage.finish().await;
    let order = stage.get("/v1/orders/{id}", &[&id]).reply().await.ok(200).json();
    assert_eq!(order["state"], "settled", "{order}");
    let done: Vec<&str> =
        order["steps"].as_array().expect("steps").iter().filter_map(|s| s["state"].as_str()).collect();
    assert_eq!(done, ["done", "done", "done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_an_order_with_a_code_a_detail_and_a_hint() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let rows = [
        ("small", 999, "amount_too_small", "amount_too_small: 9.99 CNY asked, 10.00 CNY allowed", "ask for 10.00 CNY"),
        (
            "large",
            500_001,
            "amount_too_large",
            "amount_too_large: 5,000.01 CNY asked, 5,000.00 CNY allowed",
            "ask for 5,000.00 CNY",
        ),
        (
            "dear",
            100_001,
            "balance_insufficient",
            "balance_insufficient: 1,000.00 CNY convertible, 1,000.01 CNY needed",
            "at most 1,000.00 CNY can leave, any fee on top included",
        ),
    ];
    for (key, amount, code, detail, hint) in rows {
        let refused = stage.place(key, &direct(&subscriber, amount)).await;
        let body = refused.refused(422, code);
        assert_eq!((body["detail"].as_str(), body["hint"].as_str()), (Some(detail), Some(hint)));
        let order = refused.field("order");
        let kept = stage.get("/v1/orders/{id}", &[&order]).reply().await.ok(200).json();
        assert_eq!((kept["state"].as_str(), kept["refusal"].as_str()), (Some("declined"), Some(code)));
    }
    let elsewhere = json!({"subscriber": subscriber, "product": "direct", "amount": 10_000, "channel_province": "41"});
    let body = stage.place("elsewhere", &elsewhere).await.refused(422, "out_of_province");
    assert_eq!(body["hint"], "use province 44");
    let gift = json!({"subscriber": subscriber, "product": "gift", "amount": 10_000, "target": "13300040001"});
    stage.place("gift", &gift).await.refused(422, "receiver_not_eligible");
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_and_hints_are_spoken_in_chinese_when_asked() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let asked = stage.post("/v1/orders", &[]).key("zh").header("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.1");
    let refused = asked.json(&direct(&subscriber, 999)).reply().await;
    let body = refused.refused(422, "amount_too_small");
    assert_eq!((body["title"].as_str(), body["hint"].as_str()), (Some("金额过小"), Some("请改为 10.00 元")));
    assert_eq!(refused.header("content-language"), Some("zh-CN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_an_order_names_the_field() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let order = |amount: &str, rest: &str| {
        format!(r#"{{"subscriber":"{subscriber}","product":"direct","amount":{amount}{rest}}}"#)
    };
    let rows = [
        (order("1.5", ""), "/amount"),
        (order("1e3", ""), "/amount"),
        (order("-1", ""), "/amount"),
        (order("0", ""), "/amount"),
        (order("9007199254740993", ""), "/amount"),
        (order("\"100\"", ""), "/amount"),
        (order("null", ""), "/amount"),
        (order("1000", r#","speed":"fast""#), "/speed"),
        (order("1000", r#","channel_province":"4""#), "/channel_province"),
        (order("1000", r#","channel_province":"99""#), "/channel_province"),
        (order("1000", r#","quote":"bm8=""#), "/quote"),
        (order("1000", r#","quote":7"#), "/quote"),
        (r#"{"product":"direct","amount":1000}"#.to_owned(), "/subscriber"),
        (
            r#"{"subscriber":"per_00000000000000000000000000","product":"direct","amount":1000}"#.to_owned(),
            "/subscriber",
        ),
        (format!(r#"{{"subscriber":"{subscriber}","product":"gold","amount":1000}}"#), "/product"),
        ("[]".to_owned(), ""),
        ("7".to_owned(), ""),
    ];
    for (body, param) in rows {
        let refused = stage.post("/v1/orders", &[]).key("same").text("application/json", body.clone()).reply().await;
        let problem = refused.refused(400, "malformed_request");
        assert_eq!(problem["param"], param, "{body}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("allowed: ")), "{problem}");
    }
    // None of them burnt the key.
    stage.place("same", &direct(&subscriber, 10_000)).await.ok(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_there_is_said() {
    let stage = Stage::start().await;
    let nobody = "sub_00000000000000000000000000";
    stage.place("nobody", &direct(nobody, 10_000)).await.refused(404, "subscriber_unknown");
    for id in ["ord_00000000000000000000000000", "7", "%FF"] {
        stage.get("/v1/orders/{id}", &[id]).reply().await.refused(404, "order_unknown");
        stage.get("/v1/orders/{id}/timeline", &[id]).reply().await.refused(404, "order_unknown");
        stage.post("/v1/orders/{id}/cancel", &[id]).key("c").reply().await.refused(404, "order_unknown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_withdrawn_until_it_is_paid() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let id = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201).field("id");
    stage.rest().await;
    let cancel = |key: &'static str| stage.post("/v1/orders/{id}/cancel", &[&id]).key(key);
    let first = cancel("c1").reply().await.ok(200);
    assert!(!first.replayed());
    let again = cancel("c1").json(&json!({})).reply().await.ok(200);
    assert!(again.replayed());
    assert_eq!(first.bytes, again.bytes);
    stage.finish().await;
    let order = stage.get("/v1/orders/{id}", &[&id]).reply().await.ok(200).json();
    assert_eq!((order["state"].as_str(), order["cause"].as_str()), (Some("refunded"), Some("cancelled")), "{order}");

    let paid = stage.place("two", &direct(&subscriber, 10_000)).await.ok(201).field("id");
    stage.finish().await;
    let late = stage.post("/v1/orders/{id}/cancel", &[&paid]).key("c2").reply().await;
    late.refused(409, "not_cancellable");
    cancel("c3").json(&json!({"reason": "so"})).reply().await.refused(400, "malformed_request");
    stage.post("/v1/orders/{id}/cancel", &[&paid]).reply().await.refused(400, "idempotency_key_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_without_a_card_is_refused_where_money_is_paid_out() {
    let stage = Stage::start().await;
    let mut body = Person::adult(2).body(100_000);
    body.as_object_mut().expect("an object").remove("own_card");
    let registered = stage.post("/v1/subscribers", &[]).key("r").json(&body).reply().await.ok(201);
    assert_eq!(registered.json()["own_card"], json!(null));
    let refused = stage.place("o", &direct(&registered.field("id"), 10_000)).await;
    refused.refused(422, "instrument_not_own");
}
