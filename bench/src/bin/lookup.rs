//! How long a number takes to look up, and how much memory the segments hold: figures, measured and not gated.
//!
//! `cargo run --release -p bench --bin lookup`

use bench::{root, text};
use exchange::rules::{NumberTable, VirtualOperators};
use flate2::read::GzDecoder;
use std::hint::black_box;
use std::io::Read;
use std::time::Instant;

const ROUNDS: usize = 20;

fn main() {
    let mut csv = Vec::new();
    let packed = std::fs::File::open(root().join("data/number_segments_cn.csv.gz")).expect("the segments");
    GzDecoder::new(packed).read_to_end(&mut csv).expect("the segments unpack");
    let virtual_operators = VirtualOperators::parse(&text("policies/numbers.toml")).expect("the shipped file");
    let table = NumberTable::parse(&csv, &virtual_operators).expect("the segments");
    let numbers = shuffled(&csv);
    let start = Instant::now();
    let mut found = 0_usize;
    for _ in 0..ROUNDS {
        found += numbers.iter().filter(|number| is_connected(black_box(&table), number)).count();
    }
    let nanoseconds = start.elapsed().as_nanos() / (ROUNDS * numbers.len()) as u128;
    println!("{nanoseconds} ns a look-up, {} of {} connected", found / ROUNDS, numbers.len());
    println!("{} bytes for {} segments", table.bytes(), table.segments());
}

fn is_connected(table: &NumberTable, number: &[u8; 11]) -> bool {
    std::str::from_utf8(number).is_ok_and(|number| table.lookup(number).is_ok())
}

/// A number of each segment, in an order that the processor cannot foresee; side by side, so that only the look-up
/// jumps about in memory.
fn shuffled(csv: &[u8]) -> Vec<[u8; 11]> {
    let rows = csv.split(|byte| *byte == b'\n').skip(1).filter(|row| row.len() > 7);
    let mut numbers: Vec<[u8; 11]> =
        rows.map(|row| core::array::from_fn(|at| if at < 7 { row[at] } else { b'0' })).collect();
    let mut seed = 1_u64;
    for place in (1..numbers.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        numbers.swap(place, (seed >> 33) as usize % (place + 1));
    }
    numbers
}
