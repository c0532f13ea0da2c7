//! A key makes one thing, whatever happens in between.

use crate::support::{Person, Stage, direct};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_must_be_sent_and_well_formed() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let body = direct(&subscriber, 10_000);
    stage.post("/v1/orders", &[]).json(&body).reply().await.refused(400, "idempotency_key_missing");
    stage.post("/v1/subscribers", &[]).json(&json!({})).reply().await.refused(400, "idempotency_key_missing");
    let recharge = stage.post("/v1/subscribers/{id}/recharges", &[&subscriber]).json(&json!({}));
    recharge.reply().await.refused(400, "idempotency_key_missing");
    for key in ["", "a b", "clé", &"x".repeat(256)] {
        stage.post("/v1/orders", &[]).key(key).json(&body).reply().await.refused(400, "idempotency_key_malformed");
    }
    let twice = stage.post("/v1/orders", &[]).key("a").key("b").json(&body).reply().await;
    twice.refused(400, "idempotency_key_malformed");
    stage.place(&"x".repeat(255), &body).await.ok(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_equal_byte_by_byte_however_the_order_went_on() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let admitted = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201);
    let declined = stage.place("two", &direct(&subscriber, 999)).await.ok(422);
    stage.finish().await;
    for (key, amount, first) in [("one", 10_000, admitted), ("two", 999, declined)] {
        assert!(!first.replayed());
        let again = stage.place(key, &direct(&subscriber, amount)).await.ok(first.status);
        assert!(again.replayed());
        assert_eq!(again.bytes, first.bytes);
        assert_eq!(again.header("location"), first.header("location"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_after_a_restart_is_equal_byte_by_byte() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let register = |stage: &Stage| stage.post("/v1/subscribers", &[]).key("r").json(&person.body(100_000));
    let registered = register(&stage).reply().await.ok(201);
    let subscriber = registered.field("id");
    let lot = json!({"provenance": "third_party", "amount_fen": 700, "at": "2026-01-01T00:00:00Z"});
    let recharge = |stage: &Stage| stage.post("/v1/subscribers/{id}/recharges", &[&subscriber]).key("lot").json(&lot);
    let recharged = recharge(&stage).reply().await.ok(201);
    let admitted = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201);
    let declined = stage.place("two", &direct(&subscriber, 999)).await.ok(422);

    let stage = stage.restart().await;
    let again = [
        register(&stage).reply().await,
        recharge(&stage).reply().await,
        stage.place("one", &direct(&subscriber, 10_000)).await,
        stage.place("two", &direct(&subscriber, 999)).await,
    ];
    for (again, first) in again.into_iter().zip([registered, recharged, admitted, declined]) {
        assert_eq!((again.status, again.replayed()), (first.status, true), "{}", again.text());
        assert_eq!(again.bytes, first.bytes);
    }
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_is_a_conflict_and_another_order_of_fields_is_not() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let send = |body: String| stage.post("/v1/orders", &[]).key("one").text("application/json", body).reply();
    let first = send(format!(r#"{{"subscriber":"{subscriber}","product":"direct","amount":10000}}"#)).await.ok(201);
    let moved = send(format!(r#"{{ "amount": 10000, "product": "direct", "subscriber": "{subscriber}" }}"#)).await;
    assert_eq!((moved.status, moved.bytes), (201, first.bytes));
    let other = send(format!(r#"{{"subscriber":"{subscriber}","product":"direct","amount":10001}}"#)).await;
    other.refused(422, "idempotency_conflict");

    let recharge = |amount| {
        let body = json!({"provenance": "self_paid", "amount_fen": amount});
        stage.post("/v1/subscribers/{id}/recharges", &[&subscriber]).key("one").json(&body).reply()
    };
    // The same key on another route is another key.
    recharge(100).await.ok(201);
    recharge(101).await.refused(422, "idempotency_conflict");
    let register = |serial| stage.post("/v1/subscribers", &[]).key("one").json(&Person::adult(serial).body(1)).reply();
    register(2).await.ok(201);
    register(3).await.refused(422, "idempotency_conflict");
    // The conflicting number was not written anywhere: it can still be registered.
    stage.register(&Person::adult(3), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_two_clients_and_of_two_subscribers_are_different_keys() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let other = stage.register(&Person::adult(2), 100_000).await;
    let body = direct(&subscriber, 10_000);
    let first = stage.place("one", &body).await.ok(201).field("id");
    let app = stage.post("/v1/orders", &[]).key("one").by(stage.key_of("house")).json(&body).reply().await.ok(201);
    let theirs = stage.place("one", &direct(&other, 10_000)).await.ok(201).field("id");
    assert!(first != app.field("id") && first != theirs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_under_way_is_told_so() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    stage.place("warm", &direct(&subscriber, 10_000)).await.ok(201);
    let release = stage.block().await;
    let body = direct(&subscriber, 10_000);
    let send = || tokio::spawn(stage.post("/v1/orders", &[]).key("one").json(&body).reply());
    let (mut one, mut other) = (send(), send());
    // Whichever came in second is told at once; the first waits for the node.
    let (told, waiting) = tokio::select! {
        told = &mut one => (told, other),
        told = &mut other => (told, one),
    };
    let told = told.expect("an answer");
    told.refused(409, "idempotency_key_in_progress");
    assert_eq!(told.header("retry-after"), Some("1"));
    drop(release);
    waiting.await.expect("an answer").ok(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_one_key_makes_one_order() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let body = direct(&subscriber, 10_000);
    let storm: Vec<_> =
        (0..64).map(|_| tokio::spawn(stage.post("/v1/orders", &[]).key("storm").json(&body).reply())).collect();
    let mut made = Vec::new();
    for reply in storm {
        let reply = reply.await.expect("an answer");
        match reply.status {
            201 => made.push(reply.bytes),
            _ => drop(reply.refused(409, "idempotency_key_in_progress")),
        }
    }
    made.dedup();
    assert_eq!(made.len(), 1);
    stage.finish().await;
    let orders = stage.node.read(|state| state.orders().count()).await.expect("the node runs").0;
    assert_eq!(orders, 1);
}
