//! What access control and limits add to a request, end to end over one connection: figures, never a test.
//!
//! The same bytes are asked of a server without any door, and of the node by API key and by signature, in turns, so that
//! whatever else the machine does falls on all alike. What the node adds is more than the door: the envelope, framing and
//! the writing of the answer are in it too. What they take is told apart by a route of the same node that is open to
//! everybody and not limited: what access control adds is what a guarded one takes more than that.
//!
//! `cargo run --release -p bench --bin door`

use access::{Limiter, SignedRequest, SignerName, UseRate, five_lines};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bench::site::{SIGNER, Served, serve, start};
use clap::Parser;
use facts::Millis;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where a caller is told who they are: the least that a route can do.
const PATH: &str = "/v1/me";
/// An open route of the node: whoever asks, it is nobody's, and nothing is counted.
const OPEN: &str = "GET /livez HTTP/1.1\r\nHost: bench\r\n\r\n";

/// What to measure.
#[derive(Parser)]
struct Arguments {
    /// How many requests of each kind.
    #[arg(long, default_value_t = 20_000)]
    rounds: u64,
}

/// Figures in nanoseconds.
#[derive(Default, Serialize)]
struct Figures {
    load_average_before: String,
    load_average_after: String,
    rounds: u64,
    without_door_p50_ns: u64,
    open_p50_ns: u64,
    by_key_p50_ns: u64,
    by_signature_p50_ns: u64,
    /// The medians of what each round's request took more than the one without a door beside it.
    key_adds_p50_ns: i64,
    signature_adds_p50_ns: i64,
    /// What envelope, framing and answer take: the same of the open route.
    open_adds_p50_ns: i64,
    /// What access control and limits take: the same more than the open route beside it.
    access_by_key_p50_ns: i64,
    access_by_signature_p50_ns: i64,
    /// One look-up in the book of a limit.
    limit_ns: u64,
}

fn main() {
    let arguments = Arguments::parse();
    let temporary = tempfile::tempdir().expect("a temporary directory");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (served, plain) = runtime.block_on(async {
        let (node, vault, numbers, _) = start(temporary.path());
        let served = serve(node, vault, numbers, temporary.path()).await;
        let body = body_of(&served).await;
        (served, without_door(body).await)
    });
    // The client is a thread of its own: a task would add the runtime's wake-ups.
    let figures = measure(&arguments, &served, plain).expect("connections that hold");
    println!("{}", serde_json::to_string(&figures).expect("figures serialise"));
}

/// What the node answers, so that the server without a door answers as much.
async fn body_of(served: &Served) -> String {
    let (address, request) = (served.address, by_key(&served.key));
    let asked = tokio::task::spawn_blocking(move || {
        let mut client = Client::connect(address)?;
        client.ask(&request)?;
        Ok::<_, io::Error>(client.body())
    });
    asked.await.expect("a thread").expect("an answer")
}

/// A server of the same library with one route and nothing around it.
async fn without_door(body: String) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let route = axum::routing::get(move || std::future::ready(([("content-type", "application/json")], body.clone())));
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true)));
    tokio::spawn(axum::serve(listener, axum::Router::new().route(PATH, route)).into_future());
    address
}

fn by_key(key: &str) -> String {
    format!("GET {PATH} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n")
}

/// A request signed under a key of a client, with a nonce of its own.
fn signed(secret: &[u8], round: u64) -> String {
    let (timestamp, nonce) = ((server::wall_now().0 / 1_000).to_string(), format!("{round:032x}"));
    let request = SignedRequest { method: "GET", target: PATH, body: b"" };
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("keys of any length");
    mac.update(&five_lines(&request, &timestamp, &nonce));
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let scheme = format!("TONGBAO-HMAC-SHA256 client={SIGNER},nonce={nonce},timestamp={timestamp},serial=one");
    format!("GET {PATH} HTTP/1.1\r\nHost: bench\r\nAuthorization: {scheme},signature={signature}\r\n\r\n")
}

