//! Persons: looking, exporting, holding, erasing; and what is left of those who were erased or never registered.

use crate::support::client::Reply;
use crate::support::{Person, Stage, StageOptions, direct};
use serde_json::{Value, json};
use server::Bounds;
use std::collections::BTreeSet;
use std::time::Duration;
use vault::{
    CardNumber, IdentityNumber, InstrumentId, Msisdn, NewPerson, PersonId, PersonName, Registration, SubscriberId,
};

const STAFF: &str = "wang";

impl Stage {
    /// Somebody without value: the subscriber and the person.
    async fn empty_handed(&self, person: &Person) -> (String, String) {
        let mut body = person.body(1);
        body["lots"] = json!([]);
        let key = format!("register-{}", person.msisdn);
        let registered = self.post("/v1/subscribers", &[]).key(&key).json(&body).reply().await.ok(201);
        (registered.field("id"), registered.field("person"))
    }

    async fn person(&self, person: &str) -> Value {
        self.get("/v1/persons/{id}", &[person]).reply().await.ok(200).json()
    }

    async fn ask_erasure(&self, person: &str) -> Reply {
        let body = json!({"reason": "asked at the counter"});
        self.post("/v1/persons/{id}/erasure", &[person]).json(&body).reply().await
    }

    async fn hold(&self, person: &str) -> Reply {
        let body = json!({"authority": "某市公安局", "document": "2026-117", "why": "协助调查"});
        self.post("/v1/persons/{id}/legal_holds", &[person]).by(self.key_of(STAFF)).json(&body).reply().await
    }

    async fn lift(&self, person: &str, number: &str) -> Reply {
        let body = json!({"why": "结案"});
        let lift = self.delete("/v1/persons/{id}/legal_holds/{number}", &[person, number]);
        lift.by(self.key_of(STAFF)).json(&body).reply().await
    }

    async fn reveal(&self, person: &str, actor: &str, body: Value) -> Reply {
        self.post("/v1/persons/{id}/reveals", &[person]).by(self.key_of(actor)).json(&body).reply().await
    }

