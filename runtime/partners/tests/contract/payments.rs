//! What only payments have: what goes back goes to the instrument that paid, by the reference of the payment.

use facts::{Action, CallRef};
use partners::{Answer, Movement, Request, callback};
use sandbox::FaultKind;

use crate::stage::{Ear, HUNDRED_YUAN, Kind, Setting, Stage, is_done, reference};

/// The order whose payment is given back, and the one that gives it back.
const PAYS: u128 = 1;
const REFUNDS: u128 = 2;

/// An acquirer that collected a hundred yuan for one order.
async fn paid(setting: Setting) -> Stage {
    let stage = Stage::set(Kind::Acquirer, setting).await;
    stage.call_done(&stage.request(PAYS)).await;
    stage
}

/// A refund is another order's request about the payment of an earlier one. It names no instrument.
fn refund(stage: &Stage, number: u128, about: CallRef) -> Request {
    let account = std::sync::Arc::from("");
    Request { about: Some(about), account, ..stage.ask(Action::RefundPayment, number) }
}

fn refused(code: &str) -> Answer {
    Answer::Refused { code: code.to_owned() }
}

#[tokio::test]
async fn another_order_gives_back_what_was_paid_and_once() {
    let stage = paid(Setting::default()).await;
    let request = refund(&stage, REFUNDS, reference(PAYS));
    let first = stage.call_done(&request).await;
    assert_eq!(stage.call_done(&request).await, first, "a repeat is answered again");
    assert!(is_done(&stage.gateway.inquire(&request).await, HUNDRED_YUAN));
    assert_eq!((stage.moved().await, stage.total("refunded_total").await), (0, 10_000));
    let payment = stage.gateway.inquire(&stage.request(PAYS)).await;
    assert!(is_done(&payment, HUNDRED_YUAN), "the payment was made all the same: {payment:?}");
}

#[tokio::test]
async fn no_more_goes_back_than_was_paid() {
    let stage = paid(Setting::default()).await;
    let part = Request { amount: 6_000, ..refund(&stage, REFUNDS, reference(PAYS)) };
    stage.call_done(&part).await;
    for (number, amount, code) in [(3, 4_001, "AM02"), (4, 4_000, ""), (5, 1, "ARDT")] {
        let request = Request { amount, ..refund(&stage, number, reference(PAYS)) };
        let told = stage.gateway.call(&request).await;
        let as_it_is = if code.is_empty() { is_done(&told, amount) } else { told == refused(code) };
        assert!(as_it_is, "{amount}: {told:?}");
        assert_eq!(stage.gateway.inquire(&request).await, told, "and so it is recorded");
    }
    assert_eq!(stage.moved().await, 0);
}

#[tokio::test]
async fn what_was_not_paid_does_not_go_back() {
    let stage = Stage::open(Kind::Acquirer).await;
    let payment = Request { amount: 900_000, ..stage.request(PAYS) };
    assert_eq!(stage.gateway.call(&payment).await, refused("AM04"));
    assert_eq!(stage.gateway.call(&refund(&stage, REFUNDS, payment.call)).await, refused("ED05"));
    assert_eq!(stage.gateway.call(&refund(&stage, 3, reference(9))).await, refused("NOOR"));
    let of_nothing = Request { about: None, ..refund(&stage, 4, payment.call) };
    assert_eq!(stage.gateway.call(&of_nothing).await, Answer::Silence, "it is not asked for");
    assert_eq!((stage.total("refunds").await, stage.moved().await), (2, 0));
}

