//! Callbacks: the same words, pushed.

use facts::Action;
use partners::{Answer, Movement, callback};
use sandbox::FaultKind;

use crate::stage::{Ear, HUNDRED_YUAN, Kind, Setting, Stage, always};

#[tokio::test]
async fn a_late_result_is_called_back() {
    for kind in Kind::OF_VALUE {
        let ear = Ear::open().await;
        let callback_url = Some(ear.url.clone());
        let setting = Setting { faults: always(FaultKind::LateSuccess), callback_url, ..Setting::default() };
        let stage = Stage::set(kind, setting).await;
        let request = stage.request(1);
        stage.gateway.call(&request).await;
        stage.flush().await;
        let body = ear.hear().await;
        let item = callback(request.partner, &body);
        let item = item.unwrap_or_else(|| panic!("{kind:?}: {}", String::from_utf8_lossy(&body)));
        assert_eq!(item.call, request.call, "{kind:?}");
        let told = item.answer_for(request.action);
        assert!(matches!(told, Some(Answer::Done { amount: HUNDRED_YUAN, .. })), "{kind:?}: {item:?}");
    }
}

#[tokio::test]
async fn a_release_is_called_back_as_released() {
    let ear = Ear::open().await;
    let setting = Setting { callback_url: Some(ear.url.clone()), ..Setting::default() };
    let stage = Stage::set(Kind::TelcoReserve, setting).await;
    let acts_on = stage.call_done(&stage.request(1)).await;
    stage.strike(FaultKind::Contradictory).await;
    let release = partners::Request { acts_on, ..stage.ask(Action::ReleaseAirtime, 2) };
    assert!(matches!(stage.gateway.call(&release).await, Answer::Refused { .. }));
    let item = callback(release.partner, &ear.hear().await).expect("a final line");
    assert_eq!((item.call, item.movement), (release.call, Movement::Released));
}
