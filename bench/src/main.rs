//! The benchmark of the first conversion: orders a second from acknowledged to settled, one HTTP request each,
//! with partners inside the process; then a single order at a time; then replay. Figures, never a test.
//!
//! `cargo run --release -p bench -- --seconds 60 --subscribers 200000`

mod load;
mod lone;
mod people;

use access::{Access, AccessKey, ApiScope, ApiScopes, KeyMode, KeyTerms, Role, Roles, Settings};
use bench::{resident_kib, root, rules, text};
use clap::Parser;
use exchange::rules::{NumberTable, VirtualOperators};
use exchange::{QuoteKey, Rules};
use facts::{Millis, OrderState, Partner, Record, SaltKey, State};
use flate2::read::GzDecoder;
use journal::{Options, Reader, SqliteReader};
use node::{Clock, Gateways, Node, NodeClock, NodeConfig, recover};
use serde::Serialize;
use server::{Api, Bounds, DigestKey, May, Numbers};
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use vault::{Vault, VaultKey};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Node time at the start: Monday 2 March 2026, 09:00 in Shanghai.
const BASE_MS: u64 = 1_772_413_200_000;
/// Node time runs so fast that a day passes in less than a second, so that payouts fall due.
const RATE: u32 = 100_000;
/// Fen in the reserve.
const FUNDING: u64 = 100_000_000_000;
/// How long the settling of what was acknowledged may take after the last request.
const DRAIN_MOST: Duration = Duration::from_secs(60);

/// What to measure.
#[derive(Parser)]
struct Arguments {
    /// How long the load lasts.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many subscribers there are.
    #[arg(long, default_value_t = 200_000)]
    subscribers: usize,
    /// How many connections send.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How many orders are sent one at a time, each way.
    #[arg(long, default_value_t = 2_000)]
    rounds: u64,
    /// Where the node keeps its files; a temporary directory when not given.
    #[arg(long)]
    dir: Option<PathBuf>,
}

#[derive(Default, Serialize)]
struct Figures {
    load_average_before: String,
    subscribers: u64,
    connections: u64,
    seconds: u64,
    acknowledged: u64,
    refused: u64,
    refused_example: String,
    acknowledged_per_s: u64,
    settled_per_s: u64,
    drain_ms: u64,
    ack_p50_us: u64,
    ack_p99_us: u64,
    view_lag_records: u64,
    view_lag_ms: u64,
    one_at_a_time: Vec<lone::Lone>,
    records: u64,
    journal_bytes_per_order: u64,
    replay_events_per_s: u64,
    replay_chained_events_per_s: u64,
    resident_mib: u64,
}

fn main() {
    let arguments = Arguments::parse();
    let temporary = tempfile::tempdir().expect("a temporary directory");
    let dir = arguments.dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let mut figures = runtime.expect("a runtime").block_on(measure(&arguments, &dir));
    replay(&dir, &mut figures);
    println!("{}", serde_json::to_string(&figures).expect("figures serialise"));
}

async fn measure(arguments: &Arguments, dir: &Path) -> Figures {
    let mut figures = Figures {
        load_average_before: std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned(),
        subscribers: arguments.subscribers as u64,
        connections: arguments.connections as u64,
        seconds: arguments.seconds,
        ..Figures::default()
    };
    let (node, vault, numbers, segments) = start(dir);
    let people = Arc::new(people::register(&node, &vault, &numbers, &segments, arguments.subscribers).await);
    drop(segments);
    let address = serve(node.clone(), vault, numbers, dir).await;
    let counter = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let span = Duration::from_secs(arguments.seconds);
    let seen = run(address, &people, &counter, span, arguments.connections).await;
    summarise(&seen, &mut figures);
    let durable = node.durable();
    figures.view_lag_records = durable.saturating_sub(node.progress().position());
    let lag = Instant::now();
    node.progress().wait_for(durable, DRAIN_MOST);
    figures.view_lag_ms = u64::try_from(lag.elapsed().as_millis()).unwrap_or(u64::MAX);
    let settled = drain(&node).await;
    let elapsed = started.elapsed();
    figures.drain_ms = u64::try_from((elapsed.saturating_sub(span)).as_millis()).unwrap_or(u64::MAX);
    figures.settled_per_s = settled * 1_000 / u64::try_from(elapsed.as_millis()).unwrap_or(1).max(1);
    figures.one_at_a_time = alone(node.clone(), address, people, counter, (dir, arguments.rounds)).await;
    figures.resident_mib = resident_kib() / 1_024;
    drain(&node).await;
    node.stop();
    node.wait_stopped().await;
    figures
}

