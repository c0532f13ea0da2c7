//! Each kind of fault at an issuer, and the repeat that a caller may always make there.

use sandbox::{Action, FaultKind, FaultsConfig, IssuerConfig};
use serde_json::{Value, json};

use crate::stage::{Ear, MSISDN, Stage, always, text};

fn striking(kind: FaultKind, action: Action) -> IssuerConfig {
    IssuerConfig { faults: FaultsConfig { actions: [action].into(), ..always(kind) }, ..IssuerConfig::default() }
}

async fn struck(kind: FaultKind) -> Stage {
    Stage::issuer(striking(kind, Action::Issue)).await
}

async fn heard(kind: FaultKind, ear: &Ear) -> Stage {
    Stage::issuer(IssuerConfig { callback_url: Some(ear.url.clone()), ..striking(kind, Action::Issue) }).await
}

#[tokio::test]
async fn unanswered_vouchers_may_or_may_not_be_issued() {
    for (kind, status, issued) in [
        (FaultKind::AppliedTimeout, 0, 100),
        (FaultKind::NotAppliedTimeout, 0, 0),
        (FaultKind::ServerErrorApplied, 503, 100),
        (FaultKind::ServerErrorNotApplied, 503, 0),
    ] {
        let stage = struck(kind).await;
        assert_eq!(stage.issue("V1", "1.00", MSISDN).await.status, status, "{kind:?}");
        assert_eq!(stage.total("issued_total").await, issued, "{kind:?}");
        assert_eq!(stage.voucher("V1").await.is_null(), issued == 0, "{kind:?}");
        stage.change_faults(json!({"preset": "none"})).await;
        assert_eq!(stage.issue("V1", "1.00", MSISDN).await.body["status"], "issued", "{kind:?}");
        assert_eq!(stage.total("issued_total").await, 100, "{kind:?}: a repeat issues once");
    }
}

#[tokio::test]
async fn a_duplicate_callback_tells_the_same_thing_twice() {
    let ear = Ear::open(0).await;
    let stage = heard(FaultKind::DuplicateCallback, &ear).await;
    let answer = stage.issue("V1", "1.00", MSISDN).await;
    let (first, second) = (ear.hear().await, ear.hear().await);
    assert_eq!(first, second);
    assert_eq!((&first["voucher"], &first["status"]), (&answer.body["voucher"], &json!("issued")));
    assert_eq!(first["eventId"], "vch-1-issued");
}

#[tokio::test]
async fn a_late_success_is_pending_first() {
    let ear = Ear::open(0).await;
    let stage = heard(FaultKind::LateSuccess, &ear).await;
    let answer = stage.issue("V1", "1.00", MSISDN).await;
    assert!(answer.status == 202 || answer.status == 503, "{answer:?}");
    assert_eq!(stage.voucher("V1").await["status"], "pending");
    assert_eq!(stage.issue("V1", "1.00", MSISDN).await.status, 202, "a repeat is not a second voucher");
    for reply in [stage.collect("V1", 0).await, stage.cancel("V1").await] {
        assert_eq!((reply.status, text(&reply.body["code"])), (409, "notIssued".to_owned()));
    }
    assert_eq!((stage.total("liability").await, stage.flush().await), (0, 1));
    assert_eq!(ear.hear().await["status"], "issued");
    assert_eq!(stage.total("liability").await, 100);
}

#[tokio::test]
async fn a_late_voucher_is_refused_when_issuing_has_stopped() {
    let stage = struck(FaultKind::LateSuccess).await;
    stage.issue("V1", "1.00", MSISDN).await;
    stage.seed(json!({"stopped": true})).await;
    stage.flush().await;
    assert_eq!(stage.voucher("V1").await["reason"], "issueStopped");
    assert_eq!((stage.total("liability").await, stage.total("imbalance").await), (0, 0));
}

#[tokio::test]
async fn a_contradiction_refuses_what_it_issued() {
    let ear = Ear::open(0).await;
    let stage = heard(FaultKind::Contradictory, &ear).await;
    let refused = stage.issue("V1", "1.00", MSISDN).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("holderBlocked")));
    assert_eq!((stage.total("issued_total").await, stage.total("refused").await), (100, 0));
    assert_eq!(stage.voucher("V1").await["status"], "issued");
    assert_eq!(ear.hear().await["status"], "issued");
}

#[tokio::test]
async fn an_amount_mismatch_issues_what_it_says() {
    let stage = struck(FaultKind::AmountMismatch).await;
    assert_eq!(stage.issue("V1", "100.00", MSISDN).await.body["face_value"], "99.99");
    assert_eq!(stage.get("/statement").await["entries"][0]["amount"], "99.99");
    let again = stage.issue("V1", "100.00", MSISDN).await;
    assert_eq!((again.status, &again.body["face_value"]), (201, &json!("99.99")), "recognised by what was asked");
    assert_eq!(stage.issue("V2", "0.01", MSISDN).await.body["face_value"], "0.01", "there is nothing less");
    assert_eq!((stage.total("liability").await, stage.total("imbalance").await), (10_000, 0));
}

#[tokio::test]
async fn not_found_then_found_hides_the_voucher_from_everything_but_the_books() {
    let stage = struck(FaultKind::NotFoundThenFound).await;
    let answer = stage.issue("V1", "1.00", MSISDN).await;
    assert!(answer.status == 0 || answer.status == 503, "{answer:?}");
    assert_eq!(stage.voucher("V1").await, Value::Null);
    assert_eq!((stage.collect("V1", 0).await.status, stage.cancel("V1").await.status), (404, 404));
    assert_eq!(stage.total("issued_total").await, 100);
    assert_eq!(stage.issue("V1", "1.00", MSISDN).await.status, 201, "a repeat finds it");
    stage.flush().await;
    assert_eq!(stage.voucher("V1").await["status"], "issued");
}

#[tokio::test]
async fn a_lost_code_is_asked_for_again_and_is_the_same() {
    for (kind, collected) in [
        (FaultKind::AppliedTimeout, 1),
        (FaultKind::ServerErrorApplied, 1),
        (FaultKind::NotAppliedTimeout, 0),
        (FaultKind::ServerErrorNotApplied, 0),
    ] {
        let stage = Stage::issuer(striking(kind, Action::Collect)).await;
        stage.issue("V1", "1.00", MSISDN).await;
        assert!([0, 503].contains(&stage.collect("V1", 0).await.status), "{kind:?}");
        assert_eq!(stage.total("collected").await, collected, "{kind:?}");
        assert_eq!(stage.injected(&format!("{}/collect", kind.name())).await, 1);
        stage.change_faults(json!({"preset": "none"})).await;
        let first = stage.collect("V1", 1).await;
        assert_eq!((first.status, &stage.collect("V1", 2).await), (200, &first), "{kind:?}");
    }
}

#[tokio::test]
async fn an_unanswered_cancelling_may_be_repeated() {
    for (kind, cancelled) in [(FaultKind::AppliedTimeout, 100), (FaultKind::NotAppliedTimeout, 0)] {
        let stage = Stage::issuer(striking(kind, Action::Cancel)).await;
        stage.issue("V1", "1.00", MSISDN).await;
        assert_eq!(stage.cancel("V1").await.status, 0, "{kind:?}");
        assert_eq!(stage.total("cancelled_total").await, cancelled, "{kind:?}");
        stage.change_faults(json!({"preset": "none"})).await;
        assert_eq!(stage.cancel("V1").await.status, 200, "{kind:?}");
        assert_eq!((stage.total("cancelled_total").await, stage.total("imbalance").await), (100, 0), "{kind:?}");
    }
}
