//! One order at a time, three ways: as soon as the node rests from the last, at the answer of the last, and
//! after a pause. Beside each stands a sync of 4 KiB done at the same distances, and a request that does nothing:
//! the device answers the slower the longer it was left alone, and no acknowledgement is faster than both together.
//!
//! The client is a thread that blocks on one connection, as a caller on another machine would: a task of the
//! runtime that serves would add that runtime's own wake-ups to what is measured.

use crate::load::{Order, request, whole};
use crate::percentile;
use node::Node;
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Long enough for the device to fall asleep.
const PAUSE: Duration = Duration::from_millis(10);
/// About as long as the node works on an order after its acknowledgement.
const REST: Duration = Duration::from_micros(700);
/// A request that does nothing.
const EMPTY: &str = "GET /livez HTTP/1.1\r\nHost: bench\r\n\r\n";
/// What a sync writes, and how far it goes round in its file.
const BLOCK: usize = 4_096;
const BLOCKS: u64 = 1_024;

/// When the next order leaves.
#[derive(Clone, Copy)]
enum Gap {
    AtRest,
    BackToBack,
    Paused,
}

/// Figures in microseconds: half, and 99 of 100.
#[derive(Serialize)]
pub struct Lone {
    gap: &'static str,
    ack_p50_us: u64,
    ack_p99_us: u64,
    sync_p50_us: u64,
    sync_p99_us: u64,
    empty_p50_us: u64,
    empty_p99_us: u64,
}

/// One connection, one request at a time.
struct Client<'a> {
    stream: TcpStream,
    buffer: Vec<u8>,
    people: &'a [Order],
    numbers: &'a AtomicU64,
}

/// Measures all ways, so many orders and so many syncs each. Blocks its thread, which must not be one that serves.
///
/// # Errors
/// The connection or the file does not hold, or an order is refused.
pub fn measure(
    node: &Node,
    address: SocketAddr,
    people: &[Order],
    numbers: &AtomicU64,
    (dir, rounds): (&Path, u64),
) -> io::Result<Vec<Lone>> {
    let mut figures = Vec::new();
    for gap in [Gap::AtRest, Gap::BackToBack, Gap::Paused] {
        rest(node);
        let mut client = Client::connect(address, people, numbers)?;
        let mut acks = Vec::new();
        for _ in 0..rounds {
            gap.pass(node);
            acks.push(client.order()?);
        }
        rest(node);
        let mut empty = Vec::new();
        for _ in 0..rounds {
            std::thread::sleep(gap.pause());
            empty.push(client.timed(EMPTY, 200)?);
        }
        let (empty_p50_us, empty_p99_us) = halves(empty);
        let syncs = syncs(&dir.join("sync-probe"), gap, rounds)?;
        let ((ack_p50_us, ack_p99_us), (sync_p50_us, sync_p99_us)) = (halves(acks), halves(syncs));
        let gap = gap.name();
        figures.push(Lone { gap, ack_p50_us, ack_p99_us, sync_p50_us, sync_p99_us, empty_p50_us, empty_p99_us });
    }
    Ok(figures)
}

impl Client<'_> {
    fn connect<'a>(address: SocketAddr, people: &'a [Order], numbers: &'a AtomicU64) -> io::Result<Client<'a>> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client { stream, buffer: vec![0; 16 * 1_024], people, numbers })
    }

    /// Sends one order and waits for the whole answer; says how many microseconds that took.
    fn order(&mut self) -> io::Result<u32> {
        let request = request(self.people, self.numbers.fetch_add(1, Ordering::Relaxed));
        self.timed(&request, 201)
    }

    /// As [`Client::order`], for a request that is answered with this status.
    fn timed(&mut self, request: &str, wanted: u16) -> io::Result<u32> {
        let started = Instant::now();
        self.stream.write_all(request.as_bytes())?;
        let (status, answer) = self.answer()?;
        let took_us = u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX);
        if status != wanted {
            return Err(io::Error::other(format!("a request was answered {status}: {answer}")));
        }
        Ok(took_us)
    }

    fn answer(&mut self) -> io::Result<(u16, String)> {
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            if let Some(whole) = whole(&self.buffer[..filled]) {
                return Ok(whole);
            }
        }
    }
}

impl Gap {
    const fn name(self) -> &'static str {
        match self {
            Gap::AtRest => "at_rest",
            Gap::BackToBack => "back_to_back",
            Gap::Paused => "paused_10_ms",
        }
    }

    fn pass(self, node: &Node) {
        match self {
            Gap::AtRest => rest(node),
            Gap::BackToBack => {}
            Gap::Paused => std::thread::sleep(PAUSE),
        }
    }

    const fn pause(self) -> Duration {
        match self {
            Gap::AtRest => REST,
            Gap::BackToBack => Duration::ZERO,
            Gap::Paused => PAUSE,
        }
    }
}

/// Waits until nothing is under way; what falls due later does not count.
fn rest(node: &Node) {
    while !Handle::current().block_on(node.idle()).expect("a running node").idle {
        std::thread::yield_now();
    }
}

fn syncs(path: &Path, gap: Gap, rounds: u64) -> io::Result<Vec<u32>> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
    (0..BLOCKS).try_for_each(|place| file.write_all_at(&[0; BLOCK], place * BLOCK as u64))?;
    file.sync_all()?;
    let mut took = Vec::new();
    for round in 0..rounds {
        std::thread::sleep(gap.pause());
        let started = Instant::now();
        file.write_all_at(&[1; BLOCK], round % BLOCKS * BLOCK as u64)?;
        file.sync_data()?;
        took.push(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    std::fs::remove_file(path)?;
    Ok(took)
}

fn halves(mut took: Vec<u32>) -> (u64, u64) {
    took.sort_unstable();
    (percentile(&took, 50), percentile(&took, 99))
}
