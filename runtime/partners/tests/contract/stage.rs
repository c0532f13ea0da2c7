//! A sandbox on a free port with a connector to it, and an ear for its callbacks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exchange::Contracts;
use facts::{Action, Bucket, CallRef, Millis, OrderId, Partner, Programme};
use money::Telco;
use partners::{Answer, Gateway, Request, SmsConfig, SmsGateway, connect};
use sandbox::{
    FaultKind, FaultsConfig, Profile, serve_acquirer, serve_bank, serve_issuer, serve_programme, serve_sms, serve_telco,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::texting::{self, Texting};

pub const MSISDN: &str = "13300007777";
pub const CARD: &str = "6222000000007777";
pub const NOW: Millis = Millis(1_795_338_000_000);
pub const HUNDRED_YUAN: u64 = 10_000;

/// A kind of partner, with the action that moves value there first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    TelcoReserve,
    TelcoDeductOnly,
    Bank,
    Issuer,
    Acquirer,
    Programme,
    Sms,
}

impl Kind {
    pub const ALL: [Kind; 7] = [
        Kind::TelcoReserve,
        Kind::TelcoDeductOnly,
        Kind::Bank,
        Kind::Issuer,
        Kind::Acquirer,
        Kind::Programme,
        Kind::Sms,
    ];
    /// Those that move value, and call back about it.
    pub const OF_VALUE: [Kind; 6] =
        [Kind::TelcoReserve, Kind::TelcoDeductOnly, Kind::Bank, Kind::Issuer, Kind::Acquirer, Kind::Programme];
    pub const TELCOS: [Kind; 2] = [Kind::TelcoReserve, Kind::TelcoDeductOnly];

    pub fn action(self) -> Action {
        match self {
            Kind::TelcoReserve => Action::ReserveAirtime,
            Kind::TelcoDeductOnly => Action::DeductAirtime,
            Kind::Bank => Action::PayOut,
            Kind::Issuer => Action::IssueVoucher,
            Kind::Acquirer => Action::CollectPayment,
            Kind::Programme => Action::RedeemPoints,
            Kind::Sms => texting::ACTION,
        }
    }

    pub fn partner(self) -> Partner {
        match self {
            Kind::TelcoReserve => Partner::Telco(Telco::Ctcc),
            Kind::TelcoDeductOnly => Partner::Telco(Telco::Cbn),
            Kind::Issuer => Partner::Issuer,
            Kind::Acquirer => Partner::Acquirer,
            Kind::Programme => Partner::Programme(Programme::Bank),
            // Messages are no partner's of the books; nobody looks at it.
            Kind::Bank | Kind::Sms => Partner::Bank,
        }
    }
}

/// How a stage is set.
pub struct Setting {
    pub faults: FaultsConfig,
    pub callback_url: Option<String>,
    pub reserve_validity_ms: Option<u64>,
    /// Whether an acquirer obeys magic instruments.
    pub magic: bool,
    pub reply_timeout: Duration,
}

impl Default for Setting {
    fn default() -> Setting {
        Setting {
            faults: FaultsConfig::default(),
            callback_url: None,
            reserve_validity_ms: None,
            magic: false,
            reply_timeout: Duration::from_secs(10),
        }
    }
}

