//! Takes away what was not synced, from the log that `tests/shim/unsynced.c` keeps.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The shim and where it keeps what it remembers.
pub struct Shim {
    library: PathBuf,
    root: PathBuf,
    kept: PathBuf,
    log: PathBuf,
}

const WRITTEN: u64 = 1;
const TRUNCATED: u64 = 2;
const SYNCED: u64 = 3;
const MADE: u64 = 4;
const RENAMED: u64 = 5;
const REMOVED: u64 = 6;
const NAMES_SYNCED: u64 = 7;

/// What the shim remembered: see `struct record` there.
struct Change {
    /// Where it stands in the log.
    at: u64,
    kind: u64,
    inode: u64,
    offset: u64,
    size: u64,
    /// Up to where in the log a sync counts.
    before: u64,
    bytes: Vec<u8>,
}

impl Shim {
    /// Compiles the shim into `dir`, to follow what happens under `root`.
    pub fn compile(dir: &Path, root: &Path) -> Self {
        let library = dir.join("unsynced.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/unsynced.c");
        let compiler = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status();
        assert!(compiler.expect("a C compiler, which building SQLite needs too").success());
        let kept = dir.join("kept");
        fs::create_dir_all(&kept).unwrap();
        Self { library, root: root.to_owned(), kept, log: dir.join("unsynced.log") }
    }

    /// Loads the shim into a command.
    pub fn load_into(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("UNSYNCED_ROOT", &self.root);
        command.env("UNSYNCED_KEPT", &self.kept).env("UNSYNCED_LOG", &self.log);
    }

    /// Cuts the power: what was not synced is gone, from the last change back to the `keep`-th unsynced one.
    /// Returns how many changes were not synced.
    pub fn cut_power(&self, keep: impl FnOnce(usize) -> usize) -> usize {
        let changes = self.changes();
        let lost: Vec<&Change> = changes.iter().filter(|change| is_unsynced(change, &changes)).collect();
        for change in lost[keep(lost.len())..].iter().rev() {
            self.undo(change);
        }
        let count = lost.len();
        fs::remove_file(&self.log).unwrap();
        for file in fs::read_dir(&self.kept).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        count
    }

    /// The log; a last record that the kill cut short was not followed by its write.
    fn changes(&self) -> Vec<Change> {
        let log = fs::read(&self.log).unwrap();
        let mut changes = Vec::new();
        let mut at = 0;
        while let Some(head) = log.get(at..at + 48) {
            let word = |n: usize| u64::from_le_bytes(head[n * 8..n * 8 + 8].try_into().unwrap());
            let length = word(5) as usize;
            let Some(bytes) = log.get(at + 48..at + 48 + length) else { break };
            let (kind, inode, offset, size, before) = (word(0), word(1), word(2), word(3), word(4));
            changes.push(Change { at: at as u64, kind, inode, offset, size, before, bytes: bytes.to_vec() });
            at += 48 + length;
        }
        changes
    }

    fn undo(&self, change: &Change) {
        let (first, second) = names(change);
        match change.kind {
            WRITTEN | TRUNCATED => {
                let Some(path) = self.files().remove(&change.inode) else { return };
                let file = OpenOptions::new().write(true).open(path).unwrap();
                file.set_len(change.size).unwrap();
                file.write_all_at(&change.bytes, change.offset).unwrap();
            }
            // The kill may have come between the remembering and the doing.
            MADE => drop(fs::remove_file(first)),
            RENAMED => drop(fs::rename(second, first)),
            REMOVED if !first.exists() => drop(fs::hard_link(second, first)),
            _ => {}
        }
    }

    /// Every file that is or was under the root, by inode.
    fn files(&self) -> HashMap<u64, PathBuf> {
        let mut files = HashMap::new();
        for dir in [&self.kept, &self.root] {
            for file in fs::read_dir(dir).unwrap() {
                let path = file.unwrap().path();
                files.insert(File::open(&path).unwrap().metadata().unwrap().ino(), path);
            }
        }
        files
    }
}

fn is_unsynced(change: &Change, all: &[Change]) -> bool {
    let covers = |sync: &&Change| change.at < sync.before;
    match change.kind {
        WRITTEN | TRUNCATED => !all.iter().filter(covers).any(|sync| sync.kind == SYNCED && sync.inode == change.inode),
        MADE | RENAMED | REMOVED => {
            let dir = names(change).0.parent().unwrap().as_os_str().as_encoded_bytes().to_vec();
            !all.iter().filter(covers).any(|sync| sync.kind == NAMES_SYNCED && sync.bytes == dir)
        }
        _ => false,
    }
}

fn names(change: &Change) -> (PathBuf, PathBuf) {
    let text = String::from_utf8_lossy(&change.bytes);
    let (first, second) = text.split_once('\n').unwrap_or_default();
    (first.into(), second.into())
}
