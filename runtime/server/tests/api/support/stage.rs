//! The stage: a node on a directory, its vault, and a server before it.

use super::callers::{self, Callers};
use super::client::{Reply, Sent};
use super::partner::{Moods, Partner};
use super::people::Person;
use super::phones::Phones;
use super::rules;
use access::{Access, ProviderSettings};
use exchange::QuoteKey;
use facts::{Day, Millis, SaltKey};
use node::{Clock, Gateways, Node, NodeClock, NodeConfig};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use server::{Api, Bounds, DigestKey, May, Providers, Tls, router, serve_within};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use vault::{Vault, VaultKey};

/// What a test may want otherwise.
#[derive(Clone)]
pub struct StageOptions {
    pub test_clock: bool,
    pub bounds: Bounds,
    pub providers: BTreeMap<String, ProviderSettings>,
    /// Of access; those that ship when none.
    pub settings: Option<access::Settings>,
    pub tls: Option<Arc<Tls>>,
    /// Whether whoever sends messages is connected.
    pub messages: bool,
}

impl Default for StageOptions {
    fn default() -> StageOptions {
        StageOptions {
            test_clock: true,
            bounds: Bounds::default(),
            providers: BTreeMap::new(),
            settings: None,
            tls: None,
            messages: true,
        }
    }
}

/// A clock that a test may distrust.
pub struct StageClock {
    inner: NodeClock,
    trusted: AtomicBool,
}

impl Clock for StageClock {
    fn now(&self) -> Millis {
        self.inner.now()
    }

    fn is_trusted(&self) -> bool {
        self.trusted.load(Ordering::SeqCst)
    }

    fn wait_for(&self, due: Millis) -> Duration {
        self.inner.wait_for(due)
    }

    fn advance_to(&self, moment: Millis) {
        self.inner.advance_to(moment);
    }
}

/// A running server with all that stands behind it.
pub struct Stage {
    dir: PathBuf,
    _kept: Option<tempfile::TempDir>,
    pub node: Node,
    pub vault: Arc<Vault>,
    pub address: SocketAddr,
    pub moods: Arc<Moods>,
    pub access: Arc<Access>,
    pub phones: Phones,
    callers: Callers,
    gateways: Gateways,
    clock: Arc<StageClock>,
    client: Client,
    base: String,
    options: StageOptions,
    _shutdown: tokio::sync::oneshot::Sender<()>,
}

const DIGEST_KEY: [u8; 32] = [2; 32];

/// Tuesday, 3 March 2026, 10:00: a working day with working days after it.
fn morning() -> Millis {
    Day::from_date(2026, 3, 3).expect("a date").start().plus(10 * 3_600_000)
}

impl Stage {
    pub async fn start() -> Stage {
        Stage::with(StageOptions::default()).await
    }

    pub async fn with(options: StageOptions) -> Stage {
        let kept = tempfile::tempdir().expect("a directory");
        let (moods, gateways) = partners();
        let dir = kept.path().to_owned();
        Stage::on((dir, Some(kept)), (moods, gateways), Phones::open().await, options).await
    }

    /// On a directory that is there already, or still is when this is gone.
    pub async fn at(dir: &Path, options: StageOptions) -> Stage {
        let (moods, gateways) = partners();
        Stage::on((dir.to_owned(), None), (moods, gateways), Phones::open().await, options).await
    }

