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

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    command.args(["--quiet", "--json"]).args(arguments).current_dir(root()).output().expect("the program runs")
}

/// What a command says as JSON.
#[track_caller]
fn said(arguments: &[&str]) -> Value {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(said.lines().last().expect("a last line")).expect("JSON")
}

/// What a command says on stderr when it cannot.
#[track_caller]
fn refused(arguments: &[&str], code: &str) -> String {
    let output = run(arguments);
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
    let propose = ["policy", "propose", dir, "--why", "the contract of 2027", "--server", &url, "--actor"];
    refused(&[&propose[..], &["li"]].concat(), "policy_unchanged");
    fs::write(policy.join("fees.toml"), fees.replace("CTCC = 40_000", "CTCC = 400_000")).expect("written");
    let faults = refused(&[&propose[..], &["li"]].concat(), "policy_faulty");
    assert!(faults.contains("\n  ") && faults.contains("fees.toml"), "{faults}");
    fs::write(policy.join("fees.toml"), fees.replace("CTCC = 40_000", "CTCC = 35_000")).expect("written");
    refused(&[&propose[..], &["system:li"]].concat(), "`system:li` is no name");
    assert_eq!(said(&["approval", "list", "--server", &url])["approvals"], Value::Array(Vec::new()));

    let proposed = said(&[&propose[..], &["li", "--effective-from", "2026-02-01T09:30"]].concat());
    assert_eq!(
        (&proposed["state"], &proposed["changes"][0]),
        (&Value::from("proposed"), &Value::from("fees.toml, telco_ppm.CTCC: 40000 -> 35000"))
    );
    let id = proposed["id"].as_str().expect("an id");
    let about = |act: &'static str, actor: &'static str| {
        ["approval", act, id, "--actor", actor, "--why", "compared with the contract", "--server", &url]
    };
    for act in ["review", "approve", "reject"] {
        refused(&about(act, "li"), "maker_cannot_check");
    }
    refused(&about("withdraw", "wang"), "only_maker_withdraws");
    refused(&about("schedule", "wang"), "approval_not_open");
    assert_eq!(said(&about("review", "wang"))["state"], "reviewed");
    assert_eq!(said(&about("approve", "staff:wang"))["state"], "approved");
    refused(&about("reject", "wang"), "approval_not_open");
    let shown = said(&["approval", "show", id, "--server", &url]);
    let acts = shown["acts"].as_array().expect("acts").iter().map(|act| act["act"].as_str());
    assert_eq!(acts.collect::<Vec<_>>(), [Some("review"), Some("approve")]);
    assert_eq!(said(&["approval", "list", "--server", &url])["approvals"][0], shown);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let in_force: Value = runtime.block_on(async {
        reqwest::get(format!("{url}/v1/policies")).await.expect("an answer").json().await.expect("JSON")
    });
    assert_eq!(in_force["in_force"], proposed["policy"]);

    fs::write(policy.join("fees.toml"), fees.replace("CTCC = 40_000", "CTCC = 30_000")).expect("written");
    let later = said(&[&propose[..], &["li", "--effective-from", "2027-01-01"]].concat());
    assert_eq!(later["effective_at"], "2027-01-01T00:00:00.000+08:00");
    let withdraw = ["approval", "withdraw", later["id"].as_str().expect("an id"), "--actor", "li", "--why", "a typo"];
    assert_eq!(said(&[&withdraw[..], &["--server", &url]].concat())["state"], "withdrawn");
}

#[test]
fn what_cannot_be_asked_says_so() {
    let kept = tempfile::tempdir().expect("a directory");
    let empty = kept.path().to_str().expect("a path");
    let nowhere = ["--server", "http://127.0.0.1:1"];
    refused(&[&["approval", "list"], &nowhere[..]].concat(), "asking `http://127.0.0.1:1`");
    refused(&["approval", "show", "apr_1"], "`apr_1` is no change");
    refused(&["policy", "propose", empty, "--actor", "li", "--why", "x"], "`");
}
