//! Subscribers are told what became of their orders: a task that reads the journal behind the views, keeps what is to
//! be told in a file of its own, and hands it over until it is taken, refused, or a day old.
//!
//! At least once from here: what may have left is asked about before it leaves again. Once at the phone: the reference
//! of a message is its order and kind, and whoever sends messages answers a reference as the first time.

mod address;
mod send;
mod words;

use crate::access::wall_now;
use crate::codes::Messages;
use crate::context::Context;
use facts::{Millis, Record};
use journal::{Reader, SqliteReader};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use views::{NOTICES, Notice, NoticeCounts, NoticeFile, ViewError, notices_of};

/// How often it is looked whether there is something to tell.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long a fault is let be.
const FAULT_PAUSE: Duration = Duration::from_secs(5);
/// How much of the journal is read at once.
const READ_BYTES: usize = 1 << 20;

/// Where the node stood when it started.
#[derive(Clone, Copy)]
pub struct Started {
    /// The last record.
    position: u64,
    /// Node time.
    at: Millis,
}

impl Started {
    /// Where a node stands.
    pub fn of(node: &node::Node) -> Started {
        Started { position: node.durable(), at: node.clock().now() }
    }

    /// Whether a record is from before the start and so long past that nobody is told any more: messages may have been
    /// off for a month.
    fn is_past(self, record: &facts::OpenRecord, give_up_ms: u64) -> bool {
        record.sequence <= self.position && self.at.since(record.meta.now) > give_up_ms
    }
}

/// What was told so far, as the metrics show it.
#[derive(Default)]
pub struct ToldSoFar(Mutex<NoticeCounts>);

impl ToldSoFar {
    /// As it was after the last look.
    pub fn counts(&self) -> NoticeCounts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, counts: NoticeCounts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = counts;
    }
}

/// Whoever tells.
struct Teller {
    context: Arc<Context>,
    messages: Messages,
    file: Arc<Mutex<NoticeFile>>,
    started: Started,
}

/// Tells until the node stops.
pub async fn run(context: Arc<Context>, messages: Messages, started: Started) {
    let Some(file) = opened(&context, started).await else { return };
    let teller = Teller { context, messages, file: Arc::new(Mutex::new(file)), started };
    while teller.context.node.stopped().is_none() {
        let pause = match teller.turn().await {
            Ok(true) => Duration::ZERO,
            Ok(false) => LOOK_EVERY,
            Err(error) => {
                tracing::error!(error, "subscribers are not told now; it will be tried again");
                FAULT_PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = teller.context.node.wait_stopped() => {}
        }
    }
}

async fn opened(context: &Context, started: Started) -> Option<NoticeFile> {
    while context.node.stopped().is_none() {
        let path = context.node.dir().join(NOTICES);
        let opened = tokio::task::spawn_blocking(move || NoticeFile::open(&path, started.position)).await;
        match opened.map_err(|error| error.to_string()).and_then(|opened| opened.map_err(|error| error.to_string())) {
            Ok(file) => return Some(file),
            Err(error) => {
                tracing::error!(error, "`{NOTICES}` does not open, so nobody is told; it will be tried again")
            }
        }
        tokio::time::sleep(FAULT_PAUSE).await;
    }
    None
}

impl Teller {
    /// Looks what is new, and hands over some of what waits. Says whether there is more to do at once.
    async fn turn(&self) -> Result<bool, String> {
        let (more_to_read, more_to_send) = (self.read().await?, self.send().await?);
        self.context.told.set(self.in_file(|file| file.counts()).await?);
        Ok(more_to_read || more_to_send)
    }

    /// Takes up what records tell that the views show. Says whether there are more.
    async fn read(&self) -> Result<bool, String> {
        let shown = self.context.node.progress().position();
        let from = self.in_file(|file| file.position()).await?;
        if from >= shown {
            return Ok(false);
        }
        let (dir, started) = (self.context.node.dir().join("journal"), self.started);
        let give_up_ms = self.give_up_ms();
        let reading = tokio::task::spawn_blocking(move || notices(&dir, (from, shown), started, give_up_ms));
        let (found, to) = reading.await.map_err(|error| error.to_string())??;
        self.in_file(move |file| file.take(&found, to, wall_now())).await?;
        Ok(to < shown)
    }

    fn give_up_ms(&self) -> u64 {
        self.context.access.notices().give_up_s.saturating_mul(1_000)
    }

    /// Works with the file where blocking is allowed.
    async fn in_file<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut NoticeFile) -> Result<T, ViewError> + Send + 'static,
    ) -> Result<T, String> {
        let file = Arc::clone(&self.file);
        let done = tokio::task::spawn_blocking(move || work(&mut file.lock().unwrap_or_else(PoisonError::into_inner)));
        done.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }
}

/// The notices of some records behind `from`, up to `most` at the latest, and the last record that was read.
fn notices(
    dir: &Path,
    (from, most): (u64, u64),
    started: Started,
    give_up_ms: u64,
) -> Result<(Vec<Notice>, u64), String> {
    let mut reader = SqliteReader::open(dir).map_err(|error| error.to_string())?;
    let entries = reader.read_from(from + 1, READ_BYTES).map_err(|error| error.to_string())?;
    let (mut found, mut to) = (Vec::new(), from);
    for entry in entries.into_iter().filter(|entry| entry.sequence <= most) {
        let record = Record::decode(&entry.bytes).map_err(|error| error.to_string())?.open;
        if !started.is_past(&record, give_up_ms) {
            found.extend(notices_of(&record));
        }
        to = entry.sequence;
    }
    if to == from { Err(format!("the journal has no record {}", from + 1)) } else { Ok((found, to)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use facts::{Meta, OpenRecord};

    #[test]
    fn what_is_long_past_at_a_start_is_not_told_and_what_comes_after_it_is() {
        let started = Started { position: 10, at: Millis(1_000_000) };
        let record =
            |sequence, now| OpenRecord { sequence, shard: 0, epoch: 1, meta: Meta::system(Millis(now)), facts: vec![] };
        assert!(started.is_past(&record(10, 1), 1_000));
        assert!(!started.is_past(&record(10, 999_000), 1_000), "yesterday's is told today");
        assert!(!started.is_past(&record(11, 1), 1_000), "however the clock goes");
    }
}
