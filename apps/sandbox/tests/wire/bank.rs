//! A bank without faults.

use reqwest::Method;
use sandbox::BankConfig;
use serde_json::{Value, json};

use crate::stage::{CARD, Stage, text};

async fn calm() -> Stage {
    Stage::bank(BankConfig { settlement_fen: 10_000, ..BankConfig::default() }).await
}

#[tokio::test]
async fn a_payout_is_booked_once_however_often_it_is_sent() {
    let stage = calm().await;
    let first = stage.pay("P1", "96.00", CARD).await;
    assert_eq!((first.status, text(&first.body["TxSts"])), (201, "ACSC".to_owned()));
    let again = stage.pay("P1", "96.0", CARD).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    for (yuan, card) in [("95.00", CARD), ("96.00", "6222000000000000")] {
        let other = stage.pay("P1", yuan, card).await;
        assert_eq!((other.status, text(&other.body["code"])), (409, "endToEndIdReused".to_owned()));
    }
    assert_eq!((stage.total("paid_total").await, stage.total("settlement").await), (9_600, 400));
    assert_eq!(stage.get(&format!("/accounts/{CARD}")).await["Bal"], "96.00");
    assert_eq!(stage.payout("P1").await, first.body);
}

#[tokio::test]
async fn refusals_are_payouts_with_a_reason_and_not_on_the_statement() {
    let stage = calm().await;
    stage.seed(json!({"accounts": [{"card": "6222000000000000", "closed": true}]})).await;
    for (id, yuan, card, reason) in [("P1", "1.00", "6222000000000000", "AC04"), ("P2", "100.01", CARD, "AM04")] {
        let refused = stage.pay(id, yuan, card).await;
        assert_eq!((refused.status, text(&refused.body["TxSts"])), (201, "RJCT".to_owned()));
        assert_eq!(refused.body["StsRsnInf"]["Rsn"]["Cd"], reason);
    }
    stage.seed(json!({"settlement_fen": 1_000_000})).await;
    assert_eq!(stage.pay("P2", "100.01", CARD).await.body["TxSts"], "RJCT", "a refused id stays used");
    assert_eq!(stage.pay("P3", "100.01", CARD).await.body["TxSts"], "ACSC");
    let statement = stage.get("/statement").await;
    assert_eq!(statement["Ntry"].as_array().expect("a list").len(), 1);
    assert_eq!((stage.total("rejected").await, stage.total("imbalance").await), (2, 0));
}

#[tokio::test]
async fn the_statement_pages_by_sequence() {
    let stage = calm().await;
    for n in 1..=3 {
        stage.pay(&format!("P{n}"), "1.00", CARD).await;
    }
    let ids = |page: &Value| -> Vec<String> {
        page["Ntry"].as_array().expect("a list").iter().map(|entry| text(&entry["EndToEndId"])).collect()
    };
    let first = stage.get("/statement?limit=2").await;
    assert_eq!((ids(&first), first["next_after"].as_i64()), (vec!["P1".to_owned(), "P2".to_owned()], Some(2)));
    let second = stage.get("/statement?after=2&limit=2").await;
    assert_eq!((ids(&second), second["next_after"].as_i64()), (vec!["P3".to_owned()], Some(3)));
    let end = stage.get("/statement?after=3").await;
    assert_eq!((ids(&end).len(), end["next_after"].as_i64()), (0, Some(3)));
    assert_eq!((&first["Ntry"][0]["CdtDbtInd"], &first["Ntry"][0]["Amt"]), (&json!("DBIT"), &json!("1.00")));
}

#[tokio::test]
async fn malformed_payouts_are_refused_by_name() {
    let stage = calm().await;
    let good = json!({"EndToEndId": "P1", "InstdAmt": "1.00", "Ccy": "CNY", "CdtrAcct": CARD});
    for (key, value, code) in [
        ("EndToEndId", json!(""), "invalidEndToEndId"),
        ("EndToEndId", json!("a".repeat(36)), "invalidEndToEndId"),
        ("EndToEndId", json!("P 1"), "invalidEndToEndId"),
        ("InstdAmt", json!("0"), "invalidAmount"),
        ("InstdAmt", json!("-1.00"), "invalidAmount"),
        ("InstdAmt", json!("1e2"), "invalidAmount"),
        ("InstdAmt", json!("0.001"), "invalidAmount"),
        ("InstdAmt", json!(1), "invalidBody"),
        ("Ccy", json!("USD"), "invalidCurrency"),
        ("CdtrAcct", json!("6222/0000"), "invalidAccount"),
        ("Unknown", json!(1), "invalidBody"),
    ] {
        let mut body = good.clone();
        body[key] = value.clone();
        let refused = stage.send(Method::POST, "/payouts", "", Some(body)).await;
        assert_eq!((refused.status, text(&refused.body["code"])), (400, code.to_owned()), "{key}={value}");
    }
    assert_eq!(stage.total("payouts").await, 0);
    assert_eq!(stage.send(Method::POST, "/payouts", "", Some(good)).await.status, 201);
}