/// A running partner and the connector to it.
pub struct Stage {
    pub kind: Kind,
    pub gateway: Arc<dyn Gateway>,
    pub url: String,
    control: reqwest::Client,
    server: JoinHandle<()>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Stage {
    /// A partner that behaves.
    pub async fn open(kind: Kind) -> Stage {
        Stage::set(kind, Setting::default()).await
    }

    /// A partner whose every call is struck by one kind of fault.
    pub async fn struck(kind: Kind, fault: FaultKind) -> Stage {
        Stage::set(kind, Setting { faults: always(fault), ..Setting::default() }).await
    }

    pub async fn set(kind: Kind, setting: Setting) -> Stage {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let gateway = gateway(kind, &url, setting.reply_timeout);
        let server = tokio::spawn(serve(kind, setting, listener));
        let control = reqwest::Client::builder().no_proxy().build().expect("a client");
        let stage = Stage { kind, gateway, url, control, server };
        if Kind::TELCOS.contains(&kind) {
            let buckets = json!({"buckets": [{"msisdn": MSISDN, "remaining_fen": 100_000}]});
            stage.control("/sandbox/seed", buckets).await;
        }
        if kind == Kind::Acquirer {
            let payers = json!({"payers": [{"instrument": CARD, "balance_fen": 100_000}]});
            stage.control("/sandbox/seed", payers).await;
        }
        if kind == Kind::Programme {
            let lot = json!({"lot": "L1", "points": 100_000, "expires_on": "2099-01-01"});
            stage.control("/sandbox/seed", json!({"members": [{"member": CARD, "lots": [lot]}]})).await;
        }
        stage
    }

    pub async fn control(&self, path: &str, body: Value) {
        let sent = self.control.post(format!("{}{path}", self.url)).json(&body).send().await.expect("an answer");
        assert_eq!(sent.status().as_u16(), 200, "{path}");
    }

    /// Runs what is scheduled and ends every grace time.
    pub async fn flush(&self) {
        self.control("/sandbox/flush", json!({})).await;
    }

    /// Every further call is struck by one kind of fault.
    pub async fn strike(&self, fault: FaultKind) {
        self.control("/sandbox/faults", serde_json::to_value(always(fault)).expect("a configuration")).await;
    }

    /// The partner goes away: nobody listens any more.
    pub async fn stop(&self) {
        self.server.abort();
        while !self.server.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    /// No further call is struck.
    pub async fn calm(&self) {
        self.control("/sandbox/faults", json!({"preset": "none"})).await;
    }

    /// One figure of the partner's own books.
    pub async fn total(&self, name: &str) -> i64 {
        let asked = self.control.get(format!("{}/sandbox/books", self.url)).send().await.expect("an answer");
        let books: Value = asked.json().await.expect("books");
        books[name].as_i64().expect("an integer")
    }

    /// What left the subscriber or us for good or for a while, by the partner's own books.
    pub async fn moved(&self) -> i64 {
        match self.kind {
            Kind::TelcoReserve => self.total("reserved").await,
            Kind::TelcoDeductOnly => self.total("taken_total").await,
            Kind::Bank => self.total("paid_total").await,
            Kind::Issuer => self.total("liability").await,
            Kind::Acquirer => self.total("merchant").await,
            Kind::Programme => self.total("caller").await,
            Kind::Sms => 10_000 * self.total("delivered").await,
        }
    }

    /// A request for the action that this partner starts with.
    pub fn request(&self, number: u128) -> Request {
        self.ask(self.kind.action(), number)
    }

    /// A request for any action.
    pub fn ask(&self, action: Action, number: u128) -> Request {
        Request {
            call: reference(number),
            partner: self.kind.partner(),
            action,
            amount: HUNDRED_YUAN,
            account: Arc::from(self.account()),
            from: None,
            acts_on: String::new(),
            about: None,
            now: NOW,
        }
    }

    /// What the partner knows its person by.
    fn account(&self) -> &'static str {
        match self.kind {
            Kind::Bank | Kind::Acquirer | Kind::Programme => CARD,
            Kind::TelcoReserve | Kind::TelcoDeductOnly | Kind::Issuer | Kind::Sms => MSISDN,
        }
    }

    /// Calls and returns the partner's name of what it did.
    pub async fn call_done(&self, request: &Request) -> String {
        match self.gateway.call(request).await {
            Answer::Done { amount, external } if amount == request.amount => external,
            other => panic!("{:?}: {request:?}: {other:?}", self.kind),
        }
    }
}

/// What partners promise, as shipped.
pub fn contracts() -> Contracts {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/partners.toml");
    Contracts::parse(&std::fs::read_to_string(file).expect("shipped")).expect("shipped")
}

pub fn reference(number: u128) -> CallRef {
    let order = OrderId::new(NOW.0, Bucket::of_hash(7), number);
    CallRef { order, step: 0, attempt: 1 }
}

pub fn done(amount: u64, external: &str) -> Answer {
    Answer::Done { amount, external: external.to_owned() }
}

pub fn is_done(answer: &Answer, amount: u64) -> bool {
    matches!(answer, Answer::Done { amount: told, external } if *told == amount && !external.is_empty())
}

fn gateway(kind: Kind, url: &str, reply_timeout: Duration) -> Arc<dyn Gateway> {
    let base_url = url.to_owned();
    if kind == Kind::Sms {
        return Arc::new(Texting(SmsGateway::new(SmsConfig { base_url, reply_timeout }).expect("usable")));
    }
    connect(kind.partner(), base_url, reply_timeout).expect("usable")
}

async fn serve(kind: Kind, setting: Setting, listener: TcpListener) {
    let Setting { faults, callback_url, reserve_validity_ms, magic, .. } = setting;
    let served = match kind.partner() {
        _ if kind == Kind::Sms => serve_sms(sandbox::SmsConfig { faults, ..Default::default() }, listener).await,
        Partner::Telco(telco) => {
            let profile = if kind == Kind::TelcoReserve { Profile::Reserve } else { Profile::DeductOnly };
            let named = sandbox::TelcoConfig::named(telco.code());
            let config = sandbox::TelcoConfig { profile, faults, callback_url, reserve_validity_ms, ..named };
            serve_telco(config, listener).await
        }
        Partner::Bank => {
            let config = sandbox::BankConfig { faults, callback_url, ..sandbox::BankConfig::default() };
            serve_bank(config, listener).await
        }
        Partner::Issuer => {
            let config = sandbox::IssuerConfig { faults, callback_url, ..sandbox::IssuerConfig::default() };
            serve_issuer(config, listener).await
        }
        Partner::Acquirer => {
            let config = sandbox::AcquirerConfig { faults, callback_url, magic, ..sandbox::AcquirerConfig::default() };
            serve_acquirer(config, listener).await
        }
        Partner::Programme(programme) => {
            let named = sandbox::ProgrammeConfig::named(programme.code());
            serve_programme(sandbox::ProgrammeConfig { faults, callback_url, ..named }, listener).await
        }
    };
    served.expect("serves");
}

/// Every call but an inquiry is struck by this kind; what is late waits for a flush.
pub fn always(kind: FaultKind) -> FaultsConfig {
    use sandbox::Action::{Accrue, Redeem, Reverse};
    use sandbox::Action::{Capture, Collect, Credit, Deduct, Issue, Pay, Payout, Refund, Release, Reserve, Send};
    FaultsConfig {
        seed: 7,
        rate_ppm: 1_000_000,
        weights: [(kind, 1)].into(),
        actions: [
            Reserve, Capture, Release, Deduct, Credit, Payout, Issue, Collect, Pay, Refund, Redeem, Accrue, Reverse,
            Send,
        ]
        .into(),
        latency_ms: [20, 30],
        hang_ms: 30,
        late_delay_ms: [300_000, 300_000],
        own_schedule_delay_ms: [300_000, 300_000],
        not_found_grace_ms: 300_000,
    }
}

/// A listener for callbacks.
pub struct Ear {
    pub url: String,
    listener: TcpListener,
}

impl Ear {
    pub async fn open() -> Ear {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        Ear { url, listener }
    }

    /// The body of the next callback, within ten seconds.
    pub async fn hear(&self) -> Vec<u8> {
        let heard = tokio::time::timeout(Duration::from_secs(10), async {
            let (stream, _) = self.listener.accept().await.expect("a connection");
            read_callback(stream).await
        });
        heard.await.expect("a callback in time")
    }
}

async fn read_callback(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        if let Some(body) = whole_body(&bytes) {
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.expect("answers");
            return body;
        }
        let read = stream.read_buf(&mut bytes).await.expect("reads");
        assert_ne!(read, 0, "the callback ended early");
    }
}

fn whole_body(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    (body.len() == length.unwrap_or(0)).then(|| body.as_bytes().to_vec())
}
