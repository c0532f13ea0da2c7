//! `tongbao batch run`: an order file through a world of its own, row by row, to a file of results.
//!
//! The rows take the way of every order: a command, `decide`, the journal, the plan's steps. The world is a directory
//! beside the results that an interrupted run finds again by what it was run on.

mod accounts;
mod report;
mod results;
mod run;
mod world;

use crate::arguments::BatchRunOptions;
use crate::failure::{Doing, Failure};
use crate::output::Output;
use crate::site::Site;
use accounts::Accounts;
use orderfile::Rejected;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use world::World;

/// Threads beside those of the node itself: they read its files and play its partners.
const WORKERS: usize = 2;

/// Runs an order file.
///
/// Errors: a file is rejected, or the world cannot be run; rows never are a reason.
pub fn run(options: &BatchRunOptions, output: &Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    let report = runtime.doing("starting")?.block_on(convert(options, output))?;
    output.result(&report, &report.words());
    Ok(())
}

async fn convert(options: &BatchRunOptions, output: &Output) -> Result<report::Report, Failure> {
    let started = Instant::now();
    let site = Site::find()?.with_policies(options.policy.as_deref());
    let inputs = world::Inputs::read(&options.subscribers, &options.orders)?;
    let listed = orderfile::read_subscribers(&inputs.subscribers);
    let listed = listed.map_err(|rejected| rejection(&options.subscribers, &rejected))?;
    run::check_header(&options.orders)?;
    let rules = site.rules()?;
    let numbers = Arc::new(site.numbers()?);
    let dir = world::directory(&options.out, &inputs, &rules, &numbers)?;
    let lines = inputs.lines;
    drop(inputs);
    let world = World::open(&dir, rules)?;
    let accounts = Arc::new(Accounts::of(listed, &world, &numbers));
    accounts.register(&world).await?;
    let bar = output.progress(lines, "converting");
    let mut report = run::answer(options, &world, &accounts, numbers, &bar).await?;
    bar.finish_and_clear();
    world.come_to_rest().await?;
    report.policy = world.node.rules().policy.version().to_string();
    report.settled = world.close().await?;
    report.finish(&dir, started.elapsed());
    Ok(report)
}

/// A rejected file, as the command line says it.
fn rejection(file: &Path, rejected: &Rejected) -> Failure {
    Failure::unable(format!("`{}` is rejected: {rejected}", file.display()))
        .hint("nothing was run and no results were written: correct the file and run it again")
}

/// Makes the name of a file durable.
fn sync_parent(file: &Path) -> std::io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
