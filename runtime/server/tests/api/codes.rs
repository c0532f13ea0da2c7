//! Subscribers come in by their phones, and do what is theirs.

use crate::support::{Person, SignedIn, Stage, direct};
use serde_json::{Value, json};

fn ask(number: &str) -> Value {
    json!({"msisdn": number, "action": "sign_in"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_signs_in_by_number_and_code_and_does_what_is_theirs() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 100_000).await;
    let code = stage.code_for(&person, "sign_in", None).await;
    let message = stage.phones.inbox(&person.msisdn).await.remove(0);
    assert!(message.contains("用于登录") && message.contains("to sign in"), "{message}");
    let sign_in = |code: &str| {
        let body = json!({"msisdn": person.msisdn, "code": code});
        stage.post("/v1/sessions/code", &[]).by_nobody().json(&body)
    };
    let wrong = if code == "000000" { "000001" } else { "000000" };
    sign_in(wrong).reply().await.refused(401, "code_wrong");
    let session = SignedIn::of(&sign_in(&code).reply().await.ok(201));
    sign_in(&code).reply().await.refused(401, "code_expired");

    let with = |sent| session.sent(sent);
    let me = with(stage.get("/v1/me", &[])).reply().await.ok(200).json();
    assert_eq!((&me["kind"], &me["name"]), (&json!("subscriber"), &json!(subscriber)));
    let shown = with(stage.get("/v1/subscribers/{id}", &[&subscriber])).reply().await.ok(200);
    let who = shown.field("person");
    with(stage.get("/v1/subscribers/{id}/holdings", &[&subscriber])).reply().await.ok(200);
    with(stage.get("/v1/limits/{person}", &[&who])).reply().await.ok(200);
    let quote = with(stage.post("/v1/quotes", &[])).json(&direct(&subscriber, 10_000)).reply().await.ok(200);
    let mut order = direct(&subscriber, 10_000);
    order["quote"] = json!(quote.field("quote"));
    let unsafe_one = stage.post("/v1/orders", &[]).by_nobody().header("Cookie", &session.cookie);
    unsafe_one.key("one").json(&order).reply().await.refused(403, "csrf_missing");
    let placed = with(stage.post("/v1/orders", &[])).key("one").json(&order).reply().await.ok(201).field("id");
    with(stage.get("/v1/orders/{id}", &[&placed])).reply().await.ok(200);
    with(stage.get("/v1/orders/{id}/timeline", &[&placed])).reply().await.ok(200);
    stage.rest().await;
    let cancelled = with(stage.post("/v1/orders/{id}/cancel", &[&placed])).key("cancel").reply().await;
    assert!([200, 202].contains(&cancelled.status), "{}", cancelled.text());
    let position = cancelled.position().to_string();
    let list = with(stage.get("/v1/orders", &[])).query(&[("min_position", &position)]).reply().await.ok(200).json();
    assert_eq!(list["orders"][0]["id"], json!(placed), "the statement of what they did");
    let export = with(stage.get("/v1/persons/{id}/export", &[&who])).query(&[("purpose", "subject_export")]);
    assert_eq!(export.reply().await.ok(200).json()["identity"]["name"], json!(person.name));
    with(stage.delete("/v1/sessions", &[])).reply().await.ok(204);
    with(stage.get("/v1/me", &[])).reply().await.refused(401, "session_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_s_is_as_if_it_were_not_there() {
    let stage = Stage::start().await;
    let (own, other) = (Person::adult(1), Person::adult(2));
    stage.register(&own, 100_000).await;
    let theirs = stage.register(&other, 100_000).await;
    let order = stage.place("one", &direct(&theirs, 10_000)).await.ok(201).field("id");
    let who = stage.get("/v1/subscribers/{id}", &[&theirs]).reply().await.field("person");
    let session = stage.subscriber_session(&own).await;
    let with = |sent| session.sent(sent);
    for sent in [
        stage.get("/v1/subscribers/{id}", &[&theirs]),
        stage.get("/v1/subscribers/{id}/holdings", &[&theirs]),
        stage.get("/v1/limits/{person}", &[&who]),
        stage.post("/v1/quotes", &[]).json(&direct(&theirs, 10_000)),
        stage.post("/v1/orders", &[]).key("x").json(&direct(&theirs, 10_000)),
    ] {
        with(sent).reply().await.refused(404, "subscriber_unknown");
    }
    for sent in [
        stage.get("/v1/orders/{id}", &[&order]),
        stage.get("/v1/orders/{id}/timeline", &[&order]),
        stage.post("/v1/orders/{id}/cancel", &[&order]).key("cancel"),
    ] {
        with(sent).reply().await.refused(404, "order_unknown");
    }
    let export = stage.get("/v1/persons/{id}/export", &[&who]).query(&[("purpose", "subject_export")]);
    with(export).reply().await.refused(404, "person_unknown");
}

/// Nobody learns from an answer whether a number is registered.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_nobody_has_gets_the_same_answers() {
    let stage = Stage::start().await;
    let (known, stranger) = (Person::adult(1), Person::adult(2));
    stage.register(&known, 1).await;
    let mut shown = Vec::new();
    for number in [&known.msisdn, &stranger.msisdn] {
        let sent = stage.post("/v1/codes", &[]).by_nobody().json(&ask(number)).reply().await.ok(202);
        let fields: Vec<String> = sent.json().as_object().expect("an object").keys().cloned().collect();
        let again = stage.post("/v1/codes", &[]).by_nobody().json(&ask(number)).reply().await;
        again.refused(429, "too_many_tries");
        let wait = again.header("retry-after").and_then(|wait| wait.parse::<u64>().ok()).expect("seconds");
        assert!((50..=60).contains(&wait), "{wait}");
        let guess = json!({"msisdn": number, "code": "12345x"});
        let guessed = stage.post("/v1/sessions/code", &[]).by_nobody().json(&guess).reply().await;
        guessed.refused(401, "code_wrong");
        shown.push((fields, guessed.json()["title"].clone()));
    }
    assert_eq!(shown[0], shown[1]);
    stage.phones.code(&known.msisdn, 0).await;
    assert!(stage.phones.inbox(&stranger.msisdn).await.is_empty(), "nothing is sent to nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_lock_a_number_and_malformed_wishes_are_told() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    stage.register(&person, 1).await;
    let code = stage.code_for(&person, "sign_in", None).await;
    let sign_in = |code: &str| {
        let body = json!({"msisdn": person.msisdn, "code": code});
        stage.post("/v1/sessions/code", &[]).by_nobody().json(&body)
    };
    for _ in 0..5 {
        sign_in("999999x").reply().await.refused(401, "code_wrong");
    }
    sign_in(&code).reply().await.refused(429, "account_locked");
    for body in [
        json!({"msisdn": "12", "action": "sign_in"}),
        json!({"msisdn": person.msisdn, "action": "erase"}),
        json!({"msisdn": person.msisdn, "action": "sign_in", "amount_fen": 1}),
        json!({"msisdn": person.msisdn, "action": "place_order"}),
    ] {
        stage.post("/v1/codes", &[]).by_nobody().json(&body).reply().await.refused(400, "malformed_request");
    }
}
