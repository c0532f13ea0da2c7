//! One writer per directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use crate::OpenError;

/// The right to write a journal directory; the system takes it back when the process ends.
pub struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Takes the right, or says which process has it.
    pub fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join("writer.lock");
        let failed = |source| OpenError::Io { path: path.clone(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Held { dir: dir.to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        write_holder(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(32).read_to_string(&mut text);
    let process = text.trim();
    if read.is_err() || process.is_empty() { "unknown".to_owned() } else { process.to_owned() }
}

fn write_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}
