//! The books, the partners, and what partners tell.

use crate::support::{Stage, direct};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

async fn account(stage: &Stage, code: &str) -> Value {
    let page = stage.get("/v1/ledger/accounts", &[]).reply().await.ok(200).json();
    let accounts = page["accounts"].as_array().expect("accounts").clone();
    accounts.into_iter().find(|account| account["code"] == code).unwrap_or_else(|| panic!("no account {code}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_show_what_was_taken_and_paid_and_balance() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    stage.place("one", &direct(&subscriber, 10_000)).await.ok(201);
    stage.finish().await;
    assert_eq!(account(&stage, "telco:CTCC:taken").await["debits_posted"], 10_000);
    assert_eq!(account(&stage, "reserve:bank").await["credits_posted"], 9_600);
    assert_eq!(account(&stage, "fees:conversion").await["credits_posted"], 400);
    let balance = stage.get("/v1/ledger/trial-balance", &[]).reply().await.ok(200).json();
    assert_eq!(balance["balanced"], true);
    for asset in balance["assets"].as_array().expect("assets") {
        assert_eq!(asset["debits_posted"], asset["credits_posted"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_account_once() {
    let stage = Stage::start().await;
    let whole = stage.get("/v1/ledger/accounts", &[]).reply().await.ok(200).json();
    assert!(whole["next"].is_null());
    let (mut paged, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut query = vec![("limit", "5")];
        if let Some(after) = &after {
            query.push(("after", after));
        }
        let page = stage.get("/v1/ledger/accounts", &[]).query(&query).reply().await.ok(200).json();
        paged.extend(page["accounts"].as_array().expect("accounts").clone());
        match page["next"].as_u64() {
            Some(next) => after = Some(next.to_string()),
            None => break,
        }
    }
    assert_eq!(Value::from(paged), whole["accounts"]);
    stage.get("/v1/ledger/accounts", &[]).query(&[("after", "x")]).reply().await.refused(400, "malformed_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_partner_is_in_doubt() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    stage.moods.silent.store(true, Ordering::SeqCst);
    let id = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201).field("id");
    stage.rest().await;
    let page = stage.get("/v1/partners", &[]).reply().await.ok(200).json();
    let partners = page["partners"].as_array().expect("partners");
    assert_eq!(partners.len(), facts::Partner::ALL.len());
    let ctcc = partners.iter().find(|partner| partner["partner"] == "CTCC").expect("listed");
    assert_eq!((ctcc["unknown"].as_u64(), ctcc["in_doubt_fen"].as_u64()), (Some(1), Some(10_000)), "{ctcc}");
    assert!(ctcc["oldest_unknown_sent_at"].is_string());
    let metrics = stage.get("/metrics", &[]).reply().await.ok(200).text();
    for line in ["tongbao_steps_unknown{partner=\"CTCC\"} 1", "tongbao_in_doubt_fen{partner=\"CTCC\"} 10000"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }

    // The telco's callback ends the doubt: it had set the airtime aside.
    let reference = format!("{}-0-1", &id["ord_".len()..]);
    let callback = format!(
        r#"{{"event": {{"reserveBalance": {{"actionId": "rsv-1", "@type": "ReserveBalance", "status": "completed",
            "requestor": {{"id": "{reference}"}}, "amount": {{"amount": -100.00, "units": "CNY"}}}}}}}}"#
    );
    stage.moods.silent.store(false, Ordering::SeqCst);
    for _ in 0..2 {
        let telling = stage.post("/v1/callbacks/{partner}", &["ctcc"]).text("application/json", callback.clone());
        assert!(telling.reply().await.ok(204).bytes.is_empty());
    }
    stage.rest().await;
    let order = stage.get("/v1/orders/{id}", &[&id]).reply().await.ok(200).json();
    let steps: Vec<_> = order["steps"].as_array().expect("steps").iter().map(|step| &step["state"]).collect();
    assert_eq!(steps, ["done", "done", "planned"], "{order}");
    assert_eq!(order["steps"][0]["external"], "rsv-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_says_nothing_is_taken_in() {
    let stage = Stage::start().await;
    let tell = |partner: &'static str| stage.post("/v1/callbacks/{partner}", &[partner]);
    tell("BANK").json(&json!({"what": "ever"})).reply().await.ok(204);
    tell("CTCC").json(&json!([])).reply().await.ok(204);
    tell("CTCC").text("application/json", "{").reply().await.refused(400, "malformed_request");
    tell("XXXX").json(&json!({})).reply().await.refused(404, "partner_unknown");
    tell("BANK").text("text/plain", "{}").reply().await.refused(415, "content_type_unsupported");
}
