//! `tongbao demo`: a node, four telcos and a bank, each a process, and people who convert.

pub mod books;
pub mod chance;
pub mod client;
pub mod drive;
mod dump;
mod headless;
pub mod judge;
mod live;
pub mod people;
pub mod processes;
pub mod stage;
mod told;
pub mod town;

use crate::arguments::DemoOptions;
use crate::failure::{Doing, Failure};
use crate::output::Output;
use judge::Report;
use std::path::{Path, PathBuf};

/// Node time at the start: Monday 2 March 2026, 09:00 in Shanghai, inside the published calendar.
pub const BASE_MS: u64 = 1_772_413_200_000;
/// Fen in the reserve at the bank at the start: 10 million CNY.
pub const FUNDING_FEN: u64 = 1_000_000_000;

/// Runs the demonstration.
pub fn demo(options: &DemoOptions, output: &Output) -> Result<(), Failure> {
    let (dir, _temporary) = place(options.dir.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.doing("starting")?;
    if !options.headless {
        return runtime.block_on(live::run(options, &dir));
    }
    let report = runtime.block_on(headless::run(options, &dir, output))?;
    output.result(&report, &words(&report));
    match report.breaches() {
        breaches if breaches.is_empty() => Ok(()),
        breaches => Err(Failure::breach(breaches.join(", "))),
    }
}

/// The directory to run in: the one named, or a temporary one that goes when the run ends.
pub fn place(named: Option<&Path>) -> Result<(PathBuf, Option<tempfile::TempDir>), Failure> {
    match named {
        Some(dir) => Ok((dir.to_owned(), None)),
        None => {
            let temporary = tempfile::tempdir().doing("making a temporary directory")?;
            Ok((temporary.path().to_owned(), Some(temporary)))
        }
    }
}

/// The report for a person.
pub fn words(report: &Report) -> String {
    format!(
        "{} orders: {} settled, {} refunded, {} declined, {} suspended, {} unfinished\n\
         {} double deductions, {} lost payouts, {} fen imbalance, {} two-party breaks, {} audit findings\n\
         {} of {} partner calls went wrong, the node was killed {} times\n\
         {} messages told people of their orders\n\
         {} orders/s, acknowledged within {} us (half) and {} us (99 of 100)",
        report.orders,
        report.settled,
        report.refunded,
        report.declined,
        report.suspended,
        report.unfinished,
        report.double_deductions,
        report.lost_payouts,
        report.imbalance_fen,
        report.two_party_breaks,
        report.audit_findings,
        report.partner_calls_faulted,
        report.partner_calls,
        report.kills,
        report.told,
        report.orders_per_s,
        report.ack_p50_us,
        report.ack_p99_us,
    )
}
