//! An acquirer without faults.

use reqwest::Method;
use sandbox::AcquirerConfig;
use serde_json::{Value, json};

use crate::stage::{CARD, Reply, Stage, text};

async fn calm() -> Stage {
    Stage::acquirer(AcquirerConfig::default()).await
}

fn reason(reply: &Reply) -> String {
    assert_eq!((reply.status, &reply.body["TxSts"]), (201, &json!("RJCT")), "{reply:?}");
    text(&reply.body["StsRsnInf"]["Rsn"]["Cd"])
}

fn code(reply: &Reply) -> (u16, String) {
    (reply.status, text(&reply.body["code"]))
}

#[tokio::test]
async fn a_payment_is_collected_once_however_often_it_is_asked_for() {
    let stage = calm().await;
    let first = stage.charge("P1", "100.00", CARD).await;
    let expected = json!({
        "EndToEndId": "P1", "TxSts": "ACSC", "AcctSvcrRef": "ACQUIRER-1", "InstdAmt": "100.00", "Ccy": "CNY",
    });
    assert_eq!((first.status, &first.body), (201, &expected));
    assert_eq!(stage.charge("P1", "100.0", CARD).await, first, "the same words as the first time");
    stage.seed(json!({"payers": [{"instrument": "other", "balance_fen": 100_000}]})).await;
    for (yuan, payer) in [("99.00", CARD), ("100.00", "other")] {
        assert_eq!(code(&stage.charge("P1", yuan, payer).await), (409, "endToEndIdReused".to_owned()));
    }
    assert_eq!(code(&stage.refund("P1", "P1", "100.00").await), (409, "endToEndIdReused".to_owned()));
    assert_eq!((stage.total("collected_total").await, stage.total("merchant").await), (10_000, 10_000));
    assert_eq!((stage.balance(CARD).await, stage.balance("other").await), ("900.00".to_owned(), "1000.00".to_owned()));
    assert_eq!(stage.get("/payments/P1").await, first.body);
    assert_eq!(stage.status("/refunds/P1").await, "", "a payment is no refund");
}

#[tokio::test]
async fn a_refund_goes_back_to_the_instrument_that_paid_and_to_no_other() {
    let stage = calm().await;
    stage.seed(json!({"payers": [{"instrument": "other", "balance_fen": 5_000}]})).await;
    stage.charge("P1", "100.00", CARD).await;
    stage.charge("P2", "50.00", "other").await;
    let back = stage.refund("R1", "P1", "30.00").await;
    let expected = json!({
        "EndToEndId": "R1", "OrgnlEndToEndId": "P1", "TxSts": "ACSC", "AcctSvcrRef": "ACQUIRER-3",
        "InstdAmt": "30.00", "Ccy": "CNY",
    });
    assert_eq!((back.status, &back.body), (201, &expected));
    assert_eq!(stage.refund("R1", "P1", "30.00").await, back, "and once");
    assert_eq!(code(&stage.refund("R1", "P2", "30.00").await), (409, "endToEndIdReused".to_owned()));
    assert_eq!((stage.balance(CARD).await, stage.balance("other").await), ("930.00".to_owned(), "0.00".to_owned()));
    let mut elsewhere = json!({"EndToEndId": "R2", "OrgnlEndToEndId": "P1", "InstdAmt": "1.00", "Ccy": "CNY"});
    elsewhere["CdtrAcct"] = json!("other");
    let refused = stage.send(Method::POST, "/refunds", "", Some(elsewhere)).await;
    assert_eq!(code(&refused), (400, "invalidBody".to_owned()), "there is no field for an account");
    assert_eq!((stage.total("merchant").await, stage.total("imbalance").await), (12_000, 0));
}

#[tokio::test]
async fn no_more_is_given_back_than_was_paid() {
    let stage = calm().await;
    stage.charge("P1", "100.00", CARD).await;
    assert_eq!(reason(&stage.refund("R1", "P1", "100.01").await), "AM02");
    assert_eq!(stage.refund("R2", "P1", "60.00").await.body["TxSts"], "ACSC");
    assert_eq!(reason(&stage.refund("R3", "P1", "40.01").await), "AM02");
    assert_eq!(stage.refund("R4", "P1", "40.00").await.body["TxSts"], "ACSC");
    assert_eq!(reason(&stage.refund("R5", "P1", "0.01").await), "ARDT");
    assert_eq!(reason(&stage.refund("R1", "P1", "100.01").await), "AM02", "a refused id stays used");
    assert_eq!(stage.balance(CARD).await, "1000.00");
    assert_eq!((stage.total("refunded_total").await, stage.total("rejected").await), (10_000, 3));
    assert_eq!((stage.total("merchant").await, stage.total("imbalance").await), (0, 0));
}

