//! Limits of a person, before and after an order, and the refusal that names one.

use crate::support::{Stage, direct};

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_limits_are_told_with_what_is_left_and_when_they_begin_anew() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    stage.place("one", &direct(&subscriber, 10_000)).await.ok(201);
    let shown = stage.get("/v1/subscribers/{id}", &[&subscriber]).reply().await.ok(200).json();
    let person = shown["person"].as_str().expect("an id").to_owned();
    let told = stage.get("/v1/limits/{person}", &[&person]).reply().await.ok(200).json();
    assert_eq!(told["person"], person.as_str());
    let limits = told["limits"].as_array().expect("a list");
    let row = |name: &str| limits.iter().find(|limit| limit["limit"] == name).expect("shipped");
    let day = row("day");
    let numbers = ["most", "used", "left"].map(|field| day[field].as_u64());
    assert_eq!(numbers, [Some(5_000_000), Some(10_000), Some(4_990_000)]);
    assert_eq!(
        (&day["period"], &day["measure"], &day["refusal"]),
        (&"day".into(), &"fen".into(), &"daily_limit_exceeded".into())
    );
    assert!(day["begins_anew_at"].as_str().expect("a moment").starts_with("2026-03-04T00:00:00"), "{day}");
    assert_eq!(row("refund_day")["used"].as_u64(), Some(0), "a direct order is no refund");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_persons_id_names_a_person() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let reply = stage.get("/v1/limits/{person}", &[&subscriber]).reply().await;
    reply.refused(400, "malformed_request");
    let nobody = stage.get("/v1/limits/{person}", &["per_00000000000000000000000000"]).reply().await.ok(200).json();
    assert_eq!(nobody["limits"][0]["used"].as_u64(), Some(0));
}
