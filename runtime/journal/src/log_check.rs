//! Damage in the middle of a write-ahead log, found before the database library hides it.
//!
//! The library reads a log up to the first frame whose checksum fails and forgets the rest, which is
//! right for the torn tail of a power cut and wrong for a bit that flipped in what was synced.
//! One transaction at most is not synced when power fails. So a frame that fails before the end of a
//! transaction which another transaction follows is damage, because the second began after the
//! first was synced. Source: "WAL File Format", sqlite.org/fileformat2.html, section 4.

use std::io;
use std::path::Path;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const MAGIC_LITTLE_ENDIAN: u32 = 0x377f_0682;
const MAGIC_BIG_ENDIAN: u32 = 0x377f_0683;

/// Checks the log of a segment that nobody writes to. Returns what is wrong with it, if anything.
///
/// Costs one read of the log, so at most of one segment.
pub fn damage_in(log: &Path) -> io::Result<Option<String>> {
    let bytes = match std::fs::read(log) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(damage(&bytes))
}

fn damage(bytes: &[u8]) -> Option<String> {
    // The header is synced before the first frame is written: frames without a header cannot be.
    if bytes.len() <= HEADER_BYTES {
        return None;
    }
    let Some(header) = Header::read(bytes) else {
        return Some("a log header with a wrong checksum".to_owned());
    };
    let frames: Vec<&[u8]> = bytes[HEADER_BYTES..].chunks_exact(FRAME_HEADER_BYTES + header.page_bytes).collect();
    let mut checksum = header.checksum;
    let mut intact = 0;
    for frame in &frames {
        match header.follow(checksum, frame) {
            Some(next) => checksum = next,
            None => break,
        }
        intact += 1;
    }
    let mut later =
        frames[intact..].iter().filter(|frame| header.owns(frame)).skip_while(|frame| !ends_transaction(frame));
    // The end of the transaction that holds the failed frame, and anything after it.
    later.next()?;
    later.next()?;
    Some(format!("log frame {} with a wrong checksum, followed by later transactions", intact + 1))
}

struct Header {
    big_endian: bool,
    page_bytes: usize,
    salt: [u8; 8],
    checksum: (u32, u32),
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let big_endian = match word(bytes, 0)? {
            MAGIC_BIG_ENDIAN => true,
            MAGIC_LITTLE_ENDIAN => false,
            _ => return None,
        };
        let page_bytes = word(bytes, 8)? as usize;
        let checksum = sum((0, 0), &bytes[..24], big_endian);
        let stored = (word(bytes, 24)?, word(bytes, 28)?);
        let valid = checksum == stored && page_bytes.is_power_of_two() && (512..=65_536).contains(&page_bytes);
        valid.then_some(Self { big_endian, page_bytes, salt: bytes[16..24].try_into().ok()?, checksum })
    }

    /// Whether the frame was written to this log and not to an earlier one in the same file.
    fn owns(&self, frame: &[u8]) -> bool {
        frame[8..16] == self.salt
    }

    /// The running checksum after an intact frame.
    fn follow(&self, before: (u32, u32), frame: &[u8]) -> Option<(u32, u32)> {
        let head = sum(before, &frame[..8], self.big_endian);
        let all = sum(head, &frame[FRAME_HEADER_BYTES..], self.big_endian);
        (self.owns(frame) && Some(all) == word(frame, 16).zip(word(frame, 20))).then_some(all)
    }
}

/// A frame that ends a transaction carries the size of the database after it.
fn ends_transaction(frame: &[u8]) -> bool {
    word(frame, 4) != Some(0)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn sum((mut first, mut second): (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let (words, _) = bytes.as_chunks::<4>();
    let read = |word: [u8; 4]| if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) };
    for pair in words.chunks_exact(2) {
        first = first.wrapping_add(read(pair[0])).wrapping_add(second);
        second = second.wrapping_add(read(pair[1])).wrapping_add(first);
    }
    (first, second)
}