    async fn on(
        (dir, kept): (PathBuf, Option<tempfile::TempDir>),
        (moods, gateways): (Arc<Moods>, Gateways),
        phones: Phones,
        options: StageOptions,
    ) -> Stage {
        let vault = Arc::new(Vault::open(&dir.join("vault.sqlite"), VaultKey::from_bytes([7; 32])).expect("a vault"));
        let inner = NodeClock::accelerated(morning(), 1);
        let clock = Arc::new(StageClock { inner, trusted: AtomicBool::new(true) });
        let node = Node::start(config(&dir, &vault, &clock, &gateways)).expect("a node");
        let (access, callers) = callers::open(&dir, options.settings.clone());
        let api = Api {
            node: node.clone(),
            vault: Arc::clone(&vault),
            access: Arc::clone(&access),
            may: May::load(&callers::policies()).expect("the shipped policies"),
            messages: options.messages.then(|| phones.messages()),
            providers: Providers::of(&options.providers).expect("providers"),
            numbers: server::Numbers::new(rules::numbers(), Box::new(rules::other_numbers)),
            quote_key: QuoteKey([1; 32]),
            digest_key: DigestKey::new(DIGEST_KEY),
            test_clock: options.test_clock,
            bounds: options.bounds,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (_shutdown, ended) = tokio::sync::oneshot::channel::<()>();
        let until = async move { ended.await.unwrap_or_default() };
        let line = (listener, options.tls.clone());
        tokio::spawn(serve_within(line, router(api).expect("a policy for each route"), options.bounds, until));
        let (client, base) = (Client::new(), format!("http://{address}"));
        Stage {
            dir,
            _kept: kept,
            node,
            vault,
            address,
            moods,
            access,
            phones,
            callers,
            gateways,
            clock,
            client,
            base,
            options,
            _shutdown,
        }
    }

    /// The node's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The identities, as a command on the machine opens them.
    pub fn identities(&self) -> Access {
        callers::identities(&self.dir, None)
    }

    /// Stops node and server and starts them again on the same directory, with the same partners.
    pub async fn restart(self) -> Stage {
        self.restart_with(|| {}).await
    }

    /// The same, and something happens to the directory meanwhile.
    pub async fn restart_with(self, meanwhile: impl FnOnce()) -> Stage {
        self.rest().await;
        let durable = self.node.durable();
        while self.node.progress().position() < durable {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.node.stop();
        self.node.wait_stopped().await;
        meanwhile();
        self.again().await
    }

    /// Starts node and server again where the node was stopped, whatever was under way.
    pub async fn again(self) -> Stage {
        let options = self.options.clone();
        self.again_with(options).await
    }

    /// The same, with other options.
    pub async fn again_with(mut self, options: StageOptions) -> Stage {
        let kept = self._kept.take();
        Stage::on((self.dir, kept), (self.moods, self.gateways), self.phones, options).await
    }

    /// Does not trust the clock from now on.
    pub fn distrust(&self) {
        self.clock.trusted.store(false, Ordering::SeqCst);
    }

    pub fn get(&self, template: &str, words: &[&str]) -> Sent {
        self.sent(Method::GET, template, words)
    }

    pub fn post(&self, template: &str, words: &[&str]) -> Sent {
        self.sent(Method::POST, template, words)
    }

    pub fn put(&self, template: &str, words: &[&str]) -> Sent {
        self.sent(Method::PUT, template, words)
    }

    pub fn delete(&self, template: &str, words: &[&str]) -> Sent {
        self.sent(Method::DELETE, template, words)
    }

    pub fn request(&self, method: Method, path: &str) -> Sent {
        self.sent(method, path, &[])
    }

    /// By whoever usually asks this: the partner's programme, or the house.
    fn sent(&self, method: Method, template: &str, words: &[&str]) -> Sent {
        let key = self.callers.usual(&method, template, words);
        Sent::new(&self.client, &self.base, method, template, words).by(key)
    }

    /// The key of somebody, by name: `app`, `shop`, or of the house `house`, `li`, `wang`.
    pub fn key_of(&self, name: &str) -> &str {
        self.callers.key(name)
    }

    /// One more key of a partner's programme.
    pub fn another_key(&self, partner: &str) -> String {
        let now = server::wall_now();
        let key = self.access.issue_key(&self.access.keeper(), partner, callers::terms(now), now);
        key.expect("a key").text.expose().to_owned()
    }

    /// Registers somebody for a partner and returns the subscriber.
    pub async fn register_for(&self, partner: &str, person: &Person, held_fen: u64) -> String {
        let key = format!("register-{}", person.msisdn);
        let sent = self.post("/v1/subscribers", &[]).by(self.key_of(partner)).key(&key).json(&person.body(held_fen));
        sent.reply().await.ok(201).field("id")
    }

    /// Registers somebody and returns the subscriber.
    pub async fn register(&self, person: &Person, held_fen: u64) -> String {
        let key = format!("register-{}", person.msisdn);
        self.post("/v1/subscribers", &[]).key(&key).json(&person.body(held_fen)).reply().await.ok(201).field("id")
    }

    /// Somebody with 1,000.00 CNY of their own airtime.
    pub async fn subscriber(&self) -> String {
        self.register(&Person::adult(1), 100_000).await
    }

    /// Places an order.
    pub async fn place(&self, key: &str, body: &Value) -> Reply {
        self.post("/v1/orders", &[]).key(key).json(body).reply().await
    }

    /// The code of the message that tells a receiver of an order.
    pub fn decline_code(&self, order: &str) -> String {
        server::decline_code(&DigestKey::new(DIGEST_KEY), order.parse().expect("an order's id"))
    }

    /// Waits until the node rests.
    pub async fn rest(&self) {
        for _ in 0..2_000 {
            if self.node.idle().await.expect("the node runs").idle {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("the node does not come to rest");
    }

    /// Moves the clock from due time to due time until nothing is due.
    pub async fn finish(&self) {
        for _ in 0..1_000 {
            self.rest().await;
            let body = json!({"to": "next_due"});
            let moved = self.post("/v1/clock/advance", &[]).json(&body).reply().await.ok(200).json();
            if moved["idle"] == true && moved["advanced"] == false {
                return;
            }
        }
        panic!("something is always due");
    }

    /// Keeps the sequencer busy until the sender is dropped.
    pub async fn block(&self) -> std::sync::mpsc::Sender<()> {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel::<()>();
        let node = self.node.clone();
        tokio::spawn(async move {
            node.read(move |_| {
                let _ = begun.send(());
                let _ = released.recv();
            })
            .await
        });
        begins.await.expect("the sequencer got there");
        release
    }
}

/// Partners who answer well until a test wants otherwise.
fn partners() -> (Arc<Moods>, Gateways) {
    let moods = Arc::<Moods>::default();
    let partner = |partner| (partner, Arc::new(Partner::new(Arc::clone(&moods))) as Arc<dyn partners::Gateway>);
    let gateways = facts::Partner::ALL.into_iter().map(partner).collect();
    (moods, gateways)
}

fn config(dir: &Path, vault: &Arc<Vault>, clock: &Arc<StageClock>, gateways: &Gateways) -> NodeConfig {
    NodeConfig {
        dir: dir.to_owned(),
        rules: rules::shipped(),
        salts: SaltKey::new([3; 32]),
        funding: 100_000_000,
        clock: Arc::<StageClock>::clone(clock),
        gateways: gateways.clone(),
        directory: Arc::<Vault>::clone(vault),
        journal: journal::Options::default(),
        clock_ahead_most: Duration::MAX,
        views: node::Pace::PROMPT,
        ended_stay: Duration::from_secs(300),
        sweep_every: Duration::from_secs(3_600),
    }
}

/// An order of so much.
pub fn direct(subscriber: &str, amount: u64) -> Value {
    json!({"subscriber": subscriber, "product": "direct", "amount": amount})
}
