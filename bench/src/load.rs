//! The load: connections that each send one order, read its answer, and send the next. HTTP by hand, because
//! the generator shares the machine with what it measures.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
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

/// A connection that sends one order after another, the next number from `numbers` each.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    people: Arc<Vec<Order>>,
    numbers: Arc<AtomicU64>,
    /// What it has seen so far.
    pub seen: Seen,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens.
    pub async fn open(
        address: SocketAddr,
        people: &Arc<Vec<Order>>,
        numbers: &Arc<AtomicU64>,
    ) -> std::io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (people, numbers) = (Arc::clone(people), Arc::clone(numbers));
        Ok(Connection { stream, buffer: vec![0; 16 * 1_024], people, numbers, seen: Seen::default() })
    }

    /// Sends one order and waits for the answer.
    ///
    /// # Errors
    /// The connection does not hold.
    pub async fn order(&mut self) -> std::io::Result<()> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let request = request(&self.people, number);
        let started = Instant::now();
        self.stream.write_all(request.as_bytes()).await?;
        let (status, answer) = answer(&mut self.stream, &mut self.buffer).await?;
        self.seen.took_us.push(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX));
        if status == 201 {
            self.seen.made += 1;
            return Ok(());
        }
        self.seen.other += 1;
        if self.seen.example.is_empty() {
            self.seen.example = answer;
        }
        Ok(())
    }

    /// Sends orders for `span`, one at the answer of the other.
    ///
    /// # Errors
    /// The connection does not hold.
    pub async fn orders_for(mut self, span: Duration) -> std::io::Result<Seen> {
        let until = Instant::now() + span;
        while Instant::now() < until {
            self.order().await?;
        }
        Ok(self.seen)
    }
}

/// The API key that every request carries.
pub static KEY: OnceLock<String> = OnceLock::new();

/// The request that makes order `number`, whole.
pub fn request(people: &[Order], number: u64) -> String {
    let place = usize::try_from(number.wrapping_mul(2_654_435_761) % people.len() as u64).unwrap_or_default();
    let person = &people[place];
    let amount = 1_000 + (number % 50) * 100;
    let body = format!(
        r#"{{"subscriber":"{}","product":"direct","amount":{amount},"channel_province":"{}"}}"#,
        person.subscriber, person.province
    );
    format!(
        "POST /v1/orders HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\nIdempotency-Key: b{number}\r\nContent-Length: {}\r\n\r\n{body}",
        KEY.get().map_or("", String::as_str),
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
pub fn whole(bytes: &[u8]) -> Option<(u16, String)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    (body.len() >= length.unwrap_or_default()).then(|| (status, body.to_owned()))
}
