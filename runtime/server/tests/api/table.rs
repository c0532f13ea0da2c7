//! Every route asked by everybody, about a thing of their own and about another's: what the policies say is what the
//! routes do. The table is a snapshot, so that a change of who may do what is seen.

use crate::support::client::{Reply, Sent};
use crate::support::{Person, SignedIn, Stage, Till, direct};
use access::{ApiScope, ApiScopes, KeyMode, KeyTerms, Role, Roles};
use reqwest::Method;
use serde_json::{Value, json};

/// How somebody shows who they are.
enum Proof {
    Nothing,
    Key(String),
    Session(SignedIn),
    Till(Box<Till>),
}

/// Things that belong to somebody.
struct Things {
    /// From which journal position on lists show them.
    position: u64,
    subscriber: String,
    person: String,
    order: String,
    complaint: String,
}

/// Somebody who asks, with what is theirs and what is another's.
struct Asker<'t> {
    name: &'static str,
    proof: Proof,
    own: &'t Things,
}

impl Asker<'_> {
    async fn ask(&self, stage: &Stage, wish: &Wish) -> Reply {
        let (method, path) = (wish.method.clone(), wish.path.as_str());
        let plain = |sent: Sent| match &wish.body {
            Some(body) => sent.json(body),
            None => sent,
        };
        let sent = match &self.proof {
            Proof::Nothing => plain(stage.request(method, path).by_nobody()),
            Proof::Key(key) => plain(stage.request(method, path).by(key)),
            // Without it a session is not ended by asking.
            Proof::Session(session) if path == "/v1/sessions" => {
                plain(stage.request(method, path).by_nobody().header("Cookie", &session.cookie))
            }
            Proof::Session(session) => plain(session.sent(stage.request(method, path))),
            Proof::Till(till) => till.sent(stage, method, path, wish.body.as_ref()),
        };
        sent.key(&wish.key).reply().await
    }
}

/// A request, about somebody's thing.
struct Wish {
    method: Method,
    path: String,
    body: Option<Value>,
    key: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The door did not let them through.
    Refused,
    /// They were let through, and there was no such thing to be seen.
    Hidden,
    /// They were let through.
    Passed,
}

fn outcome(reply: &Reply) -> Outcome {
    let body = serde_json::from_slice(&reply.bytes).unwrap_or(Value::Null);
    let code = body["code"].as_str().unwrap_or_default();
    assert!(reply.status != 500, "{body}");
    match code {
        "credentials_missing" | "not_permitted" => Outcome::Refused,
        "order_unknown" | "subscriber_unknown" | "person_unknown" | "complaint_unknown" => Outcome::Hidden,
        _ if body["orders"] == json!([]) => Outcome::Hidden,
        _ => Outcome::Passed,
    }
}

/// Asks for a thing in the way that its route wants; nothing where a route is about no such thing.
fn wish_about(action: &str, method: &Method, path: &str, things: &Things) -> Option<Wish> {
    let Things { position, subscriber, person, order, complaint } = things;
    let lot = json!({"provenance": "self_paid", "amount_fen": 1});
    let (path, body) = match action {
        "getOrder" | "getTimeline" => (path.replace("{id}", order), None),
        "cancelOrder" | "collectCodes" => (path.replace("{id}", order), None),
        "getSubscriber" | "getHoldings" => (path.replace("{id}", subscriber), None),
        "getStatement" => (format!("{}?from=2026-11-01&until=2026-11-30", path.replace("{id}", subscriber)), None),
        "recharge" => (path.replace("{id}", subscriber), Some(lot)),
        "getLimits" => (path.replace("{person}", person), None),
        "getPerson" => (path.replace("{id}", person), None),
        "requestErasure" => (path.replace("{id}", person), Some(json!({"reason": "asked"}))),
        "exportPerson" => (format!("{}?purpose=subject_export&reason=asked", path.replace("{id}", person)), None),
        "listOrders" => (format!("{path}?subscriber={subscriber}&min_position={position}"), None),
        "fileComplaint" => {
            let body = json!({"subscriber": subscriber, "order": order, "about": "fee", "text": "why so much"});
            (path.to_owned(), Some(body))
        }
        "listComplaints" => (format!("{path}?subscriber={subscriber}"), None),
        "getComplaint" => (path.replace("{id}", complaint), None),
        "withdrawComplaint" => (path.replace("{id}", complaint), Some(json!({"why": "asked"}))),
        "quote" | "placeOrder" => (path.to_owned(), Some(direct(subscriber, 1_000))),
        _ => return None,
    };
    Some(Wish { method: method.clone(), path, body, key: format!("{action}-{subscriber}") })
}

