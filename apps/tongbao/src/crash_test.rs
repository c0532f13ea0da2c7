//! `tongbao crash-test`: the node is killed at random moments under load, again and again.

use crate::arguments::{CrashTestOptions, Faults, Products};
use crate::demo::books::Books;
use crate::demo::chance::Chance;
use crate::demo::drive::{Drive, Mix, wishes};
use crate::demo::judge::judge;
use crate::demo::people;
use crate::demo::processes::{NodeSettings, free_address};
use crate::demo::stage::Stage;
use crate::demo::{BASE_MS, FUNDING_FEN, place, town, words};
use crate::failure::{Doing, Failure};
use crate::operate::{audit, replay};
use crate::output::Output;
use crate::site::Site;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many people place orders.
const RESIDENTS: usize = 3_000;
/// The node lives at least and at most so long between two kills, in milliseconds.
const LIFE_MS: (u64, u64) = (20, 300);
/// An endless supply of orders, as far as this test goes.
const WISHES: u32 = 200_000;

/// Runs the crash test.
pub fn crash_test(options: &CrashTestOptions, output: &Output) -> Result<(), Failure> {
    let (dir, _temporary) = place(None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.doing("starting")?.block_on(run(options, &dir, output))
}

async fn run(options: &CrashTestOptions, dir: &Path, output: &Output) -> Result<(), Failure> {
    let site = Site::find()?;
    let residents = town::residents(RESIDENTS, options.seed, false, &site.segments()?, &site.numbers()?)?;
    let settings = NodeSettings {
        dir: dir.to_owned(),
        listen: free_address()?,
        funding: FUNDING_FEN,
        clock_base_ms: BASE_MS,
        clock_rate: 1,
        sweep_every_s: 3_600,
    };
    let mut stage = Stage::start(settings, Faults::Light, options.seed).await?;
    let ids = stage.settle_in(&residents).await?;
    let mut supply = wishes(WISHES, Mix { products: Products::All, seed: options.seed }, &residents, &ids).into_iter();
    let mut drive = Drive::new(stage.http.clone());
    let mut chance = Chance::new(options.seed, 5);
    let bar = output.progress(u64::from(options.kills), "killing");
    let started = Instant::now();
    while stage.kills < options.kills {
        let life = LIFE_MS.0 + chance.below(LIFE_MS.1 - LIFE_MS.0);
        let until = Instant::now() + Duration::from_millis(life);
        while Instant::now() < until {
            let Some(wish) = supply.next() else { break };
            let left = until.saturating_duration_since(Instant::now());
            // While there is no room to send, the kill comes all the same.
            if let Ok(sent) = tokio::time::timeout(left, drive.send(wish)).await {
                sent?;
            }
        }
        stage.kill_node().await?;
        bar.inc(1);
    }
    drive.finish().await?;
    bar.finish_and_clear();
    people::review(&stage.house, &stage.reviewer, &mut chance).await?;
    stage.rest(None).await?;
    let books = Books::read(&stage).await?;
    stage.node.terminate()?;
    let (recovered, orders) = replay::replay_orders(dir, output, |_, _| {})?;
    let mut report = judge(&recovered.state, &orders, &books, &drive.answers);
    let audit = audit::examine(dir, output)?;
    audit.named.iter().for_each(|finding| eprintln!("audit: {finding}"));
    report.audit_findings = audit.findings as u64;
    (report.seed, report.kills) = (options.seed, u64::from(stage.kills));
    report.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    output.result(&report, &words(&report));
    match report.breaches() {
        breaches if breaches.is_empty() => Ok(()),
        breaches => Err(Failure::breach(breaches.join(", "))),
    }
}
