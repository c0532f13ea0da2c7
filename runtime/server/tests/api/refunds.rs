//! Recharges, and refunds of what is unused of them to the card that paid.

use crate::support::{Person, Stage, StageOptions};
use facts::Action;
use serde_json::{Value, json};
use server::Bounds;
use std::sync::PoisonError;
use std::time::Duration;

/// Somebody else's card.
const FRIEND: &str = "6222021234599999999";

fn recharge(subscriber: &str, card: &str) -> Value {
    json!({"subscriber": subscriber, "product": "recharge", "amount": 10_000, "paying_card": card})
}

fn refund(subscriber: &str, recharge: &str, amount: u64) -> Value {
    json!({"subscriber": subscriber, "product": "refund", "amount": amount, "recharge": recharge})
}

/// The cards that partners were told for an action.
fn named(stage: &Stage, wanted: Action) -> Vec<String> {
    let named = stage.moods.named.lock().unwrap_or_else(PoisonError::into_inner);
    named.iter().filter(|(action, ..)| *action == wanted).map(|(.., to)| to.clone()).collect()
}

async fn holdings(stage: &Stage, subscriber: &str) -> (u64, u64) {
    let held = stage.get("/v1/subscribers/{id}/holdings", &[subscriber]).reply().await.ok(200).json();
    (held["total_fen"].as_u64().expect("fen"), held["convertible_fen"].as_u64().expect("fen"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recharge_by_the_own_card_can_leave_and_one_by_a_friends_cannot_yet() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    for (key, card, total, convertible) in
        [("own", Person::adult(1).card, 110_000, 110_000), ("friend", FRIEND.to_owned(), 120_000, 110_000)]
    {
        let placed = stage.place(key, &recharge(&subscriber, &card)).await.ok(201).json();
        assert_eq!((&placed["fee_fen"], &placed["payout_fen"]), (&json!(0), &json!(10_000)), "{placed}");
        stage.finish().await;
        assert_eq!(holdings(&stage, &subscriber).await, (total, convertible), "{key}");
    }
    assert_eq!(named(&stage, Action::CollectPayment), [Person::adult(1).card, FRIEND.to_owned()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_friends_card_is_kept_until_the_order_ends() {
    let often = Bounds { compare_every: Duration::from_millis(20), ..Bounds::default() };
    let stage = Stage::with(StageOptions { bounds: often, ..StageOptions::default() }).await;
    let subscriber = stage.subscriber().await;
    stage.place("friend", &recharge(&subscriber, FRIEND)).await.ok(201);
    stage.finish().await;
    for _ in 0..500 {
        if stage.vault.contacts(0, 10).expect("answers").is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a friend's card is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_names_a_recharge_and_nobody_to_pay() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let paid = stage.place("paid", &recharge(&subscriber, FRIEND)).await.ok(201).field("id");
    stage.finish().await;
    let too_much = stage.place("more", &refund(&subscriber, &paid, 10_001)).await;
    too_much.refused(422, "balance_insufficient");
    let mut elsewhere = refund(&subscriber, &paid, 10_000);
    elsewhere["instrument"] = json!("paid:friend;to:me");
    let refused = stage.place("elsewhere", &elsewhere).await;
    refused.refused(422, "instrument_not_own");
    // The attempt is on record.
    let order = refused.field("order");
    assert_eq!(stage.get("/v1/orders/{id}", &[&order]).reply().await.ok(200).json()["refusal"], "instrument_not_own");

    let back = stage.place("back", &refund(&subscriber, &paid, 10_000)).await.ok(201).field("id");
    stage.finish().await;
    assert_eq!(stage.get("/v1/orders/{id}", &[&back]).reply().await.ok(200).json()["state"], "settled");
    assert_eq!(named(&stage, Action::PayBack), [""], "no card is named: it goes by the payment");
    assert_eq!(holdings(&stage, &subscriber).await, (100_000, 100_000));
    stage.place("again", &refund(&subscriber, &paid, 100)).await.refused(422, "recharge_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recharge_of_another_number_is_not_refunded() {
    let stage = Stage::start().await;
    let (one, other) = (stage.subscriber().await, stage.register(&Person::adult(2), 1_000).await);
    let paid = stage.place("paid", &recharge(&one, FRIEND)).await.ok(201).field("id");
    stage.finish().await;
    stage.place("theirs", &refund(&other, &paid, 1_000)).await.refused(422, "recharge_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_pays_and_what_is_refunded_must_be_said() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let of_nothing = |product: &str| json!({"subscriber": subscriber, "product": product, "amount": 1_000});
    stage.place("recharge", &of_nothing("recharge")).await.refused(400, "malformed_request");
    stage.place("nobody", &recharge(&subscriber, "")).await.refused(400, "malformed_request");
    stage.place("refund", &of_nothing("refund")).await.refused(422, "instrument_not_own");
}
