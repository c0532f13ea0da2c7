//! Hostile input: each gets a clear answer and harms nobody.

use reqwest::{Method, header};
use sandbox::{AcquirerConfig, BankConfig, IssuerConfig, ProgrammeConfig, TelcoConfig};
use serde_json::{Value, json};

use crate::stage::{BASE, Reply, Stage, create, reply, text};

async fn raw(stage: &Stage, path: &str, body: String) -> Reply {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    reply(client.post(format!("{}{path}", stage.url)).header(header::CONTENT_TYPE, "application/json").body(body)).await
}

fn code(reply: &Reply) -> (u16, String) {
    (reply.status, text(&reply.body["code"]))
}

#[tokio::test]
async fn wrong_bodies_are_refused_with_a_reason() {
    let stage = Stage::telco(TelcoConfig::named("CTCC")).await;
    let deep = "[".repeat(10_000);
    for body in ["", "{", "null", "[]", "\"x\"", "{\"amount\":1}", "\u{0}", deep.as_str()] {
        let refused = raw(&stage, &format!("{BASE}/reserveBalance"), body.to_owned()).await;
        assert_eq!(code(&refused), (400, "invalidBody".to_owned()), "{body:.20}");
    }
    for key in ["usageType", "bucket", "partyAccount", "amount"] {
        let mut body = create("1");
        body.as_object_mut().expect("an object").remove(key);
        assert_eq!(stage.post("/reserveBalance", "R1", body).await.status, 400, "without {key}");
    }
    for (key, value, expected) in [
        ("usageType", json!("data"), "invalidUsageType"),
        ("amount", json!({"amount": 1, "units": "USD"}), "invalidUnits"),
        ("amount", json!({"amount": true, "units": "CNY"}), "invalidBody"),
        ("bucket", json!({"id": 5}), "invalidBody"),
    ] {
        let mut body = create("1");
        body[key] = value;
        assert_eq!(code(&stage.post("/reserveBalance", "R1", body).await), (400, expected.to_owned()));
    }
    assert_eq!(stage.total("actions").await, 0);
}

#[tokio::test]
async fn a_huge_body_is_413_and_the_next_call_works() {
    let stage = Stage::telco(TelcoConfig::named("CTCC")).await;
    let mut body = create("1");
    body["description"] = Value::from("x".repeat(64 * 1024));
    let refused = raw(&stage, &format!("{BASE}/reserveBalance"), body.to_string()).await;
    assert_eq!(code(&refused), (413, "bodyTooLarge".to_owned()));
    assert_eq!(stage.reserve("R1", "1").await.status, 201);
    let bank = Stage::bank(BankConfig::default()).await;
    assert_eq!(raw(&bank, "/payouts", " ".repeat(65 * 1024)).await.status, 413);
    let many: Vec<Value> = (0..5_000).map(|n| json!({"msisdn": format!("{n}"), "remaining_fen": 1})).collect();
    stage.seed(json!({"buckets": many})).await;
}

