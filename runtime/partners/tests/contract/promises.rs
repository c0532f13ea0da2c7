//! The promises that are the same for all partners.

use std::time::{Duration, Instant};

use exchange::Repeats;
use facts::Action;
use partners::Answer;
use sandbox::FaultKind;
use serde_json::json;

use crate::stage::{HUNDRED_YUAN, Kind, MSISDN, Setting, Stage, always, contracts, done, is_done};

#[tokio::test]
async fn what_was_done_is_found_by_our_reference() {
    for kind in Kind::ALL {
        let stage = Stage::open(kind).await;
        let request = stage.request(1);
        let external = stage.call_done(&request).await;
        assert_eq!(stage.gateway.inquire(&request).await, done(HUNDRED_YUAN, &external), "{kind:?}");
        assert_eq!(stage.moved().await, 10_000, "{kind:?}");
    }
}

#[tokio::test]
async fn what_was_never_asked_is_not_found() {
    for kind in Kind::ALL {
        let stage = Stage::open(kind).await;
        assert_eq!(stage.gateway.inquire(&stage.request(1)).await, Answer::NotFound, "{kind:?}");
    }
}

#[tokio::test]
async fn a_record_may_lack_for_a_while_what_was_done() {
    for kind in Kind::ALL {
        let stage = Stage::struck(kind, FaultKind::NotFoundThenFound).await;
        let request = stage.request(1);
        assert_eq!(stage.gateway.call(&request).await, Answer::Silence, "{kind:?}");
        assert_eq!(stage.gateway.inquire(&request).await, Answer::NotFound, "{kind:?}");
        stage.flush().await;
        assert!(is_done(&stage.gateway.inquire(&request).await, HUNDRED_YUAN), "{kind:?}");
    }
}

/// What a partner's shipped contract says about repeats.
fn repeats(kind: Kind) -> Repeats {
    let contracts = contracts();
    let contract = if kind == Kind::Sms { contracts.messages() } else { contracts.of(kind.partner()) };
    contract.repeats
}

#[tokio::test]
async fn a_repeat_is_what_the_contract_says() {
    for kind in Kind::ALL {
        let stage = Stage::open(kind).await;
        let request = stage.request(1);
        let first = stage.call_done(&request).await;
        let again = stage.call_done(&request).await;
        let expected = match repeats(kind) {
            Repeats::AnsweredAgain => (true, 10_000),
            Repeats::DoneAgain => (false, 20_000),
        };
        assert_eq!((again == first, stage.moved().await), expected, "{kind:?}");
    }
}

#[tokio::test]
async fn something_else_under_a_used_reference_is_silence() {
    for kind in [Kind::Bank, Kind::Issuer, Kind::Acquirer, Kind::Programme] {
        let stage = Stage::open(kind).await;
        let mut request = stage.request(1);
        stage.call_done(&request).await;
        request.amount = 1;
        assert_eq!(stage.gateway.call(&request).await, Answer::Silence, "{kind:?}");
        let told = stage.gateway.inquire(&request).await;
        assert!(is_done(&told, HUNDRED_YUAN), "{kind:?}: the first one is what there is");
    }
}

#[tokio::test]
async fn what_a_telco_took_twice_under_one_reference_is_told_as_such() {
    for kind in Kind::TELCOS {
        let stage = Stage::open(kind).await;
        let request = stage.request(1);
        stage.call_done(&request).await;
        stage.call_done(&request).await;
        let told = stage.gateway.inquire(&request).await;
        match kind {
            // Of two reservations one name says nothing: a person looks.
            Kind::TelcoReserve => assert_eq!(told, Answer::Silence),
            _ => assert!(is_done(&told, 2 * HUNDRED_YUAN), "{told:?}"),
        }
    }
}

