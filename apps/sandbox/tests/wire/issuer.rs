//! An issuer without faults.

use reqwest::Method;
use sandbox::IssuerConfig;
use serde_json::{Value, json};

use crate::stage::{MSISDN, Reply, Stage, text};

/// 2026-11-23 00:00 in Beijing.
const MIDNIGHT_MS: i64 = 1_795_363_200_000;
const TEN_MINUTES_MS: i64 = 600_000;

async fn calm() -> Stage {
    Stage::issuer(IssuerConfig::default()).await
}

fn code(reply: &Reply) -> (u16, String) {
    (reply.status, text(&reply.body["code"]))
}

#[tokio::test]
async fn a_voucher_is_issued_once_however_often_it_is_asked_for() {
    let stage = calm().await;
    let first = stage.issue("V1", "100.00", MSISDN).await;
    assert_eq!(first.status, 201);
    for (key, value) in
        [("reference", "V1"), ("voucher", "vch-1"), ("status", "issued"), ("face_value", "100.00"), ("currency", "CNY")]
    {
        assert_eq!(first.body[key], value);
    }
    assert_eq!(stage.issue("V1", "100.0", MSISDN).await, first, "the same words as the first time");
    for (yuan, holder) in [("99.00", MSISDN), ("100.00", "13300008888")] {
        assert_eq!(code(&stage.issue("V1", yuan, holder).await), (409, "referenceInUse".to_owned()));
    }
    assert_eq!((stage.total("issued_total").await, stage.total("liability").await), (10_000, 10_000));
    assert_eq!(stage.voucher("V1").await, first.body);
}

#[tokio::test]
async fn refusals_are_kept_with_their_reason_and_not_on_the_statement() {
    let stage = calm().await;
    stage.seed(json!({"blocked": ["13300000001"]})).await;
    for (reference, yuan, holder, reason) in [
        ("V1", "5000.01", MSISDN, "amountNotOffered"),
        ("V2", "9999.99", MSISDN, "amountNotOffered"),
        ("V3", "1.00", "13300000001", "holderBlocked"),
    ] {
        for _ in 0..2 {
            assert_eq!(code(&stage.issue(reference, yuan, holder).await), (409, reason.to_owned()), "{reference}");
        }
        let voucher = stage.voucher(reference).await;
        assert_eq!((&voucher["status"], &voucher["reason"]), (&json!("refused"), &json!(reason)));
    }
    stage.seed(json!({"stopped": true})).await;
    assert_eq!(code(&stage.issue("V4", "1.00", MSISDN).await), (409, "issueStopped".to_owned()));
    stage.seed(json!({"stopped": false})).await;
    assert_eq!(code(&stage.issue("V4", "1.00", MSISDN).await).0, 409, "a refused reference stays used");
    assert_eq!(stage.issue("V5", "1.00", MSISDN).await.status, 201);
    assert_eq!(stage.issue("V6", "5000.00", MSISDN).await.status, 201);
    assert_eq!(stage.get("/statement").await["entries"].as_array().expect("a list").len(), 2);
    assert_eq!((stage.total("refused").await, stage.total("imbalance").await), (4, 0));
}

#[tokio::test]
async fn a_code_is_handed_out_once_and_again_for_ten_minutes() {
    let stage = calm().await;
    stage.issue("V1", "100.00", MSISDN).await;
    stage.issue("V2", "100.00", MSISDN).await;
    let first = stage.collect("V1", MIDNIGHT_MS).await;
    assert_eq!((first.status, &first.body["collected_at"]), (200, &json!("2026-11-22T16:00:00.000Z")));
    let shown = text(&first.body["code"]);
    assert!(shown.len() == 19 && shown.split('-').all(|group| group.len() == 4), "four groups of four");
    assert_eq!(stage.collect("V1", MIDNIGHT_MS + TEN_MINUTES_MS).await, first, "a lost answer may be asked for again");
    for at_ms in [MIDNIGHT_MS + TEN_MINUTES_MS + 1, MIDNIGHT_MS + 86_400_000] {
        assert_eq!(code(&stage.collect("V1", at_ms).await), (410, "collected".to_owned()));
    }
    assert_ne!(stage.collect("V2", MIDNIGHT_MS).await.body["code"], first.body["code"]);
    assert_eq!(stage.voucher("V1").await["collected_at"], "2026-11-22T16:00:00.000Z");
    assert_eq!((stage.total("collected").await, stage.total("liability").await), (2, 20_000));
}

#[tokio::test]
async fn a_code_is_nowhere_but_in_its_own_answer() {
    let stage = calm().await;
    stage.issue("V1", "100.00", MSISDN).await;
    let shown = text(&stage.collect("V1", MIDNIGHT_MS).await.body["code"]);
    for path in ["/vouchers/V1", "/statement", "/sandbox/books", "/sandbox/books.csv", "/sandbox/faults"] {
        let told = reqwest::get(format!("{}{path}", stage.url)).await.expect("an answer").text().await.expect("text");
        assert!(
            !told.is_empty() && !told.contains(&shown) && !told.contains(&shown.replace('-', "")),
            "{path}: {told}"
        );
    }
}

