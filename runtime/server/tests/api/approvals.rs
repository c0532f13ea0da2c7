//! A policy is changed by two people, decides from its approval on, and survives a restart.

use crate::support::client::Reply;
use crate::support::{Stage, direct};
use serde_json::{Value, json};

const MAKER: &str = "li";
const CHECKER: &str = "wang";

fn fees(stage_fees: &str) -> Value {
    json!({"fees.toml": stage_fees.replace("CTCC = 40_000", "CTCC = 35_000")})
}

async fn current(stage: &Stage) -> Value {
    stage.get("/v1/policies/{version}", &["current"]).reply().await.ok(200).json()
}

async fn cheaper(stage: &Stage) -> Value {
    let current = current(stage).await;
    fees(current["files"]["fees.toml"].as_str().expect("a file"))
}

async fn propose(stage: &Stage, body: &Value) -> Reply {
    stage.post("/v1/approvals", &[]).by(stage.key_of(MAKER)).json(body).reply().await
}

async fn act(stage: &Stage, id: &str, act: &str, by: &str) -> Reply {
    stage
        .post("/v1/approvals/{id}/{act}", &[id, act])
        .by(stage.key_of(by))
        .json(&json!({"why": "looked at"}))
        .reply()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_change_a_price_and_a_restart_keeps_it() {
    let mut stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let before = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201).json();
    let policy = cheaper(&stage).await;
    let proposed = propose(&stage, &json!({"policy": policy, "why": "the contract of 2027"})).await.ok(201).json();
    assert_eq!(proposed["changes"], json!(["fees.toml, telco_ppm.CTCC: 40000 -> 35000"]));
    assert_eq!((&proposed["state"], &proposed["instead_of"]), (&json!("proposed"), &before["policy"]));
    let id = proposed["id"].as_str().expect("an id").to_owned();
    act(&stage, &id, "approve", MAKER).await.refused(403, "maker_cannot_check");
    assert_eq!(act(&stage, &id, "review", CHECKER).await.ok(200).json()["state"], "reviewed");
    let approved = act(&stage, &id, "approve", CHECKER).await.ok(200).json();
    assert_eq!((&approved["state"], approved["acts"].as_array().map(Vec::len)), (&json!("approved"), Some(2)));
    act(&stage, &id, "withdraw", MAKER).await.refused(409, "approval_in_effect");
    assert_eq!(stage.get("/v1/approvals/{id}", &[&id]).reply().await.ok(200).json(), approved);
    let after = stage.place("two", &direct(&subscriber, 10_000)).await.ok(201).json();
    assert_eq!((&before["fee_fen"], &after["fee_fen"]), (&json!(400), &json!(350)));
    assert_eq!(after["policy"], proposed["policy"]);
    stage = stage.restart().await;
    let later = stage.place("three", &direct(&subscriber, 10_000)).await.ok(201).json();
    assert_eq!(later["fee_fen"], 350);
    let policies = stage.get("/v1/policies", &[]).reply().await.ok(200).json();
    assert_eq!((&policies["in_force"], &policies["shipped"]), (&proposed["policy"], &before["policy"]));
    assert_eq!(policies["adopted"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_or_changes_nothing_is_not_proposed() {
    let stage = Stage::start().await;
    let ask = |policy: Value| json!({"policy": policy, "why": "a test"});
    let now = current(&stage).await;
    let fees = now["files"]["fees.toml"].as_str().expect("a file").to_owned();
    propose(&stage, &ask(json!({"fees.toml": fees}))).await.refused(422, "policy_unchanged");
    let dear = fees.replace("CTCC = 40_000", "CTCC = 400_000");
    let faulty = propose(&stage, &ask(json!({"fees.toml": dear}))).await;
    faulty.refused(422, "policy_faulty");
    for body in [ask(json!({})), ask(json!({"prices.toml": ""})), ask(json!("x")), json!({"why": "x"}), json!({})] {
        propose(&stage, &body).await.refused(400, "malformed_request");
    }
    let policy = cheaper(&stage).await;
    let nameless = stage.post("/v1/approvals", &[]).by_nobody().json(&ask(policy.clone())).reply().await;
    nameless.refused(401, "credentials_missing");
    let past = json!({"policy": policy, "why": "x", "expires_at": "2020-01-01T00:00:00+08:00"});
    propose(&stage, &past).await.refused(400, "malformed_request");
    let list = stage.get("/v1/approvals", &[]).reply().await.ok(200).json();
    assert_eq!(list, json!([]));
    act(&stage, "apr_00000000000000000000000000", "approve", CHECKER).await.refused(404, "approval_unknown");
    stage.get("/v1/policies/{version}", &["0123"]).reply().await.refused(404, "policy_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_decides_expires_at_its_moment_and_not_at_the_next_act() {
    let stage = Stage::start().await;
    let policy = cheaper(&stage).await;
    let body = json!({"policy": policy, "why": "in a hurry", "expires_at": "2026-03-03T12:00:00+08:00"});
    let id = propose(&stage, &body).await.ok(201).field("id");
    let advance = |to: &str| stage.post("/v1/clock/advance", &[]).json(&json!({"to": to})).reply();
    stage.rest().await;
    advance("next_due").await.ok(200);
    let mut change = Value::Null;
    for _ in 0..400 {
        change = stage.get("/v1/approvals/{id}", &[&id]).reply().await.ok(200).json();
        if change["state"] == "expired" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(change["state"], "expired", "{change}");
    let act_of_clock = &change["acts"][0];
    assert_eq!((&act_of_clock["act"], change["acts"].as_array().map(Vec::len)), (&json!("expire"), Some(1)));
    assert!(act_of_clock["at"].as_str().is_some_and(|at| at.starts_with("2026-03-03T12:00:00")), "{act_of_clock}");
    let stage = stage.restart().await;
    assert_eq!(stage.get("/v1/approvals/{id}", &[&id]).reply().await.ok(200).json(), change);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_change_waits_and_can_be_taken_back() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let policy = cheaper(&stage).await;
    let body = json!({"policy": policy, "why": "next month", "effective_at": "2026-04-01T00:00:00+08:00"});
    let proposed = propose(&stage, &body).await.ok(201).json();
    let id = proposed["id"].as_str().expect("an id").to_owned();
    act(&stage, &id, "withdraw", CHECKER).await.refused(403, "only_maker_withdraws");
    act(&stage, &id, "approve", CHECKER).await.ok(200);
    let placed = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201).json();
    assert_eq!(placed["fee_fen"], 400);
    assert_eq!(act(&stage, &id, "withdraw", CHECKER).await.ok(200).json()["state"], "withdrawn");
    act(&stage, &id, "approve", CHECKER).await.refused(409, "approval_not_open");
    assert_eq!(stage.get("/v1/policies", &[]).reply().await.ok(200).json()["adopted"], json!([]));
}
