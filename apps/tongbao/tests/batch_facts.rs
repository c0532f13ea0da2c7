//! One way: an order over HTTP, the same order in a file, and the same in a file over HTTP leave the same facts, apart
//! from ids, times and channel.

use access::{Access, AccessKey, ApiScope, ApiScopes, KeyMode, KeyTerms, Role, Roles, Settings};
use exchange::rules::{NumberTable, Policy, PolicyFiles, VirtualOperators};
use exchange::{Contracts, Doors, QuoteKey, Rules};
use facts::{Channel, Fact, Millis, Partner, Record, SaltKey};
use flate2::read::GzDecoder;
use journal::{Options, Reader, SqliteReader};
use node::{Directory, Gateways, Node, NodeClock, NodeConfig};
use partners::Willing;
use reqwest::Client;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Value, json};
use server::{Api, Bounds, DigestKey};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use vault::{Vault, VaultKey};

/// Monday 2 March 2026, 09:00 in Shanghai.
const AT: &str = "2026-03-02T09:00:00+08:00";
const AT_MS: u64 = 1_772_413_200_000;
const ID_NUMBER: &str = "11010519491231002X";
/// China Telecom, at home in Guangdong.
const MSISDN: &str = "13300040001";
const FUNDING: u64 = 1_000_000_000_000_000_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).expect("a file of the repository")
}

/// The shipped rules, with partners as the world of an order file has them.
fn rules() -> Rules {
    let texts = PolicyFiles::NAMES.map(|name| (name, text(&PolicyFiles::path(name)))).into();
    let policy = Policy::compile(&PolicyFiles::of(&texts)).expect("the shipped policy");
    let contracts = Contracts::parse(&text("policies/partners.toml")).expect("the shipped contracts");
    Rules { policy: policy.into(), contracts: contracts.boundless(), doors: Doors::Served, proposed: BTreeMap::new() }
}

fn numbers() -> NumberTable {
    let packed = std::fs::File::open(root().join("data/number_segments_cn.csv.gz")).expect("the segments");
    let mut segments = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut segments).expect("they unpack");
    let virtual_operators = VirtualOperators::parse(&text("policies/numbers.toml")).expect("the shipped file");
    NumberTable::parse(&segments, &virtual_operators).expect("the segments")
}

/// The facts about orders in a directory's journal, and the channel of the command that placed one.
fn facts_of(dir: &Path) -> (Vec<Fact>, Vec<Channel>) {
    let mut reader = SqliteReader::open(&dir.join("journal")).expect("a journal");
    let (mut facts, mut channels) = (Vec::new(), Vec::new());
    for entry in reader.read_from(1, usize::MAX >> 1).expect("records") {
        let open = Record::decode(&entry.bytes).expect("a record").open;
        if open.facts.iter().any(|fact| matches!(fact, Fact::OrderAdmitted(_) | Fact::OrderDeclined { .. })) {
            channels.push(open.meta.channel);
        }
        facts.extend(open.facts.into_iter().filter(|fact| fact.order().is_some()));
    }
    (facts, channels)
}

/// A fact as text without ids, digests and moments.
fn bare(fact: &Fact) -> String {
    let mut bare = String::new();
    let told = format!("{fact:?}");
    let mut words = told.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let mut of_time = false;
    for word in &mut words {
        let id = ["ord_", "sub_", "per_", "ins_", "quo_"].iter().any(|prefix| word.starts_with(prefix));
        let digest = word.len() > 32 && word.trim_end_matches(|c: char| !c.is_ascii_hexdigit()).len() == 32;
        if id || digest || of_time {
            bare.push_str("…,");
        } else {
            bare.push_str(word);
        }
        // Transfers are numbered by the record that they stand in.
        of_time = word == "Millis(" || word == "TransferId(";
    }
    bare
}

fn by_file(amount: u64, dir: &Path) -> (Vec<Fact>, Vec<Channel>) {
    std::fs::create_dir_all(dir).expect("a directory");
    let (subscribers, orders, out) = (dir.join("s.csv"), dir.join("o.csv"), dir.join("r.csv"));
    let listed = format!(
        "id_number,msisdn,balance_fen,promo_fen,third_party_30d_fen,advance_fen,own_card,credit_card\n\
         {ID_NUMBER},{MSISDN},500000,0,0,0,card_000001,\n"
    );
    let row = format!(
        "request_id,requested_at,channel_province,id_number,msisdn,product,amount,instrument,target\n\
         r1,{AT},44,{ID_NUMBER},{MSISDN},direct,{amount},card_000001,\n"
    );
    std::fs::write(&subscribers, listed).and_then(|()| std::fs::write(&orders, row)).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    command.args(["--quiet", "--json", "batch", "run", "--subscribers"]).arg(subscribers).arg("--orders").arg(orders);
    let output = command.arg("--out").arg(out).current_dir(root()).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(said.lines().last().expect("a line")).expect("JSON");
    facts_of(Path::new(report["dir"].as_str().expect("a directory")))
}

/// How an order comes to a node over HTTP.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// By itself.
    Alone,
    /// As a row of an order file.
    InFile,
}

