//! A campaign from its adoption by two people to the last fen of its budget, over HTTP.

use crate::support::{Person, Stage, direct};
use serde_json::{Value, json};

/// 1% of the amount, up to 2.00 CNY; the budget pays three rewards of 1.00 CNY.
const CAMPAIGNS: &str = r#"
[about]
source = "a test"
effective_from = "2015-01-01"

[[campaign]]
number = 7
name = "spring"
title = { zh = "春季赠话费", en = "Spring airtime" }
products = ["direct"]
telcos = ["CTCC"]
provinces = ["44"]
valid_from = "2026-03-01"
valid_to = "2026-03-31"
least_amount = 5_000
gives = { ppm = 10_000, most_fen = 200 }
usable_days_after_arrival = 3
budget_fen = 300
person_most_fen = 200
person_most_orders = 2
review_above = 1
"#;

async fn adopt(stage: &Stage) {
    let body = json!({"policy": {"campaigns.toml": CAMPAIGNS}, "why": "the spring offer"});
    let proposal = stage.post("/v1/approvals", &[]).by(stage.key_of("li")).json(&body);
    let id = proposal.reply().await.ok(201).field("id");
    let approval = stage.post("/v1/approvals/{id}/{act}", &[&id, "approve"]).by(stage.key_of("wang"));
    approval.json(&json!({"why": "looked at"})).reply().await.ok(200);
}

async fn quote(stage: &Stage, subscriber: &str) -> Value {
    stage.post("/v1/quotes", &[]).json(&direct(subscriber, 10_000)).reply().await.ok(200).json()
}

fn taking(subscriber: &str, quote: &Value) -> Value {
    let mut order = direct(subscriber, 10_000);
    order["quote"] = quote["quote"].clone();
    order
}

async fn campaign(stage: &Stage) -> Value {
    stage.get("/v1/campaigns/{number}", &["7"]).reply().await.ok(200).json()
}

