//! Order files that were sent to this node, and what is known of each: `batches/ID/` in the node's directory, sealed.
//!
//! `orders` is the file as it was sent, `batch` what is known of it, `results` what its rows were told. A file takes
//! its place when it is whole. What became of a row is in the journal: without these files nothing is lost that its
//! sender cannot send again.

use super::form::Form;
use super::tally::Tally;
use crate::chance;
use facts::{BatchId, Bucket, Key16, Millis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use vault::{Ending, SealedFiles, SealedReader, SealedWriter};

/// Ends the name of what is not whole yet.
const UNFINISHED: &str = ".new";

/// A file as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// How it is written.
    pub form: Form,
    /// Digest of client, form and content: whose keys' scope it is.
    pub file: [u8; 16],
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// How long it is.
    pub bytes: u64,
    /// When it was here, whole.
    pub received_at: u64,
    /// Digests of the keys it was sent with.
    pub keys: Vec<[u8; 16]>,
}

/// What became of a file so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// When its first row was looked at.
    pub started_at: Option<u64>,
    /// When its last row was answered.
    pub ended_at: Option<u64>,
    /// The policy in force when it began.
    pub policy: String,
    /// Rows read.
    pub read: u64,
    /// What they came to.
    pub tally: Tally,
    /// The node could not go on with it, and tries again when it is started.
    #[serde(skip)]
    pub stopped: bool,
}

/// A file and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its identity.
    pub id: BatchId,
    /// As it was sent.
    pub sent: Sent,
    /// What became of it.
    pub course: Course,
}

/// Where a file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchState {
    /// Its turn has not come.
    Received,
    /// Its rows are being answered.
    Running,
    /// Every row has its answer.
    Done,
    /// The node could not go on with it; it does when it is started again.
    Stopped,
}

impl BatchState {
    /// Every state.
    pub const ALL: [BatchState; 4] = [BatchState::Received, BatchState::Running, BatchState::Done, BatchState::Stopped];

    /// The public word.
    pub const fn code(self) -> &'static str {
        match self {
            BatchState::Received => "received",
            BatchState::Running => "running",
            BatchState::Done => "done",
            BatchState::Stopped => "stopped",
        }
    }
}

impl Batch {
    /// Where it stands.
    pub const fn state(&self) -> BatchState {
        match (self.course.started_at, self.course.ended_at) {
            (_, Some(_)) => BatchState::Done,
            _ if self.course.stopped => BatchState::Stopped,
            (Some(_), None) => BatchState::Running,
            (None, None) => BatchState::Received,
        }
    }

    /// Digest of client, form and content.
    pub const fn file(&self) -> Key16 {
        Key16(self.sent.file)
    }
}

/// Where the files lie.
pub struct Shelf {
    dir: PathBuf,
    files: SealedFiles,
    batches: Mutex<BTreeMap<BatchId, Batch>>,
    /// Told when one arrives.
    pub arrived: Notify,
}

