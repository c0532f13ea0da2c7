//! The register of ported numbers, over real HTTP.

use crate::stage::{Kind, MSISDN, Stage};
use money::Telco;
use serde_json::json;

#[tokio::test]
async fn a_telco_says_who_serves_its_numbers() {
    for kind in Kind::TELCOS {
        let stage = Stage::open(kind).await;
        let own = match kind.partner() {
            facts::Partner::Telco(telco) => telco,
            _ => unreachable!("a telco"),
        };
        assert_eq!(stage.gateway.served_by(MSISDN).await, Ok(Some(own)));
        stage.control("/sandbox/seed", json!({"ported": [{"msisdn": MSISDN, "to": "CMCC"}]})).await;
        assert_eq!(stage.gateway.served_by(MSISDN).await, Ok(Some(Telco::Cmcc)));
        stage.control("/sandbox/seed", json!({"ported": [{"msisdn": MSISDN, "to": "VMNO"}]})).await;
        assert!(stage.gateway.served_by(MSISDN).await.is_err(), "a telco that nobody connected");
        assert!(stage.gateway.served_by("no number").await.is_err());
    }
}

#[tokio::test]
async fn a_bank_keeps_no_register() {
    let stage = Stage::open(Kind::Bank).await;
    assert_eq!(stage.gateway.served_by(MSISDN).await, Ok(None));
}
