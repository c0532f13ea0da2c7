//! Answers the order files that were sent, one after the other, beside the live traffic.
//!
//! A file that was interrupted is answered from its first row again: what the journal knows of a row is its answer,
//! so that a row is admitted once, however often it is read.

use super::course::{Batch, Course};
use super::live::{Looked, Unanswered};
use super::rows::{Rows, row_of};
use super::{Decided, Entered, answer_shown, form::Sheet};
use crate::context::Context;
use facts::{Millis, OrderId, Partner};
use node::NodeError;
use orderfile::{Answer, OrderLine, RESULTS_HEADER, Rejected, Told, write_result};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use vault::SealedWriter;

/// How many rows are looked up and told at once.
const ROWS_AT_ONCE: usize = 128;
/// How many rows wait for their answer at most: an order of somebody else waits behind so many and no more.
const WINDOW: usize = 256;
/// What part of a partner's queue is left to others while a file waits.
const QUEUE_SHARE: u32 = 2;
/// How often a full queue is looked at again.
const LOOK: Duration = Duration::from_millis(50);
/// How long the views, which tell of orders that left memory, may take to follow.
const VIEWS_MOST: Duration = Duration::from_secs(20);
/// How often a file is tried, and how long after a fault.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// A row that the rules could not decide: a fault of ours, which stops no file.
const UNDECIDED: Told = Told::First(Answer::Refused("internal"));

/// Why a file is not answered to its end.
enum Halt {
    /// The node stopped: it goes on when the node is started.
    Stopped,
    /// Something else did not do what it should.
    Fault(String),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Halt {
        Halt::Fault(error.to_string())
    }
}

impl From<Rejected> for Halt {
    fn from(rejected: Rejected) -> Halt {
        Halt::Fault(rejected.to_string())
    }
}

impl From<NodeError> for Halt {
    fn from(_: NodeError) -> Halt {
        Halt::Stopped
    }
}

impl From<Unanswered> for Halt {
    fn from(unanswered: Unanswered) -> Halt {
        match unanswered {
            Unanswered::Node => Halt::Stopped,
            Unanswered::Vault(error) => Halt::Fault(error.to_string()),
        }
    }
}

/// Answers files until the node stops.
pub async fn run(context: Arc<Context>) {
    while context.node.stopped().is_none() {
        let Some(batch) = context.shelf.next() else {
            tokio::select! {
                () = context.shelf.arrived.notified() => continue,
                _ = context.node.wait_stopped() => return,
            }
        };
        let id = batch.id;
        for tried in 1..=TRIES {
            match answer(&context, batch.clone()).await {
                Ok(()) => break,
                Err(Halt::Stopped) => return,
                Err(Halt::Fault(fault)) => tracing::error!(batch = %id, fault, tried, "an order file halts"),
            }
            tokio::time::sleep(PAUSE).await;
        }
        if let Some(batch) = context.shelf.next().filter(|batch| batch.id == id) {
            context.shelf.note(id, Course { stopped: true, ..batch.course });
        }
    }
}

async fn answer(context: &Arc<Context>, batch: Batch) -> Result<(), Halt> {
    let (context, handle) = (Arc::clone(context), Handle::current());
    let done = tokio::task::spawn_blocking(move || Run::begin(&context, &handle, &batch)?.finish());
    done.await.map_err(|error| Halt::Fault(error.to_string()))?
}

/// A file being answered. It blocks: its files do.
struct Run<'r> {
    context: &'r Context,
    handle: &'r Handle,
    batch: &'r Batch,
    course: Course,
    under_way: VecDeque<Entered>,
    results: SealedWriter,
    row: String,
}