fn figures(campaign: &Value) -> [Option<u64>; 5] {
    ["reserved_fen", "used_fen", "left_fen", "orders", "persons"].map(|field| campaign["campaign"][field].as_u64())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reward_is_shown_accepted_granted_and_counted() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    assert_eq!(quote(&stage, &subscriber).await["reward"], Value::Null, "the shipped campaign is over");
    adopt(&stage).await;
    let quoted = quote(&stage, &subscriber).await;
    let reward = &quoted["reward"];
    assert_eq!((&reward["campaign"], &reward["amount_fen"]), (&json!(7), &json!(100)));
    assert_eq!(reward["title"], json!({"zh": "春季赠话费", "en": "Spring airtime"}));
    assert_eq!((&quoted["arrives_on"], &reward["usable_from"]), (&json!("2026-03-04"), &json!("2026-03-07")));
    let condition = &reward["condition"];
    assert!(
        condition["zh"].as_str().is_some_and(|text| text.contains("自 2026-03-07 起可使用 1.00 元话费")),
        "{condition}"
    );
    assert!(condition["en"].as_str().is_some_and(|text| text.starts_with("1.00 CNY of airtime")), "{condition}");

    let body = taking(&subscriber, &quoted);
    let placed = stage.place("one", &body).await.ok(201);
    assert_eq!(placed.json()["reward"], json!({"campaign": 7, "amount_fen": 100, "usable_from": "2026-03-07"}));
    let replayed = stage.place("one", &body).await.ok(201);
    assert!(replayed.replayed() && replayed.bytes == placed.bytes, "{}", replayed.text());
    let id = placed.field("id");
    let order = async || stage.get("/v1/orders/{id}", &[&id]).reply().await.ok(200).json();
    assert_eq!(order().await["reward"]["state"], "promised");
    assert_eq!(figures(&campaign(&stage).await), [Some(100), Some(0), Some(200), Some(1), Some(1)]);

    stage.finish().await;
    let ended = order().await;
    assert_eq!((&ended["state"], &ended["reward"]["state"]), (&json!("settled"), &json!("usable")));
    assert_eq!(figures(&campaign(&stage).await), [Some(0), Some(100), Some(200), Some(1), Some(1)]);
    let holdings = stage.get("/v1/subscribers/{id}/holdings", &[&subscriber]).reply().await.ok(200).json();
    let origins = holdings["by_provenance"].as_array().expect("origins");
    let given = origins.iter().find(|origin| origin["provenance"] == "promotional").expect("granted");
    assert_eq!((&given["amount_fen"], &given["convertible_fen"]), (&json!(100), &json!(0)));
    let timeline = stage.get("/v1/orders/{id}/timeline", &[&id]).reply().await.ok(200).text();
    assert!(timeline.contains("campaign `spring` gives 1.00 CNY of airtime from 2026-03-07 on"), "{timeline}");
    assert!(timeline.contains("grant_reward at CTCC") && timeline.contains("promotion:7"), "{timeline}");
    let balance = stage.get("/v1/ledger/trial-balance", &[]).reply().await.ok(200).json();
    assert_eq!(balance["balanced"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shown_reward_comes_whole_or_the_order_is_refused() {
    let mut stage = Stage::start().await;
    adopt(&stage).await;
    let mut offers = Vec::new();
    for serial in 1..=4 {
        let subscriber = stage.register(&Person::adult(serial), 100_000).await;
        let quoted = quote(&stage, &subscriber).await;
        assert_eq!(quoted["reward"]["amount_fen"], 100, "quotes reserve nothing");
        offers.push((subscriber, quoted));
    }
    let keys = ["a", "b", "c", "d"];
    let bodies: Vec<Value> = offers.iter().map(|(subscriber, quoted)| taking(subscriber, quoted)).collect();
    let place = |at: usize| stage.place(keys[at], &bodies[at]);
    let (a, b, c, d) = tokio::join!(place(0), place(1), place(2), place(3));
    let statuses = [a.status, b.status, c.status, d.status];
    let refused: Vec<usize> = (0..4).filter(|at| statuses[*at] == 422).collect();
    assert_eq!((refused.len(), statuses.iter().filter(|status| **status == 201).count()), (1, 3), "{statuses:?}");
    stage = stage.restart().await;
    let (at, body) = (refused[0], &bodies[refused[0]]);
    let (subscriber, key) = (&offers[at].0, keys[at]);
    let problem = stage.place(key, body).await.refused(422, "reward_unavailable");
    assert_eq!(problem["detail"], "reward_unavailable: 1.00 CNY shown, 0.00 CNY left");
    let chinese = stage.post("/v1/orders", &[]).key(key).header("Accept-Language", "zh").json(body).reply().await;
    let chinese = chinese.refused(422, "reward_unavailable");
    assert_eq!(chinese["title"], "报价所列优惠已不可享受，未扣款");
    let holdings = stage.get("/v1/subscribers/{id}/holdings", &[subscriber]).reply().await.ok(200).json();
    assert_eq!(holdings["total_fen"], 100_000, "nothing was taken");
    let again = quote(&stage, subscriber).await;
    assert_eq!(again["reward"], Value::Null);
    stage.place("e", &taking(subscriber, &again)).await.ok(201);
    assert_eq!(figures(&campaign(&stage).await), [Some(300), Some(0), Some(0), Some(3), Some(3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_accounts_of_one_are_seen_and_nobody_is_named() {
    let stage = Stage::start().await;
    adopt(&stage).await;
    let people: Vec<Person> = (1..=3).map(|at| Person { card: Person::adult(1).card, ..Person::adult(at) }).collect();
    for (person, device) in people.iter().zip(["phone-a", "phone-a", "phone-b"]) {
        let subscriber = stage.register(person, 100_000).await;
        let body = taking(&subscriber, &quote(&stage, &subscriber).await);
        let order = stage.post("/v1/orders", &[]).key(&person.msisdn).header("X-Device", device).json(&body);
        order.reply().await.ok(201);
    }
    let shown = campaign(&stage).await;
    let clusters = shown["clusters"].as_array().expect("clusters");
    let told: Vec<_> = clusters.iter().map(|one| (one["shares"].as_str(), one["persons"].as_u64())).collect();
    assert_eq!(told, [(Some("card"), Some(3)), (Some("number_block"), Some(3)), (Some("device"), Some(2))]);
    let text = shown.to_string();
    for secret in people.iter().flat_map(Person::secrets).chain(["phone-a", "1330004"]) {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_are_listed_with_where_they_stand() {
    let stage = Stage::start().await;
    let list = stage.get("/v1/campaigns", &[]).reply().await.ok(200).json();
    let shipped = &list["campaigns"][0];
    assert_eq!((&shipped["name"], &shipped["state"]), (&json!("spring_festival_2026"), &json!("over")));
    adopt(&stage).await;
    let list = stage.get("/v1/campaigns", &[]).reply().await.ok(200).json();
    assert_eq!(list["campaigns"].as_array().map(Vec::len), Some(1));
    let row = &list["campaigns"][0];
    assert_eq!(
        (&row["state"], &row["account"], &row["telcos"]),
        (&json!("running"), &json!("promotion:7"), &json!(["CTCC"]))
    );
    assert_eq!(
        (&row["provinces"], &row["gives_ppm"], &row["gives_fen"]),
        (&json!(["44"]), &json!(10_000), &json!(200))
    );
    for number in ["1", "8", "x", "65536"] {
        stage.get("/v1/campaigns/{number}", &[number]).reply().await.refused(404, "campaign_unknown");
    }
}
