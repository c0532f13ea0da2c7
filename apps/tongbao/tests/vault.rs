//! `tongbao vault rotate` beside a node that runs, and a person who is erased: orders, audit and replay stay.

mod node;

use node::Node;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str], dir: &Path) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    command.args(["--quiet", "--json"]).args(arguments).arg("--dir").arg(dir).current_dir(root);
    command.output().expect("the program runs")
}

/// What a command says as JSON.
#[track_caller]
fn said(arguments: &[&str], dir: &Path) -> Value {
    let output = run(arguments, dir);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(said.lines().last().unwrap_or("null")).expect("JSON")
}

struct Caller {
    client: reqwest::Client,
    url: String,
}

impl Caller {
    async fn post(&self, path: &str, key: &str, body: &Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.url)).header("Idempotency-Key", key).json(body);
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// Registers somebody without value; their number ends in `serial`.
    async fn register(&self, serial: u32, id_number: &str) -> Value {
        let msisdn = format!("1330004{serial:04}");
        let body =
            json!({"name": "张三", "id_number": id_number, "msisdn": msisdn, "own_card": format!("card_{serial:06}")});
        self.post("/v1/subscribers", &format!("p{serial}"), &body).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated_beside_a_running_node_and_the_old_ones_are_not_needed() {
    let kept = tempfile::tempdir().expect("a directory");
    let (dir, copy) = (kept.path().join("node"), kept.path().join("copy"));
    let mut node = Node::start(&dir, &[]);
    let caller = Caller { client: node.client(), url: node.url() };
    let first = caller.register(1, "44010619900307001X").await;
    let first_id = first["id"].as_str().unwrap_or_else(|| panic!("{first}")).to_owned();
    assert_eq!(said(&["vault", "status"], &dir)["version"], 1);
    for version in 2..4 {
        let rotated = said(&["vault", "rotate"], &dir);
        assert_eq!((&rotated["version"], &rotated["look_ups"]), (&json!(version), &json!(3)), "{rotated}");
        // The node goes on, with the keys it finds.
        assert_eq!(caller.get(&format!("/v1/subscribers/{first_id}")).await["msisdn"], "133****0001");
        let again = caller.register(1, "44010619900307001X").await;
        assert_eq!(again["id"], first["id"], "{again}");
    }
    let second = caller.register(2, "440106199003070028").await;
    assert_eq!(second["msisdn"], "133****0002", "{second}");
    let status = said(&["vault", "status"], &dir);
    assert_eq!((&status["version"], &status["to_move"], &status["data_keys"]), (&json!(3), &json!(0), &json!(3)));
    node.kill_and_start();
    assert_eq!(caller.get(&format!("/v1/subscribers/{first_id}")).await["msisdn"], "133****0001");
    // A backup has the keys that its vault needs.
    said(&["backup", "--to", copy.to_str().expect("a path")], &dir);
    assert_eq!(said(&["vault", "status"], &copy)["version"], 3);
    // The node's key alone, which opened it first, opens nothing now.
    drop(node);
    std::fs::remove_file(dir.join("vault.key")).expect("removed");
    let refused = run(&["vault", "status"], &dir);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{words}");
    assert!(words.contains("another key") && words.contains("hint: "), "{words}");
    let missing = run(&["vault", "rotate"], &kept.path().join("nowhere"));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("there is no vault"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_persons_orders_books_and_records_hold() {
    let kept = tempfile::tempdir().expect("a directory");
    let dir = kept.path().join("node");
    let mut node = Node::start(&dir, &["--test-clock".to_owned()]);
    let caller = Caller { client: node.client(), url: node.url() };
    let registered = caller.register(1, "44010619900307001X").await;
    let id = |name: &str| registered[name].as_str().unwrap_or_else(|| panic!("{registered}")).to_owned();
    let (subscriber, person) = (id("id"), id("person"));
    let order = json!({"subscriber": subscriber, "product": "direct", "amount": 999});
    let declined = caller.post("/v1/orders", "order", &order).await;
    let order = format!("/v1/orders/{}", declined["order"].as_str().unwrap_or_else(|| panic!("{declined}")));
    let before = caller.get(&order).await;
    assert_eq!(before["state"], "declined");
    let asked =
        caller.post(&format!("/v1/persons/{person}/erasure"), "none", &json!({"reason": "asked at the counter"})).await;
    assert_eq!(asked["state"], "restricted", "{asked}");
    for _ in 0..200 {
        caller.post("/v1/clock/advance", "none", &json!({"to": "next_due"})).await;
        if caller.get(&format!("/v1/subscribers/{subscriber}")).await["erased"] == true {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let erased = caller.get(&format!("/v1/subscribers/{subscriber}")).await;
    assert_eq!((&erased["erased"], &erased["name"]), (&json!(true), &Value::Null), "{erased}");
    // Killed at once, and recovered from the journal alone.
    node.kill_and_start();
    assert_eq!(caller.get(&order).await, before);
    assert_eq!(caller.get(&format!("/v1/subscribers/{subscriber}")).await, erased);
    drop(node);
    said(&["rebuild-views"], &dir);
    let audit = said(&["audit"], &dir);
    assert_eq!((&audit["findings"], &audit["imbalance_fen"], &audit["orders"]), (&json!(0), &json!(0), &json!(1)));
    said(&["snapshot"], &dir);
    assert_eq!(said(&["audit"], &dir)["state_digest"], audit["state_digest"]);
    assert_eq!(said(&["vault", "status"], &dir)["erased"], 1);
}