impl<'r> Run<'r> {
    fn begin(context: &'r Context, handle: &'r Handle, batch: &'r Batch) -> Result<Run<'r>, Halt> {
        let started_at = batch.course.started_at.unwrap_or(context.now().0);
        let policy = context.policy().version().to_string();
        let course = Course { started_at: Some(started_at), policy, ..Course::default() };
        context.shelf.note(batch.id, course.clone());
        let mut results = context.shelf.write_results(batch.id)?;
        results.write_all(RESULTS_HEADER.as_bytes())?;
        Ok(Run { context, handle, batch, course, under_way: VecDeque::new(), results, row: String::new() })
    }

    fn finish(mut self) -> Result<(), Halt> {
        let mut sheet = Sheet::begin(self.batch.sent.form, self.context.shelf.orders(self.batch.id)?)??;
        loop {
            let lines = sheet.next(ROWS_AT_ONCE)?;
            if lines.is_empty() {
                break;
            }
            self.wait_for_room()?;
            self.enter(lines.iter().map(|line| sheet.row(line)).collect())?;
            self.show()?;
        }
        while let Some(first) = self.under_way.pop_front() {
            self.conclude(first)?;
        }
        self.results.finish()?;
        let course = Course { ended_at: Some(self.context.now().0), ..self.course };
        Ok(self.context.shelf.end(self.batch.id, course)?)
    }

    fn enter(&mut self, lines: Vec<OrderLine<'_>>) -> Result<(), Halt> {
        let received_at = Millis(self.batch.sent.received_at);
        let looked = Looked::up(self.context, self.handle, &lines, received_at)?;
        let numbers = self.context.numbers.table();
        let rows = Rows {
            node: &self.context.node,
            numbers: &numbers,
            digests: &self.context.digests,
            file: self.batch.file(),
            latest: received_at,
            register: &looked,
        };
        for line in lines {
            if self.under_way.len() >= WINDOW
                && let Some(first) = self.under_way.pop_front()
            {
                self.conclude(first)?;
            }
            self.under_way.push_back(rows.enter(self.course.read, line)?);
            self.course.read += 1;
        }
        Ok(())
    }

    fn conclude(&mut self, entered: Entered) -> Result<(), Halt> {
        let (request_id, decided, position) = self.handle.block_on(entered.decided())?;
        let told = match decided {
            Decided::Told(told) => told,
            Decided::Before(order) => self.before(order, position)?,
            Decided::Nothing => {
                tracing::error!(batch = %self.batch.id, row = self.course.tally.rows, "a row could not be decided");
                UNDECIDED
            }
        };
        write_result(&request_id, told, &mut self.row);
        self.results.write_all(self.row.as_bytes())?;
        self.row.clear();
        self.course.tally.count(told);
        self.context.meter.row_answered(told);
        Ok(())
    }

    /// What was said about an order that left memory.
    fn before(&self, order: OrderId, position: u64) -> Result<Told, Halt> {
        if !self.context.node.progress().wait_for(position, VIEWS_MOST) {
            return Err(Halt::Fault("the views do not follow".to_owned()));
        }
        let row = self.context.views.order_row(order).map_err(|error| Halt::Fault(error.to_string()))?;
        let row = row.ok_or_else(|| Halt::Fault(format!("the views lack order {order}")))?;
        let answer = answer_shown(&row);
        Ok(if row_of(order) == self.course.tally.rows { Told::First(answer) } else { Told::Duplicate(answer) })
    }

    /// Lets callers see what was answered.
    fn show(&mut self) -> Result<(), Halt> {
        self.results.flush()?;
        self.context.shelf.note(self.batch.id, self.course.clone());
        Ok(())
    }

    /// Waits while a partner's queue is too full to take a file's orders beside everybody else's.
    fn wait_for_room(&self) -> Result<(), Halt> {
        let rules = self.context.node.rules();
        let most = Partner::ALL.map(|partner| rules.contracts.of(partner).queue_most / QUEUE_SHARE);
        loop {
            let fits = move |state: &facts::State| {
                Partner::ALL.iter().zip(most).all(|(partner, most)| state.load(*partner).queued < most)
            };
            if self.handle.block_on(self.context.node.read(fits))?.0 {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
    }
}
