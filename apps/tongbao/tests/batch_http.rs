//! An order file at a node that is killed again and again: it goes on by itself and doubles nothing.

mod node;

use facts::{Fact, Record};
use journal::{Reader, SqliteReader};
use node::Node;
use reqwest::Client;
use sandbox::TelcoConfig;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const ROWS: usize = 6_000;
const PEOPLE: usize = 30;
/// How often the node is killed before the file may end.
const KILLS: u64 = 5;

/// An identity number with its check character, and a China Telecom number at home in Guangdong.
fn person(serial: usize) -> (String, String) {
    let body = format!("44010619900307{serial:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    (format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize])), format!("1330004{serial:04}"))
}

/// The file, and what its rows are told. Every fifth row asks for too little, every seventh is sent again at once.
fn file() -> (String, String) {
    let mut file =
        "request_id,requested_at,channel_province,id_number,msisdn,product,amount,instrument,target\n".to_owned();
    let mut told = "request_id,outcome,code,fee_fen,payout,arrives_on\n".to_owned();
    for row in 0..ROWS {
        let (id_number, msisdn) = person(row % PEOPLE);
        let (amount, answer) = match row % 5 {
            0 => (999, ("refused", "amount_too_small,,,")),
            _ => (1_000, ("accepted", ",40,960,2026-03-03")),
        };
        let card = row % PEOPLE;
        let line =
            format!("r{row},2026-03-02T08:00:00+08:00,44,{id_number},{msisdn},direct,{amount},card_{card:06},\n");
        file.push_str(&line);
        let _ = writeln!(told, "r{row},{},{}", answer.0, answer.1);
        if row % 7 == 0 {
            file.push_str(&line);
            let _ = writeln!(told, "r{row},duplicate,{}", answer.1);
        }
    }
    (file, told)
}

async fn get(client: &Client, url: &str) -> Option<Value> {
    client.get(url).send().await.ok()?.json().await.ok()
}

/// Looks at the batch until so many rows are answered or it is done. Says whether it is.
async fn reach(client: &Client, batch: &str, rows: u64) -> bool {
    loop {
        if let Some(seen) = get(client, batch).await {
            if seen["state"] == "done" {
                return true;
            }
            if seen["rows_answered"].as_u64() >= Some(rows) {
                return false;
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// How many orders the journal admits and declines.
fn orders(dir: &Path) -> (usize, usize) {
    let mut reader = SqliteReader::open(&dir.join("journal")).expect("a journal");
    let (mut admitted, mut declined) = (0, 0);
    for entry in reader.read_from(1, usize::MAX >> 1).expect("records") {
        for fact in Record::decode(&entry.bytes).expect("a record").open.facts {
            admitted += usize::from(matches!(fact, Fact::OrderAdmitted(_)));
            declined += usize::from(matches!(fact, Fact::OrderDeclined { .. }));
        }
    }
    (admitted, declined)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_killed_goes_on_with_a_file_and_doubles_nothing() {
    let kept = tempfile::tempdir().expect("a directory");
    let dir = kept.path().join("node");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let telco = format!("CTCC=http://{}", listener.local_addr().expect("an address"));
    // It knows nobody and refuses every order that was accepted: that is no concern of the file.
    tokio::spawn(sandbox::serve_telco(TelcoConfig::named("CTCC"), listener));
    let mut node = Node::start(&dir, &["--partner".to_owned(), telco]);
    let (url, client) = (node.url(), node.client());
    for serial in 0..PEOPLE {
        let (id_number, msisdn) = person(serial);
        let body = json!({
            "name": "张三", "id_number": id_number, "msisdn": msisdn, "own_card": format!("card_{serial:06}"),
            "lots": [{"provenance": "self_paid", "amount_fen": 100_000_000, "at": "2026-01-01T00:00:00+08:00"}],
        });
        let request = client.post(format!("{url}/v1/subscribers")).header("Idempotency-Key", format!("p{serial}"));
        assert_eq!(request.json(&body).send().await.expect("an answer").status(), 201);
    }
    let (file, told) = file();
    let request = client.post(format!("{url}/v1/batches")).header("Idempotency-Key", "one");
    let received = request.header("Content-Type", "text/csv").body(file).send().await.expect("an answer");
    let received: Value = received.json().await.expect("JSON");
    let batch = format!("{url}/v1/batches/{}", received["id"].as_str().unwrap_or_else(|| panic!("no id: {received}")));
    let mut hit = 0;
    for kill in 0..KILLS {
        hit += u64::from(!reach(&client, &batch, kill * ROWS as u64 / KILLS).await);
        node.kill_and_start();
    }
    assert!(hit >= 2, "only {hit} of {KILLS} kills met a file under way");
    assert!(reach(&client, &batch, u64::MAX).await);
    let results = client.get(format!("{batch}/results")).send().await.expect("an answer").text().await.expect("text");
    assert!(results == told, "other results");
    drop(node);

    let small = ROWS / 5;
    assert_eq!(orders(&dir), (ROWS - small, small));
    // Views of a node that was killed may lack its last records.
    for command in ["rebuild-views", "audit"] {
        run(command, &dir);
    }
}

#[track_caller]
fn run(command: &str, dir: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut program = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    program.args(["--quiet", "--json", command, "--dir"]).arg(dir).current_dir(root);
    let output = program.output().expect("the program runs");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&said));
}
