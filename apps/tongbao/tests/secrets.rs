//! Secrets are in no file that ships, in no log, in no file of a node in the clear, and in no list of processes.

use reqwest::StatusCode;
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "a long walk by the river in spring";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.push(entry);
        }
    }
    found
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

fn tongbao(dir: &Path, words: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    let said = command.args(["--quiet", "--json"]).args(words).arg("--dir").arg(dir).current_dir(root()).output();
    serde_json::from_slice(&said.expect("the program runs").stdout).expect("JSON")
}

/// A node that says all that it can, into a file.
fn serve(dir: &Path, log: &Path) -> (Child, String) {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    command.args(["serve", "--listen", &free.to_string(), "--dir"]).arg(dir).current_dir(root());
    command.env("RUST_LOG", "trace").stdout(Stdio::null()).stderr(fs::File::create(log).expect("a file"));
    let child = command.spawn().expect("the program starts");
    let until = Instant::now() + Duration::from_secs(60);
    while std::net::TcpStream::connect(free).is_err() {
        assert!(Instant::now() < until, "the node does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    (child, format!("http://{free}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_nowhere_in_the_clear() {
    let kept = tempfile::tempdir().expect("a directory");
    let (dir, log) = (kept.path().join("node"), kept.path().join("log"));
    let key = tongbao(&dir, &["access", "key", "app"])["key"].as_str().expect("a key").to_owned();
    let token = tongbao(&dir, &["access", "bootstrap", "zhao"])["token"].as_str().expect("a token").to_owned();
    let (mut node, url) = serve(&dir, &log);
    let client = reqwest::Client::new();
    let me = client.get(format!("{url}/v1/me")).bearer_auth(&key).send().await.expect("an answer");
    assert_eq!(me.status(), StatusCode::OK);
    let wrong = client.get(format!("{url}/v1/me")).bearer_auth(format!("{key}x")).send().await.expect("an answer");
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let body = json!({"token": token, "password": PASSWORD});
    let enrolled = client.post(format!("{url}/v1/staff/enrolments")).json(&body).send().await.expect("an answer");
    assert_eq!(enrolled.status(), StatusCode::CREATED);
    let seed = enrolled.json::<Value>().await.expect("JSON")["seed"].as_str().expect("a seed").to_owned();
    let body = json!({"name": "zhao", "password": PASSWORD, "code": "123456"});
    let tried = client.post(format!("{url}/v1/sessions")).json(&body).send().await.expect("an answer");
    assert_eq!(tried.status(), StatusCode::UNAUTHORIZED);

    let process = Path::new("/proc").join(node.id().to_string());
    let shown = ["cmdline", "environ"].map(|file| fs::read(process.join(file)).expect("a process"));
    // A killed node has written all that it will; its log is whole up to there.
    node.kill().expect("killed");
    node.wait().expect("it ends");
    // The secret may hold the sign that stands before it.
    let secret = &key["tb_test_0123456789abcdef_".len()..];
    let node_key = fs::read(dir.join("node.key")).expect("the node's key");
    let secrets = [secret, &token, &seed, PASSWORD].map(str::as_bytes);
    for text in secrets.into_iter().chain([node_key.trim_ascii()]) {
        assert!(text.len() >= 16, "too short to look for");
        assert!(shown.iter().all(|bytes| !holds(bytes, text)), "a list of processes shows a secret");
        assert!(!holds(&fs::read(&log).expect("the log"), text), "the log shows a secret");
        for file in files(&dir).into_iter().filter(|file| !file.ends_with("node.key")) {
            assert!(!holds(&fs::read(&file).expect("a file"), text), "`{}` holds a secret", file.display());
        }
    }
}

#[test]
fn no_file_that_ships_holds_a_secret() {
    let marks = ["tb_live_", "tb_test_", "PRIVATE KEY", "password = ", "secret = ", "token = "];
    let mut looked = 0;
    for file in ["policies", "access", "data", ".ci", ".cargo"].iter().flat_map(|dir| files(&root().join(dir))) {
        let bytes = fs::read(&file).expect("a file");
        for mark in marks {
            assert!(!holds(&bytes, mark.as_bytes()), "`{}` holds `{mark}`", file.display());
        }
        looked += 1;
    }
    assert!(looked > 20, "only {looked} files were looked at");
}
