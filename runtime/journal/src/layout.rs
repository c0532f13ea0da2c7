//! The names in a journal directory.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const PREFIX: &str = "segment-";
const SUFFIX: &str = ".sqlite";
/// A segment that is being made; it is renamed when it is complete, and removed when a crash left it.
const UNFINISHED: &str = ".sqlite.new";

/// File name of the segment that starts at `first`, padded so that names sort as sequences do.
pub fn segment_name(first: u64) -> String {
    format!("{PREFIX}{first:020}{SUFFIX}")
}

/// Path of the segment that starts at `first`.
pub fn segment_path(dir: &Path, first: u64) -> PathBuf {
    dir.join(segment_name(first))
}

/// Path under which the segment that starts at `first` is made.
pub fn unfinished_path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{PREFIX}{first:020}{UNFINISHED}"))
}

/// Path of a segment's write-ahead log.
pub fn log_path(segment: &Path) -> PathBuf {
    let mut name = segment.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Path of the log that is made ready for the next segment.
pub fn spare_log_path(dir: &Path) -> PathBuf {
    dir.join("spare-log")
}

/// Length of a segment's write-ahead log in bytes, 0 when there is none.
pub fn log_bytes(segment: &Path) -> u64 {
    fs::metadata(log_path(segment)).map_or(0, |log| log.len())
}

/// First sequences of all segments in the directory, ascending; empty when there is no directory.
pub fn list_segments(dir: &Path) -> io::Result<Vec<u64>> {
    let mut firsts = Vec::new();
    for name in names(dir)? {
        let digits = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
        if let Some(first) = digits.and_then(|digits| digits.parse().ok()) {
            firsts.push(first);
        }
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// Removes what a crash left unfinished. It holds nothing that was acknowledged.
pub fn remove_unfinished(dir: &Path) -> io::Result<()> {
    for name in names(dir)? {
        if name.starts_with(PREFIX) && name.contains(UNFINISHED) || name.starts_with("spare-log") {
            fs::remove_file(dir.join(name))?;
        }
    }
    Ok(())
}

/// Makes names in a directory durable.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// The directory that holds `path`.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}
