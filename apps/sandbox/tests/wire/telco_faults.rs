//! Each kind of fault at a telco: what the caller sees, and what the books and the history say.

use std::time::{Duration, Instant};

use sandbox::{Action, FaultKind, FaultsConfig, TelcoConfig};
use serde_json::json;

use crate::stage::{BASE, Ear, Reply, Stage, always, text};

/// A telco whose calls of this action are always struck by this kind; others are not.
async fn struck(kind: FaultKind, action: Action) -> Stage {
    let faults = FaultsConfig { actions: [action].into(), ..always(kind) };
    Stage::telco(TelcoConfig { faults, ..TelcoConfig::named("CTCC") }).await
}

async fn heard(kind: FaultKind, action: Action, ear: &Ear) -> Stage {
    let faults = FaultsConfig { actions: [action].into(), ..always(kind) };
    let callback_url = Some(ear.url.clone());
    Stage::telco(TelcoConfig { faults, callback_url, ..TelcoConfig::named("CTCC") }).await
}

fn is_no_answer(reply: &Reply) -> bool {
    reply.status == 0 || (reply.status == 503 && reply.body["code"] == "serverError")
}

#[tokio::test]
async fn latency_is_right_but_slow() {
    let stage = struck(FaultKind::Latency, Action::Reserve).await;
    let started = Instant::now();
    assert_eq!(stage.reserve("R1", "10").await.status, 201);
    assert!(started.elapsed() >= Duration::from_millis(40));
    assert_eq!(stage.total("reserved").await, 1_000);
    assert_eq!(stage.injected("latency/reserve").await, 1);
}

#[tokio::test]
async fn an_applied_timeout_takes_and_says_nothing() {
    let stage = struck(FaultKind::AppliedTimeout, Action::Capture).await;
    stage.reserve("R1", "10").await;
    let started = Instant::now();
    assert_eq!(stage.capture("rsv-1", "C1").await.status, 0);
    assert!(started.elapsed() >= Duration::from_millis(30));
    assert_eq!(stage.total("taken_total").await, 1_000);
    assert_eq!(stage.history("C1").await[0].1, "completed");
}

#[tokio::test]
async fn a_not_applied_timeout_takes_nothing_and_says_nothing() {
    let stage = struck(FaultKind::NotAppliedTimeout, Action::Deduct).await;
    assert_eq!(stage.adjust("D1", "-10").await.status, 0);
    assert_eq!(stage.total("taken_total").await, 0);
    assert!(stage.history("D1").await.is_empty());
}

#[tokio::test]
async fn a_server_error_may_or_may_not_have_been_applied() {
    let applied = struck(FaultKind::ServerErrorApplied, Action::Deduct).await;
    assert_eq!(applied.adjust("D1", "-10").await.status, 503);
    assert_eq!((applied.total("taken_total").await, applied.history("D1").await.len()), (1_000, 1));
    let not_applied = struck(FaultKind::ServerErrorNotApplied, Action::Deduct).await;
    assert_eq!(not_applied.adjust("D1", "-10").await.status, 503);
    assert_eq!((not_applied.total("taken_total").await, not_applied.history("D1").await.len()), (0, 0));
}

#[tokio::test]
async fn a_duplicate_callback_tells_the_same_thing_twice() {
    let ear = Ear::open(0).await;
    let stage = heard(FaultKind::DuplicateCallback, Action::Reserve, &ear).await;
    assert_eq!(stage.reserve("R1", "10").await.status, 201);
    let (first, second) = (ear.hear().await, ear.hear().await);
    assert_eq!(first, second);
    assert_eq!((&first["eventType"], &first["correlationId"]), (&json!("reserveBalanceCreateEvent"), &json!("R1")));
    assert_eq!(stage.total("reserved").await, 1_000);
}

#[tokio::test]
async fn a_late_success_is_queued_then_applied_then_told() {
    let ear = Ear::open(0).await;
    let stage = heard(FaultKind::LateSuccess, Action::Capture, &ear).await;
    stage.reserve("R1", "10").await;
    let answer = stage.capture("rsv-1", "C1").await;
    assert!(answer.status == 202 || is_no_answer(&answer), "{answer:?}");
    assert_eq!((stage.total("taken_total").await, stage.total("scheduled").await), (0, 1));
    assert_eq!(stage.history("C1").await[0].1, "created");
    assert_eq!(stage.flush().await, 1);
    assert_eq!(stage.total("taken_total").await, 1_000);
    let statuses: Vec<_> = stage.history("C1").await.into_iter().map(|line| line.1).collect();
    assert_eq!(statuses, ["created", "completed"]);
    let event = ear.hear().await;
    assert_eq!(event["eventType"], "reserveBalanceStatusChangeEvent");
    assert_eq!(event["event"]["reserveBalance"]["status"], "completed");
}

