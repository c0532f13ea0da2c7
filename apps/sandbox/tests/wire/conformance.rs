//! Every row of the conformance kit's expectations, asked in order.

use std::collections::HashMap;

use reqwest::Method;
use sandbox::TelcoConfig;
use serde_json::{Value, json};

use crate::stage::{BASE, MSISDN, Stage, create};

const TABLE: &str = "../../data/standards/tmforum/tmf654_v4_ctk_expectations.csv";

struct Row {
    method: String,
    path: String,
    status: u16,
    mandatory: Vec<String>,
}

fn rows() -> Vec<Row> {
    let mut table = csv::Reader::from_path(TABLE).expect("the table");
    let row = |record: csv::StringRecord| Row {
        method: record[1].to_owned(),
        path: record[2].to_owned(),
        // A row without a status only asks that the call works.
        status: record[3].parse().unwrap_or(200),
        mandatory: record[4].split_whitespace().map(str::to_owned).collect(),
    };
    table.records().map(|record| row(record.expect("a row"))).collect()
}

/// `/bucket/<id of first created>` becomes the path with what the first created bucket holds.
fn filled(path: &str, created: &HashMap<String, Value>) -> String {
    let Some((before, rest)) = path.split_once('<') else {
        return path.to_owned();
    };
    let wanted = rest.split(' ').next().expect("a name");
    let attribute = if wanted == "usagetype" { "usageType" } else { wanted };
    let resource = before.trim_matches('/').split(['/', '?']).next().expect("a resource");
    let value = created[resource][attribute].as_str().expect("a created attribute");
    format!("{before}{value}")
}

#[tokio::test]
async fn every_row_of_the_conformance_table_holds() {
    let stage = Stage::telco(TelcoConfig::named("CTCC")).await;
    let mut created: HashMap<String, Value> = HashMap::new();
    let rows = rows();
    assert_eq!(rows.len(), 40, "the table is whole");
    for row in rows {
        let path = filled(&row.path, &created);
        let method: Method = row.method.parse().expect("a method");
        let resource = row.path.trim_start_matches('/').split(['/', '?']).next().expect("a resource").to_owned();
        let body = (method == Method::POST).then(|| match resource.as_str() {
            "bucket" => json!({"remainingValue": {"amount": 5, "units": "CNY"}}),
            _ => create("1.00"),
        });
        let reply = stage.send(method.clone(), &format!("{BASE}{path}"), "", body).await;
        assert_eq!(reply.status, row.status, "{method} {path}: {reply:?}");
        let items = match &reply.body {
            Value::Array(items) => items.clone(),
            one => vec![one.clone()],
        };
        assert!(!items.is_empty(), "{method} {path} found nothing");
        for attribute in &row.mandatory {
            assert!(
                items.iter().all(|item| item.get(attribute).is_some()),
                "{method} {path} lacks {attribute}: {items:?}"
            );
        }
        if row.path.contains("?fields=") {
            let field = row.path.split_once('=').expect("a field").1;
            assert!(
                items.iter().all(|item| item.get(field).is_some() && item.get("bucket").is_none()),
                "{path}: {items:?}"
            );
        }
        if method == Method::POST {
            created.entry(resource).or_insert(reply.body);
        }
    }
}

#[tokio::test]
async fn an_equality_filter_leaves_the_others_out() {
    let stage = Stage::telco(TelcoConfig::named("CTCC")).await;
    stage.seed(json!({"buckets": [{"msisdn": "13300000000", "remaining_fen": 1, "closed": true}]})).await;
    for (filter, expected) in [
        (format!("logicalResource.id={MSISDN}"), 1),
        ("status=suspended".to_owned(), 1),
        ("usageType=monetary".to_owned(), 2),
        ("usageType=data".to_owned(), 0),
        ("id=bkt-13300000000".to_owned(), 1),
        ("limit=1".to_owned(), 1),
        ("offset=1".to_owned(), 1),
        ("offset=2".to_owned(), 0),
    ] {
        let found = stage.ask(&format!("/bucket?{filter}")).await;
        assert_eq!(found.as_array().expect("a list").len(), expected, "{filter}");
    }
}
