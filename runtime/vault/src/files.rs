//! Files of personal data: written once from front to back, sealed piece by piece, so that memory does not grow with
//! the file and nobody is found in it without the key.
//!
//! Shape: pieces, each four bytes of length, little-endian, whose top bit says that it is the last, and the sealed
//! piece. A piece opens only in its file, at its place, as the last or not.
//!
//! Files that belong together have a data key of their own, wrapped as those of persons are: destroying it makes an
//! end of them, whoever has copies.

use crate::key::sync_parent;
use crate::rows::FilesId;
use crate::seal::{Chance, Cipher, Key};
use crate::store::Wrapped;
use crate::vault::{lock, master_of};
use crate::{Vault, VaultError};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How much is sealed at once.
const PIECE_BYTES: usize = 64 << 10;
/// The most that a piece takes sealed: with nonce and tag.
const SEALED_BYTES_MAX: usize = PIECE_BYTES + 64;
/// Says in a length that its piece is the last.
const LAST: u32 = 1 << 31;

/// Seals and opens files.
#[derive(Clone)]
pub struct SealedFiles {
    cipher: Cipher,
}

impl fmt::Debug for SealedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedFiles(…)")
    }
}

/// The key of files that are not kept yet; it is gone when this is dropped.
pub struct NewFiles {
    key: Key,
}

impl NewFiles {
    /// A fresh key.
    ///
    /// Errors: the system gives no randomness.
    pub fn random() -> Result<NewFiles, VaultError> {
        Ok(NewFiles { key: Key::random(&mut Chance::new())? })
    }

    /// Seals and opens files under it.
    pub fn sealed(&self) -> SealedFiles {
        SealedFiles::of(&self.key)
    }
}

impl Vault {
    /// Keeps the key of files; durable on return.
    ///
    /// Errors: there are files of this id, or the vault does not answer.
    pub fn keep_files(&self, id: FilesId, new: &NewFiles) -> Result<(), VaultError> {
        let mut ring = self.ring();
        loop {
            let version = ring.newest().version;
            let wrapped = ring.newest().wrap(id.0, &new.key, &mut Chance::new())?;
            let key = Wrapped { person: id.0, version, wrapped };
            let master = lock(&self.writer).in_transaction(|view| {
                let master = master_of(view)?;
                // As for persons: nothing may be left to a key that is not the vault's any more.
                if master <= version {
                    view.insert_key(&key)?;
                }
                Ok(master)
            })?;
            if master <= version {
                return Ok(());
            }
            ring = self.reload(master)?;
        }
    }

    /// Seals and opens the files of an id; none when they have no key, or not any more.
    ///
    /// Errors: the vault does not answer.
    pub fn files_of(&self, id: FilesId) -> Result<Option<SealedFiles>, VaultError> {
        let store = lock(&self.reader);
        Ok(self.data_key(&store.view(), id.0)?.map(|key| SealedFiles::of(&key)))
    }

    /// Destroys the key of files, and leaves no copy of it in the vault. Done again, it changes nothing.
    ///
    /// Errors: the vault does not answer, or somebody reads it for too long; it is to be done again then.
    pub fn destroy_files(&self, id: FilesId) -> Result<(), VaultError> {
        lock(&self.writer).in_transaction(|view| view.remove_key(id.0))?;
        self.forget();
        self.empty_log()
    }
}

/// A file being written.
pub struct SealedWriter {
    files: SealedFiles,
    file: File,
    name: Box<[u8]>,
    open: Vec<u8>,
    pieces: u64,
}

/// A file being read.
pub struct SealedReader {
    files: SealedFiles,
    file: BufReader<File>,
    name: Box<[u8]>,
    piece: Vec<u8>,
    read: usize,
    pieces: u64,
    ending: Ending,
}

/// How a file may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With its last piece; one that breaks off is refused.
    Whole,
    /// Anywhere: it may still be written.
    Growing,
    /// The last piece was read.
    Reached,
}

impl SealedFiles {
    /// Files under their data key.
    pub(crate) fn of(key: &Key) -> SealedFiles {
        SealedFiles { cipher: key.cipher() }
    }