/// A request for a route that is about nothing of anybody's: let through, it is told that a field is unknown.
fn wish_for(method: &Method, path: &str) -> Wish {
    let mut filled = path.replace("{version}", "0").replace("{partner}", "bank").replace("{act}", "review");
    while let (Some(open), Some(close)) = (filled.find('{'), filled.find('}')) {
        let id = match () {
            () if path.starts_with("/v1/persons") => "per_00000000000000000000000000",
            () if path.starts_with("/v1/batches") => "bat_00000000000000000000000000",
            () if path.starts_with("/v1/complaints") => "cmp_00000000000000000000000000",
            () if path.starts_with("/v1/approvals") => "apr_00000000000000000000000000",
            () => "none",
        };
        filled.replace_range(open..=close, id);
    }
    let get = *method == Method::GET;
    let body = (!get).then(|| json!({"no": "such field"}));
    Wish { method: method.clone(), path: filled, body, key: "k".to_owned() }
}

/// What a table says of somebody at a route.
async fn cell(stage: &Stage, asker: &Asker<'_>, others: &Things, route: (&str, &Method, &str)) -> Option<String> {
    let (action, method, path) = route;
    let Some(own) = wish_about(action, method, path, asker.own) else {
        let passed = outcome(&asker.ask(stage, &wish_for(method, path)).await) != Outcome::Refused;
        return passed.then(|| asker.name.to_owned());
    };
    let foreign = wish_about(action, method, path, others).expect("about the same");
    let own = outcome(&asker.ask(stage, &own).await);
    let foreign = outcome(&asker.ask(stage, &foreign).await);
    match (own, foreign) {
        (Outcome::Refused, Outcome::Refused) => None,
        (Outcome::Passed, Outcome::Passed) => Some(asker.name.to_owned()),
        (Outcome::Passed, Outcome::Hidden) => Some(format!("{} (own)", asker.name)),
        (own, foreign) => panic!("{action} by {}: own {own:?}, another's {foreign:?}", asker.name),
    }
}

async fn house_key(stage: &Stage, role: Role) -> Proof {
    let now = server::wall_now();
    let terms =
        KeyTerms { mode: KeyMode::Test, scopes: ApiScopes::of(ApiScope::ALL), expires_at: now.plus(86_400_000) };
    let name = format!("one-{}", role.text());
    let key = stage.access.house_key(&stage.access.keeper(), &name, Roles::of(&[role]), terms, now).expect("a key");
    Proof::Key(key.text.expose().to_owned())
}

/// Somebody whom a partner brought in, with an order that was placed at a till.
async fn things(stage: &Stage, partner: &str, person: &Person, till: &Till) -> Things {
    let key = stage.key_of(partner).to_owned();
    let register = stage.post("/v1/subscribers", &[]).by(&key).key(&person.msisdn).json(&person.body(100_000));
    let registered = register.reply().await.ok(201);
    let code = stage.code_for(person, "place_order", Some(10_000)).await;
    let body = json!({"msisdn": person.msisdn, "code": code, "product": "direct", "amount": 10_000});
    let placed = till.place(stage, &person.msisdn, &body).await.ok(201);
    let (order, position) = (placed.field("id"), placed.position());
    let subscriber = registered.field("id");
    let body = json!({"subscriber": subscriber, "about": "service", "text": "nobody answered"});
    let filed = stage.post("/v1/complaints", &[]).by(&key).key(&person.msisdn).json(&body).reply().await.ok(201);
    Things { position, subscriber, person: registered.field("person"), order, complaint: filed.field("id") }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_open_to_whom_the_policies_name_and_to_nobody_else() {
    let stage = Stage::start().await;
    let (till, other_till) = (stage.till("corner", "till-1").await, stage.till("corner", "till-2").await);
    let person = Person::adult(2);
    let own = things(&stage, "shop", &person, &till).await;
    let others = things(&stage, "app", &Person::adult(1), &other_till).await;
    let mut askers = vec![
        Asker { name: "visitor", proof: Proof::Nothing, own: &own },
        Asker { name: "partner", proof: Proof::Key(stage.key_of("shop").to_owned()), own: &own },
        Asker { name: "agent", proof: Proof::Till(Box::new(till)), own: &own },
        Asker { name: "subscriber", proof: Proof::Session(stage.subscriber_session(&person).await), own: &own },
    ];
    for role in [Role::Operator, Role::Risk, Role::Finance, Role::Auditor, Role::Admin] {
        askers.push(Asker { name: role.text(), proof: house_key(&stage, role).await, own: &own });
    }
    askers.sort_by_key(|asker| asker.name);
    let described: Value = serde_json::from_str(&server::openapi_json()).expect("JSON");
    let mut table = String::new();
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let action = operation["operationId"].as_str().expect("an id");
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let mut open = Vec::new();
            for asker in &askers {
                open.extend(cell(&stage, asker, &others, (action, &method, path)).await);
            }
            table.push_str(&format!("{action}: {}\n", open.join(", ")));
        }
    }
    insta::assert_snapshot!("routes_by_role", table);
}
