//! Row by row: read ahead, answered in order.

use super::accounts::Accounts;
use super::rejection;
use super::report::Report;
use super::resolve::{Resolver, row_of};
use super::results::Results;
use super::world::World;
use crate::arguments::BatchRunOptions;
use crate::failure::{Doing, Failure};
use exchange::rules::NumberTable;
use exchange::{ClientKey, Reply};
use facts::{KeyUse, Made, Order, OrderId, Refusal, State};
use indicatif::ProgressBar;
use node::{Lane, Pending};
use orderfile::{Answer, Column, Header, Lines, OrderLine, Row, Told};
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

const CONFLICT: Told = Told::First(Answer::Refused(orderfile::CONFLICT));
const MALFORMED: Told = Told::First(Answer::Refused(Refusal::MalformedRequest.code()));

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

/// A row on its way to its answer.
struct Entered {
    request_id: Box<str>,
    told: Awaited,
}

enum Awaited {
    Known(Told),
    Pending(Pending<Decided>),
}

/// What the node says about a row.
enum Decided {
    /// This.
    Told(Told),
    /// What it said before about an order that has left its memory.
    Before(OrderId),
    /// Nothing: the order could not be decided.
    Nothing,
}

/// Answers every row, in order, into the file of results.
pub async fn answer(
    options: &BatchRunOptions,
    world: &World,
    accounts: &Accounts,
    numbers: Arc<NumberTable>,
    bar: &ProgressBar,
) -> Result<Report, Failure> {
    let resolver = Resolver { world, accounts, numbers: &numbers };
    let mut file = OrderFile::open(&options.orders)?;
    let mut results = Results::begin(&options.out)?;
    let (mut report, mut under_way, mut number) = (Report::default(), VecDeque::new(), 0);
    while let Some(line) = file.next()? {
        under_way.push_back(enter(&resolver, number, line));
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
    let told = match entered.told {
        Awaited::Known(told) => told,
        Awaited::Pending(pending) => {
            let (decided, position) = pending.durable().await.map_err(|error| stopped(&error.to_string()))?;
            match decided {
                Decided::Told(told) => told,
                Decided::Before(order) => before(world, order, position, report.rows, results)?,
                Decided::Nothing => return Err(stopped("an order could not be decided")),
            }
        }
    };
    results.write(&entered.request_id, told)?;
    report.count(told);
    if report.rows.is_multiple_of(SHOWN_EVERY) {
        bar.set_position(report.rows);
    }
    Ok(())
}

/// What was said about an order that left memory: in the row it repeats, or, when that is this very row, in the views.
fn before(world: &World, order: OrderId, position: u64, number: u64, results: &mut Results) -> Result<Told, Failure> {
    let row = u64::try_from(row_of(order)).unwrap_or(u64::MAX);
    let answer = if row == number {
        world.answer(order, position)?.map(Told::First)
    } else {
        results.answer(row)?.map(Told::Duplicate)
    };
    answer.ok_or_else(|| stopped("an earlier answer is not to be found"))
}

fn stopped(why: &str) -> Failure {
    Failure::stopped(format!("the batch stopped: {why}")).hint("run it again: it goes on where it stopped")
}

fn enter(resolver: &Resolver<'_>, number: u64, line: OrderLine<'_>) -> Entered {
    match line {
        OrderLine::Broken(echo) => Entered { request_id: echo.into(), told: Awaited::Known(MALFORMED) },
        OrderLine::Row(row) => Entered {
            request_id: row.get(Column::RequestId).into(),
            told: Awaited::Pending(enter_row(resolver, number, &row)),
        },
    }
}

/// Every row goes through the desk, the malformed too: whether its id has an answer comes before all else.
fn enter_row(resolver: &Resolver<'_>, number: u64, row: &Row<'_>) -> Pending<Decided> {
    let (key, node) = (resolver.key(row), &resolver.world.node);
    match resolver.order(number, row, key) {
        Some(envelope) => node.enter(Lane::Orders, Some(envelope), move |told| {
            told.reply.map_or(Decided::Nothing, |reply| placed(told.state, reply, number))
        }),
        None => node.enter(Lane::Orders, None, move |told| Decided::Told(malformed(told.state, key, number))),
    }
}

/// What came of an order. An answer that this very row was given in an earlier run is its first, not a duplicate.
fn placed(state: &State, reply: Reply, number: u64) -> Decided {
    let made = match reply {
        Reply::Made(made) | Reply::Replayed(KeyUse { made, .. }) => made,
        Reply::KeyConflict => return Decided::Told(CONFLICT),
        Reply::Done | Reply::Nothing | Reply::NotFound | Reply::NotNow | Reply::Exists(_) | Reply::Denied(_) => {
            return Decided::Nothing;
        }
    };
    let Made::Order(id) = made else { return Decided::Nothing };
    let Some(answer) = state.order(id).map(answer_of) else { return Decided::Before(id) };
    Decided::Told(if row_of(id) == u128::from(number) { Told::First(answer) } else { Told::Duplicate(answer) })
}

/// A malformed row whose id an earlier row used has an answer. One that a later row used did not have it yet: an
/// interrupted run may have come that far.
fn malformed(state: &State, key: ClientKey, number: u64) -> Told {
    let earlier = state.key(key.key).filter(|used| match used.made {
        Made::Order(order) => row_of(order) < u128::from(number),
        Made::Subscriber(_) | Made::Lot(..) => false,
    });
    if earlier.is_some() { CONFLICT } else { MALFORMED }
}

fn answer_of(order: &Order) -> Answer {
    match order.refusal {
        Some(refusal) => Answer::Refused(refusal.code()),
        None => {
            let terms = &order.terms;
            Answer::Accepted { fee: terms.fee, payout: terms.payout, arrives_on: terms.arrives_on }
        }
    }
}
