//! Requests that two readers of one connection could cut differently, over a bare socket: each is refused, and nothing
//! after it is read.

use crate::support::Stage;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SMUGGLED: &str = "GET /v1/me HTTP/1.1\r\nHost: x\r\n\r\n";

/// Everything that is told until the connection ends.
async fn told(stage: &Stage, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(stage.address).await.expect("connects");
    stream.write_all(sent).await.expect("written");
    let mut told = Vec::new();
    // A reset after the answer is an end too.
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut told)).await.expect("an end");
    String::from_utf8_lossy(&told).into_owned()
}

#[track_caller]
fn assert_refused(told: &str, shape: &str) {
    assert!(told.starts_with("HTTP/1.1 400 ") && told.contains("request_ambiguous"), "{shape:?}: {told}");
    assert!(told.contains("\u{8bf7}\u{6c42}"), "in both languages: {told}");
    assert_eq!(told.matches("HTTP/1.1 ").count(), 1, "{shape:?}: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_two_readers_would_cut_differently_is_refused() {
    let stage = Stage::start().await;
    let key = stage.key_of("app");
    for shape in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Content-Length: +5\r\n\r\nabcde",
        "Content-Length : 5\r\n\r\nabcde",
        "Content-Length: 5\n\r\nabcde",
        "X-A: b\r\n\nabcde",
        "X-A: b\r\n Content-Length: 5\r\n\r\nabcde",
        "X-A: b\0c\r\n\r\n",
        "Host: other\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
    ] {
        // A caller who may: so the shape alone is what is refused.
        let head = "POST /v1/quotes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
        let sent = format!("{head}Authorization: Bearer {key}\r\n{shape}{SMUGGLED}");
        assert_refused(&told(&stage, sent.as_bytes()).await, shape);
    }
    for line in
        ["GET http://other/livez HTTP/1.1", "GET /livez\0 HTTP/1.1", "GET /li\u{e9} HTTP/1.1", "CONNECT x:1 HTTP/1.1"]
    {
        let sent = format!("{line}\r\nHost: x\r\n\r\n{SMUGGLED}");
        assert_refused(&told(&stage, sent.as_bytes()).await, line);
    }
    let raw = b"GET /livez HTTP/1.1\r\nHost: x\r\nAccept-Language: \xff\xfe\r\n\r\n";
    assert_refused(&told(&stage, raw).await, "not UTF-8");
    assert_eq!(stage.get("/livez", &[]).reply().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_before_a_faulty_one_are_answered() {
    let stage = Stage::start().await;
    let good = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    let told = told(&stage, format!("{good}{good}GET /livez HTTP/1.1\nHost: x\r\n\r\n").as_bytes()).await;
    let starts: Vec<&str> = told.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(starts, ["200", "200", "400"], "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_with_an_extension_breaks_a_body_off_that_is_under_way() {
    let stage = Stage::start().await;
    let key = stage.key_of("app");
    let head = format!(
        "POST /v1/quotes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    let mut stream = TcpStream::connect(stage.address).await.expect("connects");
    stream.write_all(head.as_bytes()).await.expect("written");
    tokio::time::sleep(Duration::from_millis(100)).await;
    stream.write_all(format!("2;x=y\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}").as_bytes()).await.expect("written");
    let mut told = String::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_string(&mut told)).await.expect("an end");
    assert!(!told.contains(" 200 ") && told.matches("HTTP/1.1 ").count() <= 1, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_headers_and_very_long_ones_are_refused() {
    let stage = Stage::start().await;
    for more in ["X-A: b\r\n".repeat(200), format!("X-A: {}\r\n", "b".repeat(64 << 10))] {
        let told = told(&stage, format!("GET /livez HTTP/1.1\r\nHost: x\r\n{more}\r\n").as_bytes()).await;
        assert!(told.starts_with("HTTP/1.1 431 ") && told.contains("head_too_large"), "{told}");
    }
}
