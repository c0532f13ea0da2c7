//! Sealing: merging the log of a full segment, on a thread of its own, away from the appends.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::connection::{Access, Connection};

/// How often a checkpoint is tried while readers are in the way; each try waits for some seconds.
const TRIES: u32 = 6;

/// A full segment that nobody appends to any more.
pub enum Full {
    /// Still open from the appends.
    Open(Connection),
    /// Left with a log by an earlier process.
    Closed(PathBuf),
}

/// The sealing thread. Dropping it waits until everything given is sealed.
///
/// The queue needs no bound: one connection is given per full segment, and sealing one takes less
/// time than filling one.
pub struct Sealer {
    full: Option<Sender<Full>>,
    thread: Option<JoinHandle<()>>,
}

impl Sealer {
    /// Starts the thread.
    pub fn start() -> io::Result<Self> {
        let (full, queue) = channel();
        let thread = std::thread::Builder::new().name("journal-sealer".to_owned()).spawn(move || run(queue))?;
        Ok(Self { full: Some(full), thread: Some(thread) })
    }

    /// Takes over a full segment. When the thread is gone the segment is closed here, which seals it too.
    pub fn seal(&self, segment: Full) {
        if let Some(full) = &self.full {
            full.send(segment).ok();
        }
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.full = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn run(queue: Receiver<Full>) {
    for full in queue {
        // The records are durable in the log already, and the next opening seals what is left.
        if let Err(error) = seal(full) {
            tracing::warn!(%error, "segment was not sealed");
        }
    }
}

fn seal(full: Full) -> Result<(), sqlx::Error> {
    let mut connection = match full {
        Full::Open(connection) => connection,
        Full::Closed(path) => Connection::open(&path, Access::Write)?,
    };
    for _ in 0..TRIES {
        if connection.checkpoint()? {
            break;
        }
    }
    connection.close()
}
