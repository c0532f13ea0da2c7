//! The high-water mark: how far the journal was acknowledged, as far as the system still remembers.
//!
//! A write-ahead log that lost its tail looks like one that was never longer. The mark tells them
//! apart. It is written after each group is durable and never synced itself: a power cut may leave it
//! behind the journal, which is harmless, but never ahead of it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::{Damage, layout};

const NAME: &str = "high-water";

/// An open mark. Shape: the sequence as 8 bytes and its CRC-32C as 4, little-endian.
pub struct Mark {
    file: File,
}

impl Mark {
    /// Opens or makes the mark of a journal.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(dir.join(NAME))?;
        Ok(Self { file })
    }

    /// Moves the mark.
    pub fn set(&self, sequence: u64) -> io::Result<()> {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&sequence.to_le_bytes());
        bytes[8..].copy_from_slice(&crc32c::crc32c(&sequence.to_le_bytes()).to_le_bytes());
        self.file.write_all_at(&bytes, 0)
    }

    /// Makes the mark durable, for a copy that nobody writes to.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

/// The mark of a journal; `None` when there is none or it was torn, which says nothing.
pub fn read(dir: &Path) -> Option<u64> {
    let bytes = fs::read(dir.join(NAME)).ok()?;
    let sequence: [u8; 8] = bytes.get(..8)?.try_into().ok()?;
    let checksum: [u8; 4] = bytes.get(8..12)?.try_into().ok()?;
    (crc32c::crc32c(&sequence) == u32::from_le_bytes(checksum)).then(|| u64::from_le_bytes(sequence))
}

/// Refuses a journal that ends before its mark.
pub fn check(mark: Option<u64>, last_sequence: u64, last_segment: u64) -> Result<(), Damage> {
    match mark {
        Some(mark) if mark > last_sequence => Err(Damage {
            segment: layout::segment_name(last_segment),
            sequence: last_sequence + 1,
            found: "the end of the journal".to_owned(),
            expected: format!("records up to {mark}, which were acknowledged"),
        }),
        _ => Ok(()),
    }
}
