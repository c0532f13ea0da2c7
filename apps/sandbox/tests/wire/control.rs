//! Seeding, totals, exports and the change of faults at run time.

use reqwest::Method;
use sandbox::{AcquirerConfig, BankConfig, IssuerConfig, ProgrammeConfig, TelcoConfig};
use serde_json::json;

use crate::stage::{CARD, MSISDN, Stage, text};

#[tokio::test]
async fn a_seed_is_all_or_nothing() {
    let stage = Stage::telco(TelcoConfig::named("CTCC")).await;
    for (second, status, code) in [
        (json!({"msisdn": MSISDN, "remaining_fen": 1}), 409, "alreadySeeded"),
        (json!({"msisdn": "1", "remaining_fen": 1}), 409, "alreadySeeded"),
        (json!({"msisdn": "12a", "remaining_fen": 1}), 400, "invalidMsisdn"),
        (json!({"msisdn": "2", "remaining_fen": -1}), 400, "invalidAmount"),
        (json!({"msisdn": "2", "remaining_fen": 1.5}), 400, "invalidBody"),
    ] {
        let body = json!({"buckets": [{"msisdn": "1", "remaining_fen": 1}, second]});
        let refused = stage.send(Method::POST, "/sandbox/seed", "", Some(body)).await;
        assert_eq!((refused.status, text(&refused.body["code"])), (status, code.to_owned()));
    }
    assert_eq!((stage.total("buckets").await, stage.total("granted").await), (1, 100_000));
    let acquirer = Stage::acquirer(AcquirerConfig::default()).await;
    for (second, status, code) in [
        (json!({"instrument": CARD, "balance_fen": 1}), 409, "alreadySeeded"),
        (json!({"instrument": "a", "balance_fen": 1}), 409, "alreadySeeded"),
        (json!({"instrument": "a b", "balance_fen": 1}), 400, "invalidAccount"),
        (json!({"instrument": "b", "balance_fen": -1}), 400, "invalidAmount"),
    ] {
        let body = json!({"payers": [{"instrument": "a", "balance_fen": 1}, second]});
        let refused = acquirer.send(Method::POST, "/sandbox/seed", "", Some(body)).await;
        assert_eq!((refused.status, text(&refused.body["code"])), (status, code.to_owned()));
    }
    assert_eq!((acquirer.total("payers").await, acquirer.total("opening").await), (1, 100_000));
    let programme = Stage::programme(ProgrammeConfig::named("BANK_POINTS")).await;
    let lot = |points: i64, expires_on: &str| json!([{"lot": "L1", "points": points, "expires_on": expires_on}]);
    for (second, status, code) in [
        (json!({"member": CARD}), 409, "alreadySeeded"),
        (json!({"member": "a"}), 409, "alreadySeeded"),
        (json!({"member": "a b"}), 400, "invalidAccount"),
        (json!({"member": "b", "lots": lot(0, "2099-01-01")}), 400, "invalidAmount"),
        (json!({"member": "b", "lots": lot(1, "2099-02-30")}), 400, "invalidDate"),
    ] {
        let body = json!({"members": [{"member": "a", "lots": lot(1, "2099-01-01")}, second]});
        let refused = programme.send(Method::POST, "/sandbox/seed", "", Some(body)).await;
        assert_eq!((refused.status, text(&refused.body["code"])), (status, code.to_owned()));
    }
    assert_eq!((programme.total("members").await, programme.total("opening").await), (1, 100_000));
}

