//! Sealing full segments and preparing the next log, on a thread of its own, away from the appends.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::connection::{Access, Connection};
use crate::log_space;
use crate::storage_error::StorageError;

/// How often a checkpoint is tried while readers are in the way; each try waits for some seconds.
const TRIES: u32 = 6;

/// What the thread does.
pub enum Work {
    /// Merge the log of a full segment that is still open from the appends.
    Seal(Connection),
    /// Merge the log of a full segment that an earlier process left.
    SealLeftOver(PathBuf),
    /// Make a spare log of so many bytes in the directory.
    Spare(PathBuf, u64),
}

/// The sealing thread. Dropping it waits until all work given is done.
///
/// The queue needs no bound: two pieces of work are given per full segment, and doing them takes
/// less time than filling one.
pub struct Sealer {
    work: Option<Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Sealer {
    /// Starts the thread.
    pub fn start() -> io::Result<Self> {
        let (work, queue) = channel();
        let thread = std::thread::Builder::new().name("journal-sealer".to_owned()).spawn(move || run(queue))?;
        Ok(Self { work: Some(work), thread: Some(thread) })
    }

    /// Gives the thread work. When the thread is gone a segment is closed here, which seals it too.
    pub fn give(&self, work: Work) {
        if let Some(queue) = &self.work {
            queue.send(work).ok();
        }
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn run(queue: Receiver<Work>) {
    for work in queue {
        match work {
            Work::Seal(connection) => report(seal(connection)),
            Work::SealLeftOver(path) => report(Connection::open(&path, Access::Write).and_then(seal)),
            Work::Spare(dir, bytes) => {
                if let Err(error) = log_space::make_spare(&dir, bytes) {
                    tracing::warn!(%error, "no spare log, the next one grows as it is written");
                }
            }
        }
    }
}

/// The records are durable in the log already, and the next opening seals what is left.
fn report(sealed: Result<(), StorageError>) {
    if let Err(error) = sealed {
        tracing::warn!(%error, "segment was not sealed");
    }
}

fn seal(connection: Connection) -> Result<(), StorageError> {
    for _ in 0..TRIES {
        if connection.checkpoint()? {
            break;
        }
    }
    connection.close()
}