#[tokio::test]
async fn unknown_routes_methods_and_ids_have_an_error_body() {
    let stage = Stage::telco(TelcoConfig::named("CTCC")).await;
    let bank = Stage::bank(BankConfig::default()).await;
    let issuer = Stage::issuer(IssuerConfig::default()).await;
    let acquirer = Stage::acquirer(AcquirerConfig::default()).await;
    let programme = Stage::programme(ProgrammeConfig::named("BANK_POINTS")).await;
    for (stage, method, path, status, expected) in [
        (&stage, Method::GET, "/nowhere".to_owned(), 404, "unknownRoute"),
        (&stage, Method::GET, format!("{BASE}/nowhere"), 404, "unknownRoute"),
        (&stage, Method::PUT, format!("{BASE}/bucket"), 405, "methodNotAllowed"),
        (&stage, Method::GET, format!("{BASE}/bucket/none"), 404, "notFound"),
        (&stage, Method::GET, format!("{BASE}/bucket/%FF"), 404, "notFound"),
        (&stage, Method::GET, format!("{BASE}/reserveBalance/rsv-0"), 404, "notFound"),
        (&stage, Method::GET, format!("{BASE}/reserveBalance/rsv-99999999999"), 404, "notFound"),
        (&stage, Method::DELETE, format!("{BASE}/reserveBalance/rsv-1"), 404, "notFound"),
        (&stage, Method::DELETE, format!("{BASE}/reserveBalance/adj-1"), 404, "notFound"),
        (&stage, Method::GET, format!("{BASE}/balanceActionHistory/0"), 404, "notFound"),
        (&stage, Method::DELETE, format!("{BASE}/hub/none"), 404, "notFound"),
        (&bank, Method::GET, "/payouts/none".to_owned(), 404, "notFound"),
        (&bank, Method::GET, "/accounts/none".to_owned(), 404, "notFound"),
        (&bank, Method::DELETE, "/payouts/none".to_owned(), 405, "methodNotAllowed"),
        (&bank, Method::GET, format!("{BASE}/bucket"), 404, "unknownRoute"),
        (&acquirer, Method::GET, "/payments/none".to_owned(), 404, "notFound"),
        (&acquirer, Method::GET, "/refunds/%FF".to_owned(), 404, "notFound"),
        (&acquirer, Method::GET, "/payers/none".to_owned(), 404, "notFound"),
        (&acquirer, Method::POST, "/payments/none".to_owned(), 405, "methodNotAllowed"),
        (&acquirer, Method::POST, "/payouts".to_owned(), 404, "unknownRoute"),
        (&programme, Method::GET, "/redemptions/none".to_owned(), 404, "notFound"),
        (&programme, Method::GET, "/accruals/none".to_owned(), 404, "notFound"),
        (&programme, Method::GET, "/reversals/%FF".to_owned(), 404, "notFound"),
        (&programme, Method::GET, "/loyaltyProgramMember/none".to_owned(), 404, "notFound"),
        (&programme, Method::GET, "/loyaltyBalance?loyaltyProgramMember.id=none".to_owned(), 404, "notFound"),
        (&programme, Method::GET, "/redemptions/none/reversal".to_owned(), 405, "methodNotAllowed"),
        (&issuer, Method::GET, "/vouchers/none".to_owned(), 404, "notFound"),
        (&issuer, Method::POST, "/vouchers/none/cancel".to_owned(), 404, "notFound"),
        (&issuer, Method::POST, "/vouchers/none/collect".to_owned(), 404, "notFound"),
        (&issuer, Method::POST, "/vouchers/%FF/collect".to_owned(), 404, "notFound"),
        (&issuer, Method::GET, "/vouchers/none/collect".to_owned(), 405, "methodNotAllowed"),
        (&issuer, Method::DELETE, "/vouchers/none".to_owned(), 405, "methodNotAllowed"),
    ] {
        let refused = stage.send(method.clone(), &path, "R1", None).await;
        assert_eq!(code(&refused), (status, expected.to_owned()), "{method} {path}");
    }
}

#[tokio::test]
async fn wrong_headers_are_refused() {
    let stage = Stage::telco(TelcoConfig::named("CTCC")).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let long = "x".repeat(129);
    for (name, value) in [
        ("X-Correlation-ID", "a b"),
        ("X-Correlation-ID", ""),
        ("X-Correlation-ID", long.as_str()),
        ("X-Business-Time-Ms", "noon"),
        ("X-Business-Time-Ms", "-1"),
        ("X-Business-Time-Ms", "99999999999999999"),
    ] {
        let url = format!("{}{BASE}/adjustBalance", stage.url);
        let refused = reply(client.post(url).header(name, value).json(&create("-1"))).await;
        assert_eq!(code(&refused), (400, "invalidHeader".to_owned()), "{name}: {value}");
    }
    let refused = stage.capture("rsv-1", "a/b").await;
    assert_eq!(code(&refused), (400, "invalidHeader".to_owned()));
    assert_eq!(stage.total("taken_total").await, 0);
}

#[tokio::test]
async fn an_update_other_than_a_capture_is_refused() {
    let stage = Stage::telco(TelcoConfig::named("CTCC")).await;
    stage.reserve("R1", "1").await;
    for (body, expected) in [
        (json!({"status": "cancelled", "reason": "x"}), "invalidStatus"),
        (json!({"status": "completed"}), "invalidBody"),
        (json!({"reason": "x"}), "invalidBody"),
    ] {
        let path = format!("{BASE}/reserveBalance/rsv-1");
        assert_eq!(code(&stage.send(Method::PATCH, &path, "C1", Some(body)).await), (400, expected.to_owned()));
    }
    assert_eq!(stage.total("reserved").await, 100);
}