#[tokio::test]
async fn refusals_are_kept_with_their_reason_and_not_on_the_statement() {
    let stage = calm().await;
    stage.seed(json!({"payers": [{"instrument": "closed", "balance_fen": 100, "closed": true}]})).await;
    for (id, yuan, payer, expected) in
        [("P1", "1.00", "closed", "AC04"), ("P2", "1.00", "nobody", "AC01"), ("P3", "1000.01", CARD, "AM04")]
    {
        for _ in 0..2 {
            assert_eq!(reason(&stage.charge(id, yuan, payer).await), expected);
        }
        assert_eq!(stage.get(&format!("/payments/{id}")).await["StsRsnInf"]["Rsn"]["Cd"], expected);
        assert_eq!(reason(&stage.refund(&format!("R{id}"), id, "1.00").await), "ED05", "never settled");
    }
    assert_eq!(reason(&stage.refund("R4", "P4", "1.00").await), "NOOR");
    assert_eq!(reason(&stage.refund("R5", "R4", "1.00").await), "NOOR", "a refund is no payment");
    assert_eq!(stage.get("/statement").await["Ntry"], json!([]));
    assert_eq!((stage.total("payments").await, stage.total("refunds").await), (3, 5));
    assert_eq!((stage.total("rejected").await, stage.total("imbalance").await), (8, 0));
}

#[tokio::test]
async fn the_statement_pages_by_sequence() {
    let stage = calm().await;
    stage.charge("P1", "2.00", CARD).await;
    stage.charge("P2", "1.00", CARD).await;
    stage.refund("R1", "P1", "1.50").await;
    let lines = |page: &Value| -> Vec<[String; 3]> {
        let line = |entry: &Value| [&entry["EndToEndId"], &entry["CdtDbtInd"], &entry["Amt"]].map(text);
        page["Ntry"].as_array().expect("a list").iter().map(line).collect()
    };
    let line = |texts: [&str; 3]| texts.map(str::to_owned);
    let first = stage.get("/statement?limit=2").await;
    assert_eq!(lines(&first), [line(["P1", "CRDT", "2.00"]), line(["P2", "CRDT", "1.00"])]);
    assert_eq!(first["next_after"], 2);
    let second = stage.get("/statement?after=2").await;
    assert_eq!(lines(&second), [line(["R1", "DBIT", "1.50"])]);
    assert_eq!((&second["Ntry"][0]["OrgnlEndToEndId"], &second["next_after"]), (&json!("P1"), &json!(3)));
    assert_eq!(lines(&stage.get("/statement?after=3").await).len(), 0);
}

#[tokio::test]
async fn an_instrument_is_in_no_answer_about_a_transaction() {
    let stage = calm().await;
    let paid = stage.charge("P1", "2.00", CARD).await;
    let back = stage.refund("R1", "P1", "1.00").await;
    let statement = stage.get("/statement").await;
    for told in [paid.body, back.body, stage.get("/payments/P1").await, stage.get("/refunds/R1").await, statement] {
        assert!(!told.to_string().contains(CARD), "{told}");
    }
}

#[tokio::test]
async fn malformed_transactions_are_refused_by_name() {
    let stage = calm().await;
    let payment = json!({"EndToEndId": "P1", "InstdAmt": "1.00", "Ccy": "CNY", "DbtrAcct": CARD});
    let refund = json!({"EndToEndId": "R1", "OrgnlEndToEndId": "P1", "InstdAmt": "1.00", "Ccy": "CNY"});
    for (path, good, key, value, expected) in [
        ("/payments", &payment, "EndToEndId", json!(""), "invalidEndToEndId"),
        ("/payments", &payment, "EndToEndId", json!("a".repeat(36)), "invalidEndToEndId"),
        ("/payments", &payment, "InstdAmt", json!("0"), "invalidAmount"),
        ("/payments", &payment, "InstdAmt", json!("-1.00"), "invalidAmount"),
        ("/payments", &payment, "InstdAmt", json!("0.001"), "invalidAmount"),
        ("/payments", &payment, "InstdAmt", json!(1), "invalidBody"),
        ("/payments", &payment, "Ccy", json!("USD"), "invalidCurrency"),
        ("/payments", &payment, "DbtrAcct", json!("6222/0000"), "invalidAccount"),
        ("/payments", &payment, "Unknown", json!(1), "invalidBody"),
        ("/refunds", &refund, "EndToEndId", json!("R 1"), "invalidEndToEndId"),
        ("/refunds", &refund, "OrgnlEndToEndId", json!("P 1"), "invalidEndToEndId"),
        ("/refunds", &refund, "InstdAmt", json!("1e2"), "invalidAmount"),
        ("/refunds", &refund, "Ccy", json!("USD"), "invalidCurrency"),
        ("/refunds", &refund, "DbtrAcct", json!(CARD), "invalidBody"),
    ] {
        let mut body = good.clone();
        body[key] = value.clone();
        let refused = stage.send(Method::POST, path, "", Some(body)).await;
        assert_eq!(code(&refused), (400, expected.to_owned()), "{path} {key}={value}");
    }
    assert_eq!((stage.total("payments").await, stage.total("refunds").await), (0, 0));
    assert_eq!(stage.send(Method::POST, "/payments", "", Some(payment)).await.status, 201);
    assert_eq!(stage.send(Method::POST, "/refunds", "", Some(refund)).await.body["TxSts"], "ACSC");
}
