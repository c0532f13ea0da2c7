//! What only points have: a reversal gives back what a redemption took, and accruing brings new ones.

use facts::{Action, CallRef};
use partners::{Answer, Movement, Request, callback};
use sandbox::FaultKind;

use crate::stage::{Ear, HUNDRED_YUAN, Kind, Setting, Stage, done, is_done, reference};

const REDEEMS: u128 = 1;

/// A programme that took ten thousand points.
async fn redeemed(setting: Setting) -> Stage {
    let stage = Stage::set(Kind::Programme, setting).await;
    stage.call_done(&stage.request(REDEEMS)).await;
    stage
}

/// A request about another's redemption: it names no member.
fn reversal(stage: &Stage, number: u128, about: CallRef) -> Request {
    let account = std::sync::Arc::from("");
    Request { about: Some(about), account, ..stage.ask(Action::ReverseRedemption, number) }
}

fn refused(code: &str) -> Answer {
    Answer::Refused { code: code.to_owned() }
}

#[tokio::test]
async fn a_reversal_gives_back_what_was_taken_and_once() {
    let stage = redeemed(Setting::default()).await;
    let request = reversal(&stage, 2, reference(REDEEMS));
    let first = stage.call_done(&request).await;
    assert_eq!(stage.call_done(&request).await, first, "a repeat is answered again");
    assert_eq!(stage.gateway.inquire(&request).await, done(HUNDRED_YUAN, &first));
    assert_eq!(stage.gateway.call(&reversal(&stage, 3, reference(REDEEMS))).await, refused("alreadyReversed"));
    assert_eq!(stage.moved().await, 0);
    let told = stage.gateway.inquire(&stage.request(REDEEMS)).await;
    assert!(is_done(&told, HUNDRED_YUAN), "the points were taken all the same: {told:?}");
}

#[tokio::test]
async fn what_was_not_taken_is_not_given_back() {
    let stage = Stage::open(Kind::Programme).await;
    let too_many = Request { amount: 900_000, ..stage.request(REDEEMS) };
    assert_eq!(stage.gateway.call(&too_many).await, refused("insufficientPoints"));
    assert_eq!(stage.gateway.inquire(&too_many).await, refused("insufficientPoints"));
    assert_eq!(stage.gateway.call(&reversal(&stage, 2, too_many.call)).await, refused("notRedeemed"));
    assert_eq!(stage.gateway.call(&reversal(&stage, 3, reference(9))).await, refused("redemptionUnknown"));
    let of_nothing = Request { about: None, ..reversal(&stage, 4, too_many.call) };
    assert_eq!(stage.gateway.call(&of_nothing).await, Answer::Silence, "it is not asked for");
    assert_eq!((stage.total("reversals").await, stage.moved().await), (2, 0));
}

#[tokio::test]
async fn accruing_brings_points_that_can_be_redeemed() {
    let stage = Stage::open(Kind::Programme).await;
    let accrual = Request { amount: 50, ..stage.ask(Action::AccruePoints, 2) };
    let name = stage.call_done(&accrual).await;
    assert_eq!(stage.call_done(&accrual).await, name);
    assert_eq!(stage.gateway.inquire(&accrual).await, done(50, &name));
    assert_eq!(stage.moved().await, -50);
    let everything = Request { amount: 100_050, ..stage.request(REDEEMS) };
    stage.call_done(&everything).await;
}

#[tokio::test]
async fn reversals_and_accruals_keep_the_promises_of_a_redemption() {
    for (fault, told, applied) in [
        (FaultKind::AppliedTimeout, Some(Answer::Silence), true),
        (FaultKind::ServerErrorApplied, Some(Answer::Silence), true),
        (FaultKind::NotAppliedTimeout, Some(Answer::Silence), false),
        (FaultKind::ServerErrorNotApplied, Some(Answer::Silence), false),
        (FaultKind::Contradictory, Some(refused("memberClosed")), true),
        (FaultKind::Latency, None, true),
    ] {
        let stage = redeemed(Setting::default()).await;
        stage.strike(fault).await;
        for request in [reversal(&stage, 2, reference(REDEEMS)), stage.ask(Action::AccruePoints, 3)] {
            let answer = stage.gateway.call(&request).await;
            let as_told = told.as_ref().map_or_else(|| is_done(&answer, HUNDRED_YUAN), |told| answer == *told);
            assert!(as_told, "{fault:?} {request:?}: {answer:?}");
            let record = stage.gateway.inquire(&request).await;
            let recorded = if applied { is_done(&record, HUNDRED_YUAN) } else { record == Answer::NotFound };
            assert!(recorded, "{fault:?} {request:?}: {record:?}");
        }
    }
}

#[tokio::test]
async fn what_is_late_is_pending_then_called_back_as_what_it_is() {
    let ear = Ear::open().await;
    let stage = redeemed(Setting { callback_url: Some(ear.url.clone()), ..Setting::default() }).await;
    for request in [reversal(&stage, 2, reference(REDEEMS)), stage.ask(Action::AccruePoints, 3)] {
        stage.strike(FaultKind::LateSuccess).await;
        stage.gateway.call(&request).await;
        assert_eq!(stage.gateway.inquire(&request).await, Answer::Pending);
        stage.flush().await;
        let item = callback(request.partner, &ear.hear().await).expect("a final line");
        assert_eq!((item.call, item.movement), (request.call, Movement::GivenBack));
        assert!(matches!(item.answer_for(request.action), Some(Answer::Done { amount: HUNDRED_YUAN, .. })), "{item:?}");
    }
}

#[tokio::test]
async fn the_statement_tells_what_went_which_way() {
    let stage = redeemed(Setting::default()).await;
    stage.call_done(&reversal(&stage, 2, reference(REDEEMS))).await;
    stage.call_done(&stage.ask(Action::AccruePoints, 3)).await;
    let page = stage.gateway.statement(0).await.expect("readable");
    let told: Vec<_> = page.items.iter().map(|item| (item.call, item.movement)).collect();
    assert_eq!(
        told,
        [
            (reference(REDEEMS), Movement::Taken),
            (reference(2), Movement::GivenBack),
            (reference(3), Movement::GivenBack)
        ]
    );
    for (item, action) in page.items.iter().zip([Action::RedeemPoints, Action::ReverseRedemption, Action::AccruePoints])
    {
        assert!(matches!(item.answer_for(action), Some(Answer::Done { amount: HUNDRED_YUAN, .. })), "{item:?}");
    }
}

#[tokio::test]
async fn each_programme_answers_for_itself_alone() {
    let stage = Stage::open(Kind::Programme).await;
    let airline = facts::Partner::Programme(facts::Programme::Airline);
    let request = Request { partner: airline, ..stage.request(REDEEMS) };
    assert_eq!(stage.gateway.call(&request).await, Answer::Silence);
    assert_eq!(stage.gateway.inquire(&request).await, Answer::Silence);
    assert_eq!(stage.moved().await, 0);
}
