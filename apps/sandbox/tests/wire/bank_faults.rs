//! Each kind of fault at a bank, and the repeat that a caller may always make there.

use std::time::{Duration, Instant};

use sandbox::{Action, BankConfig, FaultKind, FaultsConfig};
use serde_json::{Value, json};

use crate::stage::{CARD, Ear, Stage, always, text};

async fn struck(kind: FaultKind) -> Stage {
    let faults = FaultsConfig { actions: [Action::Payout].into(), ..always(kind) };
    Stage::bank(BankConfig { faults, ..BankConfig::default() }).await
}

async fn heard(kind: FaultKind, ear: &Ear) -> Stage {
    let faults = FaultsConfig { actions: [Action::Payout].into(), ..always(kind) };
    Stage::bank(BankConfig { faults, callback_url: Some(ear.url.clone()), ..BankConfig::default() }).await
}

#[tokio::test]
async fn latency_is_right_but_slow() {
    let stage = struck(FaultKind::Latency).await;
    let started = Instant::now();
    assert_eq!(stage.pay("P1", "1.00", CARD).await.status, 201);
    assert!(started.elapsed() >= Duration::from_millis(40));
}

#[tokio::test]
async fn unanswered_payouts_may_or_may_not_be_booked() {
    for (kind, status, booked) in [
        (FaultKind::AppliedTimeout, 0, 100),
        (FaultKind::NotAppliedTimeout, 0, 0),
        (FaultKind::ServerErrorApplied, 503, 100),
        (FaultKind::ServerErrorNotApplied, 503, 0),
    ] {
        let stage = struck(kind).await;
        assert_eq!(stage.pay("P1", "1.00", CARD).await.status, status, "{kind:?}");
        assert_eq!(stage.total("paid_total").await, booked, "{kind:?}");
        assert_eq!(stage.payout("P1").await.is_null(), booked == 0, "{kind:?}");
        stage.change_faults(json!({"preset": "none"})).await;
        assert_eq!(stage.pay("P1", "1.00", CARD).await.body["TxSts"], "ACSC", "{kind:?}");
        assert_eq!(stage.total("paid_total").await, 100, "{kind:?}: a repeat pays once");
    }
}

#[tokio::test]
async fn a_duplicate_callback_tells_the_same_thing_twice() {
    let ear = Ear::open(0).await;
    let stage = heard(FaultKind::DuplicateCallback, &ear).await;
    stage.pay("P1", "1.00", CARD).await;
    let (first, second) = (ear.hear().await, ear.hear().await);
    assert_eq!(first, second);
    assert_eq!((&first["EndToEndId"], &first["TxSts"]), (&json!("P1"), &json!("ACSC")));
}

#[tokio::test]
async fn a_late_success_is_pending_first() {
    let ear = Ear::open(0).await;
    let stage = heard(FaultKind::LateSuccess, &ear).await;
    let answer = stage.pay("P1", "1.00", CARD).await;
    assert!(answer.status == 503 || answer.body["TxSts"] == "PDNG", "{answer:?}");
    assert_eq!(stage.payout("P1").await["TxSts"], "PDNG");
    assert_eq!((stage.total("pending").await, stage.total("paid_total").await), (1, 0));
    assert_eq!(stage.pay("P1", "1.00", CARD).await.body["TxSts"], "PDNG", "a repeat is not a second payout");
    assert_eq!(stage.flush().await, 1);
    assert_eq!(ear.hear().await["TxSts"], "ACSC");
    assert_eq!(stage.total("paid_total").await, 100);
}

#[tokio::test]
async fn a_late_payout_is_refused_when_the_funds_are_gone() {
    let stage = struck(FaultKind::LateSuccess).await;
    stage.pay("P1", "600000.00", CARD).await;
    stage.pay("P2", "600000.00", CARD).await;
    assert_eq!(stage.flush().await, 2);
    let statuses = [text(&stage.payout("P1").await["TxSts"]), text(&stage.payout("P2").await["TxSts"])];
    assert_eq!(statuses, ["ACSC", "RJCT"]);
    assert_eq!(stage.total("imbalance").await, 0);
}

#[tokio::test]
async fn a_contradiction_refuses_what_it_paid() {
    let ear = Ear::open(0).await;
    let stage = heard(FaultKind::Contradictory, &ear).await;
    let refused = stage.pay("P1", "1.00", CARD).await;
    assert_eq!(refused.body["TxSts"], "RJCT");
    assert_eq!((stage.total("paid_total").await, stage.total("rejected").await), (100, 0));
    assert_eq!(stage.payout("P1").await["TxSts"], "ACSC");
    assert_eq!(ear.hear().await["TxSts"], "ACSC");
}

#[tokio::test]
async fn an_amount_mismatch_pays_what_it_says() {
    let stage = struck(FaultKind::AmountMismatch).await;
    assert_eq!(stage.pay("P1", "1.00", CARD).await.body["InstdAmt"], "0.99");
    assert_eq!(stage.total("paid_total").await, 99);
    assert_eq!(stage.get("/statement").await["Ntry"][0]["Amt"], "0.99");
    assert_eq!(stage.pay("P1", "1.00", CARD).await.status, 200, "the same payment is recognised by what was asked");
    assert_eq!(stage.pay("P2", "0.01", CARD).await.body["InstdAmt"], "0.01");
}

#[tokio::test]
async fn not_found_then_found_hides_the_payout_but_not_the_money() {
    let stage = struck(FaultKind::NotFoundThenFound).await;
    let answer = stage.pay("P1", "1.00", CARD).await;
    assert!(answer.status == 0 || answer.status == 503, "{answer:?}");
    assert_eq!(stage.payout("P1").await, Value::Null);
    assert_eq!(stage.total("paid_total").await, 100);
    assert_eq!(stage.pay("P1", "1.00", CARD).await.status, 200, "a repeat finds it");
    stage.flush().await;
    assert_eq!(stage.payout("P1").await["TxSts"], "ACSC");
}
