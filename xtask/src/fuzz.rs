//! `cargo xtask fuzz`: schemathesis asks a running node whatever its description allows, and what it does not.
//!
//! It is a program of others in Python, pinned in `tests/fuzz-requirements.txt` and installed beside the build. Where it
//! cannot be installed, for want of a network or of Python's own parts, the stage says so aloud and is skipped.

use crate::args::{Args, unknown};
use crate::demo;
use crate::exec::{Line, root};
use crate::failure::{Failure, Outcome};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where everything of a run lies, from the root.
const FOLDER: &str = "target/fuzz";
const REQUIREMENTS: &str = "tests/fuzz-requirements.txt";
/// How many requests of each route are made up, beside those that the description gives rise to.
const EXAMPLES: u64 = 8;
/// How long the node may take to listen.
const READY_MOST: Duration = Duration::from_secs(60);

/// `cargo xtask fuzz`.
pub fn run(words: &[String]) -> Outcome {
    let mut args = Args::new(words);
    let mut examples = EXAMPLES;
    while let Some(word) = args.next() {
        match word {
            "--examples" => examples = args.count_after(word)?,
            other => return Err(unknown("fuzz", other)),
        }
    }
    if let Err(failure) = install() {
        eprintln!("{failure}");
        eprintln!("    fuzz: SKIPPED: schemathesis cannot be installed here, so that nobody fuzzed the API");
        return Ok(());
    }
    demo::build()?;
    let node = Node::start()?;
    let url = format!("http://{}", node.address);
    let python = root().join(FOLDER).join("venv/bin/python");
    let mut command = Command::new(python);
    command.args(["-B", "tests/fuzz.py", &url]).arg(root().join(FOLDER)).arg(examples.to_string());
    command.env("FUZZ_HOUSE", node.key(&["house", "--roles", "operator,risk,finance,auditor,admin"])?);
    command.env("FUZZ_PARTNER", node.key(&["fuzzer"])?);
    let status = command.current_dir(root()).stdin(Stdio::null()).status();
    match status.map_err(|error| Failure::new(format!("cannot run `tests/fuzz.py`: {error}")))? {
        status if status.success() => Ok(()),
        status => Err(Failure::new(format!("`tests/fuzz.py` ended with {status}; what failed is above"))),
    }
}

/// Installs what is pinned, once for each change of the list.
fn install() -> Outcome {
    let folder = root().join(FOLDER);
    let (wanted, mark) = (read(&root().join(REQUIREMENTS))?, folder.join("installed.txt"));
    if read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    Line::new(&format!("python3 -m venv {FOLDER}/venv")).run()?;
    let install = "-m pip install --quiet --disable-pip-version-check --retries 1 --timeout 15 --requirement";
    Line::new(&format!("{FOLDER}/venv/bin/python {install} {REQUIREMENTS}")).run()?;
    write(&mark, &wanted)
}

fn read(file: &Path) -> Outcome<String> {
    std::fs::read_to_string(file).map_err(|error| Failure::new(format!("`{}`: {error}", file.display())))
}

fn write(file: &Path, text: &str) -> Outcome {
    std::fs::write(file, text).map_err(|error| Failure::new(format!("`{}`: {error}", file.display())))
}

/// A node without partners of the books, on a fresh directory, and whoever sends its messages; both end with this.
struct Node {
    address: SocketAddr,
    children: [Child; 2],
}

/// Starts the sandbox that takes messages; its first line says where it listens.
fn messages() -> Outcome<(Child, String)> {
    let failed = |error: std::io::Error| Failure::new(format!("starting a sandbox: {error}"));
    let mut command = Command::new(root().join(demo::BINARY));
    command.args(["--quiet", "sandbox", "--config", r#"{"sms":{}}"#]).current_dir(root());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut address = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut address).map_err(failed)?;
    }
    Ok((child, format!("http://{}", address.trim())))
}

/// Its directory, from the root.
const NODE: &str = "target/fuzz/node";

impl Node {
    fn start() -> Outcome<Node> {
        let failed = |error: std::io::Error| Failure::new(format!("starting a node: {error}"));
        let dir = root().join(NODE);
        if dir.exists() {
            std::fs::remove_dir_all(&dir).map_err(failed)?;
        }
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.map_err(failed)?;
        let (messages, url) = messages()?;
        let mut command = Command::new(root().join(demo::BINARY));
        command.args(["--quiet", "serve", "--test-clock", "--dir", NODE, "--listen", &address.to_string()]);
        command.args(["--sms", &url]);
        // Monday 2 March 2026: the published calendar covers the days after it.
        command.args(["--clock-base-ms", "1772413200000"]).current_dir(root());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map_err(failed)?;
        let node = Node { address, children: [child, messages] };
        let until = Instant::now() + READY_MOST;
        while TcpStream::connect(address).is_err() {
            if Instant::now() > until {
                return Err(Failure::new("the node does not listen"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(node)
    }

    /// A fresh key.
    fn key(&self, words: &[&str]) -> Outcome<String> {
        let line = Line::new(&format!("{} --quiet --json access key --dir {NODE}", demo::BINARY));
        let said = words.iter().fold(line, |line, word| line.with(*word)).output()?;
        let said: Option<Value> = serde_json::from_str(&said).ok();
        let key = said.as_ref().and_then(|said| said["key"].as_str());
        key.map(str::to_owned).ok_or_else(|| Failure::new("`tongbao access key` printed no key"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