fn start(dir: &Path) -> (Node, Arc<Vault>, NumberTable, Vec<u8>) {
    let mut segments = Vec::new();
    let packed = std::fs::File::open(root().join("data/number_segments_cn.csv.gz")).expect("the segments");
    GzDecoder::new(packed).read_to_end(&mut segments).expect("the segments unpack");
    let virtual_operators = VirtualOperators::parse(&text("policies/numbers.toml")).expect("the shipped file");
    let numbers = NumberTable::parse(&segments, &virtual_operators).expect("the segments");
    let options = vault::VaultOptions { cache_rows: 1 << 20 };
    let opened = Vault::open_with(&dir.join("vault.sqlite"), key(dir), options);
    let vault = Arc::new(opened.expect("a new vault"));
    let mut gateways = Gateways::new();
    for partner in Partner::ALL {
        gateways.insert(partner, Arc::new(partners::Willing));
    }
    let config = NodeConfig {
        dir: dir.to_owned(),
        rules: accelerated(rules()),
        salts: salts(dir),
        funding: FUNDING,
        clock: Arc::new(NodeClock::accelerated(Millis(BASE_MS), RATE)) as Arc<dyn Clock>,
        gateways,
        directory: Arc::clone(&vault) as Arc<dyn node::Directory>,
        journal: Options::default(),
        clock_ahead_most: Duration::MAX,
        views: node::Pace::PROMPT,
        ended_stay: Duration::from_secs(300),
        sweep_every: Duration::from_secs(3_600),
    };
    let node = tokio::task::block_in_place(|| Node::start(config)).expect("a new node");
    (node, vault, numbers, segments)
}

/// The key file of a node, so that `tongbao audit --dir` can check the run afterwards.
fn key(dir: &Path) -> VaultKey {
    std::fs::create_dir_all(dir).expect("a directory");
    VaultKey::load_or_create(&dir.join("node.key")).expect("a key")
}

fn salts(dir: &Path) -> SaltKey {
    SaltKey(key(dir).derive(b"record salts"))
}

/// The partners' promises hold in real time, however fast node time runs.
fn accelerated(rules: Rules) -> Rules {
    Rules { contracts: rules.contracts.accelerated(RATE), ..rules }
}

/// Identities with one programme, which may order for anybody.
fn operator(dir: &Path) -> Access {
    let settings = Settings::parse(Settings::SHIPPED).expect("the shipped settings");
    let access = Access::open(&dir.join("access.sqlite"), &AccessKey::from_bytes([5; 32]), settings);
    let (access, now) = (access.expect("a new file"), server::wall_now());
    let scopes = ApiScopes::of(ApiScope::ALL);
    let terms = KeyTerms { mode: KeyMode::Test, scopes, expires_at: now.plus(86_400_000) };
    let key = access.house_key(&access.keeper(), "bench", Roles::of(&[Role::Operator]), terms, now);
    load::KEY.get_or_init(|| key.expect("a key").text.expose().to_owned());
    access
}

async fn serve(node: Node, vault: Arc<Vault>, numbers: NumberTable, dir: &Path) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let api = Api {
        node,
        vault,
        access: Arc::new(operator(dir)),
        may: May::load(&root().join("access")).expect("the shipped policies"),
        messages: None,
        providers: server::Providers::default(),
        numbers: Numbers::new(numbers, Box::new(|| Err("a run has one plan".to_owned()))),
        quote_key: QuoteKey([3; 32]),
        digest_key: DigestKey([4; 32]),
        test_clock: false,
        bounds: Bounds::default(),
    };
    tokio::spawn(server::serve(
        listener,
        None,
        server::router(api).expect("a policy for each route"),
        std::future::pending(),
    ));
    address
}

