//! Registering numbers, recharging them, and looking at what they hold.

use crate::support::{Person, Stage, direct, identity_number, msisdn};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_registered_and_shown_masked() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let registered = stage.post("/v1/subscribers", &[]).key("r").json(&person.body(100_000)).reply().await.ok(201);
    let body = registered.json();
    assert_eq!(body["name"], "欧***");
    assert_eq!(body["msisdn"], "133****0001");
    assert_eq!((body["telco"].as_str(), body["province"].as_str()), (Some("CTCC"), Some("44")));
    assert!(body["own_card"].as_str().is_some_and(|card| card.ends_with("0001") && card.starts_with("***")));
    let shown = stage.get("/v1/subscribers/{id}", &[&registered.field("id")]).reply().await.ok(200);
    assert_eq!(shown.json(), body);
    for secret in person.secrets() {
        assert!(!registered.text().contains(secret) && !shown.text().contains(secret));
    }
    stage.get("/v1/subscribers/{id}", &["sub_7"]).reply().await.refused(404, "subscriber_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_registered_once() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let id = stage.register(&person, 1).await;
    let again = stage.post("/v1/subscribers", &[]).key("other").json(&person.body(5)).reply().await;
    assert_eq!(again.refused(409, "subscriber_exists")["subscriber"], id.as_str());
    let thief = Person { msisdn: person.msisdn.clone(), ..Person::adult(2) };
    let refused = stage.post("/v1/subscribers", &[]).key("thief").json(&thief.body(5)).reply().await;
    assert!(refused.refused(422, "not_the_holder")["subscriber"].is_null());
    let second = Person { msisdn: msisdn("1341000", 1), ..person.clone() };
    let second = stage.register(&second, 1).await;
    let of = |id: String| stage.get("/v1/subscribers/{id}", &[&id]).reply();
    assert_eq!(of(id).await.field("person"), of(second).await.field("person"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_and_which_number_is_checked_before_anything_is_written() {
    let stage = Stage::start().await;
    let good = Person::adult(1);
    let rows: [(Person, &str); 7] = [
        (Person { id_number: "44010619900307001Z".to_owned(), ..good.clone() }, "identity_invalid"),
        (Person { id_number: "?".to_owned(), ..good.clone() }, "identity_invalid"),
        (Person { id_number: identity_number("20270101", 1), ..good.clone() }, "identity_invalid"),
        (Person { id_number: identity_number("20080304", 1), ..good.clone() }, "identity_underage"),
        (Person { msisdn: "19999999999".to_owned(), ..good.clone() }, "number_unknown"),
        (Person { msisdn: "12345".to_owned(), ..good.clone() }, "number_unknown"),
        (Person { msisdn: msisdn("1621201", 1), ..good.clone() }, "telco_not_connected"),
    ];
    for (place, (person, code)) in rows.into_iter().enumerate() {
        let key = format!("row-{place}");
        let refused = stage.post("/v1/subscribers", &[]).key(&key).json(&person.body(1)).reply().await;
        refused.refused(422, code);
        for secret in person.secrets().iter().filter(|secret| secret.len() > 5) {
            assert!(!refused.text().contains(secret));
        }
    }
    // Whoever is 18 today is of age.
    stage.register(&Person { id_number: identity_number("20080303", 1), ..good }, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_registration_names_the_field_and_tells_nothing() {
    let stage = Stage::start().await;
    let person = Person::adult(1);
    let change = |pointer: &str, value: Value| {
        let mut body = person.body(1);
        *body.pointer_mut(pointer).expect("there") = value;
        body
    };
    let mut unknown = person.body(1);
    unknown[&person.msisdn] = json!(1);
    let rows = [
        (change("/name", json!("a\nb")), "/name"),
        (change("/name", json!(person.id_number)), ""),
        (change("/id_number", json!(440_106_199_003_070_011_u64)), "/id_number"),
        (change("/msisdn", json!(null)), "/msisdn"),
        (change("/own_card", json!("12")), "/own_card"),
        (change("/lots", json!({})), "/lots"),
        (change("/lots/0/provenance", json!("found")), "/lots/0/provenance"),
        (change("/lots/0/amount_fen", json!(0.5)), "/lots/0/amount_fen"),
        (
            change("/lots/0", json!({"provenance": "bought", "amount_fen": 1, "at": "2027-01-01T00:00:00Z"})),
            "/lots/0/at",
        ),
        (change("/lots", json!(vec![json!({"provenance": "bought", "amount_fen": 1}); 101])), "/lots"),
        (unknown, ""),
    ];
    for (body, param) in rows {
        let refused = stage.post("/v1/subscribers", &[]).key("r").json(&body).reply().await;
        if param.is_empty() && refused.status == 201 {
            continue;
        }
        assert_eq!(refused.refused(400, "malformed_request")["param"], param, "{body}");
        for secret in person.secrets() {
            assert!(!refused.text().contains(secret), "{}", refused.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holdings_are_told_by_origin_with_what_is_left_of_the_day() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let recharge = |key: &'static str, body: Value| {
        stage.post("/v1/subscribers/{id}/recharges", &[&subscriber]).key(key).json(&body).reply()
    };
    let lot = recharge("a", json!({"provenance": "third_party", "amount_fen": 500})).await.ok(201);
    assert_eq!(lot.json()["lot"], 1);
    let old = json!({"provenance": "third_party", "amount_fen": 700, "at": "2026-01-01T08:00:00+08:00"});
    recharge("b", old).await.ok(201);
    recharge("c", json!({"provenance": "promotional", "amount_fen": 900})).await.ok(201);
    stage.place("one", &direct(&subscriber, 10_000)).await.ok(201);

    let holdings = stage.get("/v1/subscribers/{id}/holdings", &[&subscriber]).reply().await.ok(200).json();
    assert_eq!((holdings["total_fen"].as_u64(), holdings["convertible_fen"].as_u64()), (Some(92_100), Some(90_700)));
    let origins: Vec<_> = holdings["by_provenance"].as_array().expect("a list").iter().collect();
    let told: Vec<_> = origins.iter().map(|o| (o["provenance"].as_str(), o["amount_fen"].as_u64())).collect();
    let expected = [("self_paid", 90_000), ("third_party", 1_200), ("promotional", 900)];
    assert_eq!(told, expected.map(|(origin, fen)| (Some(origin), Some(fen))));
    let today = &holdings["today"];
    assert_eq!((today["used_fen"].as_u64(), today["left_fen"].as_u64()), (Some(10_000), Some(4_990_000)));
    assert_eq!(today["day"], "2026-03-03");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_registered_is_recharged() {
    let stage = Stage::start().await;
    let nobody = "sub_00000000000000000000000000";
    let body = json!({"provenance": "self_paid", "amount_fen": 500});
    let recharge = stage.post("/v1/subscribers/{id}/recharges", &[nobody]).key("a").json(&body).reply().await;
    recharge.refused(404, "subscriber_unknown");
    let holdings = stage.get("/v1/subscribers/{id}/holdings", &[nobody]).reply().await;
    holdings.refused(404, "subscriber_unknown");
}