#[tokio::test]
async fn a_refund_keeps_the_promises_of_a_payment() {
    for (fault, told, applied) in [
        (FaultKind::AppliedTimeout, Some(Answer::Silence), true),
        (FaultKind::ServerErrorApplied, Some(Answer::Silence), true),
        (FaultKind::NotAppliedTimeout, Some(Answer::Silence), false),
        (FaultKind::ServerErrorNotApplied, Some(Answer::Silence), false),
        (FaultKind::Contradictory, Some(refused("AC04")), true),
        (FaultKind::Latency, None, true),
    ] {
        let stage = paid(Setting::default()).await;
        stage.strike(fault).await;
        let request = refund(&stage, REFUNDS, reference(PAYS));
        let answer = stage.gateway.call(&request).await;
        let as_told = told.map_or_else(|| is_done(&answer, HUNDRED_YUAN), |told| answer == told);
        assert!(as_told, "{fault:?}: {answer:?}");
        let record = stage.gateway.inquire(&request).await;
        let recorded = if applied { is_done(&record, HUNDRED_YUAN) } else { record == Answer::NotFound };
        assert!(recorded, "{fault:?}: {record:?}");
    }
    let stage = paid(Setting::default()).await;
    stage.strike(FaultKind::AmountMismatch).await;
    let told = stage.gateway.call(&refund(&stage, REFUNDS, reference(PAYS))).await;
    assert!(is_done(&told, HUNDRED_YUAN - 1), "{told:?}");
    assert_eq!(stage.moved().await, 1);
}

#[tokio::test]
async fn a_late_refund_is_pending_hidden_or_called_back() {
    let ear = Ear::open().await;
    let stage = paid(Setting { callback_url: Some(ear.url.clone()), ..Setting::default() }).await;
    stage.strike(FaultKind::LateSuccess).await;
    let request = refund(&stage, REFUNDS, reference(PAYS));
    stage.gateway.call(&request).await;
    assert_eq!(stage.gateway.inquire(&request).await, Answer::Pending);
    stage.flush().await;
    let item = callback(request.partner, &ear.hear().await).expect("a final line");
    assert_eq!((item.call, item.movement), (request.call, Movement::GivenBack));
    assert!(matches!(item.answer_for(request.action), Some(Answer::Done { amount: HUNDRED_YUAN, .. })), "{item:?}");

    let stage = paid(Setting::default()).await;
    stage.strike(FaultKind::NotFoundThenFound).await;
    assert_eq!(stage.gateway.call(&request).await, Answer::Silence);
    assert_eq!(stage.gateway.inquire(&request).await, Answer::NotFound);
    stage.flush().await;
    assert!(is_done(&stage.gateway.inquire(&request).await, HUNDRED_YUAN));
}

#[tokio::test]
async fn the_statement_tells_payments_from_refunds() {
    let stage = paid(Setting::default()).await;
    stage.call_done(&refund(&stage, REFUNDS, reference(PAYS))).await;
    let page = stage.gateway.statement(0).await.expect("readable");
    let told: Vec<_> = page.items.iter().map(|item| (item.call, item.movement)).collect();
    assert_eq!(told, [(reference(PAYS), Movement::Taken), (reference(REFUNDS), Movement::GivenBack)]);
    for (item, action, other) in [
        (&page.items[0], Action::CollectPayment, Action::RefundPayment),
        (&page.items[1], Action::RefundPayment, Action::CollectPayment),
    ] {
        assert!(matches!(item.answer_for(action), Some(Answer::Done { amount: HUNDRED_YUAN, .. })), "{item:?}");
        assert_eq!(item.answer_for(other), None, "{item:?}");
    }
}

/// A payer who takes a payment back undoes no order: the payment was made, and what left again is another line.
#[tokio::test]
async fn what_a_payer_took_back_is_no_answer_about_the_payment() {
    let stage = Stage::set(Kind::Acquirer, Setting { magic: true, ..Setting::default() }).await;
    let payer = "6222000000000822";
    let seed = serde_json::json!({"payers": [{"instrument": payer, "balance_fen": 10_000}]});
    stage.control("/sandbox/seed", seed).await;
    let request = Request { account: std::sync::Arc::from(payer), ..stage.request(PAYS) };
    stage.call_done(&request).await;
    stage.flush().await;
    assert!(is_done(&stage.gateway.inquire(&request).await, HUNDRED_YUAN));
    let page = stage.gateway.statement(0).await.expect("readable");
    let told: Vec<_> = page.items.iter().map(|item| (item.movement, item.answer_for(request.action))).collect();
    let [(Movement::Taken, Some(Answer::Done { .. })), (Movement::GivenBack, None)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(stage.gateway.call(&refund(&stage, REFUNDS, reference(PAYS))).await, refused("ARDT"));
}