/// A file that is not whole yet; it goes when this is dropped.
pub struct Unfinished {
    id: BatchId,
    dir: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It has its place under another name, or nothing of it may stay.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl Shelf {
    /// The files in a node's directory. What was never whole goes; one that does not open is told of and left alone.
    pub fn open(node_dir: &Path, files: SealedFiles) -> Shelf {
        let dir = node_dir.join("batches");
        let shelf = Shelf { dir, files, batches: Mutex::default(), arrived: Notify::new() };
        if let Err(error) = shelf.load() {
            tracing::error!(%error, "the order files that were sent before cannot be read");
        }
        shelf
    }

    fn load(&self) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            if name.ends_with(UNFINISHED) {
                fs::remove_dir_all(entry.path())?;
            } else if let Ok(id) = name.parse() {
                match self.known(id) {
                    Ok(batch) => drop(self.lock().insert(id, batch)),
                    Err(error) => tracing::error!(%id, %error, "an order file does not open"),
                }
            }
        }
        Ok(())
    }

    fn known(&self, id: BatchId) -> io::Result<Batch> {
        let text = self.files.read(&self.path(id, "batch"), &name(id, "batch"))?;
        let (sent, course) = serde_json::from_slice(&text)?;
        Ok(Batch { id, sent, course })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<BatchId, Batch>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, id: BatchId, part: &str) -> PathBuf {
        self.dir.join(id.to_string()).join(part)
    }

    /// Begins to take a file in.
    ///
    /// Errors: the system's.
    pub fn begin(&self, now: Millis) -> io::Result<(Unfinished, SealedWriter)> {
        let chance = chance::bits().map_err(|_| io::Error::other("the system gives no random bytes"))?;
        let id = BatchId::new(now.0, Bucket::of_hash((chance >> 68) as u64), chance);
        let dir = self.dir.join(format!("{id}{UNFINISHED}"));
        fs::create_dir_all(&dir)?;
        let unfinished = Unfinished { id, dir };
        let writer = self.files.create(&unfinished.dir.join("orders"), &name(id, "orders"))?;
        Ok((unfinished, writer))
    }

    /// Reads a file that is not on the shelf yet.
    ///
    /// Errors: the system's.
    pub fn look(&self, unfinished: &Unfinished) -> io::Result<SealedReader> {
        self.files.open(&unfinished.dir.join("orders"), &name(unfinished.id, "orders"), Ending::Whole)
    }

    /// Puts a file on the shelf, durably; one with the same content that is there already takes its key.
    ///
    /// Errors: the system's.
    pub fn put(&self, unfinished: Unfinished, sent: Sent) -> io::Result<Batch> {
        let mut batches = self.lock();
        if let Some(there) = batches.values_mut().find(|batch| batch.sent.file == sent.file) {
            let mut batch = there.clone();
            batch.sent.keys.extend(sent.keys);
            self.write(&self.path(batch.id, "batch"), &batch)?;
            *there = batch.clone();
            return Ok(batch);
        }
        let batch = Batch { id: unfinished.id, sent, course: Course::default() };
        self.write(&unfinished.dir.join("batch"), &batch)?;
        fs::rename(&unfinished.dir, self.dir.join(batch.id.to_string()))?;
        File::open(&self.dir)?.sync_all()?;
        batches.insert(batch.id, batch.clone());
        drop(batches);
        self.arrived.notify_one();
        Ok(batch)
    }

    fn write(&self, path: &Path, batch: &Batch) -> io::Result<()> {
        self.files.replace(path, &name(batch.id, "batch"), &serde_json::to_vec(&(&batch.sent, &batch.course))?)
    }

    /// A file.
    pub fn get(&self, id: BatchId) -> Option<Batch> {
        self.lock().get(&id).cloned()
    }

    /// The file that was sent with a key.
    pub fn of_key(&self, key: Key16) -> Option<Batch> {
        self.lock().values().find(|batch| batch.sent.keys.contains(&key.0)).cloned()
    }

    /// At most so many, newest first, those before `after`.
    pub fn list(&self, after: Option<BatchId>, most: usize) -> Vec<Batch> {
        let batches = self.lock();
        let before = batches.values().rev().filter(|batch| after.is_none_or(|after| batch.id < after));
        before.take(most).cloned().collect()
    }

    /// How many stand in a state.
    pub fn count(&self, state: BatchState) -> usize {
        self.lock().values().filter(|batch| batch.state() == state).count()
    }

    /// The first that is to be answered.
    pub fn next(&self) -> Option<Batch> {
        let open = |batch: &&Batch| matches!(batch.state(), BatchState::Received | BatchState::Running);
        self.lock().values().find(open).cloned()
    }

    /// Notes how far a file is. A hint: it is not kept until the end.
    pub fn note(&self, id: BatchId, course: Course) {
        if let Some(batch) = self.lock().get_mut(&id) {
            batch.course = course;
        }
    }

    /// Keeps what became of a file; durable on return.
    ///
    /// Errors: the system's.
    pub fn end(&self, id: BatchId, course: Course) -> io::Result<()> {
        let mut batches = self.lock();
        let Some(batch) = batches.get_mut(&id) else { return Ok(()) };
        batch.course = course;
        self.write(&self.path(id, "batch"), batch)
    }

    /// Reads a file as it was sent.
    ///
    /// Errors: the system's.
    pub fn orders(&self, id: BatchId) -> io::Result<SealedReader> {
        self.files.open(&self.path(id, "orders"), &name(id, "orders"), Ending::Whole)
    }

    /// Begins the results of a file anew. Whoever reads the ones before reads on.
    ///
    /// Errors: the system's.
    pub fn write_results(&self, id: BatchId) -> io::Result<SealedWriter> {
        let path = self.path(id, "results");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.files.create(&path, &name(id, "results"))
    }

    /// Reads the results that are there; none before the first.
    ///
    /// Errors: the system's.
    pub fn read_results(&self, id: BatchId) -> io::Result<Option<SealedReader>> {
        match self.files.open(&self.path(id, "results"), &name(id, "results"), Ending::Growing) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }
}

/// The name that a sealed file is known by.
fn name(id: BatchId, part: &str) -> Vec<u8> {
    format!("{id}/{part}").into_bytes()
}
