//! What only telcos do: reservations, billing on their own schedule, and the confirmation of a deduction.

use std::time::Duration;

use facts::Action;
use partners::{Answer, Request};
use sandbox::FaultKind;

use crate::stage::{HUNDRED_YUAN, Kind, Setting, Stage, done, is_done, reference};

/// A stage on which 100.00 is held, and a request that acts on it.
async fn held(fault: Option<FaultKind>, action: Action) -> (Stage, Request) {
    let stage = Stage::open(Kind::TelcoReserve).await;
    let acts_on = stage.call_done(&stage.request(1)).await;
    if let Some(fault) = fault {
        stage.strike(fault).await;
    }
    let request = Request { acts_on, ..stage.ask(action, 2) };
    (stage, request)
}

#[tokio::test]
async fn a_capture_takes_what_was_set_aside() {
    let (stage, request) = held(None, Action::CaptureAirtime).await;
    assert_eq!(stage.gateway.call(&request).await, done(HUNDRED_YUAN, &request.acts_on));
    assert_eq!(stage.gateway.inquire(&request).await, done(HUNDRED_YUAN, &request.acts_on));
    assert_eq!((stage.total("reserved").await, stage.total("taken_total").await), (0, 10_000));
}

#[tokio::test]
async fn a_release_gives_it_back() {
    let (stage, request) = held(None, Action::ReleaseAirtime).await;
    assert_eq!(stage.gateway.call(&request).await, done(HUNDRED_YUAN, &request.acts_on));
    assert_eq!(stage.gateway.inquire(&request).await, done(HUNDRED_YUAN, &request.acts_on));
    assert_eq!((stage.total("reserved").await, stage.total("taken_total").await), (0, 0));
}

#[tokio::test]
async fn what_is_not_held_any_more_is_refused() {
    let (stage, request) = held(None, Action::CaptureAirtime).await;
    stage.gateway.call(&request).await;
    let release = Request { call: reference(3), action: Action::ReleaseAirtime, ..request };
    let refused = Answer::Refused { code: "reservationNotHeld".to_owned() };
    assert_eq!(stage.gateway.call(&release).await, refused);
    assert_eq!(stage.gateway.inquire(&release).await, refused);
}

#[tokio::test]
async fn a_credit_gives_back_what_was_taken() {
    for kind in Kind::TELCOS {
        let stage = Stage::open(kind).await;
        let request = stage.ask(Action::CreditAirtime, 1);
        let external = stage.call_done(&request).await;
        assert_eq!(stage.gateway.inquire(&request).await, done(HUNDRED_YUAN, &external), "{kind:?}");
        assert_eq!(stage.total("credited_total").await, 10_000, "{kind:?}");
    }
}

#[tokio::test]
async fn an_unknown_reservation_is_refused_and_leaves_no_record() {
    let (stage, request) = held(None, Action::CaptureAirtime).await;
    let request = Request { acts_on: "rsv-999".to_owned(), ..request };
    assert_eq!(stage.gateway.call(&request).await, Answer::Refused { code: "notFound".to_owned() });
    assert_eq!(stage.gateway.inquire(&request).await, Answer::NotFound);
}

#[tokio::test]
async fn a_name_that_would_change_the_address_is_not_sent() {
    let (stage, request) = held(None, Action::ReleaseAirtime).await;
    for acts_on in ["", "..", "../bucket/bkt-13300007777", "rsv-1?x=1", "rsv-1/"] {
        let request = Request { acts_on: acts_on.to_owned(), ..request.clone() };
        assert_eq!(stage.gateway.call(&request).await, Answer::Silence, "{acts_on}");
    }
    assert_eq!(stage.total("reserved").await, 10_000);
}

#[tokio::test]
async fn a_telco_that_cannot_reserve_says_so() {
    let stage = Stage::open(Kind::TelcoDeductOnly).await;
    let told = stage.gateway.call(&stage.ask(Action::ReserveAirtime, 1)).await;
    assert_eq!(told, Answer::Refused { code: "profileUnsupported".to_owned() });
}

