//! `tongbao policy propose` and `tongbao approval`, asked of a running node: two people change a price.

mod node;

use node::Node;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// By somebody, with their key.
fn run(key: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    command
        .env("TONGBAO_KEY", key)
        .args(["--quiet", "--json"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("the program runs")
}

/// What a command says as JSON.
#[track_caller]
fn said(key: &str, arguments: &[&str]) -> Value {
    let output = run(key, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(said.lines().last().expect("a last line")).expect("JSON")
}

/// What a command says on stderr when it cannot.
#[track_caller]
fn refused(key: &str, arguments: &[&str], code: &str) -> String {
    let output = run(key, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.starts_with(&format!("error: {code}")) && said.contains("\nhint: "), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    said
}

#[test]
fn one_person_proposes_and_another_brings_it_into_force() {
    let kept = tempfile::tempdir().expect("a directory");
    let node = Node::start(&kept.path().join("node"), &[]);
    let (url, policy) = (node.url(), kept.path().join("policy"));
    fs::create_dir(&policy).expect("made");
    let fees = fs::read_to_string(root().join("policies/fees.toml")).expect("the shipped fees");
    fs::write(policy.join("fees.toml"), &fees).expect("written");
    let dir = policy.to_str().expect("a path");
    let propose = ["policy", "propose", dir, "--why", "the contract of 2027", "--server", &url];
    let (li, wang) = (&*node.key("li"), &*node.key("wang"));
    refused(li, &propose, "policy_unchanged");
    fs::write(policy.join("fees.toml"), fees.replace("CTCC = 40_000", "CTCC = 400_000")).expect("written");
    let faults = refused(li, &propose, "policy_faulty");
    assert!(faults.contains("\n  ") && faults.contains("fees.toml"), "{faults}");
    fs::write(policy.join("fees.toml"), fees.replace("CTCC = 40_000", "CTCC = 35_000")).expect("written");
    refused("tb_test_guessed", &propose, "credential_wrong");
    refused(&node.key_of_auditor(), &propose, "not_permitted");
    assert_eq!(said(li, &["approval", "list", "--server", &url])["approvals"], Value::Array(Vec::new()));

    let proposed = said(li, &[&propose[..], &["--effective-from", "2026-02-01T09:30"]].concat());
    assert_eq!(
        (&proposed["state"], &proposed["changes"][0]),
        (&Value::from("proposed"), &Value::from("fees.toml, telco_ppm.CTCC: 40000 -> 35000"))
    );
    let id = proposed["id"].as_str().expect("an id");
    let about = |act: &'static str| ["approval", act, id, "--why", "compared with the contract", "--server", &url];
    for act in ["review", "approve", "reject"] {
        refused(li, &about(act), "maker_cannot_check");
    }
    refused(wang, &about("withdraw"), "only_maker_withdraws");
    refused(wang, &about("schedule"), "approval_not_open");
    assert_eq!(said(wang, &about("review"))["state"], "reviewed");
    assert_eq!(said(wang, &about("approve"))["state"], "approved");
    refused(wang, &about("reject"), "approval_not_open");
    let shown = said(li, &["approval", "show", id, "--server", &url]);
    let acts = shown["acts"].as_array().expect("acts").iter().map(|act| act["act"].as_str());
    assert_eq!(acts.collect::<Vec<_>>(), [Some("review"), Some("approve")]);
    assert_eq!(said(li, &["approval", "list", "--server", &url])["approvals"][0], shown);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let in_force: Value = runtime.block_on(async {
        reqwest::get(format!("{url}/v1/policies")).await.expect("an answer").json().await.expect("JSON")
    });
    assert_eq!(in_force["in_force"], proposed["policy"]);

    fs::write(policy.join("fees.toml"), fees.replace("CTCC = 40_000", "CTCC = 30_000")).expect("written");
    let later = said(li, &[&propose[..], &["--effective-from", "2027-01-01"]].concat());
    assert_eq!(later["effective_at"], "2027-01-01T00:00:00.000+08:00");
    let withdraw = ["approval", "withdraw", later["id"].as_str().expect("an id"), "--why", "a typo"];
    assert_eq!(said(li, &[&withdraw[..], &["--server", &url]].concat())["state"], "withdrawn");
}

#[test]
fn what_cannot_be_asked_says_so() {
    let kept = tempfile::tempdir().expect("a directory");
    let empty = kept.path().to_str().expect("a path");
    let nowhere = ["--server", "http://127.0.0.1:1"];
    refused("tb_test_x", &[&["approval", "list"], &nowhere[..]].concat(), "asking `http://127.0.0.1:1`");
    refused("tb_test_x", &["approval", "show", "apr_1"], "`apr_1` is no change");
    refused("tb_test_x", &["policy", "propose", empty, "--why", "x"], "`");
}
