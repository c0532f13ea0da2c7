//! The load: connections that each send one order, read its answer, and send the next. HTTP by hand, because
//! the generator shares the machine with what it measures.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a connection saw.
#[derive(Default)]
pub struct Seen {
    /// Orders answered 201.
    pub made: u64,
    /// Orders answered otherwise.
    pub other: u64,
    /// The first other answer, for the curious.
    pub example: String,
    /// How long each answer took, in microseconds.
    pub took_us: Vec<u32>,
}

/// An order to send.
pub struct Order {
    /// The subscriber's id.
    pub subscriber: Arc<str>,
    /// The province it enters in.
    pub province: u8,
}

/// Sends orders for `span` over one connection, the next number from `numbers` each, with a pause after each answer.
pub async fn connection(
    address: SocketAddr,
    people: Arc<Vec<Order>>,
    numbers: Arc<AtomicU64>,
    span: Duration,
    pause: Duration,
) -> std::io::Result<Seen> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (until, mut seen) = (Instant::now() + span, Seen::default());
    let mut buffer = vec![0u8; 16 * 1_024];
    while Instant::now() < until {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let request = request(&people, number);
        let started = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let (status, answer) = answer(&mut stream, &mut buffer).await?;
        seen.took_us.push(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX));
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        match status {
            201 => seen.made += 1,
            _ => {
                seen.other += 1;
                if seen.example.is_empty() {
                    seen.example = answer;
                }
            }
        }
    }
    Ok(seen)
}

fn request(people: &[Order], number: u64) -> String {
    let place = usize::try_from(number.wrapping_mul(2_654_435_761) % people.len() as u64).unwrap_or_default();
    let person = &people[place];
    let amount = 1_000 + (number % 50) * 100;
    let body = format!(
        r#"{{"subscriber":"{}","product":"direct","amount":{amount},"channel_province":"{}"}}"#,
        person.subscriber, person.province
    );
    format!(
        "POST /v1/orders HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nIdempotency-Key: b{number}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> std::io::Result<(u16, String)> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        if let Some(whole) = whole(&buffer[..filled]) {
            return Ok(whole);
        }
    }
}

/// Status and body, once all of the answer is there.
fn whole(bytes: &[u8]) -> Option<(u16, String)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    (body.len() >= length.unwrap_or_default()).then(|| (status, body.to_owned()))
}
