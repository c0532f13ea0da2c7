//! What only vouchers have: a code that is collected once, and a cancelling that does not undo the issuing.

use facts::{CallRef, Millis};
use partners::{Answer, Collected, Movement, VoucherCode};
use sandbox::FaultKind;
use serde_json::json;

use crate::stage::{Kind, NOW, Stage, is_done};

const TEN_MINUTES_MS: u64 = 600_000;

fn later(ms: u64) -> Millis {
    Millis(NOW.0 + ms)
}

async fn issued() -> (Stage, CallRef) {
    let stage = Stage::open(Kind::Issuer).await;
    let request = stage.request(1);
    stage.call_done(&request).await;
    (stage, request.call)
}

async fn code(stage: &Stage, call: CallRef, now: Millis) -> VoucherCode {
    match stage.gateway.collect(call, now).await {
        Collected::Code(code) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_code_is_collected_once_and_again_for_a_while() {
    let (stage, call) = issued().await;
    let first = code(&stage, call, NOW).await;
    let again = code(&stage, call, later(TEN_MINUTES_MS)).await;
    assert_eq!(first.expose(), again.expose());
    assert!(matches!(stage.gateway.collect(call, later(TEN_MINUTES_MS + 1)).await, Collected::Gone));
    assert_eq!(stage.total("collected").await, 1);
    let told = stage.gateway.inquire(&stage.request(1)).await;
    assert!(is_done(&told, stage.request(1).amount), "a collected voucher is an issued one: {told:?}");
}

#[tokio::test]
async fn an_answer_that_was_lost_is_silence_and_its_code_is_still_to_be_had() {
    for fault in [
        FaultKind::AppliedTimeout,
        FaultKind::ServerErrorApplied,
        FaultKind::NotAppliedTimeout,
        FaultKind::ServerErrorNotApplied,
    ] {
        let (stage, call) = issued().await;
        stage.strike(fault).await;
        assert!(matches!(stage.gateway.collect(call, NOW).await, Collected::Silence), "{fault:?}");
        stage.calm().await;
        let first = code(&stage, call, later(1)).await;
        assert_eq!(first.expose(), code(&stage, call, later(2)).await.expose(), "{fault:?}");
    }
}

#[tokio::test]
async fn what_is_not_issued_has_no_code_yet() {
    let stage = Stage::open(Kind::Issuer).await;
    let request = stage.request(1);
    assert!(matches!(stage.gateway.collect(request.call, NOW).await, Collected::NotYet));
    stage.strike(FaultKind::LateSuccess).await;
    stage.gateway.call(&request).await;
    assert!(matches!(stage.gateway.collect(request.call, NOW).await, Collected::NotYet));
    stage.calm().await;
    stage.flush().await;
    code(&stage, request.call, NOW).await;
}

#[tokio::test]
async fn who_issues_nothing_has_nothing_to_collect_and_who_is_gone_is_silent() {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Issuer) {
        let stage = Stage::open(kind).await;
        let request = stage.request(1);
        stage.call_done(&request).await;
        assert!(matches!(stage.gateway.collect(request.call, NOW).await, Collected::NotYet), "{kind:?}");
    }
    let (stage, call) = issued().await;
    stage.stop().await;
    assert!(matches!(stage.gateway.collect(call, NOW).await, Collected::Silence));
}

#[tokio::test]
async fn a_cancelled_voucher_was_issued_and_given_back() {
    let (stage, call) = issued().await;
    stage.control(&format!("/vouchers/{call}/cancel"), json!({})).await;
    assert!(matches!(stage.gateway.collect(call, NOW).await, Collected::NotYet));
    let request = stage.request(1);
    assert!(is_done(&stage.gateway.inquire(&request).await, request.amount));
    let page = stage.gateway.statement(0).await.expect("readable");
    let told: Vec<_> = page.items.iter().map(|item| (item.movement, item.answer_for(request.action))).collect();
    let [(Movement::Taken, Some(Answer::Done { .. })), (Movement::GivenBack, None)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(stage.moved().await, 0);
}

/// A voucher above five thousand yuan is not offered: refused, and on record.
#[tokio::test]
async fn an_amount_that_is_not_offered_is_refused_and_recorded() {
    let stage = Stage::open(Kind::Issuer).await;
    for (number, amount) in [(1, 500_001), (2, 900_000)] {
        let request = partners::Request { amount, ..stage.request(number) };
        let refused = Answer::Refused { code: "amountNotOffered".to_owned() };
        assert_eq!(stage.gateway.call(&request).await, refused);
        assert_eq!(stage.gateway.inquire(&request).await, refused);
    }
}