#[tokio::test]
async fn a_business_refusal_is_told_and_recorded() {
    for kind in Kind::TELCOS {
        let stage = Stage::open(kind).await;
        let mut request = stage.request(1);
        request.amount = 100_001;
        let refused = Answer::Refused { code: "insufficientBalance".to_owned() };
        assert_eq!(stage.gateway.call(&request).await, refused, "{kind:?}");
        assert_eq!(stage.gateway.inquire(&request).await, refused, "{kind:?}");
    }
    let stage = Stage::open(Kind::Bank).await;
    let mut request = stage.request(1);
    request.amount = 100_000_001;
    let refused = Answer::Refused { code: "AM04".to_owned() };
    assert_eq!(stage.gateway.call(&request).await, refused);
    assert_eq!(stage.gateway.inquire(&request).await, refused);
    let stage = Stage::open(Kind::Acquirer).await;
    let mut request = stage.request(1);
    request.amount = 100_001;
    let refused = Answer::Refused { code: "AM04".to_owned() };
    assert_eq!(stage.gateway.call(&request).await, refused);
    assert_eq!(stage.gateway.inquire(&request).await, refused);
    let stage = Stage::open(Kind::Programme).await;
    let mut request = stage.request(1);
    request.amount = 100_001;
    let refused = Answer::Refused { code: "insufficientPoints".to_owned() };
    assert_eq!(stage.gateway.call(&request).await, refused);
    assert_eq!(stage.gateway.inquire(&request).await, refused);
    for (kind, code) in [(Kind::Sms, "blocked"), (Kind::Issuer, "holderBlocked")] {
        let stage = Stage::open(kind).await;
        stage.control("/sandbox/seed", json!({"blocked": [MSISDN]})).await;
        let refused = Answer::Refused { code: code.to_owned() };
        assert_eq!(stage.gateway.call(&stage.request(1)).await, refused);
        assert_eq!(stage.gateway.inquire(&stage.request(1)).await, refused);
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused_and_leaves_no_record() {
    for kind in Kind::ALL {
        let stage = Stage::open(kind).await;
        let mut request = stage.request(1);
        request.amount = 0;
        let refused = Answer::Refused { code: "invalidAmount".to_owned() };
        assert_eq!(stage.gateway.call(&request).await, refused, "{kind:?}");
        assert_eq!(stage.gateway.inquire(&request).await, Answer::NotFound, "{kind:?}");
    }
}

#[tokio::test]
async fn no_answer_is_silence_whether_it_was_done_or_not() {
    for kind in Kind::ALL {
        for (fault, applied) in [
            (FaultKind::AppliedTimeout, true),
            (FaultKind::ServerErrorApplied, true),
            (FaultKind::NotAppliedTimeout, false),
            (FaultKind::ServerErrorNotApplied, false),
        ] {
            let stage = Stage::struck(kind, fault).await;
            let request = stage.request(1);
            assert_eq!(stage.gateway.call(&request).await, Answer::Silence, "{kind:?} {fault:?}");
            let told = stage.gateway.inquire(&request).await;
            let as_it_is = if applied { is_done(&told, HUNDRED_YUAN) } else { told == Answer::NotFound };
            assert!(as_it_is, "{kind:?} {fault:?}: {told:?}");
        }
    }
}

#[tokio::test]
async fn waiting_ends_with_the_reply_timeout() {
    for kind in Kind::ALL {
        let mut faults = always(FaultKind::AppliedTimeout);
        faults.hang_ms = 30_000;
        let reply_timeout = Duration::from_millis(100);
        let stage = Stage::set(kind, Setting { faults, reply_timeout, ..Setting::default() }).await;
        let started = Instant::now();
        assert_eq!(stage.gateway.call(&stage.request(1)).await, Answer::Silence, "{kind:?}");
        assert!(started.elapsed() >= reply_timeout, "{kind:?}");
        assert!(started.elapsed() < Duration::from_secs(15), "{kind:?}");
    }
}

#[tokio::test]
async fn a_slow_answer_in_time_is_an_answer() {
    for kind in Kind::ALL {
        let stage = Stage::struck(kind, FaultKind::Latency).await;
        stage.call_done(&stage.request(1)).await;
    }
}

#[tokio::test]
async fn what_is_queued_is_pending_until_it_is_done() {
    for kind in Kind::ALL {
        let stage = Stage::struck(kind, FaultKind::LateSuccess).await;
        let (mut pending, mut silent) = (0, 0);
        for number in 1..=8 {
            let request = stage.request(number);
            match stage.gateway.call(&request).await {
                Answer::Pending => pending += 1,
                Answer::Silence => silent += 1,
                other => panic!("{kind:?}: {other:?}"),
            }
            assert_eq!(stage.gateway.inquire(&request).await, Answer::Pending, "{kind:?}");
        }
        assert!(pending > 0 && silent > 0, "{kind:?}: the plan shows both, {pending} and {silent}");
        stage.flush().await;
        for number in 1..=8 {
            let told = stage.gateway.inquire(&stage.request(number)).await;
            assert!(is_done(&told, HUNDRED_YUAN), "{kind:?}: {told:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_in_a_reply_may_be_contradicted_by_the_record() {
    for kind in Kind::ALL {
        let stage = Stage::struck(kind, FaultKind::Contradictory).await;
        let request = stage.request(1);
        let told = stage.gateway.call(&request).await;
        assert!(matches!(told, Answer::Refused { .. }), "{kind:?}: {told:?}");
        assert!(is_done(&stage.gateway.inquire(&request).await, HUNDRED_YUAN), "{kind:?}");
    }
}

#[tokio::test]
async fn another_amount_is_told_as_it_is() {
    for kind in Kind::OF_VALUE {
        let stage = Stage::struck(kind, FaultKind::AmountMismatch).await;
        let request = stage.request(1);
        let told = stage.gateway.call(&request).await;
        assert!(is_done(&told, HUNDRED_YUAN - 1), "{kind:?}: {told:?}");
        assert_eq!(stage.gateway.inquire(&request).await, told, "{kind:?}");
        assert_eq!(stage.moved().await, 9_999, "{kind:?}");
    }
}

#[tokio::test]
async fn a_partner_that_is_gone_is_silence() {
    for kind in Kind::ALL {
        let stage = Stage::open(kind).await;
        stage.call_done(&stage.request(1)).await;
        stage.stop().await;
        assert_eq!(stage.gateway.call(&stage.request(2)).await, Answer::Silence, "{kind:?}");
        assert_eq!(stage.gateway.inquire(&stage.request(2)).await, Answer::Silence, "{kind:?}");
        assert!(stage.gateway.statement(0).await.is_err(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_partner_is_not_asked_for_what_it_does_not_do() {
    for kind in Kind::ALL {
        let stage = Stage::open(kind).await;
        let foreign = if kind == Kind::Bank { Action::DeductAirtime } else { Action::PayOut };
        assert_eq!(stage.gateway.call(&stage.ask(foreign, 1)).await, Answer::Silence, "{kind:?}");
        assert_eq!(stage.moved().await, 0, "{kind:?}");
    }
}