async fn run(
    address: SocketAddr,
    people: &Arc<Vec<load::Order>>,
    counter: &Arc<AtomicU64>,
    span: Duration,
    connections: usize,
) -> Vec<load::Seen> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let connection = load::Connection::open(address, people, counter).await.expect("a connection");
        tasks.spawn(connection.orders_for(span));
    }
    let mut seen = Vec::new();
    while let Some(done) = tasks.join_next().await {
        seen.push(done.expect("a connection").expect("a connection that holds"));
    }
    seen
}

/// One order at a time, from a thread that serves nothing.
async fn alone(
    node: Node,
    address: SocketAddr,
    people: Arc<Vec<load::Order>>,
    counter: Arc<AtomicU64>,
    (dir, rounds): (&Path, u64),
) -> Vec<lone::Lone> {
    let dir = dir.to_owned();
    let measured =
        tokio::task::spawn_blocking(move || lone::measure(&node, address, &people, &counter, (&dir, rounds)));
    measured.await.expect("a measurement that ends").expect("the connection and the disk hold")
}

fn summarise(seen: &[load::Seen], figures: &mut Figures) {
    figures.acknowledged = seen.iter().map(|seen| seen.made).sum();
    figures.refused = seen.iter().map(|seen| seen.other).sum();
    figures.refused_example = seen.iter().map(|seen| seen.example.clone()).find(|e| !e.is_empty()).unwrap_or_default();
    figures.acknowledged_per_s = figures.acknowledged / figures.seconds.max(1);
    let mut took: Vec<u32> = seen.iter().flat_map(|seen| seen.took_us.iter().copied()).collect();
    took.sort_unstable();
    (figures.ack_p50_us, figures.ack_p99_us) = (percentile(&took, 50), percentile(&took, 99));
}

fn percentile(sorted: &[u32], percent: usize) -> u64 {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().map_or(0, u64::from)
}

/// Waits until every admitted order has settled; says how many have.
async fn drain(node: &Node) -> u64 {
    let until = Instant::now() + DRAIN_MOST;
    loop {
        let idle = node.idle().await.expect("a running node");
        if (idle.idle && idle.next_due.is_none()) || Instant::now() > until {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (durable, progress) = (node.durable(), node.progress());
    assert!(tokio::task::block_in_place(|| progress.wait_for(durable, DRAIN_MOST)), "the views follow");
    let counts = node.views().reader().counts().expect("the views");
    counts.iter().find(|count| count.state == OrderState::Settled).map_or(0, |count| count.orders)
}

/// Replays the journal: decoding and applying alone, then with chain and commitments checked.
fn replay(dir: &Path, figures: &mut Figures) {
    let journal = dir.join("journal");
    let mut reader = SqliteReader::open(&journal).expect("the journal");
    let (started, mut state, mut events, mut bytes) = (Instant::now(), State::default(), 0u64, 0u64);
    loop {
        let entries = reader.read_from(state.sequence() + 1, 4 << 20).expect("records");
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            let record = Record::decode(&entry.bytes).expect("a record");
            events += record.open.facts.len() as u64;
            bytes += entry.bytes.len() as u64;
            state.apply(&record.open).expect("a record that applies");
        }
    }
    figures.records = state.sequence();
    figures.replay_events_per_s = rate(events, started);
    figures.journal_bytes_per_order = bytes / figures.acknowledged.max(1);
    drop(state);
    let mut reader = SqliteReader::open(&journal).expect("the journal");
    let started = Instant::now();
    recover(None, &mut reader, &salts(dir), |_, _| {}).expect("a journal that holds");
    figures.replay_chained_events_per_s = rate(events, started);
}

fn rate(count: u64, since: Instant) -> u64 {
    count * 1_000 / u64::try_from(since.elapsed().as_millis()).unwrap_or(1).max(1)
}
