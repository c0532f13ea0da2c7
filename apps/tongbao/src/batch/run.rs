//! Row by row: read ahead, answered in order.

use super::accounts::{Accounts, Registered};
use super::rejection;
use super::report::Report;
use super::results::Results;
use super::world::World;
use crate::arguments::BatchRunOptions;
use crate::failure::{Doing, Failure};
use exchange::rules::NumberTable;
use facts::{Key16, Millis, OrderId};
use indicatif::ProgressBar;
use orderfile::{Header, Lines, OrderLine, Told};
use server::batch::{Decided, Entered, Rows, row_of};
use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

/// How many rows are under way: enough for several turns of the node, and a bound on memory.
const ROWS_AHEAD: usize = 8_192;
/// How much of the file is read at once.
const READ_BYTES: usize = 1 << 18;
/// How often the progress is shown, in rows.
const SHOWN_EVERY: u64 = 1_024;

/// The lines of an order file.
struct OrderFile {
    lines: Lines<BufReader<File>>,
    header: Header,
    reading: String,
}

impl OrderFile {
    /// Opens the file and reads its header.
    fn open(path: &Path) -> Result<OrderFile, Failure> {
        let reading = format!("reading `{}`", path.display());
        let file = File::open(path).doing(&reading)?;
        let mut lines = Lines::new(BufReader::with_capacity(READ_BYTES, file));
        let header = Header::read(lines.read().doing(&reading)?).map_err(|rejected| rejection(path, &rejected))?;
        Ok(OrderFile { lines, header, reading })
    }

    /// The next row, or broken line.
    fn next(&mut self) -> Result<Option<OrderLine<'_>>, Failure> {
        let line = self.lines.read().doing(&self.reading)?;
        Ok(line.map(|line| self.header.line(line.bytes)))
    }
}

/// Checks the header of an order file.
///
/// Errors: the file is rejected.
pub fn check_header(path: &Path) -> Result<(), Failure> {
    OrderFile::open(path).map(drop)
}

/// Answers every row, in order, into the file of results.
pub async fn answer(
    options: &BatchRunOptions,
    world: &World,
    accounts: &Accounts,
    numbers: Arc<NumberTable>,
    bar: &ProgressBar,
) -> Result<Report, Failure> {
    let rows = Rows {
        node: &world.node,
        numbers: &numbers,
        digests: &world.digests,
        // A world has one file, and a key of its own.
        file: Key16::default(),
        latest: Millis(u64::MAX),
        register: &Registered { world, accounts },
    };
    let mut file = OrderFile::open(&options.orders)?;
    let mut results = Results::begin(&options.out)?;
    let (mut report, mut under_way, mut number) = (Report::default(), VecDeque::new(), 0);
    while let Some(line) = file.next()? {
        let Ok(entered) = rows.enter(number, line);
        under_way.push_back(entered);
        number += 1;
        if under_way.len() >= ROWS_AHEAD
            && let Some(first) = under_way.pop_front()
        {
            conclude(first, world, &mut results, &mut report, bar).await?;
        }
    }
    for rest in under_way {
        conclude(rest, world, &mut results, &mut report, bar).await?;
    }
    results.finish()?;
    Ok(report)
}

async fn conclude(
    entered: Entered,
    world: &World,
    results: &mut Results,
    report: &mut Report,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let (request_id, decided, position) = entered.decided().await.map_err(|error| stopped(&error.to_string()))?;
    let told = match decided {
        Decided::Told(told) => told,
        Decided::Before(order) => before(world, order, position, report.tally.rows, results)?,
        Decided::Nothing => return Err(stopped("an order could not be decided")),
    };
    results.write(&request_id, told)?;
    report.tally.count(told);
    if report.tally.rows.is_multiple_of(SHOWN_EVERY) {
        bar.set_position(report.tally.rows);
    }
    Ok(())
}

/// What was said about an order that left memory: in the row it repeats, or, when that is this very row, in the views.
fn before(world: &World, order: OrderId, position: u64, number: u64, results: &mut Results) -> Result<Told, Failure> {
    let answer = if row_of(order) == number {
        world.answer(order, position)?.map(Told::First)
    } else {
        results.answer(row_of(order))?.map(Told::Duplicate)
    };
    answer.ok_or_else(|| stopped("an earlier answer is not to be found"))
}

fn stopped(why: &str) -> Failure {
    Failure::stopped(format!("the batch stopped: {why}")).hint("run it again: it goes on where it stopped")
}