#[tokio::test]
async fn the_exports_list_every_line() {
    let telco = Stage::telco(TelcoConfig::named("CTCC")).await;
    telco.adjust("D1", "-1.00").await;
    telco.adjust("D2", "-5000").await;
    let lines = csv_lines(&telco).await;
    assert_eq!(lines[0], "sequence,correlation_id,kind,msisdn,amount_fen,status,at_ms");
    assert!(lines[1].starts_with(&format!("1,D1,AdjustBalance,{MSISDN},-100,completed,")), "{lines:?}");
    assert!(lines[2].starts_with(&format!("2,D2,AdjustBalance,{MSISDN},-500000,failed,")), "{lines:?}");
    let bank = Stage::bank(BankConfig::default()).await;
    bank.pay("P1", "1.00", CARD).await;
    let lines = csv_lines(&bank).await;
    assert_eq!(lines[0], "sequence,end_to_end_id,account,amount_fen,direction,status,at_ms");
    assert!(lines[1].starts_with(&format!("1,P1,{CARD},100,DBIT,BOOK,")), "{lines:?}");
    let issuer = Stage::issuer(IssuerConfig::default()).await;
    issuer.issue("V1", "100.00", MSISDN).await;
    issuer.cancel("V1").await;
    let lines = csv_lines(&issuer).await;
    assert_eq!(lines[0], "sequence,reference,voucher,amount_fen,kind,debit,credit,at_ms");
    assert!(lines[1].starts_with("1,V1,vch-1,10000,issued,receivable,liability,"), "{lines:?}");
    assert!(lines[2].starts_with("2,V1,vch-1,10000,cancelled,liability,receivable,"), "{lines:?}");
    let acquirer = Stage::acquirer(AcquirerConfig::default()).await;
    acquirer.charge("P1", "100.00", CARD).await;
    acquirer.refund("R1", "P1", "40.00").await;
    let lines = csv_lines(&acquirer).await;
    let columns = "sequence,end_to_end_id,orgnl_end_to_end_id,instrument,amount_fen,kind,debit,credit,at_ms";
    assert_eq!(lines[0], columns);
    assert!(lines[1].starts_with(&format!("1,P1,,{CARD},10000,collected,payers,merchant,")), "{lines:?}");
    assert!(lines[2].starts_with(&format!("2,R1,P1,{CARD},4000,refunded,merchant,payers,")), "{lines:?}");
    let programme = Stage::programme(ProgrammeConfig::named("BANK_POINTS")).await;
    programme.redeem("R1", CARD, 30).await;
    programme.reverse("B1", "R1").await;
    let lines = csv_lines(&programme).await;
    assert_eq!(lines[0], "sequence,reference,redemption,member,points,kind,debit,credit,at_ms");
    assert!(lines[1].starts_with(&format!("1,R1,,{CARD},30,redeemed,members,caller,")), "{lines:?}");
    assert!(lines[2].starts_with(&format!("2,B1,R1,{CARD},30,reversed,caller,members,")), "{lines:?}");
}

async fn csv_lines(stage: &Stage) -> Vec<String> {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let response = client.get(format!("{}/sandbox/books.csv", stage.url)).send().await.expect("an answer");
    let text = response.text().await.expect("text");
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn faults_change_at_run_time_and_nonsense_does_not_stick() {
    let stage = Stage::telco(TelcoConfig::named("CTCC")).await;
    let heavy = stage.change_faults(json!({"preset": "heavy", "seed": 9})).await;
    assert_eq!(
        (heavy.status, heavy.body["rate_ppm"].as_i64(), heavy.body["seed"].as_i64()),
        (200, Some(250_000), Some(9))
    );
    for nonsense in [json!({"rate_ppm": 2_000_000}), json!({"latency_ms": [9, 1]})] {
        let refused = stage.change_faults(nonsense).await;
        assert_eq!((refused.status, text(&refused.body["code"])), (400, "invalidFaults".to_owned()));
    }
    for nonsense in [json!({"speed": 1}), json!({"preset": "mad"}), json!([])] {
        assert_eq!(stage.change_faults(nonsense).await.body["code"], "invalidBody");
    }
    let calm = stage.change_faults(json!({"preset": "none"})).await;
    assert_eq!((calm.body["rate_ppm"].as_i64(), calm.body["seed"].as_i64()), (Some(0), Some(9)));
    assert_eq!(stage.get("/livez").await, json!({"status": "ok"}));
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_at_the_start() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mut config = TelcoConfig::named("CTCC");
    config.faults.rate_ppm = 1_000_001;
    let refused = sandbox::serve_telco(config, listener).await.expect_err("a refusal");
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    assert!(serde_json::from_value::<TelcoConfig>(json!({"telco": "X", "colour": 1})).is_err());
    assert!(serde_json::from_value::<TelcoConfig>(json!({"telco": "X", "profile": "deduct_only"})).is_ok());
}
