//! A sandbox on a free port, a client for it, and an ear for its callbacks.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use reqwest::Method;
use sandbox::{
    AcquirerConfig, BankConfig, FaultKind, FaultsConfig, IssuerConfig, ProgrammeConfig, TelcoConfig, serve_acquirer,
    serve_bank, serve_issuer, serve_programme, serve_telco,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

pub const BASE: &str = "/tmf-api/prepayBalanceManagement/v4";
pub const MSISDN: &str = "13300007777";
pub const CARD: &str = "6222000000007777";

/// A running sandbox; it ends with the test.
pub struct Stage {
    pub url: String,
    client: reqwest::Client,
    task: JoinHandle<()>,
}

/// What came back; status 0 is a closed connection without an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stage {
    /// A telco with one bucket of 1,000.00 for [`MSISDN`].
    pub async fn telco(config: TelcoConfig) -> Stage {
        let stage = Stage::bare_telco(config).await;
        stage.seed(json!({"buckets": [{"msisdn": MSISDN, "remaining_fen": 100_000}]})).await;
        stage
    }

    pub async fn bare_telco(config: TelcoConfig) -> Stage {
        let (listener, url) = free_port().await;
        Stage::running(url, tokio::spawn(async move { serve_telco(config, listener).await.expect("serves") }))
    }

    pub async fn bank(config: BankConfig) -> Stage {
        let (listener, url) = free_port().await;
        Stage::running(url, tokio::spawn(async move { serve_bank(config, listener).await.expect("serves") }))
    }

    pub async fn issuer(config: IssuerConfig) -> Stage {
        let (listener, url) = free_port().await;
        Stage::running(url, tokio::spawn(async move { serve_issuer(config, listener).await.expect("serves") }))
    }

    /// An acquirer with one payer of 1,000.00, [`CARD`].
    pub async fn acquirer(config: AcquirerConfig) -> Stage {
        let (listener, url) = free_port().await;
        let served = tokio::spawn(async move { serve_acquirer(config, listener).await.expect("serves") });
        let stage = Stage::running(url, served);
        stage.seed(json!({"payers": [{"instrument": CARD, "balance_fen": 100_000}]})).await;
        stage
    }

    /// A programme with one member, [`CARD`], who has 100,000 points.
    pub async fn programme(config: ProgrammeConfig) -> Stage {
        let (listener, url) = free_port().await;
        let served = tokio::spawn(async move { serve_programme(config, listener).await.expect("serves") });
        let stage = Stage::running(url, served);
        let lot = json!({"lot": "L1", "points": 100_000, "expires_on": "2099-01-01"});
        stage.seed(json!({"members": [{"member": CARD, "lots": [lot]}]})).await;
        stage
    }

    fn running(url: String, task: JoinHandle<()>) -> Stage {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Stage { url, client, task }
    }

    pub async fn seed(&self, body: Value) {
        let seeded = self.send(Method::POST, "/sandbox/seed", "", Some(body)).await;
        assert_eq!(seeded.status, 200, "{seeded:?}");
    }

    /// Sends any call; an empty reference sends no header.
    pub async fn send(&self, method: Method, path: &str, reference: &str, body: Option<Value>) -> Reply {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !reference.is_empty() {
            request = request.header("X-Correlation-ID", reference);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        reply(request).await
    }

    /// GET, outside the TMF base.
    pub async fn get(&self, path: &str) -> Value {
        let reply = self.send(Method::GET, path, "", None).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.body
    }

    /// GET under the TMF base.
    pub async fn ask(&self, path: &str) -> Value {
        self.get(&format!("{BASE}{path}")).await
    }

    pub async fn post(&self, path: &str, reference: &str, body: Value) -> Reply {
        self.send(Method::POST, &format!("{BASE}{path}"), reference, Some(body)).await
    }

    pub async fn reserve(&self, reference: &str, yuan: &str) -> Reply {
        self.post("/reserveBalance", reference, create(yuan)).await
    }

    pub async fn capture(&self, id: &str, reference: &str) -> Reply {
        let body = json!({"status": "completed", "reason": "conversion"});
        self.send(Method::PATCH, &format!("{BASE}/reserveBalance/{id}"), reference, Some(body)).await
    }

    pub async fn release(&self, id: &str, reference: &str) -> Reply {
        self.send(Method::DELETE, &format!("{BASE}/reserveBalance/{id}"), reference, None).await
    }

    pub async fn adjust(&self, reference: &str, yuan: &str) -> Reply {
        self.post("/adjustBalance", reference, create(yuan)).await
    }

    pub async fn pay(&self, id: &str, yuan: &str, card: &str) -> Reply {
        let body = json!({"EndToEndId": id, "InstdAmt": yuan, "Ccy": "CNY", "CdtrAcct": card});
        self.send(Method::POST, "/payouts", "", Some(body)).await
    }

    /// The payout as an inquiry shows it; null when there is none.
    pub async fn payout(&self, id: &str) -> Value {
        let reply = self.send(Method::GET, &format!("/payouts/{id}"), "", None).await;
        if reply.status == 200 { reply.body } else { Value::Null }
    }

    /// Asks an acquirer to collect from an instrument.
    pub async fn charge(&self, id: &str, yuan: &str, payer: &str) -> Reply {
        let body = json!({"EndToEndId": id, "InstdAmt": yuan, "Ccy": "CNY", "DbtrAcct": payer});
        self.send(Method::POST, "/payments", "", Some(body)).await
    }

    /// Asks an acquirer to give back what a payment collected.
    pub async fn refund(&self, id: &str, original: &str, yuan: &str) -> Reply {
        let body = json!({"EndToEndId": id, "OrgnlEndToEndId": original, "InstdAmt": yuan, "Ccy": "CNY"});
        self.send(Method::POST, "/refunds", "", Some(body)).await
    }

    /// The status of a payment or refund as an inquiry shows it; empty when there is none.
    pub async fn status(&self, path: &str) -> String {
        let reply = self.send(Method::GET, path, "", None).await;
        if reply.status == 200 { text(&reply.body["TxSts"]) } else { String::new() }
    }

    /// What a payer has left, yuan.
    pub async fn balance(&self, payer: &str) -> String {
        text(&self.get(&format!("/payers/{payer}")).await["Bal"])
    }

    /// Asks a programme to take points.
    pub async fn redeem(&self, reference: &str, member: &str, points: i64) -> Reply {
        let body = json!({"reference": reference, "member": member, "points": points});
        self.send(Method::POST, "/redemptions", "", Some(body)).await
    }

    /// The same at this business time.
    pub async fn redeem_at(&self, reference: &str, member: &str, points: i64, at_ms: i64) -> Reply {
        let body = json!({"reference": reference, "member": member, "points": points});
        self.send_at("/redemptions", body, at_ms).await
    }

    /// Asks a programme to give points that live long.
    pub async fn accrue(&self, reference: &str, member: &str, points: i64) -> Reply {
        let body = json!({"reference": reference, "member": member, "points": points, "expires_on": "2099-01-01"});
        self.send(Method::POST, "/accruals", "", Some(body)).await
    }

    /// Asks a programme to give back what a redemption took.
    pub async fn reverse(&self, reference: &str, redemption: &str) -> Reply {
        let body = json!({"reference": reference});
        self.send(Method::POST, &format!("/redemptions/{redemption}/reversal"), "", Some(body)).await
    }

    /// The status of a programme's transaction as an inquiry shows it; empty when there is none.
    pub async fn points_status(&self, path: &str) -> String {
        let reply = self.send(Method::GET, path, "", None).await;
        if reply.status == 200 { text(&reply.body["status"]) } else { String::new() }
    }

    /// POST at this business time.
    pub async fn send_at(&self, path: &str, body: Value, at_ms: i64) -> Reply {
        let url = format!("{}{path}", self.url);
        reply(self.client.post(url).header("X-Business-Time-Ms", at_ms).json(&body)).await
    }

    pub async fn issue(&self, reference: &str, yuan: &str, holder: &str) -> Reply {
        let body = json!({"reference": reference, "face_value": yuan, "currency": "CNY", "holder": holder});
        self.send(Method::POST, "/vouchers", "", Some(body)).await
    }

    /// The voucher as an inquiry shows it; null when there is none.
    pub async fn voucher(&self, reference: &str) -> Value {
        let reply = self.send(Method::GET, &format!("/vouchers/{reference}"), "", None).await;
        if reply.status == 200 { reply.body } else { Value::Null }
    }

    pub async fn cancel(&self, reference: &str) -> Reply {
        self.send(Method::POST, &format!("/vouchers/{reference}/cancel"), "", None).await
    }

    /// Asks for a voucher's code at this business time.
    pub async fn collect(&self, reference: &str, at_ms: i64) -> Reply {
        let url = format!("{}/vouchers/{reference}/collect", self.url);
        reply(self.client.post(url).header("X-Business-Time-Ms", at_ms)).await
    }

    /// History lines of one reference as `(@type, status, amount)`.
    pub async fn history(&self, reference: &str) -> Vec<(String, String, String)> {
        let items = self.ask(&format!("/balanceActionHistory?requestor.id={reference}")).await;
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let line = |item: &Value| (text(&item["@type"]), text(&item["status"]), text(&item["amount"]["amount"]));
        items.as_array().expect("a list").iter().map(line).collect()
    }

    /// One figure of the totals, fen.
    pub async fn total(&self, name: &str) -> i64 {
        self.get("/sandbox/books").await[name].as_i64().expect("an integer")
    }

    /// Runs what is scheduled; returns how many things.
    pub async fn flush(&self) -> i64 {
        let flushed = self.send(Method::POST, "/sandbox/flush", "", None).await;
        flushed.body["flushed"].as_i64().expect("an integer")
    }

    pub async fn change_faults(&self, change: Value) -> Reply {
        self.send(Method::POST, "/sandbox/faults", "", Some(change)).await
    }

    /// How many faults of this name were injected.
    pub async fn injected(&self, name: &str) -> i64 {
        self.get("/sandbox/faults").await[name].as_i64().unwrap_or(0)
    }
}

/// Sends a prepared request.
pub async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let Ok(response) = request.send().await else {
        return Reply { status: 0, body: Value::Null };
    };
    let status = response.status().as_u16();
    let bytes = response.bytes().await.expect("a whole body");
    Reply { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

/// A body for reserve, adjust and topup of [`MSISDN`].
pub fn create(yuan: &str) -> Value {
    create_for(MSISDN, yuan)
}

pub fn create_for(msisdn: &str, yuan: &str) -> Value {
    json!({
        "usageType": "monetary",
        "bucket": {"id": format!("bkt-{msisdn}")},
        "partyAccount": {"id": "pa-1"},
        "amount": amount(yuan),
    })
}

/// A `Quantity` whose number is written exactly so.
pub fn amount(yuan: &str) -> Value {
    serde_json::from_str(&format!(r#"{{"amount":{yuan},"units":"CNY"}}"#)).expect("a JSON number")
}

/// Every call of every action is struck by this kind, with short silences and long delays.
pub fn always(kind: FaultKind) -> FaultsConfig {
    FaultsConfig {
        seed: 7,
        rate_ppm: 1_000_000,
        weights: [(kind, 1)].into(),
        latency_ms: [40, 60],
        hang_ms: 30,
        late_delay_ms: [300_000, 300_000],
        own_schedule_delay_ms: [300_000, 300_000],
        not_found_grace_ms: 300_000,
        ..FaultsConfig::default()
    }
}

/// A callback listener.
pub struct Ear {
    pub url: String,
    heard: Mutex<mpsc::UnboundedReceiver<Value>>,
    task: JoinHandle<()>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Ear {
    /// Listens, refusing the first `refusals` calls with 500.
    pub async fn open(refusals: usize) -> Ear {
        let (sender, heard) = mpsc::unbounded_channel();
        let (listener, url) = free_port().await;
        let left = Arc::new(Mutex::new(refusals));
        let app = Router::new().route("/hook", post(hear)).with_state((sender, left));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Ear { url: format!("{url}/hook"), heard: Mutex::new(heard), task }
    }

    /// The next callback, within ten seconds.
    pub async fn hear(&self) -> Value {
        let mut heard = self.heard.lock().await;
        let next = tokio::time::timeout(Duration::from_secs(10), heard.recv()).await;
        next.expect("a callback in time").expect("a callback")
    }
}

type Heard = (mpsc::UnboundedSender<Value>, Arc<Mutex<usize>>);

async fn hear(State((sender, left)): State<Heard>, Json(body): Json<Value>) -> axum::http::StatusCode {
    let mut left = left.lock().await;
    if *left > 0 {
        *left -= 1;
        return axum::http::StatusCode::INTERNAL_SERVER_ERROR;
    }
    sender.send(body).expect("the test listens");
    axum::http::StatusCode::NO_CONTENT
}

async fn free_port() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, url)
}

/// The number behind a JSON amount, as text.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
