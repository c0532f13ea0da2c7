//! Complaints: filed, listed by when they are due, answered, withdrawn, and forgotten with their person.

use crate::support::client::Reply;
use crate::support::{Person, Stage, direct};
use serde_json::{Value, json};

const WORDS: &str = "钱没有到账，\n打了三次电话";

impl Stage {
    async fn complain(&self, key: &str, body: &Value) -> Reply {
        self.post("/v1/complaints", &[]).by(self.key_of("app")).key(key).json(body).reply().await
    }

    async fn complained(&self, key: &str, subscriber: &str) -> String {
        let body = json!({"subscriber": subscriber, "about": "service", "text": WORDS});
        self.complain(key, &body).await.ok(201).field("id")
    }

    async fn answer_complaint(&self, id: &str, outcome: &str) -> Reply {
        let body = json!({"outcome": outcome, "answer": "今日已到账，抱歉久等", "why": "the bank was late"});
        self.post("/v1/complaints/{id}/outcome", &[id]).by(self.key_of("house")).json(&body).reply().await
    }

    async fn complaints(&self, query: &[(&str, &str)]) -> (Vec<String>, Value) {
        let asked = self.get("/v1/complaints", &[]).by(self.key_of("house")).query(query);
        let page = asked.reply().await.ok(200).json();
        let ids = page["complaints"].as_array().expect("a list").iter();
        (ids.map(|complaint| complaint["id"].as_str().expect("an id").to_owned()).collect(), page["next"].clone())
    }

    async fn pass_days(&self, days: u64) {
        let body = json!({"by_ms": days * 86_400_000});
        self.post("/v1/clock/advance", &[]).json(&body).reply().await.ok(200);
    }

