//! Administration: other roles, shutting out, inviting again, sessions, keys, signing keys, clients.

use crate::support::{PASSWORD, SignedIn, Stage};
use access::{SignedRequest, five_lines};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

const WHY: &str = "moved to another desk";

fn why() -> Value {
    json!({"reason": WHY})
}

#[tokio::test(flavor = "multi_thread")]
async fn other_roles_end_the_sessions_that_had_the_old_ones() {
    let stage = Stage::start().await;
    let house = stage.key_of("house").to_owned();
    let zhao = stage.member("zhao", &["finance"]).await;
    let session = stage.sign_in(&zhao).await;
    session.sent(stage.get("/v1/ledger/trial-balance", &[])).reply().await.ok(200);
    let set = |body: Value| stage.put("/v1/staff/{id}/roles", &[&zhao.id]).by(&house).json(&body);
    set(json!({"roles": ["risk"]})).reply().await.refused(400, "malformed_request");
    set(json!({"roles": ["partner"], "reason": WHY})).reply().await.refused(422, "roles_not_allowed");
    set(json!({"roles": ["risk"], "reason": WHY})).reply().await.ok(204);
    session.sent(stage.get("/v1/me", &[])).reply().await.refused(401, "session_expired");
    let session = SignedIn::of(&stage.try_sign_in(&zhao, PASSWORD, 1).await.ok(201));
    session.sent(stage.get("/v1/ledger/trial-balance", &[])).reply().await.refused(403, "not_permitted");
    let admin = stage.put("/v1/staff/{id}/roles", &[&zhao.id]);
    let unable = session.sent(admin).json(&json!({"roles": ["admin"], "reason": WHY}));
    unable.reply().await.refused(403, "not_permitted");
    let nobody = stage.put("/v1/staff/{id}/roles", &["0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"]).by(&house);
    nobody.json(&json!({"roles": ["risk"], "reason": WHY})).reply().await.refused(404, "principal_unknown");
    let malformed = stage.put("/v1/staff/{id}/roles", &["zhao"]).by(&house);
    malformed.json(&json!({"roles": ["risk"], "reason": WHY})).reply().await.refused(404, "staff_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_shut_out_comes_back_by_another_invitation_and_the_last_administrator_stays() {
    let stage = Stage::start().await;
    let house = stage.key_of("house").to_owned();
    let zhao = stage.member("zhao", &["risk"]).await;
    let session = stage.sign_in(&zhao).await;
    stage.delete("/v1/staff/{id}", &[&zhao.id]).by(&house).json(&why()).reply().await.ok(204);
    session.sent(stage.get("/v1/me", &[])).reply().await.refused(401, "session_expired");
    stage.try_sign_in(&zhao, PASSWORD, 1).await.refused(401, "credential_wrong");
    let again = stage.post("/v1/staff/{id}/invitations", &[&zhao.id]).by(&house).json(&why());
    let invited = again.reply().await.ok(201);
    assert_eq!((invited.field("id"), invited.header("cache-control")), (zhao.id.clone(), Some("no-store")));
    let zhao = stage.enrol("zhao", &invited).await;
    stage.sign_in(&zhao).await;

    let qian = stage.member("qian", &["admin"]).await;
    for refused in [
        stage.delete("/v1/staff/{id}", &[&qian.id]).json(&why()),
        stage.post("/v1/staff/{id}/invitations", &[&qian.id]).json(&why()),
        stage.put("/v1/staff/{id}/roles", &[&qian.id]).json(&json!({"roles": ["risk"], "reason": WHY})),
    ] {
        refused.by(&house).reply().await.refused(409, "last_administrator");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended_one_or_all() {
    let stage = Stage::start().await;
    let house = stage.key_of("house").to_owned();
    let zhao = stage.member("zhao", &["risk"]).await;
    let first = stage.sign_in(&zhao).await;
    let second = SignedIn::of(&stage.try_sign_in(&zhao, PASSWORD, 1).await.ok(201));
    let list = || stage.get("/v1/staff/{id}/sessions", &[&zhao.id]).by(&house);
    let listed = list().reply().await.ok(200).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    let one = listed[0]["id"].as_str().expect("an id");
    let end = |member: &str| stage.delete("/v1/staff/{id}/sessions/{session}", &[member, one]).by(&house).json(&why());
    end("0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f").reply().await.refused(404, "principal_unknown");
    end(&zhao.id).reply().await.ok(204);
    let alive = |session: &SignedIn| session.sent(stage.get("/v1/me", &[]));
    let left = [alive(&first).reply().await.status, alive(&second).reply().await.status];
    assert!(left == [401, 200] || left == [200, 401], "{left:?}");
    let end_all = || stage.delete("/v1/staff/{id}/sessions", &[&zhao.id]).by(&house);
    end_all().json(&json!({})).reply().await.refused(400, "malformed_request");
    end_all().json(&why()).reply().await.ok(204);
    assert_eq!(list().reply().await.ok(200).json(), json!([]));
    alive(&second).reply().await.refused(401, "session_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_who_knows_it_and_every_other_session_ends() {
    let stage = Stage::start().await;
    let zhao = stage.member("zhao", &["risk"]).await;
    let session = stage.sign_in(&zhao).await;
    let other = SignedIn::of(&stage.try_sign_in(&zhao, PASSWORD, 1).await.ok(201));
    let change =
        |old: &str, new: &str| session.sent(stage.put("/v1/me/password", &[])).json(&json!({"old": old, "new": new}));
    let longer = "another walk by another river";
    change("not the river at all", longer).reply().await.refused(401, "credential_wrong");
    change(PASSWORD, "short").reply().await.refused(422, "password_too_weak");
    let fresh = SignedIn::of(&change(PASSWORD, longer).reply().await.ok(200));
    other.sent(stage.get("/v1/me", &[])).reply().await.refused(401, "session_expired");
    fresh.sent(stage.get("/v1/me", &[])).reply().await.ok(200);
    let by_key = stage.put("/v1/me/password", &[]).by(stage.key_of("house"));
    by_key.json(&json!({"old": "a", "new": "b"})).reply().await.refused(401, "credentials_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_rotated_and_ended() {
    let stage = Stage::start().await;
    let house = stage.key_of("house").to_owned();
    let name = json!({"name": "newcomer"});
    stage.post("/v1/clients", &[]).by(&house).json(&name).reply().await.ok(201);
    let issued = stage.post("/v1/clients/{name}/keys", &["newcomer"]).by(&house).json(&json!({}));
    let old = issued.reply().await.ok(201);
    let rotate = |body: Value| stage.post("/v1/keys/{id}/rotations", &[&old.field("id")]).by(&house).json(&body);
    rotate(json!({"reason": WHY, "overlap_s": 2_592_001})).reply().await.refused(400, "malformed_request");
    rotate(json!({})).reply().await.refused(400, "malformed_request");
    let new = rotate(json!({"reason": WHY, "overlap_s": 3_600})).reply().await.ok(201);
    for key in [&old, &new] {
        stage.get("/v1/me", &[]).by(&key.field("key")).reply().await.ok(200);
    }
    let listed = stage.get("/v1/keys", &[]).by(&house).reply().await.ok(200).json();
    let of = |id: &str| listed.as_array().expect("a list").iter().find(|key| key["id"] == json!(id)).cloned();
    let shown = of(&new.field("id")).expect("listed");
    assert_eq!(
        (&shown["holder"], &shown["kind"], &shown["revoked"]),
        (&json!("newcomer"), &json!("partner"), &json!(false))
    );
    assert!(listed.as_array().expect("a list").iter().any(|key| key["kind"] == "staff"), "the house's own, too");
    assert!(!listed.to_string().contains(&new.field("key")[25..]), "nothing that opens a door");
    let end = |id: &str| stage.delete("/v1/keys/{id}", &[id]).by(&house).json(&why());
    end(&old.field("id")).reply().await.ok(204);
    stage.get("/v1/me", &[]).by(&old.field("key")).reply().await.refused(401, "credential_wrong");
    end("0123456789abcdef").reply().await.refused(404, "principal_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_keys_and_certificates_are_added_listed_and_ended() {
    let stage = Stage::start().await;
    let house = stage.key_of("house").to_owned();
    let add = |body: Value| stage.post("/v1/clients/{name}/signers", &["shop"]).by(&house).json(&body);
    let shared = add(json!({"serial": "h-1", "scheme": "hmac"})).reply().await.ok(201);
    add(json!({"serial": "h-1", "scheme": "hmac"})).reply().await.refused(409, "serial_taken");
    let own = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let public_key = STANDARD.encode(own.verifying_key().as_bytes());
    add(json!({"serial": "e-1", "scheme": "ed25519", "public_key": public_key})).reply().await.ok(201);
    let certificate = STANDARD.encode([0x30, 0x03, 0x02, 0x01, 0x01]);
    add(json!({"serial": "c-1", "scheme": "certificate", "certificate": certificate})).reply().await.ok(201);
    for body in [
        json!({"serial": "x", "scheme": "rsa"}),
        json!({"serial": "x", "scheme": "ed25519"}),
        json!({"serial": "x", "scheme": "hmac", "public_key": public_key}),
        json!({"serial": "x", "scheme": "certificate", "certificate": "no base64!"}),
    ] {
        add(body).reply().await.refused(400, "malformed_request");
    }
    let weak = json!({"serial": "x", "scheme": "ed25519", "public_key": STANDARD.encode([0; 32])});
    add(weak).reply().await.refused(422, "public_key_malformed");

    let key = STANDARD.decode(shared.field("shared_key")).expect("base64");
    let me = |nonce: &str| {
        let said = SignedRequest { method: "GET", target: "/v1/me", body: b"" };
        let at = (server::wall_now().0 / 1_000).to_string();
        let signature = STANDARD.encode(hmac(&key, &five_lines(&said, &at, nonce)));
        let shown =
            format!("TONGBAO-HMAC-SHA256 client=shop,nonce={nonce},timestamp={at},serial=h-1,signature={signature}");
        stage.request(Method::GET, "/v1/me").by_nobody().header("Authorization", &shown)
    };
    assert_eq!(me("nonce-0000000000000001").reply().await.ok(200).field("name"), "shop");
    let listed = stage.get("/v1/clients/{name}/signers", &["shop"]).by(&house).reply().await.ok(200).json();
    let schemes: Vec<&str> = listed.as_array().expect("a list").iter().filter_map(|s| s["scheme"].as_str()).collect();
    assert_eq!(schemes.len(), 3, "{listed}");
    let end =
        |serial: &str| stage.delete("/v1/clients/{name}/signers/{serial}", &["shop", serial]).by(&house).json(&why());
    end("h-1").reply().await.ok(204);
    me("nonce-0000000000000002").reply().await.refused(401, "signature_wrong");
    end("h-9").reply().await.refused(404, "principal_unknown");
}

/// HMAC-SHA-256. Source: RFC 2104.
fn hmac(key: &[u8], lines: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(block, key)| *block ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(lines).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_listed_and_shut_out_with_all_that_they_have() {
    let stage = Stage::start().await;
    let house = stage.key_of("house").to_owned();
    stage.agent("corner").await;
    let listed = stage.get("/v1/clients", &[]).by(&house).reply().await.ok(200).json();
    let kind = |name: &str| listed.as_array().expect("a list").iter().find(|one| one["name"] == json!(name)).cloned();
    assert_eq!(kind("corner").expect("listed")["kind"], json!("agent"));
    assert_eq!(kind("shop").expect("listed")["kind"], json!("partner"));
    let taken = stage.post("/v1/agents", &[]).by(&house).json(&json!({"name": "shop"}));
    taken.reply().await.refused(409, "name_taken");
    let out = |name: &str| stage.delete("/v1/clients/{name}", &[name]).by(&house).json(&why());
    out("shop").reply().await.ok(204);
    stage.get("/v1/me", &[]).by(stage.key_of("shop")).reply().await.refused(401, "credential_wrong");
    out("nobody").reply().await.refused(404, "principal_unknown");
}
