//! Gifts: to whom they go, that the receiver may decline, and that a stranger's number is kept no longer than needed.

use crate::support::{Person, Stage, StageOptions, direct, msisdn};
use facts::Action;
use serde_json::{Value, json};
use server::Bounds;
use std::sync::PoisonError;
use std::time::Duration;

const AMOUNT: u64 = 10_000;

fn gift(subscriber: &str, target: &str) -> Value {
    json!({"subscriber": subscriber, "product": "gift", "amount": AMOUNT, "target": target})
}

/// The numbers that partners were told for an action.
fn named(stage: &Stage, wanted: Action) -> Vec<(Option<String>, String)> {
    let named = stage.moods.named.lock().unwrap_or_else(PoisonError::into_inner);
    named.iter().filter(|(action, ..)| *action == wanted).map(|(_, from, to)| (from.clone(), to.clone())).collect()
}

/// The message that a number got with these words in it.
async fn told(stage: &Stage, number: &str, words: &str) -> String {
    for _ in 0..2_000 {
        if let Some(text) = stage.phones.inbox(number).await.into_iter().find(|text| text.contains(words)) {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{number} was not told")
}

async fn order(stage: &Stage, id: &str) -> Value {
    stage.get("/v1/orders/{id}", &[id]).reply().await.ok(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_at_one_telco_is_moved_there_when_the_time_to_decline_is_over() {
    let stage = Stage::start().await;
    let giver = stage.subscriber().await;
    let receiver = Person::adult(2);
    let theirs = stage.register(&receiver, 1).await;
    let placed = stage.place("one", &gift(&giver, &receiver.msisdn)).await.ok(201).json();
    let id = placed["id"].as_str().expect("an id");
    assert_eq!((placed["fee_fen"].as_u64(), placed["payout_fen"].as_u64()), (Some(100), Some(AMOUNT)), "{placed}");
    stage.rest().await;
    let waiting = order(&stage, id).await;
    assert_eq!((&waiting["state"], waiting["declinable_until"].is_string()), (&json!("executing"), true), "{waiting}");
    assert_eq!(named(&stage, Action::CaptureAirtime), [], "nothing is taken while the receiver may decline");
    stage.finish().await;
    let ended = order(&stage, id).await;
    assert_eq!((&ended["state"], &ended["declinable_until"]), (&json!("settled"), &json!(null)), "{ended}");
    assert_eq!(named(&stage, Action::TransferAirtime), [(Some(Person::adult(1).msisdn), receiver.msisdn)]);
    // What another paid for is held, and leaves as money only later.
    let held = stage.get("/v1/subscribers/{id}/holdings", &[&theirs]).reply().await.ok(200).json();
    assert_eq!((held["total_fen"].as_u64(), held["convertible_fen"].as_u64()), (Some(AMOUNT + 1), Some(1)), "{held}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_to_a_stranger_at_another_telco_is_brought_there_and_their_number_is_forgotten() {
    let often = Bounds { compare_every: Duration::from_millis(20), ..Bounds::default() };
    let stage = Stage::with(StageOptions { bounds: often, ..StageOptions::default() }).await;
    let giver = stage.subscriber().await;
    let stranger = msisdn("1341000", 5);
    let id = stage.place("one", &gift(&giver, &stranger)).await.ok(201).field("id");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(stage.vault.contacts(0, 10).expect("answers").len(), 1, "kept while the order is under way");
    stage.finish().await;
    assert_eq!(order(&stage, &id).await["state"], "settled");
    assert_eq!(named(&stage, Action::TopUpAirtime), [(None, stranger)]);
    for _ in 0..500 {
        if stage.vault.contacts(0, 10).expect("answers").is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a stranger's number is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_declines_with_the_code_and_with_no_other() {
    let stage = Stage::start().await;
    let giver = stage.subscriber().await;
    let id = stage.place("one", &gift(&giver, &msisdn("1330004", 9))).await.ok(201).field("id");
    stage.rest().await;
    let code = stage.decline_code(&id);
    // Whoever is given something is told, and by what they decline.
    let message = told(&stage, &msisdn("1330004", 9), &code).await;
    assert!(message.contains(&id) && message.contains("100.00 元"), "{message}");
    let decline = |id: &str, code: &str| {
        stage.post("/v1/orders/{id}/decline", &[id]).by_nobody().json(&json!({"code": code})).reply()
    };
    let wrong = format!("{:08}", (code.parse::<u64>().expect("digits") + 1) % 100_000_000);
    decline(&id, &wrong).await.refused(404, "order_unknown");
    decline(&id, "").await.refused(400, "malformed_request");
    decline("ord_00000000000000000000000000", &code).await.refused(404, "order_unknown");
    for _ in 0..2 {
        assert_eq!(decline(&id, &code).await.ok(200).json()["declined"], true);
    }
    stage.finish().await;
    let ended = order(&stage, &id).await;
    assert_eq!((&ended["state"], &ended["cause"]), (&json!("declined"), &json!("receiver_declined")), "{ended}");
    assert_eq!(named(&stage, Action::TransferAirtime), []);
    let held = stage.get("/v1/subscribers/{id}/holdings", &[&giver]).reply().await.ok(200).json();
    assert_eq!(held["convertible_fen"], 100_000, "the giver has amount and fee again");
    assert_eq!(decline(&id, &code).await.ok(200).json()["declined"], true, "as the first time");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_its_way_or_for_nobody_else_cannot_be_declined() {
    let stage = Stage::start().await;
    let giver = stage.subscriber().await;
    let paid = stage.place("paid", &direct(&giver, AMOUNT)).await.ok(201).field("id");
    let given = stage.place("given", &gift(&giver, &msisdn("1330004", 9))).await.ok(201).field("id");
    stage.finish().await;
    for id in [paid, given] {
        let body = json!({"code": stage.decline_code(&id)});
        stage
            .post("/v1/orders/{id}/decline", &[&id])
            .by_nobody()
            .json(&body)
            .reply()
            .await
            .refused(409, "not_declinable");
    }
}
