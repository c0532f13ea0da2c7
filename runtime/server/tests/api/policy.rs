//! The calendar and the price list, as anybody may read them.

use crate::support::Stage;
use serde_json::Value;

async fn ask(stage: &Stage, path: &str, query: &[(&str, &str)]) -> Value {
    stage.get(path, &[]).query(query).reply().await.ok(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calendar_tells_a_year_and_an_arrival() {
    let stage = Stage::start().await;
    let asked = [("year", "2025"), ("at", "2025-09-30T17:00:00%2B08:00"), ("working_days", "1")];
    let year = ask(&stage, "/v1/calendar", &asked).await;
    let days = |name: &str| year[name].as_array().expect("days").clone();
    assert!(days("holidays").contains(&"2025-10-01".into()) && !days("working_days").contains(&"2025-10-01".into()));
    assert!(
        days("makeup_workdays").contains(&"2025-09-28".into()) && days("working_days").contains(&"2025-09-28".into())
    );
    // After the cut-off of the last day before National Day.
    assert_eq!(year["arrival"]["counts_for"], "2025-10-09");
    assert_eq!(year["arrival"]["arrives_on"], "2025-10-10");
    assert_eq!(year["version"].as_str().map(str::len), Some(32));
    let late = ask(&stage, "/v1/calendar", &[("at", "2026-12-31T17:00:00%2B08:00")]).await;
    assert_eq!((&late["year"], &late["arrival"]["arrives_on"]), (&2026.into(), &Value::Null));
    let plain = stage.get("/v1/calendar", &[]).reply().await.ok(200).json();
    assert_eq!(plain["arrival"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_are_itemised_by_telco_and_date() {
    let stage = Stage::start().await;
    let asked = [("product", "direct"), ("amount", "10000"), ("province", "44"), ("date", "2025-10-01")];
    let list = ask(&stage, "/v1/prices", &asked).await;
    assert_eq!((&list["offered"], &list["licensed"], &list["unit"]), (&true.into(), &true.into(), &"fen".into()));
    assert_eq!(list["arrives_on"], "2025-10-10");
    let fees: Vec<_> =
        list["prices"].as_array().expect("prices").iter().map(|one| (&one["telco"], &one["fee_fen"])).collect();
    assert_eq!(fees.len(), 4);
    assert!(fees.contains(&(&"CTCC".into(), &450.into())) && fees.contains(&(&"CBN".into(), &250.into())), "{fees:?}");
    let one = ask(&stage, "/v1/prices", &[&asked[..], &[("telco", "CTCC")]].concat()).await;
    assert_eq!(one["prices"].as_array().map(Vec::len), Some(1));
    let lines = one["prices"][0]["fee_lines"].as_array().expect("lines");
    assert_eq!(lines.iter().map(|line| &line["rule"]).collect::<Vec<_>>(), ["telco_rate", "holiday"]);
    let gift = ask(&stage, "/v1/prices", &[("product", "gift"), ("amount", "10000"), ("province", "54")]).await;
    assert_eq!((&gift["offered"], &gift["prices"][0]["drawn"]), (&false.into(), &10_100.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_up_is_malformed() {
    let stage = Stage::start().await;
    let good = [("product", "direct"), ("amount", "10000"), ("province", "44")];
    let with = |name: &'static str, value: &'static str| {
        let mut query: Vec<(&str, &str)> = good.iter().copied().filter(|(other, _)| *other != name).collect();
        query.push((name, value));
        query
    };
    for query in [
        with("product", "cash"),
        with("amount", "0"),
        with("amount", "-1"),
        with("amount", "9007199254740993"),
        with("province", "99"),
        with("telco", "ATT"),
        with("date", "2027-01-01"),
        with("date", "2025-02-30"),
        with("colour", "red"),
        good[1..].to_vec(),
        good[..2].to_vec(),
    ] {
        stage.get("/v1/prices", &[]).query(&query).reply().await.refused(400, "malformed_request");
    }
    for query in [[("year", "2027")], [("year", "x")], [("at", "2025-09-30")], [("working_days", "61")], [("day", "1")]]
    {
        stage.get("/v1/calendar", &[]).query(&query).reply().await.refused(400, "malformed_request");
    }
}
