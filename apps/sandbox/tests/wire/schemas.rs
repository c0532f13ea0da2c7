//! Answers and notifications against the published TMF654 definitions.

use jsonschema::Validator;
use reqwest::Method;
use sandbox::{FaultKind, TelcoConfig};
use serde_json::{Value, json};

use crate::stage::{BASE, Ear, MSISDN, Stage, always, create};

const SWAGGER: &str = "../../data/standards/tmforum/TMF654_Prepay_Balance_Management_API_v4.0.0_swagger.json";

/// A validator of one definition. Swagger 2.0 definitions are JSON Schema draft 4.
fn definition(name: &str) -> Validator {
    let text = std::fs::read_to_string(SWAGGER).expect("the swagger file");
    let swagger: Value = serde_json::from_str(&text).expect("JSON");
    assert!(swagger["definitions"][name].is_object(), "no definition {name}");
    let schema = json!({"$ref": format!("#/definitions/{name}"), "definitions": swagger["definitions"]});
    jsonschema::draft4::options().should_validate_formats(true).build(&schema).expect("a schema")
}

fn assert_is(name: &str, body: &Value) {
    let errors: Vec<String> = definition(name).iter_errors(body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?} in {body}");
}

#[tokio::test]
async fn resources_have_the_published_shape() {
    let stage = Stage::telco(TelcoConfig::named("CTCC")).await;
    let reserved = stage.reserve("R1", "10.00").await;
    assert_is("ReserveBalance", &reserved.body);
    assert_is("ReserveBalance", &stage.capture("rsv-1", "C1").await.body);
    assert_is("AdjustBalance", &stage.adjust("D1", "-5.00").await.body);
    assert_is("TopupBalance", &stage.post("/topupBalance", "T1", create("5")).await.body);
    assert_is("Bucket", &stage.ask(&format!("/bucket/bkt-{MSISDN}")).await);
    let opened = stage.post("/bucket", "", json!({"logicalResource": [{"id": "13312340000"}]})).await;
    assert_is("Bucket", &opened.body);
    stage.reserve("R2", "999999").await;
    let history = stage.ask("/balanceActionHistory").await;
    assert_eq!(history.as_array().expect("a list").len(), 5);
    for item in history.as_array().expect("a list") {
        assert_is("BalanceActionHistory", item);
    }
}

#[tokio::test]
async fn refusals_and_subscriptions_have_the_published_shape() {
    let stage = Stage::telco(TelcoConfig::named("CTCC")).await;
    assert_is("Error", &stage.reserve("R1", "999999").await.body);
    assert_is("Error", &stage.send(Method::GET, &format!("{BASE}/bucket/none"), "", None).await.body);
    let subscribed = stage.post("/hub", "", json!({"callback": "http://127.0.0.1:1/hook"})).await;
    assert_eq!(subscribed.status, 201);
    assert_is("EventSubscription", &subscribed.body);
    let id = subscribed.body["id"].as_str().expect("an id");
    for expected in [204, 404] {
        assert_eq!(stage.send(Method::DELETE, &format!("{BASE}/hub/{id}"), "", None).await.status, expected);
    }
}

#[tokio::test]
async fn notifications_have_the_published_shape() {
    let ear = Ear::open(0).await;
    let config = TelcoConfig { faults: always(FaultKind::LateSuccess), ..TelcoConfig::named("CTCC") };
    let stage = Stage::telco(config).await;
    stage.post("/hub", "", json!({"callback": ear.url})).await;
    stage.reserve("R1", "10.00").await;
    stage.flush().await;
    let event = ear.hear().await;
    assert_is("ReserveBalanceCreateEvent", &event);
    assert_eq!(event["eventType"], "reserveBalanceCreateEvent");
    stage.release("rsv-1", "L1").await;
    stage.flush().await;
    let event = ear.hear().await;
    assert_is("ReserveBalanceCancelEvent", &event);
    assert_eq!(event["eventType"], "reserveBalanceCancelEvent");
}

/// Hypothesis: the validator would notice; otherwise the tests above prove nothing.
#[test]
fn a_wrong_body_is_noticed() {
    assert!(!definition("ReserveBalance").is_valid(&json!({"id": "rsv-1"})), "status is mandatory");
    assert!(!definition("ReserveBalance").is_valid(&json!({"status": "held"})), "status is an enumeration");
    assert!(!definition("Bucket").is_valid(&json!({"remainingValue": {"amount": "1.00"}})), "amount is a number");
    assert!(!definition("Bucket").is_valid(&json!({"confirmationDate": "yesterday"})), "dates are checked");
}