#[tokio::test]
async fn what_is_not_issued_has_no_code() {
    let stage = calm().await;
    assert_eq!(code(&stage.collect("V1", MIDNIGHT_MS).await), (404, "notFound".to_owned()));
    stage.issue("V1", "5000.01", MSISDN).await;
    assert_eq!(code(&stage.collect("V1", MIDNIGHT_MS).await), (409, "notIssued".to_owned()));
    stage.issue("V2", "100.00", MSISDN).await;
    stage.cancel("V2").await;
    assert_eq!(code(&stage.collect("V2", MIDNIGHT_MS).await), (409, "notIssued".to_owned()));
    assert_eq!(stage.total("collected").await, 0);
}

#[tokio::test]
async fn a_voucher_is_cancelled_while_nobody_has_its_code() {
    let stage = calm().await;
    assert_eq!(code(&stage.cancel("V1").await), (404, "notFound".to_owned()));
    stage.issue("V1", "100.00", MSISDN).await;
    let cancelled = stage.cancel("V1").await;
    assert_eq!((cancelled.status, &cancelled.body["status"]), (200, &json!("cancelled")));
    assert_eq!(stage.cancel("V1").await, cancelled, "cancelling again changes nothing");
    assert_eq!(stage.issue("V1", "100.00", MSISDN).await.body["status"], "cancelled", "and it is not issued anew");
    stage.issue("V2", "100.00", MSISDN).await;
    stage.collect("V2", MIDNIGHT_MS).await;
    assert_eq!(code(&stage.cancel("V2").await), (409, "collected".to_owned()));
    stage.issue("V3", "5000.01", MSISDN).await;
    assert_eq!(code(&stage.cancel("V3").await), (409, "notIssued".to_owned()));
    let totals = ["issued_total", "cancelled_total", "liability", "receivable", "imbalance"];
    let mut told = Vec::new();
    for name in totals {
        told.push(stage.total(name).await);
    }
    assert_eq!(told, [20_000, 10_000, 10_000, 10_000, 0]);
}

#[tokio::test]
async fn the_statement_pages_by_sequence() {
    let stage = calm().await;
    for reference in ["V1", "V2"] {
        stage.issue(reference, "1.00", MSISDN).await;
    }
    stage.cancel("V1").await;
    let lines = |page: &Value| -> Vec<(String, String)> {
        let line = |entry: &Value| (text(&entry["reference"]), text(&entry["kind"]));
        page["entries"].as_array().expect("a list").iter().map(line).collect()
    };
    let line = |reference: &str, kind: &str| (reference.to_owned(), kind.to_owned());
    let first = stage.get("/statement?limit=2").await;
    assert_eq!(lines(&first), [line("V1", "issued"), line("V2", "issued")]);
    assert_eq!((&first["next_after"], &first["entries"][0]["amount"]), (&json!(2), &json!("1.00")));
    let second = stage.get("/statement?after=2").await;
    assert_eq!(lines(&second), [line("V1", "cancelled")]);
    assert_eq!(lines(&stage.get("/statement?after=3").await), []);
}

#[tokio::test]
async fn a_voucher_expires_three_years_after_its_day_in_beijing() {
    let stage = calm().await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    for (reference, at_ms, expires_on) in [("V1", MIDNIGHT_MS - 1, "2029-11-21"), ("V2", MIDNIGHT_MS, "2029-11-22")] {
        let body = json!({"reference": reference, "face_value": "1.00", "currency": "CNY", "holder": MSISDN});
        let url = format!("{}/vouchers", stage.url);
        let issued = crate::stage::reply(client.post(url).header("X-Business-Time-Ms", at_ms).json(&body)).await;
        assert_eq!(issued.body["expires_on"], expires_on);
    }
}

#[tokio::test]
async fn malformed_vouchers_are_refused_by_name() {
    let stage = calm().await;
    let good = json!({"reference": "V1", "face_value": "1.00", "currency": "CNY", "holder": MSISDN});
    for (key, value, code) in [
        ("reference", json!(""), "invalidReference"),
        ("reference", json!("V 1"), "invalidReference"),
        ("reference", json!("a".repeat(129)), "invalidReference"),
        ("face_value", json!("0"), "invalidAmount"),
        ("face_value", json!("-1.00"), "invalidAmount"),
        ("face_value", json!("1e2"), "invalidAmount"),
        ("face_value", json!("1.001"), "invalidAmount"),
        ("face_value", json!(1), "invalidBody"),
        ("currency", json!("USD"), "invalidCurrency"),
        ("holder", json!("1330000777"), "invalidNumber"),
        ("holder", json!("1330000777a"), "invalidNumber"),
        ("unknown", json!(1), "invalidBody"),
    ] {
        let mut body = good.clone();
        body[key] = value.clone();
        let refused = stage.send(Method::POST, "/vouchers", "", Some(body)).await;
        assert_eq!((refused.status, text(&refused.body["code"])), (400, code.to_owned()), "{key}={value}");
    }
    assert_eq!(stage.total("vouchers").await, 0);
    assert_eq!(stage.send(Method::POST, "/vouchers", "", Some(good)).await.status, 201);
}
