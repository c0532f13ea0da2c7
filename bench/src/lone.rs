//! One order at a time, three ways: as soon as the node rests from the last, at the answer of the last, and
//! after a pause. Beside each stands a sync of 4 KiB done at the same distances: the device answers the slower
//! the longer it was left alone, and no acknowledgement is faster than the sync it waits for.

use crate::load::{Connection, Order};
use crate::percentile;
use node::Node;
use serde::Serialize;
use std::fs::OpenOptions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

/// How many orders, and how many syncs, each way.
const ROUNDS: u64 = 2_000;
/// Long enough for the device to fall asleep.
const PAUSE: Duration = Duration::from_millis(10);
/// About as long as the node works on an order after its acknowledgement.
const REST: Duration = Duration::from_micros(700);
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
}

/// Measures all ways.
///
/// # Errors
/// The connection or the file does not hold.
pub async fn measure(
    node: &Node,
    address: SocketAddr,
    people: &Arc<Vec<Order>>,
    numbers: &Arc<AtomicU64>,
    dir: &Path,
) -> io::Result<Vec<Lone>> {
    let mut figures = Vec::new();
    for gap in [Gap::AtRest, Gap::BackToBack, Gap::Paused] {
        rest(node).await;
        let mut connection = Connection::open(address, people, numbers).await?;
        for _ in 0..ROUNDS {
            gap.pass(node).await;
            connection.order().await?;
        }
        rest(node).await;
        let (acks, syncs) = (connection.seen.took_us, syncs(&dir.join("sync-probe"), gap)?);
        let ((ack_p50_us, ack_p99_us), (sync_p50_us, sync_p99_us)) = (halves(acks), halves(syncs));
        figures.push(Lone { gap: gap.name(), ack_p50_us, ack_p99_us, sync_p50_us, sync_p99_us });
    }
    Ok(figures)
}

impl Gap {
    const fn name(self) -> &'static str {
        match self {
            Gap::AtRest => "at_rest",
            Gap::BackToBack => "back_to_back",
            Gap::Paused => "paused_10_ms",
        }
    }

    async fn pass(self, node: &Node) {
        match self {
            Gap::AtRest => rest(node).await,
            Gap::BackToBack => {}
            Gap::Paused => tokio::time::sleep(PAUSE).await,
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
async fn rest(node: &Node) {
    while !node.idle().await.expect("a running node").idle {
        tokio::task::yield_now().await;
    }
}

fn syncs(path: &Path, gap: Gap) -> io::Result<Vec<u32>> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
    (0..BLOCKS).try_for_each(|place| file.write_all_at(&[0; BLOCK], place * BLOCK as u64))?;
    file.sync_all()?;
    let mut took = Vec::new();
    for round in 0..ROUNDS {
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
