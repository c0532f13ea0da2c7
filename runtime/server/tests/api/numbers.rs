//! Where numbers are at home: the plan that can be replaced, and numbers that changed their telco.

use crate::support::rules;
use crate::support::{Person, Stage, direct};
use money::Telco;
use serde_json::json;

fn serve(stage: &Stage, telco: Telco) {
    *stage.moods.serves.lock().expect("not poisoned") = Some(telco);
}

async fn pass_hours(stage: &Stage, hours: u64) {
    // The clock is only moved while nothing is under way.
    stage.rest().await;
    let body = json!({"by_ms": hours * 3_600_000});
    stage.post("/v1/clock/advance", &[]).json(&body).reply().await.ok(200);
}

async fn telco_of(stage: &Stage, subscriber: &str) -> String {
    stage.get("/v1/subscribers/{id}", &[subscriber]).reply().await.ok(200).field("telco")
}

#[tokio::test]
async fn the_numbering_plan_is_replaced_by_what_the_files_hold_and_nothing_else() {
    let stage = Stage::start().await;
    let shown = stage.get("/v1/numbers", &[]).reply().await.ok(200);
    assert_eq!(shown.field("version"), rules::numbers().version().to_string());
    assert_eq!((&shown.json()["segments"], &shown.json()["ported_kept_hours"]), (&json!(8), &json!(24)));
    let other = rules::other_numbers().expect("shipped").version().to_string();
    let put = |version: &str| stage.put("/v1/numbers", &[]).json(&json!({"version": version}));
    put(&other).by(stage.key_of("app")).reply().await.refused(403, "not_permitted");
    put("00").by(stage.key_of("wang")).reply().await.refused(409, "numbers_other_version");
    put(&other).by(stage.key_of("wang")).reply().await.ok(200);
    assert_eq!(stage.get("/v1/numbers", &[]).reply().await.ok(200).field("version"), other);
    let gone = Person { msisdn: crate::support::msisdn("1621201", 1), ..Person::adult(1) };
    let refused = stage.post("/v1/subscribers", &[]).key("gone").json(&gone.body(1)).reply().await;
    refused.refused(422, "number_unknown");
}

#[tokio::test]
async fn a_number_is_registered_with_the_telco_that_serves_it() {
    let stage = Stage::start().await;
    serve(&stage, Telco::Cmcc);
    let subscriber = stage.register(&Person::adult(1), 100_000).await;
    assert_eq!(telco_of(&stage, &subscriber).await, "CMCC");
    assert_eq!(stage.get("/v1/numbers", &[]).reply().await.ok(200).json()["ported_known"], 1);
}

#[tokio::test]
async fn a_ported_number_is_followed_once_the_answer_is_old_and_leaves_its_balance_behind() {
    let stage = Stage::start().await;
    serve(&stage, Telco::Ctcc);
    let subscriber = stage.register(&Person::adult(1), 100_000).await;
    stage.place("first", &direct(&subscriber, 10_000)).await.ok(201);
    serve(&stage, Telco::Cmcc);
    pass_hours(&stage, 23).await;
    stage.place("second", &direct(&subscriber, 10_000)).await.ok(201);
    assert_eq!(telco_of(&stage, &subscriber).await, "CTCC", "the answer is kept for a day");
    pass_hours(&stage, 2).await;
    stage.place("third", &direct(&subscriber, 10_000)).await.refused(422, "balance_insufficient");
    assert_eq!(telco_of(&stage, &subscriber).await, "CMCC");
    let lot = json!({"provenance": "self_paid", "amount_fen": 50_000});
    let recharge = stage.post("/v1/subscribers/{id}/recharges", &[&subscriber]).key("lot").json(&lot);
    recharge.reply().await.ok(201);
    stage.place("fourth", &direct(&subscriber, 10_000)).await.ok(201);
}

#[tokio::test]
async fn a_register_that_is_silent_stops_nobody() {
    let stage = Stage::start().await;
    serve(&stage, Telco::Cmcc);
    stage.moods.silent.store(true, std::sync::atomic::Ordering::SeqCst);
    let subscriber = stage.register(&Person::adult(1), 100_000).await;
    assert_eq!(telco_of(&stage, &subscriber).await, "CTCC", "as its segment says");
    stage.moods.silent.store(false, std::sync::atomic::Ordering::SeqCst);
    pass_hours(&stage, 1).await;
    stage.place("first", &direct(&subscriber, 10_000)).await.refused(422, "balance_insufficient");
    assert_eq!(telco_of(&stage, &subscriber).await, "CMCC", "asked again");
}
