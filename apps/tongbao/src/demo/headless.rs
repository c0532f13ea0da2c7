//! The headless run: waves of orders on successive business days, kills in between, and a report at the end.

use crate::arguments::{DemoOptions, Faults};
use crate::demo::books::Books;
use crate::demo::chance::Chance;
use crate::demo::client::Http;
use crate::demo::drive::{Drive, Mix, WAVES, wishes};
use crate::demo::dump;
use crate::demo::judge::{Report, judge};
use crate::demo::people::{self, Collected};
use crate::demo::processes::{NodeSettings, free_address};
use crate::demo::stage::Stage;
use crate::demo::{BASE_MS, FUNDING_FEN, told, town};
use crate::failure::{Doing, Failure};
use crate::operate::{audit, replay};
use crate::output::Output;
use crate::site::Site;
use facts::Orders;
use std::path::Path;
use std::time::Instant;

/// One in so many who are given something declines it, if the message has come by then.
const DECLINES: usize = 5;
/// Orders a resident, on average.
const ORDERS_A_RESIDENT: u32 = 5;
/// The fewest residents.
const RESIDENTS_LEAST: u32 = 24;

/// Runs to the end and judges.
pub async fn run(options: &DemoOptions, dir: &Path, output: &Output) -> Result<Report, Failure> {
    let site = Site::find()?;
    let misfortune = options.faults != Faults::None;
    let count = (options.orders / ORDERS_A_RESIDENT).max(RESIDENTS_LEAST) as usize;
    let residents = town::residents(count, options.seed, misfortune, &site.segments()?, &site.numbers()?)?;
    let mut stage = Stage::start(settings(dir)?, options.faults, options.seed).await?;
    let ids = stage.settle_in(&residents).await?;
    let sms = Http::new(stage.world.sms.clone())?;
    let started = Instant::now();
    let mut drive = Drive::new(stage.http.clone());
    let mut chance = Chance::new(options.seed, 3);
    let mix = Mix { products: options.products, seed: options.seed };
    let wishes = wishes(options.orders, mix, &residents, &ids);
    let bar = output.progress(u64::from(options.orders), "converting");
    for (wave, chunk) in wishes.chunks(wishes.len().div_ceil(WAVES as usize).max(1)).enumerate() {
        let kills = options.faults == Faults::Heavy;
        let kill_at = kills.then(|| chance.below(chunk.len() as u64));
        for (place, wish) in (0u64..).zip(chunk) {
            drive.send(wish.clone()).await?;
            bar.inc(1);
            if kill_at == Some(place) {
                stage.kill_node().await?;
            }
        }
        drive.finish().await?;
        people::review(&stage.house, &stage.reviewer, &mut chance).await?;
        let given = chunk.iter().filter_map(|wish| wish.body["target"].as_str());
        people::decline(&stage.http, &sms, given.step_by(DECLINES)).await?;
        let resting_kill = if kills && wave % 2 == 0 { Stage::some_move(&mut chance) } else { None };
        stage.rest(resting_kill).await?;
    }
    bar.finish_and_clear();
    let elapsed = started.elapsed();
    let collected = people::collect(&stage.http, drive.answers.values().map(|answered| answered.order.clone())).await?;
    let books = Books::read(&stage).await?;
    let told = told::told(&stage.house, &stage.world.sms).await?;
    stage.node.terminate()?;
    let (recovered, orders) = replay::replay_orders(dir, output, |_, _| {})?;
    let mut report = judge(&recovered.state, &orders, &books, &drive.answers);
    report.codes_amiss = codes_amiss(&orders, &collected);
    (report.told, report.told_amiss) = (told.ours, told.ours.abs_diff(told.theirs));
    let audit = audit::examine(dir, output)?;
    audit.named.iter().for_each(|finding| eprintln!("audit: {finding}"));
    report.audit_findings = audit.findings as u64;
    report.seed = options.seed;
    report.kills = u64::from(stage.kills);
    report.elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    report.orders_per_s = report.orders.saturating_mul(1_000) / report.elapsed_ms.max(1);
    (report.ack_p50_us, report.ack_p99_us) = (drive.took_us(50), drive.took_us(99));
    if let Some(to) = &options.dump {
        dump::dump(to, dir, &recovered.state, &orders, &books, &drive.answers)?;
    }
    Ok(report)
}

/// Orders that brought a code which was not handed out, and codes that two orders have.
fn codes_amiss(orders: &Orders, collected: &Collected) -> u64 {
    let with_code = orders.iter().filter(|order| order.code_steps().next().is_some());
    (with_code.count() as u64).abs_diff(collected.orders) + collected.twice
}

fn settings(dir: &Path) -> Result<NodeSettings, Failure> {
    Ok(NodeSettings {
        dir: dir.to_owned(),
        listen: free_address().doing("starting")?,
        funding: FUNDING_FEN,
        clock_base_ms: BASE_MS,
        clock_rate: 1,
        // Statements are read when the run rests.
        sweep_every_s: 3_600,
    })
}
