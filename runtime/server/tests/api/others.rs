//! Every route that names a thing by its id, from the description, asked by somebody whose thing it is not: the answer is
//! the one that a thing gets which does not exist, and nothing changes.

use crate::support::{Person, Reply, Stage, direct};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What anybody may read by its id.
const PUBLISHED: [&str; 5] = ["getPolicy", "getProblem", "beginProviderSignIn", "endProviderSignIn", "declineOrder"];

/// One route with a place for an id in its path.
struct Named {
    method: Method,
    path: String,
    operation: String,
    has_body: bool,
}

fn named() -> Vec<Named> {
    let described: Value = serde_json::from_str(&server::openapi_json()).expect("JSON");
    let mut named = Vec::new();
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods").iter().filter(|_| path.contains('{')) {
            named.push(Named {
                method: method.to_ascii_uppercase().parse().expect("a method"),
                path: path.clone(),
                operation: operation["operationId"].as_str().expect("a name").to_owned(),
                has_body: operation["requestBody"].is_object(),
            });
        }
    }
    named
}

/// Things of `app`, by the path that names them, and one of the same form that nobody has.
async fn things(stage: &Stage) -> (BTreeMap<&'static str, (String, String)>, String) {
    let subscriber = stage.register_for("app", &Person::adult(1), 1_000_000).await;
    let order = stage.place("theirs", &direct(&subscriber, 10_000)).await.ok(201).field("id");
    let person = stage.get("/v1/subscribers/{id}", &[&subscriber]).reply().await.ok(200).field("person");
    // The last letters of an id are random bits.
    let other = |id: &str| {
        let (kept, last) = id.split_at(id.len() - 4);
        format!("{kept}{}", if last == "0000" { "0001" } else { "0000" })
    };
    let pair = |id: String| (id.clone(), other(&id));
    let client = ("app".to_owned(), "nobody-there".to_owned());
    let things = BTreeMap::from([
        ("/v1/subscribers/", pair(subscriber.clone())),
        ("/v1/orders/", pair(order)),
        ("/v1/persons/", pair(person.clone())),
        ("/v1/limits/", pair(person)),
        ("/v1/clients/", client),
        ("/v1/callbacks/", ("CTCC".to_owned(), "CMCC".to_owned())),
    ]);
    (things, subscriber)
}

fn body(operation: &str) -> Value {
    match operation {
        "recharge" => json!({"amount_fen": 1_000, "provenance": "self_paid"}),
        "takeCallback" => json!({"eventType": "x"}),
        _ => json!({}),
    }
}

async fn ask(stage: &Stage, route: &Named, id: &str, key: Option<&str>) -> Reply {
    let words = vec![id; route.path.matches('{').count()];
    let mut words: Vec<&str> = words;
    if let Some(act) = words.get_mut(1) {
        *act = "1";
    }
    let mut path = route.path.clone();
    for word in words {
        let (open, close) = (path.find('{').expect("a place"), path.find('}').expect("a place"));
        path.replace_range(open..=close, word);
    }
    let sent = stage.request(route.method.clone(), &path);
    let sent = match key {
        Some(key) => sent.by(key),
        None => sent.by_nobody(),
    };
    // The same key each time: a refused request uses up none.
    let sent = sent.key("of-a-stranger");
    if route.has_body { sent.json(&body(&route.operation)) } else { sent }.reply().await
}

fn code(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thing_of_another_is_as_if_it_were_not_there_on_every_route() {
    let stage = Stage::start().await;
    let (things, subscriber) = things(&stage).await;
    stage.rest().await;
    let holdings = || stage.get("/v1/subscribers/{id}/holdings", &[&subscriber]).reply();
    let before = holdings().await.ok(200).json();
    let (mut asked, mut hidden) = (0, 0);
    for route in named() {
        let thing = things.iter().find(|(begins, _)| route.path.starts_with(*begins)).map(|(_, pair)| pair.clone());
        let (id, missing) = thing.unwrap_or_else(|| ("1".to_owned(), "2".to_owned()));
        let shop = Some(stage.key_of("shop"));
        let theirs = ask(&stage, &route, &id, shop).await;
        let none = ask(&stage, &route, &missing, shop).await;
        asked += 1;
        if PUBLISHED.contains(&route.operation.as_str()) {
            continue;
        }
        assert!([403, 404].contains(&theirs.status), "{} {}: {}", route.method, route.path, theirs.text());
        assert_eq!(code(&theirs), code(&none), "{} {} tells what is there", route.method, route.path);
        hidden += u32::from(theirs.status == 404);
        let nobody = ask(&stage, &route, &id, None).await;
        assert_eq!(code(&nobody), (401, "credentials_missing".to_owned()), "{} {}", route.method, route.path);
    }
    assert!(asked >= 22 && hidden >= 7, "{asked} routes asked, {hidden} by whoever may ask about their own");
    let order = direct(&subscriber, 10_000);
    for path in ["/v1/orders", "/v1/quotes"] {
        let stolen = stage.post(path, &[]).by(stage.key_of("shop")).key("stolen").json(&order).reply().await;
        stolen.refused(404, "subscriber_unknown");
    }
    let list = stage.get("/v1/orders", &[]).by(stage.key_of("shop")).query(&[("subscriber", &subscriber)]);
    list.reply().await.refused(404, "subscriber_unknown");
    assert_eq!(holdings().await.ok(200).json(), before, "something was changed");
}
