//! A node as a process of its own, on a directory of its own.

#![allow(dead_code, reason = "each test uses a part")]

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Monday 2 March 2026, 09:00 in Shanghai.
const CLOCK_BASE_MS: u64 = 1_772_413_200_000;
/// How long a node may take to listen, on a machine that does much else.
const READY_MOST: Duration = Duration::from_secs(60);

/// A node that ends with its owner.
pub struct Node {
    dir: PathBuf,
    address: SocketAddr,
    partners: Vec<String>,
    child: Child,
}

impl Node {
    /// Starts a node with those of its partners, each as its option, and waits until it listens.
    pub fn start(dir: &Path, partners: &[String]) -> Node {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let (address, partners) = (free.expect("a free port"), partners.to_vec());
        Node { child: run(dir, address, &partners), dir: dir.to_owned(), address, partners }
    }

    /// Kills the node at once and starts it again on the same directory and address.
    pub fn kill_and_start(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("it ends");
        self.child = run(&self.dir, self.address, &self.partners);
    }

    /// A client with a fresh key of the house, which may do what staff may.
    pub fn client(&self) -> reqwest::Client {
        let bearer = format!("Bearer {}", self.key("house")).try_into().expect("a header");
        let headers = reqwest::header::HeaderMap::from_iter([(reqwest::header::AUTHORIZATION, bearer)]);
        reqwest::Client::builder().default_headers(headers).build().expect("a client")
    }

    /// A fresh key of a programme of the house that works as staff do.
    pub fn key(&self, name: &str) -> String {
        self.key_with(name, "operator,risk,finance")
    }

    /// A fresh key of a programme that only looks.
    pub fn key_of_auditor(&self) -> String {
        self.key_with("books", "auditor")
    }

    fn key_with(&self, name: &str, roles: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
        command.args(["--quiet", "--json", "access", "key", name, "--roles", roles, "--dir"]);
        let said = command.arg(&self.dir).current_dir(root).output().expect("the program runs");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let said: serde_json::Value = serde_json::from_slice(&said.stdout).expect("JSON");
        said["key"].as_str().expect("a key").to_owned()
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(dir: &Path, address: SocketAddr, partners: &[String]) -> Child {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    command.args(["--quiet", "serve", "--listen", &address.to_string(), "--dir"]).arg(dir).current_dir(root);
    command.args(["--clock-base-ms", &CLOCK_BASE_MS.to_string()]);
    let child = command.args(partners).stdout(Stdio::null()).spawn().expect("the program starts");
    let until = Instant::now() + READY_MOST;
    while std::net::TcpStream::connect(address).is_err() {
        assert!(Instant::now() < until, "the node does not listen");
        std::thread::yield_now();
    }
    child
}
