//! How many reservations a second one telco answers on one thread, without faults.
//!
//! `cargo run --release -p sandbox --example throughput` prints one line; the callers run on a thread of their own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use sandbox::{TelcoConfig, serve_telco};

const CALLS: u64 = 100_000;
const CONNECTIONS: u64 = 16;
const BATCH: u64 = 10;

fn main() -> std::io::Result<()> {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || serve(&tell));
    let address = told.recv().map_err(std::io::Error::other)?;
    seed(address)?;
    let started = Instant::now();
    let callers: Vec<_> = (0..CONNECTIONS).map(|n| std::thread::spawn(move || call(address, n))).collect();
    for caller in callers {
        caller.join().map_err(|_| std::io::Error::other("a caller panicked"))??;
    }
    let elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
    println!("{} reservations a second", CALLS * 1_000_000 / elapsed_us);
    Ok(())
}

fn serve(tell: &std::sync::mpsc::Sender<SocketAddr>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        tell.send(listener.local_addr()?).map_err(std::io::Error::other)?;
        serve_telco(TelcoConfig::named("CTCC"), listener).await
    })
}

fn seed(address: SocketAddr) -> std::io::Result<()> {
    let mut line = BufReader::new(TcpStream::connect(address)?);
    let body = r#"{"buckets":[{"msisdn":"13300000000","remaining_fen":100000000000}]}"#;
    line.get_mut().write_all(&request("/sandbox/seed", "seed", body))?;
    read_answer(&mut line, "200")
}

fn call(address: SocketAddr, caller: u64) -> std::io::Result<()> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut line = BufReader::new(stream);
    let body = r#"{"usageType":"monetary","bucket":{"id":"bkt-13300000000"},"partyAccount":{"id":"p"},"amount":{"amount":1.00,"units":"CNY"}}"#;
    let path = "/tmf-api/prepayBalanceManagement/v4/reserveBalance";
    for batch in 0..CALLS / CONNECTIONS / BATCH {
        let mut bytes = Vec::new();
        for n in 0..BATCH {
            bytes.extend(request(path, &format!("R{caller}-{batch}-{n}"), body));
        }
        line.get_mut().write_all(&bytes)?;
        for _ in 0..BATCH {
            read_answer(&mut line, "201")?;
        }
    }
    Ok(())
}

fn request(path: &str, reference: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nx-correlation-id: {reference}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn read_answer(line: &mut BufReader<TcpStream>, status: &str) -> std::io::Result<()> {
    let mut length = 0;
    let mut header = String::new();
    line.read_line(&mut header)?;
    if header.split(' ').nth(1) != Some(status) {
        return Err(std::io::Error::other(format!("unexpected answer: {header}")));
    }
    loop {
        header.clear();
        line.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
    }
    line.read_exact(&mut vec![0; length])
}
