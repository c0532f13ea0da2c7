//! Order files go when their term has run out, and the key goes with them.

use crate::batches::{HEADER, done, orders, results, row_of, send};
use crate::support::{Person, Stage, StageOptions};
use facts::BatchId;
use serde_json::json;
use server::Bounds;
use std::path::PathBuf;
use std::time::Duration;
use vault::FilesId;

const DAY_MS: u64 = 86_400_000;

async fn attentive() -> Stage {
    let bounds = Bounds { compare_every: Duration::from_millis(5), ..Bounds::default() };
    Stage::with(StageOptions { bounds, ..StageOptions::default() }).await
}

fn part(stage: &Stage, id: &str, name: &str) -> PathBuf {
    stage.dir().join("batches").join(id).join(name)
}

fn key_of(id: &str) -> FilesId {
    FilesId(id.parse::<BatchId>().expect("a batch").bits())
}

async fn until_removed(stage: &Stage, id: &str) -> serde_json::Value {
    for _ in 0..2_000 {
        let batch = stage.get("/v1/batches/{id}", &[id]).reply().await.ok(200).json();
        if batch["removed_at"].is_string() {
            return batch;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it is not removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_file_goes_when_its_term_has_run_out_and_nothing_opens_a_copy() {
    let mut stage = attentive().await;
    let person = Person::adult(1);
    stage.register(&person, 100_000).await;
    let file = format!("{HEADER}{}{}", row_of("a", &person, 10_000), row_of("b", &person, 1));
    let id = send(&stage, "one", "text/csv", &file).await.ok(202).field("id");
    let before = done(&stage, &id).await;
    let told = results(&stage, &id, "text/csv").await.text();
    let copy = std::fs::read(part(&stage, &id, "orders")).expect("a file");
    assert!(before["kept_until"].is_string() && before["removed_at"].is_null(), "{before}");

    let sent_at = stage.node.clock().now();
    stage.node.clock().advance_to(sent_at.plus(30 * DAY_MS - 60_000));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(results(&stage, &id, "text/csv").await.text(), told, "kept to the end of the term");
    stage.node.clock().advance_to(sent_at.plus(30 * DAY_MS + 60_000));
    let after = until_removed(&stage, &id).await;
    assert_eq!((&after["state"], &after["rows_answered"]), (&json!("done"), &json!(2)), "{after}");
    let gone = stage.get("/v1/batches/{id}/results", &[&id]).reply().await;
    gone.refused(410, "batch_removed");
    assert!(["orders", "results"].iter().all(|name| !part(&stage, &id, name).exists()));
    assert!(part(&stage, &id, "batch").exists());

    // Somebody has a copy, and even puts it back: its key is nowhere.
    assert!(stage.vault.files_of(key_of(&id)).expect("the vault answers").is_none());
    std::fs::write(part(&stage, &id, "orders"), copy).expect("written");
    let name = format!("{id}/orders").into_bytes();
    assert!(stage.vault.files().read(&part(&stage, &id, "orders"), &name).is_err());

    stage = stage.restart().await;
    assert_eq!(until_removed(&stage, &id).await, after);
    // Sent again it gets the answers that it was given, and converts nothing twice.
    let again = send(&stage, "two", "text/csv", &file).await.ok(202).field("id");
    assert_ne!(again, id);
    done(&stage, &again).await;
    assert_eq!(results(&stage, &again, "text/csv").await.text(), told);
    assert_eq!(orders(&stage).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_file_has_a_key_of_its_own_and_older_ones_are_read_and_removed_too() {
    let mut stage = attentive().await;
    let person = Person::adult(1);
    stage.register(&person, 100_000).await;
    let mut ids = Vec::new();
    for key in ["one", "two"] {
        let file = format!("{HEADER}{}", row_of(key, &person, 10_000));
        ids.push(send(&stage, key, "text/csv", &file).await.ok(202).field("id"));
        done(&stage, ids.last().expect("sent")).await;
    }
    let told = results(&stage, &ids[0], "text/csv").await.text();
    let name = format!("{}/orders", ids[0]).into_bytes();
    let opens = |key: &str| {
        let files = stage.vault.files_of(key_of(key)).expect("the vault answers").expect("a key");
        files.read(&part(&stage, &ids[0], "orders"), &name).is_ok()
    };
    assert!(opens(&ids[0]) && !opens(&ids[1]));

    // As the release before sealed: all under one key.
    for name in ["orders", "results"] {
        let (path, known_as) = (part(&stage, &ids[0], name), format!("{}/{name}", ids[0]).into_bytes());
        let own = stage.vault.files_of(key_of(&ids[0])).expect("the vault answers").expect("a key");
        let text = own.read(&path, &known_as).expect("it opens");
        stage.vault.files().replace(&path, &known_as, &text).expect("sealed");
    }
    stage.vault.destroy_files(key_of(&ids[0])).expect("destroyed");
    stage = stage.restart().await;
    assert_eq!(results(&stage, &ids[0], "text/csv").await.text(), told);
    stage.node.clock().advance_to(stage.node.clock().now().plus(31 * DAY_MS));
    for id in &ids {
        until_removed(&stage, id).await;
        assert!(!part(&stage, id, "orders").exists());
    }
}
