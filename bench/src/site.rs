//! A node for the benchmarks: partners inside the process, the shipped rules, and one programme that may order for
//! anybody as often as it likes.

use crate::{root, rules, text};
use access::{
    Access, AccessKey, ApiScope, ApiScopes, ClientUsage, KeyMode, KeyTerms, Role, Roles, Settings, UsageSettings,
    UseRate,
};
use exchange::rules::{NumberTable, VirtualOperators};
use exchange::{QuoteKey, Rules};
use facts::{Millis, Partner, SaltKey};
use flate2::read::GzDecoder;
use journal::Options;
use node::{Clock, Gateways, Node, NodeClock, NodeConfig};
use server::{Api, Bounds, DigestKey, May, Numbers};
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use vault::{Vault, VaultKey};

/// The name of the benchmark's programme.
const CLIENT: &str = "bench";
/// The name of a client that signs.
pub const SIGNER: &str = "signer";
/// Node time at the start: Monday 2 March 2026, 09:00 in Shanghai.
const BASE_MS: u64 = 1_772_413_200_000;
/// Node time runs so fast that a day passes in less than a second, so that payouts fall due.
const RATE: u32 = 100_000;
/// Fen in the reserve.
const FUNDING: u64 = 100_000_000_000;

/// A node on a new directory, its vault, the numbering plan and the plan's text.
///
/// # Panics
/// When it does not start.
pub fn start(dir: &Path) -> (Node, Arc<Vault>, NumberTable, Vec<u8>) {
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

/// The salts of that node.
///
/// # Panics
/// When its key cannot be read.
pub fn salts(dir: &Path) -> SaltKey {
    SaltKey::new(key(dir).derive(b"record salts"))
}

/// The partners' promises hold in real time, however fast node time runs.
fn accelerated(rules: Rules) -> Rules {
    Rules { contracts: rules.contracts.accelerated(RATE), ..rules }
}

/// A benchmark is one client at one address, and wants to know what the node can do: its row, as a partner's would be.
fn unlimited(usage: &mut UsageSettings) {
    let rate = UseRate { burst: 1_000_000, per_second: 1_000_000 };
    let in_flight = usage.in_flight.total;
    usage.clients.extend([CLIENT, SIGNER].map(|name| ClientUsage { name: name.to_owned(), rate, in_flight }));
    (usage.per_address, usage.per_subject) = (rate, rate);
}

/// Identities with one programme, which may order for anybody; with its key.
fn operator(dir: &Path) -> (Access, String) {
    let mut settings = Settings::parse(Settings::SHIPPED).expect("the shipped settings");
    unlimited(&mut settings.usage);
    let access = Access::open(&dir.join("access.sqlite"), &AccessKey::from_bytes([5; 32]), settings);
    let (access, now) = (access.expect("a new file"), server::wall_now());
    let scopes = ApiScopes::of(ApiScope::ALL);
    let terms = KeyTerms { mode: KeyMode::Test, scopes, expires_at: now.plus(86_400_000) };
    let key = access.house_key(&access.keeper(), CLIENT, Roles::of(&[Role::Operator]), terms, now).expect("a key");
    (access, key.text.expose().to_owned())
}

/// What is served where, and how to come in.
pub struct Served {
    /// Where.
    pub address: SocketAddr,
    /// The key of the benchmark's programme.
    pub key: String,
    /// The identities.
    pub access: Arc<Access>,
}

/// Serves a node.
///
/// # Panics
/// When there is no port.
pub async fn serve(node: Node, vault: Arc<Vault>, numbers: NumberTable, dir: &Path) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (access, key) = operator(dir);
    let access = Arc::new(access);
    let api = Api {
        node,
        vault,
        access: Arc::clone(&access),
        may: May::load(&root().join("access")).expect("the shipped policies"),
        messages: None,
        providers: server::Providers::default(),
        numbers: Numbers::new(numbers, Box::new(|| Err("a run has one plan".to_owned()))),
        quote_key: QuoteKey([3; 32]),
        digest_key: DigestKey::new([4; 32]),
        test_clock: false,
        bounds: Bounds::default(),
    };
    tokio::spawn(server::serve(
        listener,
        None,
        server::router(api).expect("a policy for each route"),
        std::future::pending(),
    ));
    Served { address, key, access }
}