#[tokio::test]
async fn a_late_reservation_says_202_or_503_and_does_not_hold_before_its_time() {
    let stage = struck(FaultKind::LateSuccess, Action::Reserve).await;
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..20 {
        let answer = stage.reserve(&format!("R{n}"), "1").await;
        seen.insert(answer.status);
        assert!(answer.body.get("confirmationDate").is_none());
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [202, 503]);
    assert_eq!(stage.total("reserved").await, 0);
    assert_eq!(text(&stage.capture("rsv-1", "C1").await.body["code"]), "reservationNotHeld");
    assert_eq!(stage.flush().await, 20);
    assert_eq!(stage.total("reserved").await, 2_000);
    assert_eq!(stage.capture("rsv-1", "C2").await.status, 200);
}

#[tokio::test]
async fn a_late_action_fails_when_the_books_have_moved_on() {
    let ear = Ear::open(0).await;
    let stage = heard(FaultKind::LateSuccess, Action::Capture, &ear).await;
    stage.reserve("R1", "10").await;
    stage.capture("rsv-1", "C1").await;
    assert_eq!(stage.release("rsv-1", "L1").await.status, 204);
    stage.flush().await;
    assert_eq!(stage.total("taken_total").await, 0);
    assert_eq!(stage.history("C1").await[1].1, "failed");
    assert_eq!(ear.hear().await["eventType"], "reserveBalanceFailureEvent");
}

#[tokio::test]
async fn a_contradiction_refuses_what_it_did_and_tells_the_truth_later() {
    let ear = Ear::open(2).await;
    let stage = heard(FaultKind::Contradictory, Action::Deduct, &ear).await;
    let refused = stage.adjust("D1", "-10").await;
    assert_eq!((refused.status, text(&refused.body["code"])), (409, "insufficientBalance".to_owned()));
    assert_eq!(stage.total("taken_total").await, 1_000);
    assert_eq!(stage.history("D1").await[0].1, "completed");
    // The listener refuses twice: the callback is tried again.
    assert_eq!(ear.hear().await["event"]["adjustBalance"]["status"], "completed");
}

#[tokio::test]
async fn an_amount_mismatch_does_what_it_says_one_fen_less() {
    let stage = struck(FaultKind::AmountMismatch, Action::Capture).await;
    stage.reserve("R1", "10").await;
    let captured = stage.capture("rsv-1", "C1").await;
    assert_eq!((captured.status, text(&captured.body["amount"]["amount"])), (200, "9.99".to_owned()));
    assert_eq!((stage.total("taken_total").await, stage.total("remaining").await), (999, 99_001));
    assert_eq!(stage.history("C1").await[0].2, "-9.99");
    let deducting = struck(FaultKind::AmountMismatch, Action::Deduct).await;
    assert_eq!(text(&deducting.adjust("D1", "-10").await.body["amount"]["amount"]), "-9.99");
    assert_eq!(text(&deducting.adjust("D2", "-0.01").await.body["amount"]["amount"]), "-0.01");
    assert_eq!(deducting.injected("amount_mismatch/deduct").await, 1);
}

#[tokio::test]
async fn not_found_then_found_hides_the_reference_but_not_the_money() {
    let stage = struck(FaultKind::NotFoundThenFound, Action::Reserve).await;
    assert!(is_no_answer(&stage.reserve("R1", "10").await));
    assert_eq!(stage.total("reserved").await, 1_000);
    assert!(stage.history("R1").await.is_empty());
    assert_eq!(stage.ask("/reserveBalance?requestor.id=R1").await, json!([]));
    assert_eq!(stage.ask("/balanceActionHistory").await.as_array().expect("a list").len(), 1, "the statement has it");
    assert_eq!(stage.flush().await, 1);
    assert_eq!(stage.history("R1").await.len(), 1);
    assert_eq!(stage.ask("/reserveBalance?requestor.id=R1").await[0]["id"], "rsv-1");
}

