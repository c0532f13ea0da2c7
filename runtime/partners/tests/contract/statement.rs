//! Statements: what was done, in order, by our reference.

use facts::Action;
use partners::{Answer, Movement, Request};
use sandbox::FaultKind;

use crate::stage::{HUNDRED_YUAN, Kind, Stage, reference};

#[tokio::test]
async fn a_statement_tells_what_was_done_and_ends_where_it_ends() {
    for kind in Kind::ALL {
        let stage = Stage::open(kind).await;
        assert_eq!(stage.gateway.statement(0).await.expect("readable").next, 0, "{kind:?}");
        for number in 1..=3 {
            stage.call_done(&stage.request(number)).await;
        }
        let page = stage.gateway.statement(0).await.expect("readable");
        let calls: Vec<_> = page.items.iter().map(|item| item.call).collect();
        assert_eq!(calls, [reference(1), reference(2), reference(3)], "{kind:?}");
        for item in &page.items {
            let told = item.answer_for(kind.action());
            assert!(matches!(told, Some(Answer::Done { amount: HUNDRED_YUAN, .. })), "{kind:?}: {item:?}");
        }
        let rest = stage.gateway.statement(page.next).await.expect("readable");
        assert_eq!((rest.items.len(), rest.next), (0, page.next), "{kind:?}");
        assert_eq!(stage.gateway.statement(1).await.expect("readable").items.len(), 2, "{kind:?}");
    }
}

#[tokio::test]
async fn a_telco_statement_tells_refusals_and_leaves_out_what_is_queued() {
    for kind in Kind::TELCOS {
        let stage = Stage::open(kind).await;
        stage.gateway.call(&Request { amount: 100_001, ..stage.request(1) }).await;
        stage.strike(FaultKind::LateSuccess).await;
        stage.gateway.call(&stage.request(2)).await;
        let page = stage.gateway.statement(0).await.expect("readable");
        assert_eq!(page.next, 2, "{kind:?}: the queued line is passed");
        let told: Vec<_> = page.items.iter().map(|item| item.answer_for(kind.action())).collect();
        assert_eq!(told, [Some(Answer::Refused { code: "insufficientBalance".to_owned() })], "{kind:?}");
        stage.flush().await;
        let page = stage.gateway.statement(page.next).await.expect("readable");
        assert!(matches!(page.items[0].answer, Answer::Done { .. }), "{kind:?}: {page:?}");
    }
}

#[tokio::test]
async fn a_line_means_what_its_movement_means_for_what_was_asked() {
    let stage = Stage::open(Kind::TelcoReserve).await;
    let acts_on = stage.call_done(&stage.request(1)).await;
    stage.strike(FaultKind::OwnSchedule).await;
    let release = Request { acts_on, ..stage.ask(Action::ReleaseAirtime, 2) };
    stage.gateway.call(&release).await;
    stage.flush().await;
    let page = stage.gateway.statement(1).await.expect("readable");
    let [item] = &page.items[..] else { panic!("{page:?}") };
    assert_eq!((item.call, item.movement), (release.call, Movement::Taken));
    assert!(matches!(item.answer_for(Action::ReleaseAirtime), Some(Answer::Opposite { amount: HUNDRED_YUAN, .. })));
    assert!(matches!(item.answer_for(Action::CaptureAirtime), Some(Answer::Done { amount: HUNDRED_YUAN, .. })));
    for action in [Action::ReserveAirtime, Action::CreditAirtime, Action::ConfirmBilling] {
        assert_eq!(item.answer_for(action), None, "{action}");
    }
}

#[tokio::test]
async fn a_long_statement_comes_in_pages() {
    for kind in [Kind::Bank, Kind::Issuer, Kind::Acquirer, Kind::Programme] {
        let stage = Stage::open(kind).await;
        for number in 1..=501 {
            stage.call_done(&Request { amount: 100, ..stage.request(number) }).await;
        }
        let first = stage.gateway.statement(0).await.expect("readable");
        let second = stage.gateway.statement(first.next).await.expect("readable");
        assert_eq!((first.items.len(), second.items.len(), second.next), (500, 1, 501), "{kind:?}");
    }
}
