//! The audit trail: each act of staff is in the journal, with who, from where and why.

use crate::support::client::{Reply, Sent};
use crate::support::{Person, SignedIn, Stage, StageOptions, direct, rules};
use access::{MachineAct, MachineUser};
use facts::StaffAct;
use serde_json::{Value, json};

const THERE: &str = "203.0.113.77";

fn from_there(sent: Sent) -> Sent {
    sent.header("X-Forwarded-For", &format!("10.1.1.1, {THERE}"))
}

/// A stage behind a proxy on this machine.
async fn behind_a_proxy() -> Stage {
    let mut settings = access::Settings::parse(access::Settings::SHIPPED).expect("the shipped settings");
    settings.usage.proxies = vec!["127.0.0.1".parse().expect("an address")];
    Stage::with(StageOptions { settings: Some(settings), ..StageOptions::default() }).await
}

/// The trail once it shows all that is durable.
async fn trail(stage: &Stage, query: &[(&str, &str)]) -> Value {
    let position = stage.node.durable().to_string();
    let query = [query, &[("min_position", position.as_str())]].concat();
    let asked = stage.get("/v1/audit", &[]).by(stage.key_of("wang")).query(&query);
    asked.reply().await.ok(200).json()
}

fn acts(trail: &Value) -> Vec<&str> {
    trail["acts"].as_array().expect("acts").iter().map(|act| act["act"].as_str().expect("a word")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_act_is_told_with_who_from_where_and_why() {
    let stage = behind_a_proxy().await;
    let house = stage.key_of("house").to_owned();
    let zhao = stage.member("zhao", &["operator", "admin"]).await;
    let body = json!({"name": "zhao", "password": crate::support::PASSWORD, "code": zhao.code(0)});
    let signed_in = from_there(stage.post("/v1/sessions", &[]).by_nobody()).json(&body).reply().await.ok(201);
    let session = SignedIn::of(&signed_in);
    let revoke = |id: &str| {
        let sent = from_there(session.sent(stage.delete("/v1/keys/{id}", &[id])));
        sent.json(&json!({"reason": "found in a log"}))
    };
    let issued = stage.post("/v1/clients/{name}/keys", &["shop"]).by(&house).json(&json!({})).reply().await.ok(201);
    revoke(&issued.field("id")).reply().await.ok(204);
    revoke("00000000000000ff").reply().await.refused(404, "principal_unknown");

    from_there(session.sent(stage.delete("/v1/sessions", &[]))).reply().await.ok(204);

    let shown = trail(&stage, &[("actor", &zhao.id)]).await;
    assert_eq!(acts(&shown), ["end_sessions", "revoke_key", "revoke_key", "sign_in"], "{shown}");
    for act in shown["acts"].as_array().expect("acts") {
        assert_eq!((&act["name"], &act["from"]), (&json!("zhao"), &json!(THERE)), "{act}");
        assert_eq!(act["roles"], json!(["operator", "admin"]));
    }
    let (refused, done) = (&shown["acts"][1], &shown["acts"][2]);
    assert_eq!((&refused["refused"], &done["refused"]), (&json!("principal_unknown"), &Value::Null));
    assert_eq!((&done["on"], &done["why"]), (&json!(issued.field("id")), &json!("found in a log")));
    let mine = trail(&stage, &[("act", "issue_key")]).await;
    assert_eq!(mine["acts"][0]["on"], json!(format!("shop {}", issued.field("id"))));
    assert_eq!(mine["acts"][0]["from"], json!("127.0.0.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_act_of_staff_is_there() {
    let stage = behind_a_proxy().await;
    let person = Person::adult(1);
    let mut body = person.body(1);
    body["lots"] = json!([]);
    let li = stage.key_of("li").to_owned();
    let registered = stage.post("/v1/subscribers", &[]).by(&li).key("r").json(&body).reply().await.ok(201);
    let who = registered.field("person");
    let by = |sent: Sent| sent.by(&li);
    let hold = json!({"authority": "某市公安局", "document": "2026-117", "why": "协助调查"});
    by(stage.post("/v1/persons/{id}/legal_holds", &[&who])).json(&hold).reply().await.ok(201);
    let lift = stage.delete("/v1/persons/{id}/legal_holds/{number}", &[&who, "1"]);
    by(lift).json(&json!({"why": "结案"})).reply().await.ok(200);
    let reveal = json!({"what": ["name"], "purpose": "staff_enquiry", "reason": "客户投诉"});
    by(stage.post("/v1/persons/{id}/reveals", &[&who])).json(&reveal).reply().await.ok(200);
    let erase = |body: Value| by(stage.post("/v1/persons/{id}/erasure", &[&who])).json(&body);
    erase(json!({})).reply().await.refused(400, "malformed_request");
    erase(json!({"reason": "asked at the counter"})).reply().await.ok(200);
    let version = rules::other_numbers().expect("shipped").version().to_string();
    let numbers = json!({"version": version, "reason": "new segments"});
    by(stage.put("/v1/numbers", &[])).json(&numbers).reply().await.ok(200);
    stage.rest().await;
    by(stage.post("/v1/clock/advance", &[])).json(&json!({"by_ms": 1_000})).reply().await.ok(200);
    by(stage.post("/v1/sweep", &[])).reply().await.ok(200);

    let shown = trail(&stage, &[]).await;
    let expected = [
        "sweep",
        "advance_clock",
        "replace_numbers",
        "request_erasure",
        "reveal",
        "lift_legal_hold",
        "place_legal_hold",
        "register_subscriber",
    ];
    assert_eq!(acts(&shown), expected, "{shown}");
    let whys: Vec<&Value> = shown["acts"].as_array().expect("acts").iter().map(|act| &act["why"]).collect();
    assert_eq!(
        whys[2..7],
        [
            &json!("new segments"),
            &json!("asked at the counter"),
            &json!("客户投诉"),
            &json!("结案"),
            &json!("协助调查")
        ]
    );
    assert_eq!(shown["acts"][3]["on"], json!(who));
    assert!(shown["acts"].as_array().expect("acts").iter().all(|act| act["from"] == json!("127.0.0.1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_comes_in_pages_and_only_to_those_who_may_look() {
    let stage = behind_a_proxy().await;
    let house = stage.key_of("house").to_owned();
    for name in ["one", "two", "three"] {
        stage.post("/v1/clients", &[]).by(&house).json(&json!({"name": name})).reply().await.ok(201);
    }
    let first = trail(&stage, &[("limit", "2")]).await;
    let on = |trail: &Value| -> Vec<String> {
        let acts = trail["acts"].as_array().expect("acts");
        acts.iter().map(|act| act["on"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(on(&first), ["three", "two"]);
    let next = first["next"].as_u64().expect("another page").to_string();
    let second = trail(&stage, &[("limit", "2"), ("after", &next)]).await;
    assert_eq!((on(&second), &second["next"]), (vec!["one".to_owned()], &Value::Null));
    let at = first["acts"][1]["at"].as_str().expect("a moment").replace('+', "%2B");
    let before = trail(&stage, &[("until", &at)]).await;
    assert!(on(&before).len() < 3, "{before}");
    let ask = |pairs: &[(&str, &str)]| stage.get("/v1/audit", &[]).by(&house).query(pairs);
    for wrong in [("actor", "zhao"), ("limit", "201"), ("from", "yesterday"), ("who", "zhao")] {
        ask(&[wrong]).reply().await.refused(400, "malformed_request");
    }
    stage.get("/v1/audit", &[]).by(stage.key_of("app")).reply().await.refused(403, "not_permitted");
    stage.get("/v1/audit", &[]).by_nobody().reply().await.refused(401, "credentials_missing");
}

/// From where staff come is under a key wherever it is written; from where others come is written nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_nowhere_in_clear_and_others_leave_none() {
    let stage = behind_a_proxy().await;
    let sent = from_there(stage.post("/v1/clients", &[]).by(stage.key_of("house")));
    sent.json(&json!({"name": "newcomer"})).reply().await.ok(201);
    let body = Person::adult(1).body(1);
    let by_partner: Reply = from_there(stage.post("/v1/subscribers", &[]).key("r")).json(&body).reply().await.ok(201);
    trail(&stage, &[]).await;
    let octets = [203, 0, 113, 77];
    let mut files = vec![stage.dir().to_owned()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).expect("readable").filter_map(Result::ok).map(|entry| entry.path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        assert!(!bytes.windows(THERE.len()).any(|window| window == THERE.as_bytes()), "{}", path.display());
        assert!(!bytes.windows(4).any(|window| window == octets), "{}", path.display());
    }
    let record = records(&stage, by_partner.position());
    assert_eq!(record.meta.whence, None, "a partner's programme leaves no address");
}

fn records(stage: &Stage, place: u64) -> facts::OpenRecord {
    use journal::Reader;
    let mut reader = journal::SqliteReader::open(&stage.dir().join("journal")).expect("the journal");
    let entry = reader.record(place).expect("readable").expect("there");
    facts::Record::decode(&entry.bytes).expect("a record").open
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_say_why_they_withdraw_an_order_and_others_need_not() {
    let stage = behind_a_proxy().await;
    let subscriber = stage.subscriber().await;
    let mut placed = Vec::new();
    for key in ["one", "two"] {
        placed.push(stage.place(key, &direct(&subscriber, 10_000)).await.ok(201).field("id"));
    }
    stage.rest().await;
    let withdraw = |id: &str| stage.post("/v1/orders/{id}/cancel", &[id]).key("withdraw");
    let by_staff = || withdraw(&placed[0]).by(stage.key_of("li"));
    for body in [json!({}), json!({"why": ""}), json!({"why": "  "}), json!({"why": 7}), json!({"reason": "so"})] {
        by_staff().json(&body).reply().await.refused(400, "malformed_request");
    }
    by_staff().reply().await.refused(400, "malformed_request");
    let order = stage.get("/v1/orders/{id}", &[&placed[0]]).reply().await.ok(200).json();
    assert_eq!(order["cause"], "planned", "nothing was done");
    by_staff().json(&json!({"why": "打错了号码"})).reply().await.ok(200);
    withdraw(&placed[1]).reply().await.ok(200);

    let shown = trail(&stage, &[("act", "cancel_order")]).await;
    assert_eq!(acts(&shown), ["cancel_order"], "the partner's is no act of staff: {shown}");
    let act = &shown["acts"][0];
    assert_eq!((&act["on"], &act["why"]), (&json!(placed[0]), &json!("打错了号码")));
}

/// Another process changes identities: the node tells of it once, however often it was broken off.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_does_is_told_by_the_journal_once() {
    let stage = Stage::start().await;
    let mut command = stage.identities();
    let (keeper, now) = (command.keeper(), server::wall_now());
    let act = |act, on: &str, why: &str| MachineAct {
        by: MachineUser(1_000),
        act,
        on: on.to_owned(),
        why: why.to_owned(),
        at: now,
    };
    let added = act(StaffAct::AddClient, "by-command", "");
    command.by_machine(added, |access| access.add_partner(&keeper, "by-command", now)).expect("let in");
    let refused = act(StaffAct::AddClient, "by-command", "again");
    assert!(command.by_machine(refused, |access| access.add_partner(&keeper, "by-command", now)).is_err());
    let shown = told(&stage, "by-command").await;
    assert_eq!(acts(&shown), ["add_client"], "{shown}");
    let act = &shown["acts"][0];
    assert_eq!((&act["on"], &act["from"]), (&json!("by-command"), &json!("command")), "{act}");
    assert_eq!((&act["name"], &act["roles"]), (&json!("uid 1000"), &json!(["admin"])));

    // As after a kill between the record and the mark in the identities, or a restore: nothing is marked as told.
    command.after_restore().expect("untold");
    assert_eq!(command.untold().expect("read").len(), 1);
    let shown = told(&stage, "by-command").await;
    assert_eq!(acts(&shown), ["add_client"], "once: {shown}");
}

/// The trail of a machine's user once the node has told all.
async fn told(stage: &Stage, on: &str) -> Value {
    let identities = stage.identities();
    for _ in 0..300 {
        if identities.untold().expect("read").is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(identities.untold().expect("read").is_empty(), "`{on}` is told within seconds");
    trail(stage, &[("actor", &MachineUser(1_000).actor().id.to_string())]).await
}
