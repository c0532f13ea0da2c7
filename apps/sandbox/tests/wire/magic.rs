//! Magic numbers through the wire.

use sandbox::{BankConfig, IssuerConfig, TelcoConfig};
use serde_json::{Value, json};

use crate::stage::{Ear, Stage, create_for, text};

async fn deduct(stage: &Stage, msisdn: &str, reference: &str) -> (u16, String) {
    let reply = stage.post("/adjustBalance", reference, create_for(msisdn, "-1")).await;
    (reply.status, text(&reply.body["code"]))
}

#[tokio::test]
async fn endings_of_numbers_force_a_behaviour_where_magic_is_on() {
    let buckets: Vec<Value> = ["0001", "0099", "0304", "0305"]
        .iter()
        .map(|end| json!({"msisdn": format!("1330000{end}"), "remaining_fen": 1_000}))
        .collect();
    let stage = Stage::bare_telco(TelcoConfig { magic: true, ..TelcoConfig::named("CTCC") }).await;
    stage.seed(json!({"buckets": buckets})).await;
    for _ in 0..2 {
        assert_eq!(deduct(&stage, "13300000001", "D1").await, (409, "insufficientBalance".to_owned()));
        assert_eq!(deduct(&stage, "13300000099", "D2").await, (409, "bucketClosed".to_owned()));
    }
    assert_eq!(deduct(&stage, "13300000304", "D3").await.0, 503);
    assert_eq!(deduct(&stage, "13300000304", "D3").await.0, 201, "the first time only");
    assert_eq!(stage.history("D3").await.len(), 2, "and the first was applied");
    assert_eq!(deduct(&stage, "13300000305", "D4").await.0, 503);
    assert_eq!(stage.history("D4").await.len(), 0);

    let ordinary = Stage::bare_telco(TelcoConfig::named("CTCC")).await;
    ordinary.seed(json!({"buckets": buckets})).await;
    assert_eq!(deduct(&ordinary, "13300000001", "D1").await.0, 201);
}

#[tokio::test]
async fn endings_of_cards_force_a_behaviour_where_magic_is_on() {
    let ear = Ear::open(0).await;
    let config = BankConfig { magic: true, callback_url: Some(ear.url.clone()), ..BankConfig::default() };
    let stage = Stage::bank(config).await;
    for (id, end, first, last) in [
        ("P1", "0001", "RJCT", "RJCT"),
        ("P2", "0002", "PDNG", "ACSC"),
        ("P3", "0003", "PDNG", "RJCT"),
        ("P14", "0014", "RJCT", "RJCT"),
        ("P15", "0015", "ACSC", "ACSC"),
    ] {
        let answer = stage.pay(id, "1.00", &format!("622200000000{end}")).await;
        assert_eq!(answer.body["TxSts"], first, "{end}");
        let waits = stage.flush().await;
        assert_eq!(stage.payout(id).await["TxSts"], last, "{end}");
        if waits > 0 {
            assert_eq!(ear.hear().await["TxSts"], last, "{end}");
        }
    }
    assert_eq!(stage.payout("P3").await["StsRsnInf"]["Rsn"]["Cd"], "AC06");
    assert_eq!(stage.payout("P15").await["RtrInf"]["Rsn"]["Cd"], "AC04");
    assert_eq!((stage.total("paid_total").await, stage.total("returned_total").await), (200, 100));
    assert_eq!(stage.total("imbalance").await, 0);
}

#[tokio::test]
async fn endings_of_holders_force_a_behaviour_where_magic_is_on() {
    let ear = Ear::open(0).await;
    let config = IssuerConfig { magic: true, callback_url: Some(ear.url.clone()), ..IssuerConfig::default() };
    let stage = Stage::issuer(config).await;
    for (end, status, last, reason) in [
        ("0601", 409, "refused", json!("issueStopped")),
        ("0620", 202, "issued", Value::Null),
        ("0621", 202, "refused", json!("issueStopped")),
        ("0622", 201, "cancelled", Value::Null),
        ("0699", 409, "refused", json!("holderBlocked")),
    ] {
        let answer = stage.issue(end, "1.00", &format!("1330000{end}")).await;
        assert_eq!(answer.status, status, "{end}: {answer:?}");
        let waits = stage.flush().await;
        let voucher = stage.voucher(end).await;
        assert_eq!((&voucher["status"], &voucher["reason"]), (&json!(last), &reason), "{end}");
        if waits > 0 {
            let heard = ear.hear().await;
            assert_eq!((&heard["reference"], &heard["status"]), (&json!(end), &json!(last)), "{end}");
        }
    }
    assert_eq!(stage.issue("0604", "1.00", "13300000604").await.status, 503);
    assert_eq!(stage.issue("0604", "1.00", "13300000604").await.status, 201, "the first time only");
    stage.issue("0704", "1.00", "13300000704").await;
    assert_eq!(stage.collect("0704", 0).await.status, 503);
    assert_eq!(stage.collect("0704", 1).await.status, 200, "the lost answer is asked for again");
    assert_eq!((stage.total("liability").await, stage.total("imbalance").await), (300, 0));
}