#[tokio::test]
async fn a_billing_run_does_late_what_was_asked() {
    let (captures, capture) = held(Some(FaultKind::OwnSchedule), Action::CaptureAirtime).await;
    let deducts = Stage::struck(Kind::TelcoDeductOnly, FaultKind::OwnSchedule).await;
    let deduct = deducts.request(1);
    for (stage, request) in [(&captures, &capture), (&deducts, &deduct)] {
        assert_eq!(stage.gateway.call(request).await, Answer::Silence);
        assert_eq!(stage.gateway.inquire(request).await, Answer::NotFound);
        stage.flush().await;
        assert!(is_done(&stage.gateway.inquire(request).await, HUNDRED_YUAN), "{request:?}");
        assert_eq!(stage.total("taken_total").await, 10_000);
    }
}

#[tokio::test]
async fn a_billing_run_that_takes_what_was_to_be_released_is_the_opposite() {
    let (stage, request) = held(Some(FaultKind::OwnSchedule), Action::ReleaseAirtime).await;
    assert_eq!(stage.gateway.call(&request).await, Answer::Silence);
    stage.flush().await;
    let opposite = Answer::Opposite { amount: HUNDRED_YUAN, external: request.acts_on.clone() };
    assert_eq!(stage.gateway.inquire(&request).await, opposite);
    assert_eq!(stage.total("taken_total").await, 10_000);
}

#[tokio::test]
async fn a_release_repeated_after_which_the_billing_run_takes_is_the_opposite() {
    let (stage, first) = held(Some(FaultKind::OwnSchedule), Action::ReleaseAirtime).await;
    assert_eq!(stage.gateway.call(&first).await, Answer::Silence);
    stage.calm().await;
    let mut second = Request { ..first.clone() };
    second.call.attempt = 2;
    assert!(is_done(&stage.gateway.call(&second).await, HUNDRED_YUAN));
    stage.flush().await;
    let told = stage.gateway.inquire(&first).await;
    assert!(matches!(told, Answer::Opposite { amount: HUNDRED_YUAN, .. }), "{told:?}");
    assert!(is_done(&stage.gateway.inquire(&second).await, HUNDRED_YUAN));
}

#[tokio::test]
async fn a_reservation_that_expired_is_refused() {
    let setting = Setting { reserve_validity_ms: Some(100), ..Setting::default() };
    let stage = Stage::set(Kind::TelcoReserve, setting).await;
    let request = stage.request(1);
    stage.call_done(&request).await;
    let over = async { while is_done(&stage.gateway.inquire(&request).await, HUNDRED_YUAN) {} };
    tokio::time::timeout(Duration::from_secs(10), over).await.expect("its validity ends");
    assert_eq!(stage.gateway.inquire(&request).await, Answer::Refused { code: "expired".to_owned() });
    let page = stage.gateway.statement(0).await.expect("readable");
    let told: Vec<_> = page.items.iter().map(|item| item.answer_for(Action::ReserveAirtime)).collect();
    assert!(matches!(&told[..], [Some(Answer::Done { .. }), None]), "a line about its end is no answer: {told:?}");
}

#[tokio::test]
async fn a_deduction_is_confirmed_by_its_record() {
    let stage = Stage::struck(Kind::TelcoDeductOnly, FaultKind::LateSuccess).await;
    let deduct = stage.request(1);
    let confirm = Request { about: Some(deduct.call), ..stage.ask(Action::ConfirmBilling, 2) };
    assert_eq!(stage.gateway.call(&confirm).await, Answer::NotFound);
    stage.gateway.call(&deduct).await;
    assert_eq!(stage.gateway.call(&confirm).await, Answer::Pending);
    stage.flush().await;
    let told = stage.gateway.call(&confirm).await;
    assert!(is_done(&told, HUNDRED_YUAN), "{told:?}");
    assert_eq!(stage.gateway.inquire(&confirm).await, told);
}

#[tokio::test]
async fn a_deduction_that_failed_is_not_confirmed_and_not_refused() {
    let stage = Stage::open(Kind::TelcoDeductOnly).await;
    let deduct = Request { amount: 100_001, ..stage.request(1) };
    stage.gateway.call(&deduct).await;
    let confirm = Request { about: Some(deduct.call), ..stage.ask(Action::ConfirmBilling, 2) };
    assert_eq!(stage.gateway.call(&confirm).await, Answer::NotFound);
    assert_eq!(stage.gateway.call(&stage.ask(Action::ConfirmBilling, 3)).await, Answer::Silence, "about nothing");
}