fn signer(served: &Served) -> Vec<u8> {
    let (access, now) = (&served.access, server::wall_now());
    access.add_partner(&access.keeper(), SIGNER, now).expect("a partner");
    let name = SignerName { client: SIGNER, serial: "one" };
    let key = access.add_shared_key(&access.keeper(), name, now.plus(86_400_000), now).expect("a key");
    STANDARD.decode(key.expose()).expect("base64")
}

fn measure(arguments: &Arguments, served: &Served, plain: SocketAddr) -> io::Result<Figures> {
    let load = || std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned();
    let (load_average_before, secret, key) = (load(), signer(served), by_key(&served.key));
    let (mut bare, mut door) = (Client::connect(plain)?, Client::connect(served.address)?);
    let (mut without, mut open, mut keyed, mut signatures) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..arguments.rounds {
        // Made before the clock starts.
        let signature = signed(&secret, round);
        without.push(bare.ask(&key)?);
        open.push(door.ask(OPEN)?);
        keyed.push(door.ask(&key)?);
        signatures.push(door.ask(&signature)?);
    }
    Ok(Figures {
        load_average_before,
        load_average_after: load(),
        rounds: arguments.rounds,
        key_adds_p50_ns: adds(&keyed, &without),
        signature_adds_p50_ns: adds(&signatures, &without),
        open_adds_p50_ns: adds(&open, &without),
        access_by_key_p50_ns: adds(&keyed, &open),
        access_by_signature_p50_ns: adds(&signatures, &open),
        without_door_p50_ns: half(without),
        open_p50_ns: half(open),
        by_key_p50_ns: half(keyed),
        by_signature_p50_ns: half(signatures),
        limit_ns: limit_ns(),
    })
}

/// The median of what each took more than the one beside it.
fn adds(took: &[u64], beside: &[u64]) -> i64 {
    let mut more: Vec<i64> = took.iter().zip(beside).map(|(one, other)| *one as i64 - *other as i64).collect();
    more.sort_unstable();
    more.get(more.len() / 2).copied().unwrap_or_default()
}

fn half(mut took: Vec<u64>) -> u64 {
    took.sort_unstable();
    took.get(took.len() / 2).copied().unwrap_or_default()
}

/// How long one look-up in a limit's book takes, among a thousand keys.
fn limit_ns() -> u64 {
    const LOOKS: u64 = 1_000_000;
    let rate = UseRate { burst: 1_000_000, per_second: 1_000_000 };
    let book = Limiter::new(rate);
    let (started, now) = (Instant::now(), Millis(1_790_000_000_000));
    for look in 0..LOOKS {
        black_box(book.take(&(look % 1_000).to_be_bytes(), rate.into(), now.plus(look / 1_000)));
    }
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX) / LOOKS
}

/// One connection, one request at a time.
struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
    head: usize,
}

impl Client {
    fn connect(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client { stream, answer: Vec::new(), head: 0 })
    }

    /// How long the answer took, in nanoseconds. Errors: it is none of 200.
    fn ask(&mut self, request: &str) -> io::Result<u64> {
        let started = Instant::now();
        self.stream.write_all(request.as_bytes())?;
        self.answer.clear();
        let mut piece = [0; 8_192];
        loop {
            let read = self.stream.read(&mut piece)?;
            self.answer.extend_from_slice(&piece[..read]);
            if read == 0 || self.is_whole() {
                break;
            }
        }
        let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let good = self.answer.starts_with(b"HTTP/1.1 200 ");
        good.then_some(took).ok_or_else(|| io::Error::other(String::from_utf8_lossy(&self.answer).into_owned()))
    }

    fn is_whole(&mut self) -> bool {
        let Some(head) = self.answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
        self.head = head + 4;
        let text = String::from_utf8_lossy(&self.answer[..head]).to_ascii_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        length
            .and_then(|length| length.parse::<usize>().ok())
            .is_some_and(|length| self.answer.len() >= self.head + length)
    }

    fn body(&self) -> String {
        String::from_utf8_lossy(&self.answer[self.head..]).into_owned()
    }
}
