//! Subscribers are told what became of their orders, once, whatever happens to the node or to whoever sends messages.

use crate::support::{Person, Stage, StageOptions, direct, msisdn};
use serde_json::json;
use std::time::Duration;

/// Long enough for a notice that should not come.
const NOT_COMING: Duration = Duration::from_millis(900);

impl Stage {
    /// A figure of the metrics.
    async fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics", &[]).reply().await.text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|figure| figure.parse().ok()).unwrap_or_default()
    }

    async fn ended(&self, outcome: &str) -> u64 {
        self.metric(&format!("tongbao_notices{{outcome=\"{outcome}\"}}")).await
    }

    /// Waits until all that is recorded was looked at, and so many wait to be told.
    async fn until_waiting(&self, wait: u64) {
        for _ in 0..2_000 {
            let looked = self.metric("tongbao_notices_sequence").await;
            if looked >= self.node.durable() && self.metric("tongbao_notices_waiting").await == wait {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("not told: {}", self.get("/metrics", &[]).reply().await.text());
    }

    /// Places an order and lets it come to its end.
    async fn settled(&self, key: &str, subscriber: &str) -> String {
        let order = self.place(key, &direct(subscriber, 10_000)).await.ok(201).field("id");
        self.finish().await;
        order
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ordered_is_told_when_it_is_settled_and_only_then() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 100_000).await;
    stage.place("refused", &direct(&subscriber, 1)).await.refused(422, "amount_too_small");
    stage.settled("one", &subscriber).await;
    stage.until_waiting(0).await;
    let got = stage.phones.notices(&person.msisdn).await;
    assert_eq!(got, ["【通宝】您的订单（官方渠道直连，100.00 元）已完成，到账 96.00 元。如非本人办理，请联系客服。"]);
    for secret in person.secrets() {
        assert!(!got[0].contains(secret), "{got:?}");
        let file = std::fs::read(stage.dir().join(views::NOTICES)).expect("the file of notices");
        assert!(!file.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    assert_eq!((stage.ended("told").await, stage.ended("nobody").await), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_a_reviewer_ends_is_told_twice_over() {
    let stage = Stage::start().await;
    let person = Person { msisdn: msisdn("1330090", 7), ..Person::adult(7) };
    let subscriber = stage.register(&person, 1_000_000).await;
    let id = stage.place("one", &direct(&subscriber, 200_000)).await.ok(201).field("id");
    stage.until_waiting(0).await;
    let reject = json!({"verdict": "rejected", "reason": "documents do not match"});
    stage.post("/v1/orders/{id}/review", &[&id]).by(stage.key_of("house")).json(&reject).reply().await.ok(200);
    stage.until_waiting(0).await;
    let got = stage.phones.notices(&person.msisdn).await;
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got[0].contains("正在人工审核，尚未扣款") && got[1].contains("未能办理，未扣款"), "{got:?}");
    assert!(!got.concat().contains("documents"), "the reviewer's words are not the subscriber's: {got:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_given_something_is_told_whether_registered_or_not() {
    let stage = Stage::start().await;
    let (giver, receiver) = (Person::adult(1), Person::adult(2));
    let subscriber = stage.register(&giver, 100_000).await;
    stage.register(&receiver, 1).await;
    let stranger = msisdn("1341000", 5);
    for target in [&receiver.msisdn, &stranger] {
        let gift = json!({"subscriber": subscriber, "product": "gift", "amount": 10_000, "target": target});
        stage.place(target, &gift).await.ok(201);
        stage.finish().await;
        stage.until_waiting(0).await;
        let got = stage.phones.notices(target).await.pop().expect("a notice");
        assert_eq!(got, "【通宝】您收到他人转赠的 100.00 元，现已到账。");
    }
    assert_eq!(stage.phones.notices(&giver.msisdn).await.len(), 2, "the giver is told of each");
}

/// Each way in which a message can go wrong, with restarts between.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_twice_whatever_goes_wrong() {
    let mut stage = Stage::start().await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 100_000).await;
    for (round, fault) in (1..).zip(["applied_timeout", "not_applied_timeout", "server_error_applied", "contradictory"])
    {
        stage.phones.fall_silent(fault).await;
        stage.settled(fault, &subscriber).await;
        stage.node.stop();
        stage.node.wait_stopped().await;
        stage = stage.again().await;
        stage.phones.go_wrong(&json!({"rate_ppm": 0})).await;
        stage.until_waiting(0).await;
        assert_eq!(stage.phones.notices(&person.msisdn).await.len(), round, "after {fault}");
        assert_eq!(stage.ended("told").await, round as u64, "after {fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_not_told_again_when_views_and_state_are_made_anew() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 100_000).await;
    stage.settled("one", &subscriber).await;
    stage.until_waiting(0).await;
    let (views, notices) = (stage.dir().join(node::VIEWS), stage.dir().join(views::NOTICES));
    let stage = stage.restart_with(move || views::Views::remove(&views).expect("removes")).await;
    stage.until_waiting(0).await;
    // A lost file begins at the journal's end.
    let stage = stage.restart_with(move || views::Views::remove(&notices).expect("removes")).await;
    stage.until_waiting(0).await;
    tokio::time::sleep(NOT_COMING).await;
    assert_eq!(stage.phones.notices(&person.msisdn).await.len(), 1);
    stage.settled("two", &subscriber).await;
    stage.until_waiting(0).await;
    assert_eq!(stage.phones.notices(&person.msisdn).await.len(), 2, "what is new is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_meanwhile_is_not_told() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 10_000).await;
    stage.phones.fall_silent("not_applied_timeout").await;
    stage.settled("one", &subscriber).await;
    stage.until_waiting(1).await;
    let who = stage.get("/v1/subscribers/{id}", &[&subscriber]).reply().await.field("person");
    let body = json!({"reason": "asked at the counter"});
    stage.post("/v1/persons/{id}/erasure", &[&who]).json(&body).reply().await.ok(200);
    stage.finish().await;
    stage.phones.go_wrong(&json!({"rate_ppm": 0})).await;
    stage.until_waiting(0).await;
    assert!(stage.phones.notices(&person.msisdn).await.is_empty());
    assert_eq!((stage.ended("told").await, stage.ended("nobody").await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_gets_no_more_than_so_many_on_a_day() {
    let mut settings = access::Settings::parse(access::Settings::SHIPPED).expect("the shipped settings");
    settings.notices.per_number_day = 2;
    let stage = Stage::with(StageOptions { settings: Some(settings), ..StageOptions::default() }).await;
    let (person, other) = (Person::adult(1), Person::adult(2));
    let (one, two) = (stage.register(&person, 100_000).await, stage.register(&other, 100_000).await);
    for key in ["one", "two", "three"] {
        stage.settled(key, &one).await;
        stage.until_waiting(0).await;
    }
    stage.settled("other", &two).await;
    stage.until_waiting(0).await;
    assert_eq!(stage.phones.notices(&person.msisdn).await.len(), 2);
    assert_eq!(stage.phones.notices(&other.msisdn).await.len(), 1, "another number has its own");
    assert_eq!((stage.ended("told").await, stage.ended("too_many").await), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_in_time_is_given_up() {
    let mut settings = access::Settings::parse(access::Settings::SHIPPED).expect("the shipped settings");
    settings.notices.give_up_s = 1;
    let stage = Stage::with(StageOptions { settings: Some(settings), ..StageOptions::default() }).await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 100_000).await;
    stage.phones.fall_silent("not_applied_timeout").await;
    stage.settled("one", &subscriber).await;
    stage.until_waiting(1).await;
    stage.until_waiting(0).await;
    assert_eq!((stage.ended("told").await, stage.ended("given_up").await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_whoever_sends_messages_nothing_is_kept() {
    let stage = Stage::with(StageOptions { messages: false, ..StageOptions::default() }).await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 100_000).await;
    stage.settled("one", &subscriber).await;
    assert!(!stage.dir().join(views::NOTICES).exists());
    stage.node.stop();
    stage.node.wait_stopped().await;
    let stage = stage.again_with(StageOptions::default()).await;
    stage.until_waiting(0).await;
    assert!(stage.phones.notices(&person.msisdn).await.is_empty(), "what is past is told to nobody");
}
