//! Lists follow the journal: callers see their own writes, pages do not overlap, timelines tell everything.

use crate::support::{Person, Stage, direct};
use serde_json::Value;
use std::collections::BTreeSet;

fn ids(page: &Value) -> Vec<String> {
    let orders = page["orders"].as_array().expect("orders");
    orders.iter().map(|order| order["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_reads_its_own_writes() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    for round in 0..20 {
        let placed = stage.place(&format!("k{round}"), &direct(&subscriber, 1_000)).await.ok(201);
        let position = placed.position().to_string();
        let asked = stage.get("/v1/orders", &[]);
        let asked = if round % 2 == 0 {
            asked.query(&[("min_position", &position)])
        } else {
            asked.header("Tongbao-Position", &position)
        };
        let page = asked.reply().await.ok(200);
        assert!(page.json()["as_of"].as_u64() >= Some(placed.position()));
        assert!(ids(&page.json()).contains(&placed.field("id")), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_nobody_was_told_is_not_waited_for() {
    let stage = Stage::start().await;
    for position in ["1000000", "18446744073709551615"] {
        let asked = stage.get("/v1/orders", &[]).query(&[("min_position", position)]).reply().await;
        asked.refused(400, "malformed_request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_order_once_and_filters_fit() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let other = stage.register(&Person::adult(2), 100_000).await;
    let mut placed = BTreeSet::new();
    let mut position = 0;
    for round in 0..7 {
        let whose = if round == 3 { &other } else { &subscriber };
        let amount = if round == 5 { 1 } else { 1_000 };
        let reply = stage.place(&format!("k{round}"), &direct(whose, amount)).await;
        position = reply.position();
        placed.insert(reply.field(if round == 5 { "order" } else { "id" }));
    }
    let position = position.to_string();
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut query = vec![("limit", "3"), ("min_position", &position)];
        if let Some(after) = &after {
            query.push(("after", after));
        }
        let page = stage.get("/v1/orders", &[]).query(&query).reply().await.ok(200).json();
        seen.extend(ids(&page));
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert!(seen.is_sorted_by(|newer, older| newer > older));
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), placed);

    let list = |filter: [(&'static str, String); 1]| {
        let [(name, value)] = filter;
        stage.get("/v1/orders", &[]).query(&[(name, &value)]).reply()
    };
    assert_eq!(ids(&list([("subscriber", other)]).await.ok(200).json()).len(), 1);
    let declined = list([("state", "declined".to_owned())]).await.ok(200).json();
    assert_eq!((ids(&declined).len(), declined["orders"][0]["refusal"].as_str()), (1, Some("amount_too_small")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_does_not_fit_names_the_parameter() {
    let stage = Stage::start().await;
    for (name, value, param) in [
        ("state", "lost", "state"),
        ("subscriber", "ord_1", "subscriber"),
        ("limit", "0", "limit"),
        ("limit", "1001", "limit"),
        ("limit", "ten", "limit"),
        ("after", "x", "after"),
        ("min_position", "-1", "min_position"),
        ("colour", "red", ""),
    ] {
        let refused = stage.get("/v1/orders", &[]).query(&[(name, value)]).reply().await;
        assert_eq!(refused.refused(400, "malformed_request")["param"], param, "{name}={value}");
    }
    stage
        .get("/v1/orders", &[])
        .query(&[("limit", "1"), ("limit", "2")])
        .reply()
        .await
        .refused(400, "malformed_request");
    stage.get("/v1/orders", &[]).header("Tongbao-Position", "x").reply().await.refused(400, "malformed_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_tells_every_step_and_posting() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let id = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201).field("id");
    stage.finish().await;
    let timeline = stage.get("/v1/orders/{id}/timeline", &[&id]).reply().await.ok(200).json();
    let records = timeline["records"].as_array().expect("records");
    assert_eq!(records[0]["channel"], "http");
    let facts: Vec<&Value> = records.iter().flat_map(|record| record["facts"].as_array().expect("facts")).collect();
    let texts: Vec<&str> = facts.iter().filter_map(|fact| fact["text"].as_str()).collect();
    assert_eq!(texts[0], "admitted: direct of 10000, pays 96.00 CNY on 2026-03-04");
    for wanted in ["reserve_airtime at CTCC is sent, attempt 1", "pay_out at BANK is done: 96.00", "settled (planned)"]
    {
        assert!(texts.iter().any(|text| text.starts_with(wanted)), "{wanted}: {texts:#?}");
    }
    assert!(texts.iter().all(|text| !text.is_empty()), "{texts:#?}");
    let chinese = stage.get("/v1/orders/{id}/timeline", &[&id]).header("Accept-Language", "zh-CN").reply().await;
    let chinese = chinese.ok(200).text();
    for wanted in [
        "已受理：官方渠道直连 10000，2026-03-04 到账 96.00 元",
        "CTCC 预留话费 已发出，第 1 次尝试",
        "已结清（按计划）",
    ] {
        assert!(chinese.contains(wanted), "{wanted}: {chinese}");
    }
    let postings: Vec<&Value> = facts.iter().flat_map(|fact| fact["postings"].as_array().expect("postings")).collect();
    assert!(postings.iter().all(|p| p["debit"] != "" && p["credit"] != "" && p["asset"] != ""), "{postings:#?}");
    let paid =
        postings.iter().any(|p| p["kind"] == "post_hold" && p["credit"] == "reserve:bank" && p["amount"] == 9_600);
    assert!(paid, "{postings:#?}");
    let sequences: Vec<u64> = records.iter().filter_map(|record| record["sequence"].as_u64()).collect();
    assert!(sequences.is_sorted_by(|one, next| one < next) && !timeline["more"].as_bool().expect("a word"));
}
