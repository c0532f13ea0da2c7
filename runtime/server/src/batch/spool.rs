//! Taking in an order file: streamed to its place, sealed and digested on the way, bounded in size, time and memory.

use super::form::{Form, Sheet};
use super::shelf::Unfinished;
use super::sniff;
use crate::context::Context;
use crate::phrases::Code;
use crate::problem::Problem;
use axum::body::{Body, Bytes};
use http_body::Body as _;
use orderfile::Rejected;
use sha2::{Digest, Sha256};
use std::future::poll_fn;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};
use vault::SealedWriter;

/// How much is written at once.
const WRITTEN_BYTES: usize = 256 << 10;
/// The longest line. A row of the contract is far shorter; a line has to fit into memory.
const LINE_BYTES_MAX: usize = 64 << 10;
const LINES_ALLOWED: &str = "lines of at most 65536 bytes";

/// A file that is here, whole, and not on the shelf yet.
pub struct Spooled {
    /// Where it lies.
    pub unfinished: Unfinished,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// How long it is.
    pub bytes: u64,
}

/// A file on its way.
struct Spool {
    writer: SealedWriter,
    hash: Sha256,
    bytes: u64,
    lines: u64,
    line_bytes: usize,
}

/// Takes a file in.
///
/// Errors: it is too long, too slow, breaks off, or is rejected; nothing of it stays.
pub async fn take_in(context: &Arc<Context>, form: Form, mut body: Body) -> Result<Spooled, Problem> {
    let most = context.bounds.batch_bytes;
    if body.size_hint().lower() > most {
        return Err(too_large(most));
    }
    let (unfinished, writer) = context.shelf.begin(context.now()).map_err(unstorable)?;
    let mut spool = Spool { writer, hash: Sha256::new(), bytes: 0, lines: 0, line_bytes: 0 };
    let mut pace = Pace::begin(context);
    let (mut waiting, mut first): (Vec<Bytes>, Vec<u8>) = (Vec::new(), Vec::with_capacity(sniff::BYTES));
    let (mut held, mut taken) = (0, 0);
    while let Some(bytes) = pace.next(&mut body).await? {
        (held, taken) = (held + bytes.len(), taken + bytes.len() as u64);
        if taken > most {
            return Err(too_large(most));
        }
        if first.len() < sniff::BYTES {
            first.extend(bytes.iter().take(sniff::BYTES - first.len()));
            check_text(&first)?;
        }
        waiting.push(bytes);
        if held >= WRITTEN_BYTES {
            spool = write(spool, std::mem::take(&mut waiting)).await?;
            held = 0;
        }
    }
    let spool = write(spool, waiting).await?;
    let (sha256, bytes) = (spool.hash.finalize().into(), spool.bytes);
    let (context, writer) = (Arc::clone(context), spool.writer);
    let checked = blocking(move || {
        writer.finish()?;
        let sheet = Sheet::begin(form, context.shelf.look(&unfinished)?)?;
        Ok(sheet.map(|_| unfinished))
    });
    let unfinished = checked.await?.map_err(|found| rejected(&found))?;
    Ok(Spooled { unfinished, sha256, bytes })
}

async fn write(mut spool: Spool, pieces: Vec<Bytes>) -> Result<Spool, Problem> {
    let written = blocking(move || {
        for piece in &pieces {
            if let Err(found) = spool.take(piece)? {
                return Ok(Err(found));
            }
        }
        Ok(Ok(spool))
    });
    written.await?.map_err(|found| rejected(&found))
}

/// Works with the disk where blocking is allowed.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| Problem::new(Code::Internal))?;
    done.map_err(unstorable)
}

impl Spool {
    /// Takes bytes; within, that a line is too long.
    fn take(&mut self, bytes: &[u8]) -> io::Result<Result<(), Rejected>> {
        for (place, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if place > 0 {
                (self.lines, self.line_bytes) = (self.lines + 1, 0);
            }
            self.line_bytes += line.len();
            if self.line_bytes > LINE_BYTES_MAX {
                let found = "a longer line".to_owned();
                return Ok(Err(Rejected { line: self.lines + 1, column: 1, name: "", found, allowed: LINES_ALLOWED }));
            }
        }
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.writer.write_all(bytes)?;
        Ok(Ok(()))
    }
}

/// Watches that a body comes no slower than any other body may: so many bytes in so much time.
struct Pace<'c> {
    context: &'c Context,
    until: Instant,
    came: usize,
}

impl Pace<'_> {
    fn begin(context: &Context) -> Pace<'_> {
        Pace { context, until: Instant::now() + context.bounds.body_time, came: 0 }
    }

    /// What comes next; none at the end.
    ///
    /// Errors: it is too slow, or breaks off.
    async fn next(&mut self, body: &mut Body) -> Result<Option<Bytes>, Problem> {
        loop {
            let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
            let Ok(frame) = timeout_at(self.until, frame).await else { return Err(Problem::new(Code::BodyTooSlow)) };
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|_| Problem::malformed("", "a whole body").detail("the body breaks off"))?;
            // Trailers are no part of the file.
            let Ok(bytes) = frame.into_data() else { continue };
            self.came += bytes.len();
            if self.came >= self.context.bounds.body_bytes {
                (self.came, self.until) = (0, Instant::now() + self.context.bounds.body_time);
            }
            return Ok(Some(bytes));
        }
    }
}

fn too_large(most: u64) -> Problem {
    Problem::new(Code::OrderFileTooLarge).detail(format!("allowed: {most} bytes"))
}

/// Errors: the file is none of text, whatever its sender calls it.
fn check_text(first: &[u8]) -> Result<(), Problem> {
    let found = sniff::looks_like(first).map(|found| format!("found: {found}; allowed: text in UTF-8"));
    found.map_or(Ok(()), |detail| Err(Problem::new(Code::OrderFileNotText).detail(detail)))
}

fn rejected(rejected: &Rejected) -> Problem {
    Problem::new(Code::OrderFileRejected).detail(rejected.to_string())
}

/// The disk did not do what it was asked; what it said is for the log.
pub fn unstorable(error: io::Error) -> Problem {
    tracing::error!(%error, "an order file could not be kept or read");
    Problem::new(Code::StorageUnavailable)
}
