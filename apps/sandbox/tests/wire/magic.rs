//! Magic numbers through the wire.

use sandbox::{AcquirerConfig, BankConfig, IssuerConfig, ProgrammeConfig, TelcoConfig};
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

#[tokio::test]
async fn endings_of_instruments_force_a_behaviour_where_magic_is_on() {
    let ear = Ear::open(0).await;
    let config = AcquirerConfig { magic: true, callback_url: Some(ear.url.clone()), ..AcquirerConfig::default() };
    let stage = Stage::acquirer(config).await;
    let ends = ["0801", "0814", "0820", "0821", "0822", "0804", "0901", "0920", "0921", "0904"];
    let payer = |end: &str| json!({"instrument": format!("622200000000{end}"), "balance_fen": 1_000});
    stage.seed(json!({"payers": ends.map(payer)})).await;
    for (end, first, last, reason) in [
        ("0801", "RJCT", "RJCT", json!("AC06")),
        ("0814", "RJCT", "RJCT", json!("AM04")),
        ("0820", "PDNG", "ACSC", Value::Null),
        ("0821", "PDNG", "RJCT", json!("AM04")),
        ("0822", "ACSC", "ACSC", Value::Null),
    ] {
        let answer = stage.charge(end, "1.00", &format!("622200000000{end}")).await;
        assert_eq!(answer.body["TxSts"], first, "{end}");
        let waits = stage.flush().await;
        let told = stage.get(&format!("/payments/{end}")).await;
        assert_eq!((&told["TxSts"], &told["StsRsnInf"]["Rsn"]["Cd"]), (&json!(last), &reason), "{end}");
        if waits > 0 {
            assert_eq!(ear.hear().await["TxSts"], last, "{end}");
        }
    }
    assert_eq!(stage.get("/payments/0822").await["RtrInf"]["Rsn"]["Cd"], "MD06");
    assert_eq!(stage.charge("0804", "1.00", "6222000000000804").await.status, 503);
    assert_eq!(stage.charge("0804", "1.00", "6222000000000804").await.status, 201, "the first time only");
    for (end, first, last) in [("0901", "RJCT", "RJCT"), ("0920", "PDNG", "ACSC"), ("0921", "PDNG", "RJCT")] {
        stage.charge(end, "1.00", &format!("622200000000{end}")).await;
        let id = format!("R{end}");
        assert_eq!(stage.refund(&id, end, "1.00").await.body["TxSts"], first, "{end}");
        stage.flush().await;
        assert_eq!(stage.status(&format!("/refunds/{id}")).await, last, "{end}");
    }
    stage.charge("0904", "1.00", "6222000000000904").await;
    assert_eq!(stage.refund("R0904", "0904", "1.00").await.status, 503);
    assert_eq!(stage.refund("R0904", "0904", "1.00").await.status, 201);
    let totals = ["collected_total", "refunded_total", "returned_total", "imbalance"];
    let mut told = Vec::new();
    for name in totals {
        told.push(stage.total(name).await);
    }
    assert_eq!(told, [700, 200, 100, 0]);
}

#[tokio::test]
async fn endings_of_members_force_a_behaviour_where_magic_is_on() {
    let ear = Ear::open(0).await;
    let callback_url = Some(ear.url.clone());
    let config = ProgrammeConfig { magic: true, callback_url, ..ProgrammeConfig::named("BANK_POINTS") };
    let stage = Stage::programme(config).await;
    let ends = ["1001", "1020", "1021", "1022", "1004", "1101", "1120", "1121", "1220", "1204"];
    let lots = json!([{"lot": "L1", "points": 100, "expires_on": "2099-01-01"}]);
    let member = |end: &str| json!({"member": format!("1330000{end}"), "lots": lots});
    stage.seed(json!({"members": ends.map(member)})).await;
    for (end, path, status, last, reason) in [
        ("1001", "redemptions", 409, "refused", json!("insufficientPoints")),
        ("1020", "redemptions", 202, "redeemed", Value::Null),
        ("1021", "redemptions", 202, "refused", json!("insufficientPoints")),
        ("1022", "redemptions", 201, "reversed", Value::Null),
        ("1101", "accruals", 409, "refused", json!("memberClosed")),
        ("1120", "accruals", 202, "accrued", Value::Null),
        ("1121", "accruals", 202, "refused", json!("memberClosed")),
    ] {
        let member = format!("1330000{end}");
        let answer = match path {
            "accruals" => stage.accrue(end, &member, 10).await,
            _ => stage.redeem(end, &member, 10).await,
        };
        assert_eq!(answer.status, status, "{end}: {answer:?}");
        let waits = stage.flush().await;
        let told = stage.get(&format!("/{path}/{end}")).await;
        assert_eq!((&told["status"], &told["reason"]), (&json!(last), &reason), "{end}");
        if waits > 0 {
            assert_eq!(ear.hear().await["status"], last, "{end}");
        }
    }
    assert_eq!(stage.redeem("1004", "13300001004", 10).await.status, 503);
    assert_eq!(stage.redeem("1004", "13300001004", 10).await.status, 201, "the first time only");
    for (end, status) in [("1220", 202), ("1204", 503)] {
        stage.redeem(end, &format!("1330000{end}"), 10).await;
        assert_eq!(stage.reverse(&format!("B{end}"), end).await.status, status, "{end}");
    }
    stage.flush().await;
    let totals = ["redeemed_total", "reversed_total", "accrued_total", "imbalance"];
    let mut told = Vec::new();
    for name in totals {
        told.push(stage.total(name).await);
    }
    assert_eq!(told, [50, 30, 10, 0]);
}