    async fn figure(&self, name: &str) -> String {
        let text = self.get("/metrics", &[]).reply().await.text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
        line.expect("a figure")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_about_an_order_is_answered_and_its_complainant_is_told() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 100_000).await;
    let order = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201).field("id");
    let body = json!({"subscriber": subscriber, "order": order, "about": "not_arrived", "text": WORDS});
    let filed = stage.complain("c", &body).await.ok(201);
    let (id, shown) = (filed.field("id"), filed.json());
    assert!(id.starts_with("cmp_"), "{id}");
    assert_eq!((&shown["state"], &shown["text"], &shown["overdue"]), (&json!("open"), &json!(WORDS), &json!(false)));
    assert_eq!(shown["due_on"], "2026-03-18", "fifteen days from 3 March");
    // The same key again is the same complaint; another body is a conflict.
    let again = stage.complain("c", &body).await.ok(201);
    assert_eq!((again.field("id"), again.header("idempotent-replayed")), (id.clone(), Some("true")));
    let other = json!({"subscriber": subscriber, "about": "fee", "text": "x"});
    stage.complain("c", &other).await.refused(422, "idempotency_conflict");

    let session = stage.subscriber_session(&person).await;
    let own = session.sent(stage.get("/v1/complaints/{id}", &[&id])).reply().await.ok(200).json();
    assert_eq!((&own["text"], &own["answer"]), (&json!(WORDS), &json!(null)));
    let answered = stage.answer_complaint(&id, "upheld").await.ok(200).json();
    assert_eq!((&answered["state"], &answered["answer"]), (&json!("upheld"), &json!("今日已到账，抱歉久等")));
    stage.answer_complaint(&id, "rejected").await.refused(409, "complaint_closed");
    let own = session.sent(stage.get("/v1/complaints/{id}", &[&id])).reply().await.ok(200).json();
    assert_eq!(own["answer"], "今日已到账，抱歉久等");
    for _ in 0..400 {
        if stage.phones.notices(&person.msisdn).await.iter().any(|text| text.contains("您的投诉已有答复")) {
            let timeline = stage.get("/v1/orders/{id}/timeline", &[&order]).header("accept-language", "zh");
            let timeline = timeline.reply().await.ok(200).text();
            assert!(timeline.contains("已投诉：未到账") && timeline.contains("投诉处理结果：属实"), "{timeline}");
            assert!(!timeline.contains("电话"), "the words are nobody else's: {timeline}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the complainant is not told");
}

#[tokio::test(flavor = "multi_thread")]
async fn overdue_complaints_come_first_and_are_counted_and_pages_go_on() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let late = stage.complained("late", &subscriber).await;
    stage.pass_days(10).await;
    let middle = stage.complained("middle", &subscriber).await;
    let ended = stage.complained("ended", &subscriber).await;
    stage.answer_complaint(&ended, "partly_upheld").await.ok(200);
    stage.pass_days(5).await;
    assert_eq!(stage.figure("tongbao_complaints_overdue").await, "0", "the fifteenth day is in time");
    stage.pass_days(1).await;
    let young = stage.complained("young", &subscriber).await;
    assert_eq!(stage.figure("tongbao_complaints_overdue").await, "1");
    assert_eq!(stage.figure("tongbao_complaints_open").await, "3");
    let all = [late.clone(), middle.clone(), young.clone(), ended.clone()];
    assert_eq!(stage.complaints(&[]).await, (all.to_vec(), Value::Null));
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let query = [("limit", "1"), ("after", after.as_str())];
        let (ids, next) = stage.complaints(if after.is_empty() { &query[..1] } else { &query }).await;
        paged.extend(ids);
        let Some(next) = next.as_str() else { break };
        next.clone_into(&mut after);
    }
    assert_eq!(paged, all);
    assert_eq!(stage.complaints(&[("state", "open"), ("due_before", "2026-03-28")]).await.0, [late]);
    assert_eq!(stage.complaints(&[("state", "partly_upheld")]).await.0, [ended]);
    let state = stage.get("/v1/complaints", &[]).by(stage.key_of("house")).query(&[("state", "lost")]);
    state.reply().await.refused(400, "malformed_request");
    // After a restart they are as they were.
    let stage = stage.restart().await;
    assert_eq!(stage.complaints(&[]).await.0, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_is_withdrawn_by_whoever_filed_it_and_seen_by_nobody_else() {
    let stage = Stage::start().await;
    let (person, other) = (Person::adult(1), Person::adult(2));
    let subscriber = stage.register(&person, 100_000).await;
    let theirs = stage.register(&other, 100_000).await;
    let order = stage.place("one", &direct(&theirs, 10_000)).await.ok(201).field("id");
    let session = stage.subscriber_session(&person).await;
    let filing = |body: &Value| session.sent(stage.post("/v1/complaints", &[])).key("mine").json(body);
    let foreign_order = json!({"subscriber": subscriber, "order": order, "about": "fee", "text": "x"});
    filing(&foreign_order).reply().await.refused(404, "order_unknown");
    let foreign = json!({"subscriber": theirs, "about": "fee", "text": "x"});
    filing(&foreign).reply().await.refused(404, "subscriber_unknown");
    let mine = json!({"subscriber": subscriber, "about": "fee", "text": "too much"});
    let id = filing(&mine).reply().await.ok(201).field("id");
    let withdraw = |by: &str| stage.post("/v1/complaints/{id}/withdraw", &[&id]).by(by).json(&json!({"why": "x"}));
    withdraw(stage.key_of("house")).reply().await.refused(403, "only_filer_withdraws");
    withdraw(stage.key_of("shop")).reply().await.refused(404, "complaint_unknown");
    let by_them = session.sent(stage.post("/v1/complaints/{id}/withdraw", &[&id])).json(&json!({}));
    assert_eq!(by_them.reply().await.ok(200).json()["state"], "withdrawn");
    stage.answer_complaint(&id, "upheld").await.refused(409, "complaint_closed");
    stage.get("/v1/complaints/{id}", &[&id]).by(stage.key_of("shop")).reply().await.refused(404, "complaint_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_complaints_are_told_what_is_allowed() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let body = |about: &str, text: &str| json!({"subscriber": subscriber, "about": about, "text": text});
    stage.complain("a", &body("weather", "x")).await.refused(400, "malformed_request");
    stage.complain("b", &body("fee", "")).await.refused(400, "malformed_request");
    stage.complain("c", &body("fee", &"长".repeat(2_001))).await.refused(400, "malformed_request");
    stage.complain("d", &body("fee", &"长".repeat(2_000))).await.ok(201);
    let id = stage.complained("e", &subscriber).await;
    stage.answer_complaint(&id, "withdrawn").await.refused(400, "malformed_request");
    let unreasoned = json!({"outcome": "upheld", "answer": "yes"});
    let sent = stage.post("/v1/complaints/{id}/outcome", &[&id]).by(stage.key_of("house")).json(&unreasoned);
    sent.reply().await.refused(400, "malformed_request");
    stage.answer_complaint("cmp_00000000000000000000000000", "upheld").await.refused(404, "complaint_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_go_with_their_person_and_the_complaint_stays() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let mut body = person.body(1);
    body["lots"] = json!([]);
    let registered = stage.post("/v1/subscribers", &[]).key("r").json(&body).reply().await.ok(201);
    let (subscriber, who) = (registered.field("id"), registered.field("person"));
    let id = stage.complained("c", &subscriber).await;
    stage.answer_complaint(&id, "rejected").await.ok(200);
    let asked = json!({"reason": "asked at the counter"});
    stage.post("/v1/persons/{id}/erasure", &[&who]).json(&asked).reply().await.ok(200);
    stage.finish().await;
    for _ in 0..2_000 {
        let shown = stage.get("/v1/complaints/{id}", &[&id]).by(stage.key_of("house")).reply().await.ok(200).json();
        if shown["text"].is_null() {
            assert_eq!((&shown["answer"], &shown["state"]), (&json!(null), &json!("rejected")));
            stage
                .complain("late", &json!({"subscriber": subscriber, "about": "fee", "text": "x"}))
                .await
                .refused(410, "person_erased");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("the words are still there");
}
