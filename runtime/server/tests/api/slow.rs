//! Huge and slow requests, over a bare socket.

use crate::support::{Stage, StageOptions, direct};
use server::Bounds;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const QUICK: Duration = Duration::from_millis(150);

async fn impatient() -> Stage {
    let bounds = Bounds { body_time: QUICK, head_time: QUICK, rest_time: QUICK, ..Bounds::default() };
    Stage::with(StageOptions { bounds, ..StageOptions::default() }).await
}

fn head(stage: &Stage, length: &str) -> String {
    let key = stage.key_of("app");
    format!(
        "POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: k\r\n\
         Content-Type: application/json\r\n{length}\r\n\r\n"
    )
}

/// Everything that comes until the connection ends.
async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is an end too.
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await.expect("an end");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_body_is_refused_announced_or_not() {
    let stage = Stage::start().await;
    let mut stream = TcpStream::connect(stage.address).await.expect("connects");
    stream.write_all(head(&stage, "Content-Length: 1000000").as_bytes()).await.expect("written");
    let told = answer(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 413") && told.contains("body_too_large"), "{told}");

    let mut stream = TcpStream::connect(stage.address).await.expect("connects");
    stream.write_all(head(&stage, "Transfer-Encoding: chunked").as_bytes()).await.expect("written");
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    for _ in 0..5 {
        // The server may have hung up already.
        let _ = stream.write_all(chunk.as_bytes()).await;
    }
    let told = answer(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 413") && told.contains("body_too_large"), "{told}");
    let fits = format!("{{\"x\":\"{}\"}}", "y".repeat((64 << 10) - 8));
    let refused = stage.post("/v1/orders", &[]).key("k").text("application/json", fits).reply().await;
    refused.refused(400, "malformed_request");
    stage.subscriber().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_told_and_let_go() {
    let stage = impatient().await;
    let mut stream = TcpStream::connect(stage.address).await.expect("connects");
    stream.write_all(head(&stage, "Content-Length: 100").as_bytes()).await.expect("written");
    stream.write_all(b"{\"a\":").await.expect("written");
    let told = answer(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 408") && told.contains("body_too_slow"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_is_let_go_however_it_drips() {
    let stage = impatient().await;
    let started = Instant::now();
    let mut stream = TcpStream::connect(stage.address).await.expect("connects");
    let mut sent = 0;
    for byte in head(&stage, "Content-Length: 2").bytes() {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        sent += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
        if started.elapsed() > QUICK * 4 {
            break;
        }
    }
    let told = answer(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 408") && told.contains("head_too_slow"), "after {sent} bytes: {told}");
    let mut silent = TcpStream::connect(stage.address).await.expect("connects");
    assert_eq!(answer(&mut silent).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resting_connection_is_let_go_and_a_waiting_one_is_not() {
    let stage = impatient().await;
    let subscriber = stage.subscriber().await;
    let mut stream = TcpStream::connect(stage.address).await.expect("connects");
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
    let told = answer(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 200"), "{told}");

    stage.place("warm", &direct(&subscriber, 10_000)).await.ok(201);
    let release = stage.block().await;
    let body = direct(&subscriber, 10_000);
    let waiting = tokio::spawn(stage.post("/v1/orders", &[]).key("waits").json(&body).reply());
    let still = tokio::time::timeout(QUICK * 3, std::future::pending::<()>()).await;
    assert!(still.is_err());
    drop(release);
    waiting.await.expect("an answer").ok(201);
}

/// How many connections a test may hold: both ends of each are files of this process.
fn connections(wanted: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    let files = line.split_whitespace().nth(3).and_then(|files| files.parse::<usize>().ok()).unwrap_or(wanted * 3);
    let most = wanted.min(files.saturating_sub(200) / 2);
    if most < wanted {
        println!("only {files} files may be open: {most} connections instead of {wanted}");
    }
    most
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_heads_that_never_end_hold_nobody_up() {
    let stage = Stage::start().await;
    let mut held = Vec::new();
    for _ in 0..connections(1_000) {
        let mut stream = TcpStream::connect(stage.address).await.expect("connects");
        stream.write_all(b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nX-A: ").await.expect("written");
        held.push(stream);
    }
    assert!(held.len() > 300, "too few to mean anything: {}", held.len());
    let subscriber = stage.subscriber().await;
    let started = Instant::now();
    for number in 0..20 {
        stage.place(&format!("meanwhile-{number}"), &direct(&subscriber, 1_000)).await.ok(201);
        let dripping = held.get_mut(number).expect("a stream");
        dripping.write_all(b"y").await.expect("still held");
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?} for 20 orders", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_so_many_connections_and_gets_them_back() {
    let bounds = Bounds { connections_per_address: 5, ..Bounds::default() };
    let stage = Stage::with(StageOptions { bounds, ..StageOptions::default() }).await;
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(TcpStream::connect(stage.address).await.expect("connects"));
    }
    let mut more = TcpStream::connect(stage.address).await.expect("connects");
    let told = answer(&mut more).await;
    assert!(told.starts_with("HTTP/1.1 429") && told.contains("too_many_connections"), "{told}");
    drop(held);
    for _ in 0..100 {
        let mut again = TcpStream::connect(stage.address).await.expect("connects");
        let _ = again.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        if answer(&mut again).await.starts_with("HTTP/1.1 200") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the seats were not given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_so_many_requests_and_says_when_it_ends() {
    let bounds = Bounds { requests_per_connection: 3, ..Bounds::default() };
    let stage = Stage::with(StageOptions { bounds, ..StageOptions::default() }).await;
    let mut stream = TcpStream::connect(stage.address).await.expect("connects");
    stream.write_all("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n".repeat(5).as_bytes()).await.expect("written");
    let told = answer(&mut stream).await;
    assert_eq!(told.matches("HTTP/1.1 200").count(), 3, "{told}");
    assert_eq!(told.to_ascii_lowercase().matches("connection: close").count(), 1, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_a_gigabyte_is_refused_before_it_is_read() {
    let stage = Stage::start().await;
    let signed =
        "TONGBAO-HMAC-SHA256 client=app,nonce=0123456789abcdef,timestamp=1,serial=one,signature=AAAA".to_owned();
    let app = format!("Bearer {}", stage.key_of("app"));
    let house = format!("Bearer {}", stage.key_of("house"));
    let json = "application/json";
    for (who, path, kind, length, status) in [
        (&app, "/v1/orders", json, 1_u64 << 30, "413"),
        (&app, "/v1/quotes", json, 1 << 40, "413"),
        (&signed, "/v1/orders", json, 1 << 30, "413"),
        (&house, "/v1/batches", "text/csv", (1 << 30) + 1, "413"),
        (&"Bearer tb_test_x".to_owned(), "/v1/orders", json, 1 << 30, "401"),
    ] {
        let mut stream = TcpStream::connect(stage.address).await.expect("connects");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {who}\r\nIdempotency-Key: k\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("written");
        // Not a byte of the body is sent: whoever waits for one would never answer.
        let mut first = [0; 12];
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut first)).await;
        read.expect("at once").expect("an answer");
        assert_eq!(String::from_utf8_lossy(&first), format!("HTTP/1.1 {status}"), "{path}");
    }
}
