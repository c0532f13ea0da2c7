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
    assert_eq!(answer(&mut stream).await, "", "after {sent} bytes");
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
