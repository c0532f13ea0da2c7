//! Measures how fast orders are projected: `cargo run --release -p views --example project [ORDERS]`.
//!
//! Each order has five records. The first three follow each other closely, as an order that is admitted, set
//! aside and taken; the last two come much later, as a payout on the arrival day. Batches are as the node's.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use facts::{
    Action, Admission, Bucket, Cause, Day, Due, Fact, Meta, Millis, Necessity, OpenRecord, OrderId, OrderState,
    Partner, PersonId, PolicyVersion, Product, Quoted, StepPlan, SubscriberId, Terms,
};
use ledger::{AccountId, Entry};
use views::{OrderFilter, Projected, Views};

const BATCH: usize = 8_192;
const PERSONS: u64 = 200_000;
/// How many orders later the second and third record of an order come.
const SOON: u64 = 500;
/// How many orders later it is paid out.
const LATER: u64 = 100_000;
const START: Millis = Millis(1_795_276_800_000);

fn main() -> Result<(), Box<dyn Error>> {
    let orders: u64 = std::env::args().nth(1).map_or(Ok(500_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let mut views = Views::open(&dir.path().join("views.db"))?;
    let records = records(orders);
    println!("load average before: {}", load_average()?);
    let (started, cpu_before) = (Instant::now(), cpu_ms()?);
    for batch in records.chunks(BATCH) {
        views.apply(batch)?;
    }
    let took_us = started.elapsed().as_micros();
    let used_ms = cpu_ms()? - cpu_before;
    report(orders, &records, took_us)?;
    println!("{used_ms} ms of processor time, so {} order rows a second of it", per_second(&records, used_ms));
    let bytes = std::fs::metadata(dir.path().join("views.db"))?.len();
    println!("file: {} bytes an order", u128::from(bytes) / u128::from(orders));
    read(&views)
}

fn report(orders: u64, records: &[Projected], took_us: u128) -> Result<(), Box<dyn Error>> {
    let a_second = |count: u128| count * 1_000_000 / took_us.max(1);
    let rows: usize = records.chunks(BATCH).map(rows_of).sum();
    let totals: usize = records.chunks(BATCH).map(totals_of).sum();
    println!("{orders} orders, {} records in {} ms", records.len(), took_us / 1_000);
    println!("{rows} order rows and {totals} rows of totals");
    println!("{} order rows/s", a_second(rows as u128));
    println!("{} records/s", a_second(records.len() as u128));
    println!("{} orders/s from admitted to settled", a_second(u128::from(orders)));
    println!("load average after: {}", load_average()?);
    Ok(())
}

/// Orders that a batch writes.
fn rows_of(batch: &[Projected]) -> usize {
    let mut ids: Vec<_> = batch.iter().filter_map(|projected| projected.record.facts.first()?.order()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}

/// Accounts that a batch posts to, all on one day.
fn totals_of(batch: &[Projected]) -> usize {
    let entries = batch.iter().flat_map(|projected| &projected.posted);
    let mut accounts: Vec<_> = entries.flat_map(|entry| [entry.debit, entry.credit]).collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts.len()
}

fn per_second(records: &[Projected], used_ms: u64) -> u64 {
    let rows: usize = records.chunks(BATCH).map(rows_of).sum();
    rows as u64 * 1_000 / used_ms.max(1)
}

/// Processor time of all threads so far, from `/proc`, whose clock has 100 ticks a second.
fn cpu_ms() -> Result<u64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(") ").ok_or("no process name")?.1;
    let ticks: Vec<u64> = after_name.split(' ').skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<u64>() * 10)
}

fn read(views: &Views) -> Result<(), Box<dyn Error>> {
    let reader = views.reader();
    let started = Instant::now();
    let page = reader.orders(OrderFilter { state: Some(OrderState::Settled), ..OrderFilter::default() }, None, 100)?;
    println!("page of {} settled orders: {} us", page.len(), started.elapsed().as_micros());
    let started = Instant::now();
    let counts = reader.counts()?;
    println!("counts of {} states: {} us", counts.len(), started.elapsed().as_micros());
    Ok(())
}

fn load_average() -> Result<String, Box<dyn Error>> {
    Ok(std::fs::read_to_string("/proc/loadavg")?.trim().to_owned())
}

fn records(orders: u64) -> Vec<Projected> {
    let mut records = Vec::new();
    let mut push = |number: u64, stage: usize, tick: u64| {
        let sequence = records.len() as u64 + 1;
        let meta = Meta::system(START.plus(tick / 10));
        let record = OpenRecord { sequence, shard: 0, epoch: 1, meta, facts: facts_of(number, stage) };
        let posted = vec![entry(1, 2, 10_000), entry(3, 4 + (number % PERSONS) as u32, 9_600)];
        let posted = if stage == 2 || stage == 4 { posted } else { Vec::new() };
        records.push(Projected { record: Arc::new(record), posted });
    };
    for tick in 0..orders + LATER + SOON {
        let stages = [(0, 0), (1, SOON / 2), (2, SOON), (3, LATER), (4, LATER + SOON)];
        for (stage, delay) in stages {
            match tick.checked_sub(delay) {
                Some(number) if number < orders => push(number, stage, tick),
                _ => {}
            }
        }
    }
    records
}

fn facts_of(number: u64, stage: usize) -> Vec<Fact> {
    let order = order_id(number);
    let sent = |step| Fact::StepSent { order, step, attempt: 1, transfers: Vec::new() };
    let done =
        |step| Fact::StepDone { order, step, amount: 10_000, external: format!("rsv-{number}"), transfers: Vec::new() };
    let moved = |state| Fact::OrderMoved { order, state, cause: Cause::Planned };
    match stage {
        0 => vec![Fact::OrderAdmitted(Box::new(admission(number))), moved(OrderState::Executing), sent(0)],
        1 => vec![done(0), sent(1)],
        2 => vec![done(1), moved(OrderState::Clearing)],
        3 => vec![sent(2), moved(OrderState::Paying)],
        _ => vec![done(2), moved(OrderState::Settled)],
    }
}

fn admission(number: u64) -> Admission {
    let person = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % PERSONS;
    let steps = vec![step(Action::ReserveAirtime), step(Action::CaptureAirtime), step(Action::PayOut)];
    Admission {
        order: order_id(number),
        person: PersonId::new(START.0, bucket(person), u128::from(person)),
        parties: vec![SubscriberId::new(START.0, bucket(person), u128::from(person))],
        terms: Terms {
            product: Product::Direct,
            amount: 10_000,
            fee: 400,
            fee_lines: Vec::new(),
            payout: 9_600,
            arrives_on: Day::from_count(20_780),
            policy: PolicyVersion::default(),
            drawn: 10_000,
            reward: None,
            learned: None,
        },
        requested_at: START,
        steps,
        lots: Vec::new(),
        counts: Vec::new(),
        payment: None,
        quote: Quoted::default(),
        seen_convertible: 0,
    }
}

fn step(action: Action) -> StepPlan {
    StepPlan {
        partner: Partner::Bank,
        action,
        party: 0,
        amount: 10_000,
        due: Due::AtOnce,
        necessity: Necessity::Required,
        target: None,
        acts_on: String::new(),
        clear: None,
        doubt: None,
        always: Vec::new(),
        exact: Vec::new(),
        brings: None,
        gate: None,
        refers: None,
    }
}

/// Ids as orders get them: by time, then by the person's bucket, then by chance.
fn order_id(number: u64) -> OrderId {
    let chance = u128::from(number.wrapping_mul(0xD134_2543_DE82_EF95));
    OrderId::new(START.0 + number / 10, bucket(number), (chance << 4) | u128::from(number & 15))
}

fn bucket(number: u64) -> Bucket {
    Bucket::of_hash(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20)
}

fn entry(debit: u32, credit: u32, amount: u64) -> Entry {
    Entry { debit: AccountId::new(debit), credit: AccountId::new(credit), amount }
}
