//! What only messages do: they are lost, they come twice, and they are handed over until it is certain.

use std::time::{Duration, Instant};

use exchange::{Contract, Refusals, Repeats};
use partners::{Delivered, Message, SmsConfig, SmsGateway, deliver};
use sandbox::FaultKind;
use serde_json::{Value, json};

use crate::stage::{Kind, MSISDN, Setting, Stage, always, contracts};

/// The shipped contract, in a hurry.
fn contract() -> Contract {
    let shipped = contracts().messages().clone();
    Contract { inquire_after_ms: 5, inquire_at_most_every_ms: 20, finality_ms: 120, retry_after_ms: 1, ..shipped }
}

fn message() -> Message {
    Message { reference: "m-1".to_owned(), to: MSISDN.into(), text: "your code is 123456".into() }
}

async fn hand_over(stage: &Stage, contract: &Contract, within: Duration) -> Delivered {
    let config = SmsConfig { base_url: stage.url.clone(), reply_timeout: Duration::from_secs(5) };
    let messenger = SmsGateway::new(config).expect("usable");
    deliver(&messenger, contract, &message(), Instant::now() + within).await
}

async fn inbox(stage: &Stage) -> Vec<String> {
    let asked = reqwest::get(format!("{}/sandbox/inbox?to={MSISDN}", stage.url)).await.expect("an answer");
    let inbox: Value = asked.json().await.expect("JSON");
    let messages = inbox["messages"].as_array().expect("a list");
    messages.iter().map(|message| message["text"].as_str().expect("a text").to_owned()).collect()
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_message_arrives_once_whatever_became_of_the_answer() {
    use FaultKind::{AppliedTimeout, Contradictory, Latency, NotFoundThenFound, ServerErrorApplied};
    for fault in [Latency, AppliedTimeout, ServerErrorApplied, Contradictory, NotFoundThenFound] {
        let stage = Stage::struck(Kind::Sms, fault).await;
        assert_eq!(hand_over(&stage, &contract(), LONG).await, Delivered::Taken, "{fault:?}");
        assert_eq!(inbox(&stage).await, ["your code is 123456"], "{fault:?}");
        assert_eq!(stage.total("imbalance").await, 0);
    }
}

#[tokio::test]
async fn what_was_never_taken_is_sent_again_and_given_up_when_it_comes_too_late() {
    for fault in [FaultKind::NotAppliedTimeout, FaultKind::ServerErrorNotApplied] {
        let stage = Stage::struck(Kind::Sms, fault).await;
        assert_eq!(hand_over(&stage, &contract(), Duration::from_millis(60)).await, Delivered::Unknown, "{fault:?}");
        assert!(inbox(&stage).await.is_empty());
        stage.calm().await;
        assert_eq!(hand_over(&stage, &contract(), LONG).await, Delivered::Taken, "{fault:?}");
        assert_eq!(inbox(&stage).await.len(), 1, "{fault:?}");
    }
}

/// A partner whose repeats are not safe is asked until its record is final; only then another attempt begins.
#[tokio::test]
async fn what_is_not_safe_to_repeat_waits_for_the_record() {
    let stage = Stage::struck(Kind::Sms, FaultKind::NotAppliedTimeout).await;
    let careful = Contract { repeats: Repeats::DoneAgain, attempts_most: 2, ..contract() };
    let began = Instant::now();
    assert_eq!(hand_over(&stage, &careful, LONG).await, Delivered::Unknown);
    assert!(began.elapsed() >= Duration::from_millis(2 * 120), "each attempt waited for its finality");
}

#[tokio::test]
async fn a_refusal_is_confirmed_by_the_record() {
    let stage = Stage::open(Kind::Sms).await;
    stage.control("/sandbox/seed", json!({"blocked": [MSISDN]})).await;
    for refusals in [Refusals::Confirm, Refusals::Final] {
        let contract = Contract { refusals, ..contract() };
        assert_eq!(hand_over(&stage, &contract, LONG).await, Delivered::Refused);
    }
}

#[tokio::test]
async fn a_message_may_be_lost_or_come_twice_and_nobody_is_told() {
    for (fault, copies) in [(FaultKind::Lost, 0), (FaultKind::Twice, 2)] {
        let stage = Stage::set(Kind::Sms, Setting { faults: always(fault), ..Setting::default() }).await;
        assert_eq!(hand_over(&stage, &contract(), LONG).await, Delivered::Taken, "{fault:?}");
        assert_eq!(inbox(&stage).await.len(), copies, "{fault:?}");
        assert_eq!(stage.total("imbalance").await, 0);
    }
}