    /// Waits until the vault shows somebody as erased.
    async fn until_erased(&self, subscriber: &str) -> Value {
        for _ in 0..2_000 {
            let shown = self.get("/v1/subscribers/{id}", &[subscriber]).reply().await.ok(200).json();
            if shown["erased"] == true {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("the vault does not erase");
    }
}

fn contains(dir: &std::path::Path, wanted: &str) -> bool {
    let files = std::fs::read_dir(dir).expect("the node's directory").filter_map(Result::ok);
    files.filter(|file| file.path().is_file()).any(|file| {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_erased_on_the_day_and_books_and_records_stay() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 10_000).await;
    let who = stage.get("/v1/subscribers/{id}", &[&subscriber]).reply().await.field("person");
    stage.ask_erasure(&who).await.refused(409, "erasure_value_held");
    let order = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201).field("id");
    stage.ask_erasure(&who).await.refused(409, "erasure_order_open");
    stage.finish().await;
    let before = stage.get("/v1/ledger/trial-balance", &[]).reply().await.ok(200).json();

    let asked = stage.ask_erasure(&who).await.ok(200).json();
    assert_eq!(asked["state"], "restricted");
    assert!(asked["erasure_due_at"].as_str().is_some_and(|due| due.starts_with("2036-03-")), "{asked}");
    assert_eq!(stage.ask_erasure(&who).await.ok(200).json(), asked);
    let shown = stage.get("/v1/subscribers/{id}", &[&subscriber]).reply().await.ok(200).json();
    assert_eq!((shown["erased"].as_bool(), shown["msisdn"].as_str()), (Some(false), Some("133****0001")));
    let lot = json!({"provenance": "self_paid", "amount_fen": 500});
    let recharge = stage.post("/v1/subscribers/{id}/recharges", &[&subscriber]).key("late").json(&lot).reply().await;
    recharge.refused(422, "person_restricted");
    let second = Person { msisdn: Person::adult(9).msisdn, ..person.clone() };
    let refused = stage.post("/v1/subscribers", &[]).key("second").json(&second.body(1)).reply().await;
    refused.refused(422, "person_restricted");

    // Ten years later, by the node's own timer.
    stage.finish().await;
    let erased = stage.until_erased(&subscriber).await;
    assert!(erased["name"].is_null() && erased["msisdn"].is_null() && erased["own_card"].is_null(), "{erased}");
    assert_eq!(stage.person(&who).await["state"], "erased");
    stage.ask_erasure(&who).await.ok(200);
    let look = json!({"what": ["name"], "purpose": "staff_enquiry", "reason": "late"});
    stage.reveal(&who, STAFF, look).await.refused(410, "person_erased");
    stage.hold(&who).await.refused(410, "person_erased");

    // Orders, books and records are as they were.
    assert_eq!(stage.get("/v1/orders/{id}", &[&order]).reply().await.ok(200).json()["state"], "settled");
    assert_eq!(stage.get("/v1/ledger/trial-balance", &[]).reply().await.ok(200).json()["assets"], before["assets"]);
    // The journal alone makes them again, and the views.
    let (listed, views) = (stage.get("/v1/orders", &[]).reply().await.ok(200).json(), stage.dir().join(node::VIEWS));
    let stage = stage.restart_with(|| std::fs::remove_file(views).expect("removed")).await;
    assert_eq!(stage.get("/v1/orders", &[]).reply().await.ok(200).json()["orders"], listed["orders"]);
    let mut reader = journal::SqliteReader::open(&stage.dir().join("journal")).expect("a journal");
    let replayed = node::recover(None, &mut reader, &facts::SaltKey::new([3; 32]), |_, _| {}).expect("it replays");
    assert_eq!(stage.node.read(|state| state.digest()).await.expect("it runs").0, replayed.state.digest());
    assert_eq!(stage.until_erased(&subscriber).await, erased);
    stage.place("two", &direct(&subscriber, 10_000)).await.refused(410, "person_erased");
    assert_eq!(stage.get("/v1/orders/{id}", &[&order]).reply().await.ok(200).json()["state"], "settled");

    // The number is free: another person registers it, under another subscriber.
    let heir = Person { msisdn: person.msisdn.clone(), ..Person::adult(2) };
    let heirs = stage.post("/v1/subscribers", &[]).key("heir").json(&heir.body(100)).reply().await.ok(201).field("id");
    assert_ne!(heirs, subscriber);
    assert_eq!(stage.get("/v1/subscribers/{id}", &[&heirs]).reply().await.json()["msisdn"], "133****0001");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_vault_loses_again_who_was_erased_since() {
    let stage = Stage::start().await;
    let (subscriber, who) = stage.empty_handed(&Person::adult(1)).await;
    let kept = stage.register(&Person::adult(2), 100).await;
    let copy = stage.dir().join("copy.sqlite");
    stage.vault.backup(&copy).expect("a copy");
    stage.ask_erasure(&who).await.ok(200);
    stage.finish().await;
    let erased = stage.until_erased(&subscriber).await;
    let dir = stage.dir().to_owned();
    let stage = stage
        .restart_with(move || {
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(dir.join(format!("vault.sqlite{end}")));
            }
            std::fs::rename(&copy, dir.join("vault.sqlite")).expect("the older vault");
        })
        .await;
    assert_eq!(stage.get("/v1/subscribers/{id}", &[&subscriber]).reply().await.ok(200).json(), erased);
    assert_eq!(stage.get("/v1/subscribers/{id}", &[&kept]).reply().await.ok(200).json()["msisdn"], "133****0002");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_asked_is_erased_when_the_term_has_run_out() {
    let bounds = Bounds { compare_every: Duration::from_millis(5), ..Bounds::default() };
    let stage = Stage::with(StageOptions { bounds, ..StageOptions::default() }).await;
    let (gone, _) = stage.empty_handed(&Person::adult(1)).await;
    let (held, who) = stage.empty_handed(&Person::adult(2)).await;
    let rich = stage.register(&Person::adult(3), 100).await;
    stage.hold(&who).await.ok(201);
    let ten_years = facts::Day::from_date(2036, 3, 3).expect("a date").start();
    stage.node.clock().advance_to(ten_years);
    stage.rest().await;
    assert_eq!(stage.get("/v1/subscribers/{id}", &[&gone]).reply().await.json()["erased"], false);
    stage.node.clock().advance_to(ten_years.plus(86_400_000));
    stage.until_erased(&gone).await;
    for kept in [held, rich] {
        assert_eq!(stage.get("/v1/subscribers/{id}", &[&kept]).reply().await.json()["erased"], false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legal_hold_stands_against_erasure_until_it_is_lifted() {
    let stage = Stage::start().await;
    let (subscriber, who) = stage.empty_handed(&Person::adult(1)).await;
    let held = stage.hold(&who).await.ok(201).json();
    assert_eq!((held["state"].as_str(), held["legal_holds"][0]["number"].as_u64()), (Some("active"), Some(1)));
    assert_ne!(held["legal_holds"][0]["document"], "2026-117");
    stage.lift(&who, "2").await.refused(404, "legal_hold_unknown");
    stage.lift(&who, "x").await.refused(404, "legal_hold_unknown");
    assert_eq!(stage.lift(&who, "1").await.ok(200).json()["legal_holds"], json!([]));
    stage.ask_erasure(&who).await.ok(200);
    // Held again after it was asked for: the day passes.
    stage.hold(&who).await.ok(201);
    stage.finish().await;
    let waits = stage.person(&who).await;
    assert_eq!((waits["state"].as_str(), waits["erasure_due_at"].as_str()), (Some("restricted"), None));
    let later = facts::Day::from_date(2040, 1, 1).expect("a date").start();
    stage.node.clock().advance_to(later);
    stage.rest().await;
    assert_eq!(stage.person(&who).await["state"], "restricted");
    stage.lift(&who, "2").await.ok(200);
    stage.until_erased(&subscriber).await;

    let body = json!({"authority": "a", "document": "b", "why": "c"});
    let unnamed = stage.post("/v1/persons/{id}/legal_holds", &[&who]).json(&body).reply().await;
    unnamed.refused(410, "person_erased");
    let nobody = "per_00000000000000000000000000";
    let unknown = stage.post("/v1/persons/{id}/legal_holds", &[nobody]).by(stage.key_of(STAFF)).json(&body);
    unknown.reply().await.refused(404, "person_unknown");
    stage.get("/v1/persons/{id}", &["per_7"]).reply().await.refused(404, "person_unknown");
    stage.get("/v1/persons/{id}", &[nobody]).reply().await.refused(404, "person_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revealed_is_a_record_first() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let subscriber = stage.register(&person, 700).await;
    let who = stage.get("/v1/subscribers/{id}", &[&subscriber]).reply().await.field("person");
    let look = |what: Value, purpose: &str| json!({"what": what, "purpose": purpose, "reason": "客户投诉"});
    let before = stage.node.durable();
    let revealed = stage.reveal(&who, STAFF, look(json!(["name", "msisdn"]), "staff_enquiry")).await.ok(200);
    assert!(revealed.position() > before && stage.node.durable() >= revealed.position());
    let body = revealed.json();
    assert_eq!((body["name"].as_str(), body["id_number"].as_str()), (Some(person.name.as_str()), None));
    assert_eq!(body["subscribers"][0]["msisdn"], person.msisdn.as_str());
    assert!(body["subscribers"][0]["own_card"].is_null());
    // The record says who looked, at what and what for; nothing of what was seen.
    let mut reader = journal::SqliteReader::open(&stage.dir().join("journal")).expect("a journal");
    let entry = journal::Reader::record(&mut reader, revealed.position()).expect("readable").expect("there");
    let record = facts::Record::decode(&entry.bytes).expect("a record").open;
    assert_eq!(record.meta.actor.kind, facts::ActorKind::Staff);
    let [facts::Fact::Revealed { subject, what, purpose, .. }] = &record.facts[..] else {
        panic!("{:?}", record.facts)
    };
    assert_eq!((subject.to_string(), what.len(), *purpose), (who.clone(), 2, facts::Purpose::StaffEnquiry));
    let metrics = stage.get("/metrics", &[]).reply().await.text();
    assert!(metrics.contains("tongbao_vault_reveals{purpose=\"staff_enquiry\"} 2"), "{metrics}");

    for (what, purpose, param) in [
        (json!([]), "staff_enquiry", "/what"),
        (json!(["name", "name"]), "staff_enquiry", "/what"),
        (json!(["address"]), "staff_enquiry", "/what"),
        (json!(["name"]), "payout", "/purpose"),
        (json!(["name"]), "curiosity", "/purpose"),
    ] {
        let refused = stage.reveal(&who, STAFF, look(what, purpose)).await;
        assert_eq!(refused.refused(400, "malformed_request")["param"], param);
    }
    stage.reveal(&who, "app", look(json!(["name"]), "staff_enquiry")).await.refused(403, "not_permitted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_gets_everything_that_is_held() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let mut body = person.body(10_700);
    body["credit_card"] = json!(format!("62220212345{:08}", 9));
    let subscriber = stage.post("/v1/subscribers", &[]).key("one").json(&body).reply().await.ok(201).field("id");
    let order = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201).field("id");
    stage.finish().await;
    let complaint = json!({"subscriber": subscriber, "order": order, "about": "fee", "text": "the fee is too high"});
    stage.post("/v1/complaints", &[]).key("fee").json(&complaint).reply().await.ok(201);
    let who = stage.get("/v1/subscribers/{id}", &[&subscriber]).reply().await.field("person");
    let export = |query: &'static [(&str, &str)]| stage.get("/v1/persons/{id}/export", &[&who]).query(query).reply();
    // Handed out at the counter; the subject's own session needs no reason.
    let body = export(&[("purpose", "subject_export"), ("reason", "counter")]).await.ok(200).json();
    assert_eq!(body["identity"]["id_number"], person.id_number.as_str());
    assert_eq!(body["identity"]["subscribers"][0]["own_card"], person.card.as_str());
    assert_eq!(body["holdings"][0]["lots"][0]["amount_fen"], 700);
    assert_eq!(
        (body["orders"][0]["id"].as_str(), body["orders"][0]["state"].as_str()),
        (Some(&*order), Some("settled"))
    );
    assert_eq!(body["complaints"][0]["text"], "the fee is too high");
    // Every name in it has a label in both languages, and there is no label for nothing.
    let (mut names, labels) = (BTreeSet::new(), body["labels"].as_object().expect("labels"));
    names_in(&body, &mut names);
    let missing: Vec<_> = names.iter().filter(|name| !labels.contains_key(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(labels.values().all(|label| !label["zh"].as_str().unwrap_or("").is_ascii() && label["en"].is_string()));
    // Staff are told of legal holds; the person is not, who might be warned.
    stage.hold(&who).await.ok(201);
    let told = export(&[("purpose", "subject_export"), ("reason", "counter")]).await.ok(200).json();
    assert_eq!((&told["standing"]["state"], &told["standing"]["legal_holds"]), (&json!("active"), &json!([])));
    let told = export(&[("purpose", "legal_request"), ("reason", "2026-117")]).await.ok(200).json();
    assert_eq!(told["standing"]["legal_holds"][0]["why"], "协助调查");
    names_in(&told, &mut names);
    let unused: Vec<_> = labels.keys().filter(|label| !names.contains(*label)).collect();
    assert!(unused.is_empty(), "{unused:?}");
    let missing: Vec<_> = names.iter().filter(|name| !labels.contains_key(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(export(&[]).await.refused(400, "malformed_request")["param"], "purpose");
    assert_eq!(export(&[("purpose", "payout")]).await.refused(400, "malformed_request")["param"], "purpose");
    // Staff say why.
    assert_eq!(export(&[("purpose", "staff_enquiry")]).await.refused(400, "malformed_request")["param"], "/why");
}

/// Every name of a member, but of the labels themselves.
fn names_in(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| *name != "labels") {
                names.insert(name.clone());
                names_in(value, names);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names_in(value, names)),
        _ => {}
    }
}

/// The rows of a registration whose record never came: as a crash between the two leaves them.
fn orphan(serial: u32) -> Registration {
    let person = Person::adult(serial);
    let id = u128::from(serial);
    Registration {
        person: NewPerson {
            id: PersonId(id),
            name: PersonName::parse(&person.name).expect("a name"),
            identity: IdentityNumber::parse(&person.id_number).expect("a number"),
        },
        number: (SubscriberId(id), Msisdn::parse(&person.msisdn).expect("a number")),
        card: Some((InstrumentId(id), CardNumber::parse(&person.card).expect("a card"))),
        credit_card: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_vault_journal_and_mark_leaves_no_orphan_and_no_record_without_its_subject() {
    let mut stage = Stage::start().await;
    let registered = stage.register(&Person::adult(1), 5).await;
    for crash in 0..3 {
        // Between vault and journal; the one before is between journal and mark.
        let serial = 10 + crash;
        stage.vault.register(&[orphan(serial)]).expect("put");
        assert!(!stage.vault.unconfirmed(9).expect("read").is_empty());
        stage.node.stop();
        stage.node.wait_stopped().await;
        stage = stage.again().await;
        assert_eq!(stage.vault.unconfirmed(9).expect("read").len(), 0);
        let number = Msisdn::parse(&Person::adult(serial).msisdn).expect("a number");
        assert_eq!(stage.vault.find_number(&number).expect("read"), None, "an orphan");
        let shown = stage.get("/v1/subscribers/{id}", &[&registered]).reply().await.ok(200).json();
        assert_eq!(shown["msisdn"], "133****0001", "a record without its subject");
        // The repeat of the registration makes its rows anew.
        stage.register(&Person::adult(serial), 5).await;
    }
    assert_eq!(stage.vault.status().expect("read").data_keys, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_node_removes_what_was_refused_and_keeps_what_is_on_its_way() {
    let bounds = Bounds { compare_every: Duration::from_millis(5), ..Bounds::default() };
    let stage = Stage::with(StageOptions { bounds, ..StageOptions::default() }).await;
    let owner = Person::adult(1);
    let first = stage.register(&owner, 5).await;
    // Somebody else's number: the vault took the thief's identity before it was seen.
    let thief = Person { msisdn: owner.msisdn.clone(), ..Person::adult(2) };
    let refused = stage.post("/v1/subscribers", &[]).key("thief").json(&thief.body(5)).reply().await;
    refused.refused(422, "not_the_holder");
    let mut ids = vec![first];
    for serial in 3..40 {
        ids.push(stage.register(&Person::adult(serial), 5).await);
    }
    for _ in 0..2_000 {
        if stage.vault.unconfirmed(9).expect("read").is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(stage.vault.unconfirmed(9).expect("read").len(), 0);
    let thief = IdentityNumber::parse(&thief.id_number).expect("a number");
    assert_eq!(stage.vault.find_person(&thief).expect("read"), None, "nothing is kept of who was refused");
    for id in ids {
        let shown = stage.get("/v1/subscribers/{id}", &[&id]).reply().await.ok(200).json();
        assert_eq!(shown["erased"], false);
    }
    assert!(!contains(stage.dir(), &owner.msisdn));
}

/// A hold is told to those who judge risk or audit alone: to the person, and to whoever serves them, all is as without.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_tipped_off_by_an_answer() {
    let stage = Stage::start().await;
    let (held, free) = (Person::adult(1), Person::adult(2));
    let (_, who) = stage.empty_handed(&held).await;
    let (_, other) = stage.empty_handed(&free).await;
    stage.hold(&who).await.ok(201);
    let counter = stage.member("chen", &["operator"]).await;
    let counter = stage.sign_in(&counter).await;
    let mut shown = Vec::new();
    for (person, id) in [(&held, &who), (&free, &other)] {
        let own = stage.subscriber_session(person).await;
        let mut answers = Vec::new();
        for session in [&own, &counter] {
            answers.push(session.sent(stage.get("/v1/persons/{id}", &[id])).reply().await.ok(200).json());
            let asked = session.sent(stage.post("/v1/persons/{id}/erasure", &[id]));
            answers.push(asked.json(&json!({"reason": "asked for"})).reply().await.ok(200).json());
        }
        shown.push(answers);
    }
    for (of_held, of_free) in shown[0].iter().zip(&shown[1]) {
        for field in ["state", "legal_holds", "erasure_due_at", "kept_until"] {
            assert_eq!(of_held[field], of_free[field], "{field}");
        }
    }
    assert!(shown[0][1]["erasure_due_at"].is_string());
    assert_eq!(stage.person(&who).await["legal_holds"][0]["number"], 1, "risk is told");
}
