//! Who may do what: how staff come in and go out, and what is another's.

use crate::support::{PASSWORD, Person, SignedIn, Stage, direct};
use access::TotpSeed;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn staff_are_invited_enrol_sign_in_and_sign_out() {
    let stage = Stage::start().await;
    let invitation = json!({"name": "zhao", "roles": ["finance", "auditor"]});
    stage.post("/v1/staff", &[]).json(&invitation).reply().await.refused(403, "not_permitted");
    let invited = stage.post("/v1/staff", &[]).by(stage.key_of("house")).json(&invitation).reply().await.ok(201);
    let again = stage.post("/v1/staff", &[]).by(stage.key_of("house")).json(&invitation).reply().await;
    again.refused(409, "name_taken");
    let token = invited.field("token");
    let enrol = |password: &str| {
        let body = json!({"token": token, "password": password});
        stage.post("/v1/staff/enrolments", &[]).by_nobody().json(&body)
    };
    enrol("short").reply().await.refused(422, "password_too_weak");
    let seed = TotpSeed::new(enrol(PASSWORD).reply().await.ok(201).field("seed"));
    // The code of the step before is good for confirming, so that the one of now is left for signing in.
    let before = seed.code_at(facts::Millis(server::wall_now().0 - 30_000));
    let confirm = |code: &str| {
        let body = json!({"token": token, "code": code});
        stage.post("/v1/staff/enrolments/confirm", &[]).by_nobody().json(&body)
    };
    confirm("000000x").reply().await.refused(401, "totp_wrong");
    confirm(&before).reply().await.ok(204);
    confirm(&before).reply().await.refused(401, "invitation_invalid");

    let code = seed.code_at(server::wall_now());
    for wrong in [
        json!({"name": "zhao", "password": "not the river at all", "code": code}),
        json!({"name": "nobody", "password": PASSWORD, "code": code}),
    ] {
        let refused = stage.post("/v1/sessions", &[]).by_nobody().json(&wrong).reply().await;
        refused.refused(401, "credential_wrong");
    }
    let body = json!({"name": "zhao", "password": PASSWORD, "code": code});
    let session = SignedIn::of(&stage.post("/v1/sessions", &[]).by_nobody().json(&body).reply().await.ok(201));
    let with = |method: Method, path: &str| stage.request(method, path).by_nobody().header("Cookie", &session.cookie);
    let me = with(Method::GET, "/v1/me").reply().await.ok(200).json();
    assert_eq!((&me["name"], &me["roles"]), (&json!("zhao"), &json!(["finance", "auditor"])));
    assert_eq!(me["csrf_token"], json!(session.csrf));
    with(Method::GET, "/v1/ledger/trial-balance").reply().await.ok(200);
    let propose = json!({"why": "x"});
    let unsafe_one = with(Method::POST, "/v1/approvals").json(&propose).reply().await;
    unsafe_one.refused(403, "csrf_missing");
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    with(Method::POST, "/v1/approvals")
        .header("X-CSRF-Token", other)
        .json(&propose)
        .reply()
        .await
        .refused(403, "csrf_wrong");
    let mine = with(Method::POST, "/v1/approvals").header("X-CSRF-Token", &session.csrf);
    mine.json(&propose).reply().await.refused(400, "malformed_request");
    let staff = stage.get("/v1/staff", &[]).by(stage.key_of("house")).reply().await.ok(200).json();
    assert_eq!((&staff[0]["name"], &staff[0]["state"]), (&json!("zhao"), &json!("active")));

    let out = with(Method::DELETE, "/v1/sessions").header("X-CSRF-Token", &session.csrf).reply().await.ok(204);
    assert!(out.header("set-cookie").expect("cleared").contains("Max-Age=0"));
    with(Method::GET, "/v1/me").reply().await.refused(401, "session_expired");
    stage.get("/v1/me", &[]).by_nobody().reply().await.refused(401, "credentials_missing");
    stage.delete("/v1/sessions", &[]).reply().await.refused(401, "credentials_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_is_let_in_by_a_key_that_can_be_ended() {
    let stage = Stage::start().await;
    let house = stage.key_of("house").to_owned();
    let name = json!({"name": "newcomer"});
    stage.post("/v1/clients", &[]).json(&name).reply().await.refused(403, "not_permitted");
    stage.post("/v1/clients", &[]).by(&house).json(&name).reply().await.ok(201);
    stage.post("/v1/clients", &[]).by(&house).json(&name).reply().await.refused(409, "name_taken");
    let bad = json!({"name": "New Comer"});
    stage.post("/v1/clients", &[]).by(&house).json(&bad).reply().await.refused(422, "name_malformed");
    let issue = |name: &'static str| stage.post("/v1/clients/{name}/keys", &[name]).by(&house).json(&json!({}));
    issue("stranger").reply().await.refused(404, "principal_unknown");
    let issued = issue("newcomer").reply().await.ok(201);
    let key = issued.field("key");
    let me = stage.get("/v1/me", &[]).by(&key).reply().await.ok(200).json();
    assert_eq!((&me["kind"], &me["name"], me.get("csrf_token")), (&json!("partner"), &json!("newcomer"), None));
    let why = json!({"reason": "lost"});
    let revoke = || stage.delete("/v1/keys/{id}", &[&issued.field("id")]).json(&why);
    revoke().by(&key).reply().await.refused(403, "not_permitted");
    revoke().by(&house).reply().await.ok(204);
    stage.get("/v1/me", &[]).by(&key).reply().await.refused(401, "credential_wrong");
}

/// A partner, and a subscriber, see and touch what is theirs; what is others' is as if it were not there.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_others_is_as_if_it_were_not_there() {
    let stage = Stage::start().await;
    let theirs = stage.subscriber().await;
    let order = stage.place("one", &direct(&theirs, 10_000)).await.ok(201).field("id");
    let person = stage.get("/v1/subscribers/{id}", &[&theirs]).reply().await.ok(200).field("person");
    let shop = stage.key_of("shop").to_owned();
    let owner = Person::adult(2);
    let body = owner.body(100_000);
    let own = stage.post("/v1/subscribers", &[]).by(&shop).key("own").json(&body).reply().await.ok(201).field("id");
    let SignedIn { cookie, csrf } = stage.subscriber_session(&owner).await;
    let subscriber = (cookie, csrf);

    for (who, own) in [(Ok(shop.as_str()), &own), (Err(&subscriber), &own)] {
        let ask = |method: Method, path: String, body: Option<Value>| {
            let sent = stage.request(method, &path).by_nobody().key(&path);
            let sent = match who {
                Ok(key) => sent.by(key),
                Err((cookie, csrf)) => sent.header("Cookie", cookie).header("X-CSRF-Token", csrf),
            };
            match body {
                Some(body) => sent.json(&body),
                None => sent,
            }
        };
        let get = |path: String| ask(Method::GET, path, None);
        let unknown = "subscriber_unknown";
        get(format!("/v1/subscribers/{theirs}")).reply().await.refused(404, unknown);
        get(format!("/v1/subscribers/{theirs}/holdings")).reply().await.refused(404, unknown);
        get(format!("/v1/orders?subscriber={theirs}")).reply().await.refused(404, unknown);
        get(format!("/v1/orders/{order}")).reply().await.refused(404, "order_unknown");
        get(format!("/v1/orders/{order}/timeline")).reply().await.refused(404, "order_unknown");
        ask(Method::POST, format!("/v1/orders/{order}/cancel"), None).reply().await.refused(404, "order_unknown");
        let foreign = Some(direct(&theirs, 10_000));
        ask(Method::POST, "/v1/orders".to_owned(), foreign.clone()).reply().await.refused(404, unknown);
        ask(Method::POST, "/v1/quotes".to_owned(), foreign).reply().await.refused(404, unknown);

        get(format!("/v1/subscribers/{own}")).reply().await.ok(200);
        get(format!("/v1/subscribers/{own}/holdings")).reply().await.ok(200);
        get(format!("/v1/orders?subscriber={own}")).reply().await.ok(200);
        ask(Method::POST, "/v1/quotes".to_owned(), Some(direct(own, 10_000))).reply().await.ok(200);
    }
    let (cookie, _) = &subscriber;
    let limits = |person: &str| stage.get("/v1/limits/{person}", &[person]).by_nobody().header("Cookie", cookie);
    limits(&person).reply().await.refused(404, "subscriber_unknown");
    let mine = stage.get("/v1/subscribers/{id}", &[&own]).by(&shop).reply().await.ok(200).field("person");
    limits(&mine).reply().await.ok(200);
    let export = |person: &str| {
        let asked = stage.get("/v1/persons/{id}/export", &[person]).by_nobody().header("Cookie", cookie);
        asked.query(&[("purpose", "subject_export")])
    };
    export(&person).reply().await.refused(404, "person_unknown");
    export(&mine).reply().await.ok(200);
    let list = stage.get("/v1/orders", &[]).by_nobody().header("Cookie", cookie).reply().await.ok(200).json();
    assert_eq!(list["orders"], json!([]), "their own list, which is empty");
    stage.get("/v1/orders", &[]).by(&shop).reply().await.refused(400, "malformed_request");
    let callback = stage.post("/v1/callbacks/{partner}", &["ctcc"]).by(stage.key_of("bank"));
    callback.json(&json!({})).reply().await.refused(404, "partner_unknown");
    let lots = json!({"provenance": "self_paid", "amount_fen": 100});
    let foreign = stage.post("/v1/subscribers/{id}/recharges", &[&theirs]).by(&shop).key("r").json(&lots);
    foreign.reply().await.refused(404, "subscriber_unknown");
}
