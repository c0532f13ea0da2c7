//! Statements add up to holdings, in JSON and CSV, in both languages, and say what they cannot show.

use crate::support::client::Sent;
use crate::support::{Person, Reply, Stage, direct};
use serde_json::{Value, json};

const MARCH: [(&str, &str); 2] = [("from", "2026-03-01"), ("until", "2026-03-31")];

fn statement(stage: &Stage, subscriber: &str) -> Sent {
    stage.get("/v1/subscribers/{id}/statement", &[subscriber])
}

/// A recharge, an order that settles and one that is withdrawn.
async fn history(stage: &Stage) -> (String, [String; 2]) {
    let subscriber = stage.subscriber().await;
    let lot = json!({"provenance": "self_paid", "amount_fen": 5_000});
    stage.post("/v1/subscribers/{id}/recharges", &[&subscriber]).key("more").json(&lot).reply().await.ok(201);
    let paid = stage.place("paid", &direct(&subscriber, 10_000)).await.ok(201).field("id");
    stage.finish().await;
    let withdrawn = stage.place("withdrawn", &direct(&subscriber, 20_000)).await.ok(201).field("id");
    stage.rest().await;
    stage.post("/v1/orders/{id}/cancel", &[&withdrawn]).key("cancel").reply().await.ok(200);
    stage.finish().await;
    (subscriber, [paid, withdrawn])
}

async fn holdings(stage: &Stage, subscriber: &str) -> (u64, String) {
    let held = stage.get("/v1/subscribers/{id}/holdings", &[subscriber]).reply().await.ok(200);
    (held.json()["total_fen"].as_u64().expect("a total"), held.position().to_string())
}

fn fen(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_else(|| panic!("{name} in {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_adds_up_to_what_is_held() {
    let stage = Stage::start().await;
    let (subscriber, [paid, withdrawn]) = history(&stage).await;
    let (held, position) = holdings(&stage, &subscriber).await;
    let asked = statement(&stage, &subscriber).query(&MARCH).header("Tongbao-Position", &position);
    let reply = asked.reply().await.ok(200);
    let shown = reply.json();
    assert_eq!((shown["as_of"].as_u64(), fen(&shown, "opening_fen")), (Some(reply.position()), 0), "{shown}");
    assert_eq!(fen(&shown, "closing_fen"), i64::try_from(held).expect("small"));
    assert_eq!(fen(&shown, "opening_fen") + fen(&shown, "in_fen") - fen(&shown, "out_fen"), fen(&shown, "closing_fen"));

    let movements = shown["movements"].as_array().expect("movements");
    let told: Vec<(&str, Option<&str>)> = movements
        .iter()
        .map(|movement| (movement["what"].as_str().expect("a word"), movement["order"].as_str()))
        .collect();
    let (paid, withdrawn) = (Some(paid.as_str()), Some(withdrawn.as_str()));
    let expected =
        [("recharged", None), ("recharged", None), ("ordered", paid), ("ordered", withdrawn), ("returned", withdrawn)];
    assert_eq!(told, expected);
    let mut balance = 0;
    for movement in movements {
        balance += fen(movement, "in_fen") - fen(movement, "out_fen");
        assert_eq!(fen(movement, "balance_fen"), balance, "{movement}");
    }
    // The fee of what came back is not due.
    assert!(fen(&movements[2], "fee_fen") > 0);
    assert_eq!(fen(&shown, "fee_fen"), fen(&movements[2], "fee_fen"));
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_cut_where_they_are_asked_for() {
    let stage = Stage::start().await;
    let (subscriber, _) = history(&stage).await;
    let (held, position) = holdings(&stage, &subscriber).await;
    let read = async |from: &str, until: &str| -> Value {
        let asked = statement(&stage, &subscriber).query(&[("from", from), ("until", until)]);
        asked.header("Tongbao-Position", &position).reply().await.ok(200).json()
    };
    let first = read("2026-03-03", "2026-03-03").await;
    let rest = read("2026-03-04", "2026-03-31").await;
    assert_eq!(rest["opening_fen"], first["closing_fen"]);
    assert_eq!(rest["closing_fen"].as_u64(), Some(held));
    assert_eq!(first["movements"][0]["day"], "2026-03-03");
    let later = read("2026-04-01", "2026-04-30").await;
    assert_eq!((later["opening_fen"].as_u64(), &later["movements"]), (Some(held), &json!([])));
    let before = read("2026-02-01", "2026-02-28").await;
    assert_eq!((before["closing_fen"].as_u64(), &before["movements"]), (Some(0), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_has_the_same_figures_in_the_language_asked_for() {
    let stage = Stage::start().await;
    let (subscriber, [paid, _]) = history(&stage).await;
    let (held, position) = holdings(&stage, &subscriber).await;
    let read = async |language: &str| -> Reply {
        let asked = statement(&stage, &subscriber).query(&MARCH).header("Tongbao-Position", &position);
        asked.header("Accept", "text/csv").header("Accept-Language", language).reply().await.ok(200)
    };
    let english = read("en").await;
    assert_eq!(english.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(english.position() >= position.parse().expect("a position"));
    let text = english.text();
    let rows: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 1 + 1 + 5 + 2, "{text}");
    assert_eq!(rows[0], "date,time,order,what,in_fen,out_fen,fee_fen,balance_fen");
    assert!(rows[4].contains(&format!(",{paid},ordered,0,")), "{text}");
    assert_eq!(rows[8], format!("2026-03-31,,,closing,,,,{held}"));
    let chinese = read("zh-CN").await.text();
    assert!(chinese.contains(&format!(",{paid},订单转出,0,")), "{chinese}");
    assert!(chinese.ends_with(&format!("2026-03-31,,,期末余额,,,,{held}\r\n")), "{chinese}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_statement_is_refused() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    for query in [
        &[][..],
        &[("from", "2026-03-01")],
        &[("until", "2026-03-01")],
        &[("from", "2026-03-02"), ("until", "2026-03-01")],
        &[("from", "2026-01-01"), ("until", "2027-01-02")],
        &[("from", "2026-02-30"), ("until", "2026-03-01")],
        &[("from", "2026-03-01"), ("until", "2026-03-31"), ("of", "all")],
    ] {
        statement(&stage, &subscriber).query(query).reply().await.refused(400, "malformed_request");
    }
    // A leap year is the most: 366 days.
    let year = [("from", "2028-01-01"), ("until", "2028-12-31")];
    statement(&stage, &subscriber).query(&year).reply().await.ok(200);
    for nobody in ["sub_00000000000000000000000000", "7"] {
        statement(&stage, nobody).query(&MARCH).reply().await.refused(404, "subscriber_unknown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_its_own_subscribers() {
    let stage = Stage::start().await;
    let (own, other) = (Person::adult(1), Person::adult(2));
    let subscriber = stage.register(&own, 100_000).await;
    let others = stage.register(&other, 100_000).await;
    let session = stage.subscriber_session(&own).await;
    let asked = |id: &str| session.sent(statement(&stage, id).query(&MARCH));
    let shown = asked(&subscriber).reply().await.ok(200).json();
    assert_eq!(fen(&shown, "closing_fen"), 100_000);
    asked(&others).reply().await.refused(404, "subscriber_unknown");
    statement(&stage, &subscriber).query(&MARCH).by_nobody().reply().await.refused(401, "credentials_missing");
}