/// The double deduction: a capture nobody answered, a release that worked, and a billing run that takes anyway.
#[tokio::test]
async fn the_billing_run_takes_even_what_was_released() {
    let stage = struck(FaultKind::OwnSchedule, Action::Capture).await;
    stage.reserve("R1", "10").await;
    assert!(is_no_answer(&stage.capture("rsv-1", "C1").await));
    assert!(stage.history("C1").await.is_empty());
    assert_eq!(stage.release("rsv-1", "L1").await.status, 204);
    assert_eq!((stage.total("taken_total").await, stage.total("remaining").await), (0, 100_000));
    stage.flush().await;
    assert_eq!((stage.total("taken_total").await, stage.total("remaining").await), (1_000, 99_000));
    let items = stage.ask("/balanceActionHistory?requestor.id=C1").await;
    assert_eq!((&items[0]["@type"], &items[0]["description"]), (&json!("CaptureBalance"), &json!("billing run")));
    assert_eq!(stage.total("imbalance").await, 0);
}

#[tokio::test]
async fn the_billing_run_captures_what_is_still_held() {
    let stage = struck(FaultKind::OwnSchedule, Action::Release).await;
    stage.reserve("R1", "10").await;
    assert!(is_no_answer(&stage.release("rsv-1", "L1").await));
    stage.flush().await;
    assert_eq!((stage.total("taken_total").await, stage.total("reserved").await), (1_000, 0));
    assert_eq!(stage.history("L1").await[0].0, "CaptureBalance");
    assert_eq!(text(&stage.release("rsv-1", "L2").await.body["code"]), "reservationNotHeld");
}

#[tokio::test]
async fn only_the_billing_run_takes_a_bucket_below_zero() {
    let stage = struck(FaultKind::OwnSchedule, Action::Deduct).await;
    assert!(is_no_answer(&stage.adjust("D1", "-600").await));
    assert!(is_no_answer(&stage.adjust("D2", "-600").await));
    stage.flush().await;
    assert_eq!((stage.total("remaining").await, stage.total("taken_total").await), (-20_000, 120_000));
    assert_eq!((stage.total("overdrawn").await, stage.total("imbalance").await), (1, 0));
    assert_eq!(stage.history("D2").await[0].0, "AdjustBalance");
}

#[tokio::test]
async fn inquiries_suffer_from_the_line_and_never_from_the_books() {
    let stage = struck(FaultKind::ServerErrorNotApplied, Action::Inquiry).await;
    assert_eq!(stage.reserve("R1", "10").await.status, 201);
    let path = format!("{BASE}/balanceActionHistory?requestor.id=R1");
    assert_eq!(stage.send(reqwest::Method::GET, &path, "", None).await.status, 503);
    stage.change_faults(json!({"weights": {"not_applied_timeout": 1}})).await;
    assert_eq!(stage.send(reqwest::Method::GET, &path, "", None).await.status, 0);
    stage.change_faults(json!({"weights": {"contradictory": 1}})).await;
    assert_eq!(stage.history("R1").await.len(), 1);
    let counts = stage.get("/sandbox/faults").await;
    assert_eq!((counts["calls"].as_i64(), counts["faulted"].as_i64()), (Some(4), Some(2)), "{counts}");
}

#[tokio::test]
async fn what_is_refused_anyway_is_not_made_worse() {
    for kind in [FaultKind::LateSuccess, FaultKind::Contradictory, FaultKind::OwnSchedule, FaultKind::NotFoundThenFound]
    {
        let stage = struck(kind, Action::Deduct).await;
        let refused = stage.adjust("D1", "-5000").await;
        assert_eq!((refused.status, text(&refused.body["code"])), (409, "insufficientBalance".to_owned()), "{kind:?}");
        assert_eq!((stage.flush().await, stage.injected("faulted").await), (0, 0), "{kind:?}");
    }
}

/// Late work runs by itself too, not only when it is flushed.
#[tokio::test]
async fn scheduled_work_runs_when_its_time_comes() {
    let ear = Ear::open(0).await;
    let faults = FaultsConfig { late_delay_ms: [20, 20], ..always(FaultKind::LateSuccess) };
    let callback_url = Some(ear.url.clone());
    let stage = Stage::telco(TelcoConfig { faults, callback_url, ..TelcoConfig::named("CTCC") }).await;
    stage.reserve("R1", "10").await;
    assert_eq!(ear.hear().await["correlationId"], "R1");
    assert_eq!(stage.total("reserved").await, 1_000);
}
