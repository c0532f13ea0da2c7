//! Vouchers: the order, and the code that its issuer hands out once.

use crate::support::{Person, Stage, direct};
use serde_json::json;
use std::sync::atomic::Ordering;

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_is_issued_at_once_and_its_code_handed_out_once() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let body = json!({"subscriber": subscriber, "product": "voucher", "amount": 10_000});
    let placed = stage.place("one", &body).await.ok(201);
    let id = placed.field("id");
    stage.rest().await;
    let order = stage.get("/v1/orders/{id}", &[&id]).reply().await.ok(200).json();
    assert_eq!(order["state"], "settled", "{order}");
    let first = stage.post("/v1/orders/{id}/codes", &[&id]).reply().await.ok(200).json();
    assert_eq!(first["codes"][0]["face_value_fen"], placed.json()["payout_fen"]);
    let code = first["codes"][0]["code"].as_str().expect("a code").to_owned();
    // The answer was lost: the same code.
    let again = stage.post("/v1/orders/{id}/codes", &[&id]).reply().await.ok(200).json();
    assert_eq!(again, first);
    stage.moods.handed_out.store(true, Ordering::SeqCst);
    stage.post("/v1/orders/{id}/codes", &[&id]).reply().await.refused(410, "code_handed_out");
    stage.moods.silent.store(true, Ordering::SeqCst);
    stage.post("/v1/orders/{id}/codes", &[&id]).reply().await.refused(503, "partner_silent");

    // Who asked is on record, the code is nowhere.
    let timeline = stage.get("/v1/orders/{id}/timeline", &[&id]).reply().await.ok(200).json().to_string();
    assert_eq!(timeline.matches("its code is handed out").count(), 4, "{timeline}");
    for file in files_below(stage.dir()) {
        let bytes = std::fs::read(&file).expect("a file");
        let found = bytes.windows(code.len()).any(|window| window == code.as_bytes());
        assert!(!found, "{} holds the code", file.display());
    }
}

fn files_below(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_a_code_says_so() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let paid = stage.place("one", &direct(&subscriber, 10_000)).await.ok(201).field("id");
    stage.finish().await;
    stage.post("/v1/orders/{id}/codes", &[&paid]).reply().await.refused(409, "no_code");
    stage
        .post("/v1/orders/{id}/codes", &["ord_00000000000000000000000000"])
        .reply()
        .await
        .refused(404, "order_unknown");
    stage.post("/v1/orders/{id}/codes", &["x"]).reply().await.refused(404, "order_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_handed_to_nobody_else() {
    let stage = Stage::start().await;
    let subscriber = stage.register_for("shop", &Person::adult(2), 50_000).await;
    let body = json!({"subscriber": subscriber, "product": "voucher", "amount": 10_000});
    let other = stage.key_of("shop").to_owned();
    let id = stage.post("/v1/orders", &[]).by(&other).key("v").json(&body).reply().await.ok(201).field("id");
    stage.rest().await;
    stage.post("/v1/orders/{id}/codes", &[&id]).reply().await.refused(404, "order_unknown");
    stage.post("/v1/orders/{id}/codes", &[&id]).by(&other).reply().await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_handed_out_after_its_order_left_memory() {
    let stage = Stage::start().await;
    let subscriber = stage.subscriber().await;
    let body = json!({"subscriber": subscriber, "product": "voucher", "amount": 10_000});
    let id = stage.place("one", &body).await.ok(201).field("id");
    stage.rest().await;
    let day = json!({"by_ms": 86_400_000});
    stage.post("/v1/clock/advance", &[]).json(&day).reply().await.ok(200);
    // Anything that happens lets what has rested long enough go.
    stage.register(&Person::adult(3), 1).await;
    stage.post("/v1/orders/{id}/codes", &[&id]).reply().await.ok(200);
}
