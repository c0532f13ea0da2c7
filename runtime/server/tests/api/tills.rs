//! Agents' tills: devices that sign, customers who confirm, and orders that only their till sees.

use crate::support::{Person, Stage};
use reqwest::Method;
use serde_json::{Value, json};

fn order(person: &Person, code: &str, amount: u64) -> Value {
    json!({"msisdn": person.msisdn, "code": code, "product": "direct", "amount": amount})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_serves_a_customer_who_confirms_and_sees_its_own_orders_alone() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 100_000).await;
    let (one, two) = (stage.till("corner", "till-1").await, stage.till("corner", "till-2").await);
    let code = stage.code_for(&person, "place_order", Some(10_000)).await;
    let message = stage.phones.inbox(&person.msisdn).await.remove(0);
    assert!(message.contains("100.00 元") && message.contains("100.00 CNY"), "{message}");
    // A code is for its amount alone, and wrong tries do not use it up.
    one.place(&stage, "more", &order(&person, &code, 10_001)).await.refused(401, "code_wrong");
    let placed = one.place(&stage, "one", &order(&person, &code, 10_000)).await.ok(201);
    let again = one.place(&stage, "one", &order(&person, &code, 10_000)).await.ok(201);
    assert!(again.replayed() && again.field("id") == placed.field("id"), "{}", again.text());
    one.place(&stage, "two", &order(&person, &code, 10_000)).await.refused(401, "code_expired");

    let id = placed.field("id");
    let position = placed.position();
    for (till, sees) in [(&one, true), (&two, false)] {
        for path in [format!("/v1/orders/{id}"), format!("/v1/orders/{id}/timeline")] {
            let reply = till.sent(&stage, Method::GET, &path, None).reply().await;
            if sees {
                reply.ok(200);
            } else {
                reply.refused(404, "order_unknown");
            }
        }
        let path = format!("/v1/orders?min_position={position}");
        let list = till.sent(&stage, Method::GET, &path, None).reply().await.ok(200).json();
        assert_eq!(list["orders"].as_array().map(Vec::len), Some(usize::from(sees)), "{list}");
    }
    let others = stage.place("own", &crate::support::direct(&subscriber, 10_000)).await.ok(201).field("id");
    let path = format!("/v1/orders/{others}");
    one.sent(&stage, Method::GET, &path, None).reply().await.refused(404, "order_unknown");
    let path = format!("/v1/subscribers/{subscriber}");
    one.sent(&stage, Method::GET, &path, None).reply().await.refused(403, "not_permitted");
    let unsigned = stage.post("/v1/till/orders", &[]).by_nobody().key("x").json(&order(&person, &code, 10_000));
    unsigned.reply().await.refused(401, "credentials_missing");
    for body in [json!({"product": "gift"}), order(&person, &code, 0)] {
        one.place(&stage, "bad", &body).await.refused(400, "malformed_request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_device_takes_a_till_over_with_its_orders() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    stage.register(&person, 100_000).await;
    let old = stage.till("corner", "till-1").await;
    let code = stage.code_for(&person, "place_order", Some(10_000)).await;
    let id = old.place(&stage, "one", &order(&person, &code, 10_000)).await.ok(201).field("id");
    let new = stage.till("corner", "till-1").await;
    let path = format!("/v1/orders/{id}");
    old.sent(&stage, Method::GET, &path, None).reply().await.refused(401, "signature_wrong");
    new.sent(&stage, Method::GET, &path, None).reply().await.ok(200);

    let house = stage.key_of("house").to_owned();
    let listed = stage.get("/v1/clients/{name}/signers", &["corner"]).by(&house).reply().await.ok(200).json();
    let revoked: Vec<(&str, bool)> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|device| (device["till"].as_str().expect("a till"), device["revoked"].as_bool().expect("a flag")))
        .collect();
    assert_eq!((revoked.len(), revoked.iter().filter(|(_, revoked)| *revoked).count()), (2, 1), "{listed}");
    let end = stage.delete("/v1/clients/{name}/signers/{serial}", &["corner", &new.serial]).by(&house);
    end.json(&json!({"reason": "stolen"})).reply().await.ok(204);
    new.sent(&stage, Method::GET, &path, None).reply().await.refused(401, "signature_wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_enrols_once_with_a_code_and_the_key_that_it_holds() {
    let stage = Stage::start().await;
    let house = stage.key_of("house").to_owned();
    stage.agent("corner").await;
    let invite = |agent: &str, till: &str| {
        let body = json!({"till": till});
        stage.post("/v1/agents/{name}/devices", &[agent]).by(&house).json(&body)
    };
    invite("nobody", "till-1").reply().await.refused(404, "principal_unknown");
    invite("app", "till-1").reply().await.refused(404, "principal_unknown");
    invite("corner", "Till 1").reply().await.refused(422, "name_malformed");
    let code = invite("corner", "till-1").reply().await.ok(201).field("code");
    let (key, other) = keys([3; 32], [4; 32]);
    let forged = {
        let public_key = encoded(&other);
        let lines = access::device_lines(&access::EnrolmentCode::new(&*code), &public_key);
        let body = json!({"code": code, "public_key": public_key, "signature": signed(&key, &lines)});
        stage.post("/v1/devices", &[]).by_nobody().json(&body).reply().await
    };
    forged.refused(401, "signature_wrong");
    stage.enrol_device("ABCD-EFGH-JKMN", &key).await.refused(401, "invitation_invalid");
    stage.enrol_device(&code.to_lowercase().replace('-', ""), &key).await.ok(201);
    stage.enrol_device(&code, &other).await.refused(401, "invitation_invalid");
}

fn keys(one: [u8; 32], other: [u8; 32]) -> (ed25519_dalek::SigningKey, ed25519_dalek::SigningKey) {
    (ed25519_dalek::SigningKey::from_bytes(&one), ed25519_dalek::SigningKey::from_bytes(&other))
}

fn encoded(key: &ed25519_dalek::SigningKey) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(key.verifying_key().as_bytes())
}

fn signed(key: &ed25519_dalek::SigningKey, lines: &[u8]) -> String {
    use base64::Engine;
    use ed25519_dalek::Signer;
    base64::engine::general_purpose::STANDARD.encode(key.sign(lines).to_bytes())
}
