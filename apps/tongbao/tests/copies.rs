//! `tongbao backup` and `tongbao restore`: identities come along, what could have been ended since does not.

mod node;

use node::Node;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    command.args(["--quiet", "--json"]).args(arguments).current_dir(root).output().expect("the program runs")
}

#[track_caller]
fn said(arguments: &[&str]) -> Value {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// Tries to enrol with an invitation's token.
async fn enrol(node: &Node, token: &str) -> u16 {
    let body = json!({"token": token, "password": "a long walk in the rain"});
    let sent = reqwest::Client::new().post(format!("{}/v1/staff/enrolments", node.url())).json(&body).send().await;
    sent.expect("an answer").status().as_u16()
}

async fn me(node: &Node, client: &reqwest::Client) -> u16 {
    client.get(format!("{}/v1/me", node.url())).send().await.expect("an answer").status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_brings_identities_back_and_no_session() {
    let kept = tempfile::tempdir().expect("a directory");
    let [dir, copy, back] = ["node", "copy", "back"].map(|name| kept.path().join(name));
    let node = Node::start(&dir, &[]);
    let client = node.client();
    assert_eq!(me(&node, &client).await, 200);
    let invited = said(&["access", "bootstrap", "keeper.one", "--dir", text(&dir)]);
    let token = invited["token"].as_str().expect("a token").to_owned();
    said(&["backup", "--dir", text(&dir), "--to", text(&copy)]);
    said(&["restore", "--from", text(&copy), "--dir", text(&back)]);
    let restored = Node::start(&back, &["--restored-is-current".to_owned()]);
    assert_eq!(me(&restored, &client).await, 200, "a key is known by the copy");
    assert_eq!(enrol(&restored, &token).await, 401, "an invitation is not");
    // Where it was made it is good.
    assert_eq!(enrol(&node, &token).await, 201);
    let identities = back.join("access.sqlite");
    let mode = std::os::unix::fs::PermissionsExt::mode(&identities.metadata().expect("a file").permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_restored_node_waits_to_be_told_that_it_is_current() {
    let kept = tempfile::tempdir().expect("a directory");
    let [dir, copy, back] = ["node", "copy", "back"].map(|name| kept.path().join(name));
    drop(Node::start(&dir, &[]));
    said(&["backup", "--dir", text(&dir), "--to", text(&copy)]);
    said(&["restore", "--from", text(&copy), "--dir", text(&back)]);
    let refused = run(&["serve", "--dir", text(&back)]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{words}");
    assert!(words.contains("was restored") && words.contains("--restored-is-current"), "{words}");
}

#[test]
fn a_node_without_identities_is_copied_and_gets_none() {
    let kept = tempfile::tempdir().expect("a directory");
    let [dir, copy, back] = ["node", "copy", "back"].map(|name| kept.path().join(name));
    drop(Node::start(&dir, &[]));
    for name in ["access.sqlite", "access.sqlite-wal", "access.sqlite-shm"] {
        let _ = std::fs::remove_file(dir.join(name));
    }
    said(&["backup", "--dir", text(&dir), "--to", text(&copy)]);
    said(&["restore", "--from", text(&copy), "--dir", text(&back)]);
    assert!(![dir, copy, back].iter().any(|place| place.join("access.sqlite").exists()));
}