async fn by_http(amount: u64, dir: &Path, sent: Sent) -> (Vec<Fact>, Vec<Channel>) {
    std::fs::create_dir_all(dir).expect("a directory");
    let vault = Arc::new(Vault::open(&dir.join("vault.sqlite"), VaultKey::from_bytes([1; 32])).expect("a vault"));
    let config = NodeConfig {
        dir: dir.to_owned(),
        rules: rules(),
        salts: SaltKey::new([1; 32]),
        funding: FUNDING,
        clock: Arc::new(NodeClock::accelerated(Millis(AT_MS), 1)),
        clock_ahead_most: Duration::MAX,
        gateways: Partner::ALL.into_iter().map(|partner| (partner, Arc::new(Willing) as _)).collect::<Gateways>(),
        directory: Arc::clone(&vault) as Arc<dyn Directory>,
        journal: Options::default(),
        views: node::Pace::PROMPT,
        ended_stay: Duration::from_secs(300),
        sweep_every: Duration::from_secs(3_600),
    };
    let node = tokio::task::block_in_place(|| Node::start(config)).expect("a node");
    let settings = Settings::parse(Settings::SHIPPED).expect("the shipped settings");
    let access = Access::open(&dir.join("access.sqlite"), &AccessKey::from_bytes([5; 32]), settings);
    let access = access.expect("identities");
    let (scopes, now) = (ApiScopes::of(ApiScope::ALL), server::wall_now());
    let terms = KeyTerms { mode: KeyMode::Test, scopes, expires_at: now.plus(86_400_000) };
    let key = access.house_key(&access.keeper(), "house", Roles::of(&[Role::Operator]), terms, now).expect("a key");
    let bearer = format!("Bearer {}", key.text.expose()).try_into().expect("a header");
    let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer)]);
    let client = &Client::builder().default_headers(headers).build().expect("a client");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let api = Api {
        node: node.clone(),
        vault,
        access: Arc::new(access),
        may: server::May::load(&root.join("access")).expect("the shipped policies"),
        messages: None,
        providers: server::Providers::default(),
        numbers: server::Numbers::new(numbers(), Box::new(|| Ok(numbers()))),
        quote_key: QuoteKey([2; 32]),
        digest_key: DigestKey::new([3; 32]),
        test_clock: false,
        bounds: Bounds::default(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(server::serve(
        listener,
        None,
        server::router(api).expect("a policy for each route"),
        std::future::pending(),
    ));
    let person = json!({
        "name": "张三", "id_number": ID_NUMBER, "msisdn": MSISDN, "own_card": "card_000001",
        "lots": [{"provenance": "self_paid", "amount_fen": 500_000, "at": "1970-01-01T08:00:00.001+08:00"}],
    });
    let made = post(client, &url, "/v1/subscribers", &person).await;
    let subscriber = made["id"].as_str().expect("an id").to_owned();
    match sent {
        Sent::Alone => {
            let order =
                json!({"subscriber": subscriber, "product": "direct", "amount": amount, "channel_province": "44"});
            post(client, &url, "/v1/orders", &order).await;
        }
        Sent::InFile => send_file(client, &url, amount).await,
    }
    loop {
        let idle = node.idle().await.expect("a running node");
        match idle.next_due.filter(|_| idle.idle) {
            Some(due) => node.clock().advance_to(due),
            None if idle.idle => break,
            None => tokio::task::yield_now().await,
        }
    }
    node.stop();
    node.wait_stopped().await;
    facts_of(dir)
}

/// Sends an order file of one row and waits until it is answered.
async fn send_file(client: &Client, url: &str, amount: u64) {
    let file = format!(
        "request_id,requested_at,channel_province,id_number,msisdn,product,amount,instrument,target\n\
         r1,{AT},44,{ID_NUMBER},{MSISDN},direct,{amount},card_000001,\n"
    );
    let request = client.post(format!("{url}/v1/batches")).header("Idempotency-Key", "one");
    let received = request.header("Content-Type", "text/csv").body(file).send().await.expect("an answer");
    assert_eq!(received.status(), 202);
    let received: Value = received.json().await.expect("JSON");
    let batch = format!("{url}/v1/batches/{}", received["id"].as_str().expect("an id"));
    loop {
        let batch: Value = client.get(&batch).send().await.expect("an answer").json().await.expect("JSON");
        if batch["state"] == "done" {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn post(client: &Client, url: &str, path: &str, body: &Value) -> Value {
    let request = client.post(format!("{url}{path}")).header("Idempotency-Key", "one");
    request.json(body).send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_leaves_the_same_facts_whichever_way_it_comes() {
    let kept = tempfile::tempdir().expect("a directory");
    for (amount, least) in [(10_000, 10), (10, 2), (500_000, 2)] {
        let dir = |way: &str| kept.path().join(format!("{way}-{amount}"));
        let (by_file, file_channels) = by_file(amount, &dir("file"));
        let (by_http, http_channels) = by_http(amount, &dir("http"), Sent::Alone).await;
        let (by_batch, batch_channels) = self::by_http(amount, &dir("batch"), Sent::InFile).await;
        assert_eq!((file_channels, http_channels), (vec![Channel::File], vec![Channel::Http]));
        assert_eq!(batch_channels, vec![Channel::File]);
        assert!(by_file.len() >= least, "{by_file:?}");
        let texts = |facts: &[Fact]| facts.iter().map(bare).collect::<Vec<_>>();
        assert_eq!(texts(&by_file), texts(&by_http));
        assert_eq!(texts(&by_batch), texts(&by_http));
    }
}
