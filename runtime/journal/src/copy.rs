//! Backup and restore: verified copies of a journal.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::group::Group;
use crate::mark::Mark;
use crate::scan::{Found, Scan};
use crate::segment::{Meta, Unfinished};
use crate::{ReadError, layout};

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// Sequence of the last record in the copy, 0 when it is empty.
    pub last_sequence: u64,
    /// How many segments were written.
    pub segments: u64,
    /// How many bytes of groups were written.
    pub bytes: u64,
}

/// Why a copy was not made. The target is not there then; a `.partial` directory beside it may be.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The target holds something already.
    #[error("`{}` is not empty\nhint: name a directory that does not exist", target.display())]
    TargetNotEmpty {
        /// The target directory.
        target: PathBuf,
    },
    /// The journal ends before the asked position.
    #[error("journal ends at record {last_sequence}, asked for {asked}")]
    Short {
        /// The last record that exists.
        last_sequence: u64,
        /// The position that was asked for.
        asked: u64,
    },
    /// The source could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The copy could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system or the storage said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Copies the journal at `dir` to the new directory `to_dir`, consistently, while a writer may run.
///
/// Every group is checked on the way. The target appears only when it is complete and durable.
pub fn backup(dir: &Path, to_dir: &Path) -> Result<CopyReport, CopyError> {
    let scan = Scan::start(dir)?;
    copy(&scan, scan.end, to_dir)
}

/// Copies the records up to and including `up_to_sequence` (all when `None`) from a backup to the
/// new directory `to_dir`, which can then be opened for writing.
pub fn restore(backup_dir: &Path, to_dir: &Path, up_to_sequence: Option<u64>) -> Result<CopyReport, CopyError> {
    let scan = Scan::start(backup_dir)?;
    let asked = up_to_sequence.unwrap_or(scan.end);
    if asked > scan.end {
        return Err(CopyError::Short { last_sequence: scan.end, asked });
    }
    copy(&scan, asked, to_dir)
}

fn copy(scan: &Scan, up_to: u64, target: &Path) -> Result<CopyReport, CopyError> {
    refuse_occupied(target)?;
    let partial = partial_path(target);
    refuse_occupied(&partial)?;
    let written = |source: io::Error| CopyError::Write { path: partial.clone(), source: source.into() };
    fs::create_dir_all(&partial).map_err(written)?;
    let mut writer = Writer { dir: partial.clone(), segment: None, up_to, report: CopyReport::default() };
    scan.walk(up_to, |found| match found {
        Found::Segment(meta) => writer.begin(meta),
        Found::Group(group) => writer.add(group),
    })?;
    writer.finish_segment()?;
    settle(&partial, target, up_to).map_err(written)?;
    Ok(writer.report)
}

/// Leaves the mark of a finished copy and gives the directory its name, durably.
fn settle(partial: &Path, target: &Path, last_sequence: u64) -> io::Result<()> {
    let mark = Mark::open(partial)?;
    mark.set(last_sequence)?;
    mark.sync()?;
    layout::sync_dir(partial)?;
    fs::rename(partial, target)?;
    layout::sync_dir(layout::parent(target))
}

/// Writes the segments of a copy, one transaction each.
struct Writer {
    dir: PathBuf,
    segment: Option<Unfinished>,
    up_to: u64,
    report: CopyReport,
}

impl Writer {
    fn begin(&mut self, meta: Meta) -> Result<(), CopyError> {
        self.finish_segment()?;
        let segment = Unfinished::start(&self.dir, meta).map_err(|error| self.failed(error.into()))?;
        self.segment = Some(segment);
        self.report.segments += 1;
        Ok(())
    }

    fn add(&mut self, group: Group) -> Result<(), CopyError> {
        let group = group.cut_after(self.up_to);
        self.report.last_sequence = group.last;
        self.report.bytes += group.body.len() as u64;
        let Some(segment) = &self.segment else { return Ok(()) };
        segment.connection.insert(&group).map_err(|error| self.failed(error.into()))
    }

    fn finish_segment(&mut self) -> Result<(), CopyError> {
        let Some(segment) = self.segment.take() else { return Ok(()) };
        segment.finish().map(drop).map_err(|error| self.failed(error))
    }

    fn failed(&self, source: Box<dyn std::error::Error + Send + Sync>) -> CopyError {
        CopyError::Write { path: self.dir.clone(), source }
    }
}

fn partial_path(target: &Path) -> PathBuf {
    let mut name: OsString = target.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn refuse_occupied(target: &Path) -> Result<(), CopyError> {
    let occupied = match fs::read_dir(target) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(CopyError::Write { path: target.to_owned(), source: error.into() }),
    };
    if occupied {
        return Err(CopyError::TargetNotEmpty { target: target.to_owned() });
    }
    Ok(())
}