    /// Begins a file that is not there yet, readable by its owner alone. The name is what it is known by, whatever
    /// its path: under another name it does not open.
    ///
    /// Errors: the system's.
    pub fn create(&self, path: &Path, name: &[u8]) -> io::Result<SealedWriter> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(SealedWriter { files: self.clone(), file, name: name.into(), open: Vec::new(), pieces: 0 })
    }

    /// Opens a file.
    ///
    /// Errors: the system's.
    pub fn open(&self, path: &Path, name: &[u8], ending: Ending) -> io::Result<SealedReader> {
        let file = BufReader::with_capacity(PIECE_BYTES, File::open(path)?);
        Ok(SealedReader { files: self.clone(), file, name: name.into(), piece: Vec::new(), read: 0, pieces: 0, ending })
    }

    /// Replaces a small file by another, whole; durable on return.
    ///
    /// Errors: the system's; the file is then the one before or the one after.
    pub fn replace(&self, path: &Path, name: &[u8], text: &[u8]) -> io::Result<()> {
        let new = path.with_added_extension("new");
        remove_if_there(&new)?;
        let mut writer = self.create(&new, name)?;
        writer.write_all(text)?;
        writer.finish()?;
        fs::rename(&new, path)?;
        sync_parent(path)
    }

    /// Reads a small file, whole.
    ///
    /// Errors: the system's, or it does not open.
    pub fn read(&self, path: &Path, name: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        self.open(path, name, Ending::Whole)?.read_to_end(&mut text)?;
        Ok(text)
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Where a piece stands.
fn place(name: &[u8], piece: u64, last: bool) -> Vec<u8> {
    [b"file\0", &piece.to_be_bytes()[..], &[u8::from(last)], name].concat()
}

impl SealedWriter {
    /// Seals what was written, as the last piece, and makes the file durable.
    ///
    /// Errors: the system's.
    pub fn finish(mut self) -> io::Result<()> {
        self.seal(true)?;
        self.file.sync_all()
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let place = place(&self.name, self.pieces, last);
        let sealed = self.files.cipher.seal(&place, &self.open, &mut Chance::new()).map_err(io::Error::other)?;
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)? | if last { LAST } else { 0 };
        self.file.write_all(&[&length.to_le_bytes()[..], &sealed].concat())?;
        self.open.clear();
        self.pieces += 1;
        Ok(())
    }
}

impl Write for SealedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PIECE_BYTES - self.open.len();
        let taken = bytes.len().min(room);
        self.open.extend_from_slice(&bytes[..taken]);
        if self.open.len() == PIECE_BYTES {
            self.seal(false)?;
        }
        Ok(taken)
    }

    /// Lets readers see what was written, as a shorter piece.
    fn flush(&mut self) -> io::Result<()> {
        if self.open.is_empty() { Ok(()) } else { self.seal(false) }
    }
}

impl SealedReader {
    /// Opens the next piece; `false` at the end.
    fn next(&mut self) -> io::Result<bool> {
        if self.ending == Ending::Reached {
            return Ok(false);
        }
        let mut length = [0; 4];
        if !self.fill(&mut length)? {
            return Ok(false);
        }
        let length = u32::from_le_bytes(length);
        let (last, bytes) = (length & LAST != 0, (length & !LAST) as usize);
        if bytes > SEALED_BYTES_MAX {
            return Err(damaged());
        }
        let mut sealed = vec![0; bytes];
        if !self.fill(&mut sealed)? {
            return Ok(false);
        }
        let place = place(&self.name, self.pieces, last);
        self.piece = self.files.cipher.open(&place, &sealed).ok_or_else(damaged)?.to_vec();
        (self.read, self.pieces) = (0, self.pieces + 1);
        if last {
            self.ending = Ending::Reached;
        }
        Ok(true)
    }

    /// Fills a buffer; `false` where a file that may still be written ends.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        match self.file.read_exact(buffer) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && self.ending == Ending::Growing => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a sealed file does not open: it was changed or moved")
}

impl BufRead for SealedReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.read == self.piece.len() && self.next()? {}
        Ok(&self.piece[self.read..])
    }

    fn consume(&mut self, bytes: usize) {
        self.read += bytes;
    }
}

impl Read for SealedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut piece = self.fill_buf()?;
        let read = piece.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(key: u8) -> SealedFiles {
        SealedFiles::of(&Key::from_bytes([key; 32]))
    }

    fn write(path: &Path, text: &[u8]) -> SealedWriter {
        let mut writer = files(1).create(path, b"name").expect("a new file");
        writer.write_all(text).expect("written");
        writer
    }

    #[test]
    fn a_file_reads_back_and_shows_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        for size in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, 3 * PIECE_BYTES + 7] {
            let path = dir.path().join(size.to_string());
            let text: Vec<u8> = b"13312345678,".iter().copied().cycle().take(size).collect();
            write(&path, &text).finish().expect("finished");
            assert_eq!(files(1).read(&path, b"name").expect("it opens"), text);
            let bytes = fs::read(&path).expect("bytes");
            assert!(!bytes.windows(11).any(|window| window == b"13312345678"));
            assert!(files(2).read(&path, b"name").is_err() && files(1).read(&path, b"other").is_err());
        }
    }

    #[test]
    fn a_file_that_breaks_off_or_is_reordered_does_not_read_as_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("file");
        let mut writer = write(&path, &vec![7; 2 * PIECE_BYTES]);
        writer.write_all(b"more").and_then(|()| writer.flush()).expect("flushed");
        drop(writer);
        assert!(files(1).read(&path, b"name").is_err(), "it has no last piece");
        let mut seen = Vec::new();
        let mut growing = files(1).open(&path, b"name", Ending::Growing).expect("it opens");
        growing.read_to_end(&mut seen).expect("it may grow");
        assert_eq!(seen.len(), 2 * PIECE_BYTES + 4);

        let bytes = fs::read(&path).expect("bytes");
        let piece = 4 + PIECE_BYTES + 28;
        let swapped = [&bytes[piece..2 * piece], &bytes[..piece], &bytes[2 * piece..]].concat();
        fs::write(&path, swapped).expect("written");
        let mut growing = files(1).open(&path, b"name", Ending::Growing).expect("it opens");
        assert!(growing.read_to_end(&mut Vec::new()).is_err(), "pieces changed places");
    }
}
