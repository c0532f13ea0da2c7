//! Order files that were sent to this node, and what is known of each: `batches/ID/` in the node's directory, sealed.
//!
//! `orders` is the file as it was sent, `batch` what is known of it, `results` what its rows were told. A file takes
//! its place when it is whole. What became of a row is in the journal: without these files nothing is lost that its
//! sender cannot send again.
//!
//! `orders` and `results` name people: each file has a data key of its own, and when its term has run out the key is
//! destroyed and both go. `batch` names nobody and stays.

use super::course::{Batch, BatchState, Course, Sent};
use crate::chance;
use facts::{BatchId, Bucket, Key16, Millis};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use vault::{Ending, FilesId, NewFiles, SealedFiles, SealedReader, SealedWriter, Vault};

/// Ends the name of what is not whole yet.
const UNFINISHED: &str = ".new";

/// Where the files lie.
pub struct Shelf {
    dir: PathBuf,
    vault: Arc<Vault>,
    batches: Mutex<BTreeMap<BatchId, Batch>>,
    /// Told when one arrives.
    pub arrived: Notify,
}

/// A file that is not whole yet; it goes when this is dropped.
pub struct Unfinished {
    id: BatchId,
    dir: PathBuf,
    key: NewFiles,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It has its place under another name, or nothing of it may stay.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl Shelf {
    /// The files in a node's directory. What was never whole goes; one that does not open is told of and left alone.
    pub fn open(node_dir: &Path, vault: Arc<Vault>) -> Shelf {
        let dir = node_dir.join("batches");
        let shelf = Shelf { dir, vault, batches: Mutex::default(), arrived: Notify::new() };
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
            if let Some(unfinished) = name.strip_suffix(UNFINISHED) {
                fs::remove_dir_all(entry.path())?;
                // Its key may have been kept just before the end.
                if let Ok(id) = unfinished.parse::<BatchId>() {
                    self.vault.destroy_files(FilesId(id.bits())).map_err(io::Error::other)?;
                }
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
        let text = self.vault.files().read(&self.path(id, "batch"), &name(id, "batch"))?;
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
        let unfinished = Unfinished { id, dir, key: NewFiles::random().map_err(io::Error::other)? };
        let writer = unfinished.key.sealed().create(&unfinished.dir.join("orders"), &name(id, "orders"))?;
        Ok((unfinished, writer))
    }

    /// Reads a file that is not on the shelf yet.
    ///
    /// Errors: the system's.
    pub fn look(&self, unfinished: &Unfinished) -> io::Result<SealedReader> {
        unfinished.key.sealed().open(&unfinished.dir.join("orders"), &name(unfinished.id, "orders"), Ending::Whole)
    }

    /// Puts a file on the shelf, durably; one with the same content that is there already takes its idempotency key. If
    /// the rows of that one were removed, this one is answered as it was.
    ///
    /// Errors: the system's.
    pub fn put(&self, unfinished: Unfinished, sent: Sent) -> io::Result<Batch> {
        let mut batches = self.lock();
        let same = |batch: &&mut Batch| batch.sent.file == sent.file && batch.course.removed_at.is_none();
        if let Some(there) = batches.values_mut().find(same) {
            let mut batch = there.clone();
            batch.sent.keys.extend(sent.keys);
            self.write(&self.path(batch.id, "batch"), &batch)?;
            *there = batch.clone();
            return Ok(batch);
        }
        let batch = Batch { id: unfinished.id, sent, course: Course::default() };
        self.write(&unfinished.dir.join("batch"), &batch)?;
        self.vault.keep_files(FilesId(batch.id.bits()), &unfinished.key).map_err(io::Error::other)?;
        fs::rename(&unfinished.dir, self.dir.join(batch.id.to_string()))?;
        File::open(&self.dir)?.sync_all()?;
        batches.insert(batch.id, batch.clone());
        drop(batches);
        self.arrived.notify_one();
        Ok(batch)
    }

    fn write(&self, path: &Path, batch: &Batch) -> io::Result<()> {
        self.vault.files().replace(path, &name(batch.id, "batch"), &serde_json::to_vec(&(&batch.sent, &batch.course))?)
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

    /// Which files' rows and results have been here for longer than their term.
    pub fn over(&self, kept_ms: u64, now: Millis) -> Vec<BatchId> {
        let batches = self.lock();
        let there = batches.values().filter(|batch| batch.course.removed_at.is_none());
        let over = there.filter(|batch| batch.kept_until(kept_ms).is_some_and(|until| until <= now));
        over.map(|batch| batch.id).collect()
    }

    /// Makes an end of a file's rows and results: first their key, so that no copy of them opens either. What became
    /// of the file stays. Done again where it broke off.
    ///
    /// Errors: the system's, or the vault's.
    pub fn remove(&self, id: BatchId, now: Millis) -> io::Result<()> {
        self.vault.destroy_files(FilesId(id.bits())).map_err(io::Error::other)?;
        for part in ["orders", "results"] {
            remove_if_there(&self.path(id, part))?;
        }
        let Some(batch) = self.get(id) else { return Ok(()) };
        self.end(id, Course { removed_at: Some(now.0), ..batch.course })
    }

    /// What seals the rows and results of a file. Those that were taken in before each had a key of its own are sealed
    /// as notes are, until their term has run out.
    fn files(&self, id: BatchId) -> io::Result<SealedFiles> {
        let own = self.vault.files_of(FilesId(id.bits())).map_err(io::Error::other)?;
        Ok(own.unwrap_or_else(|| self.vault.files().clone()))
    }

    /// Reads a file as it was sent.
    ///
    /// Errors: the system's.
    pub fn orders(&self, id: BatchId) -> io::Result<SealedReader> {
        self.files(id)?.open(&self.path(id, "orders"), &name(id, "orders"), Ending::Whole)
    }

    /// Begins the results of a file anew. Whoever reads the ones before reads on.
    ///
    /// Errors: the system's.
    pub fn write_results(&self, id: BatchId) -> io::Result<SealedWriter> {
        let path = self.path(id, "results");
        remove_if_there(&path)?;
        self.files(id)?.create(&path, &name(id, "results"))
    }

    /// Reads the results that are there; none before the first.
    ///
    /// Errors: the system's.
    pub fn read_results(&self, id: BatchId) -> io::Result<Option<SealedReader>> {
        match self.files(id)?.open(&self.path(id, "results"), &name(id, "results"), Ending::Growing) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The name that a sealed file is known by.
fn name(id: BatchId, part: &str) -> Vec<u8> {
    format!("{id}/{part}").into_bytes()
}
