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

/// What a log holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// How many bytes of intact frames it begins with.
    pub intact_bytes: u64,
    /// What is wrong with it, if anything.
    pub damage: Option<String>,
}

/// Checks the log of a segment that nobody writes to. Costs one read of the log, so at most of one segment.
pub fn check(log: &Path) -> io::Result<Log> {
    match std::fs::read(log) {
        Ok(bytes) => Ok(check_bytes(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Log::default()),
        Err(error) => Err(error),
    }
}

fn check_bytes(bytes: &[u8]) -> Log {
    let Some((head, body)) = bytes.split_at_checked(HEADER_BYTES) else { return Log::default() };
    // A log is filled with zeros before its first use, and its header is synced before its first frame.
    if head.iter().all(|byte| *byte == 0) {
        let damage = body.iter().any(|byte| *byte != 0).then(|| "log frames without a header".to_owned());
        return Log { intact_bytes: 0, damage };
    }
    let Some(header) = Header::read(head) else {
        let damage = (!body.is_empty()).then(|| "a log header with a wrong checksum".to_owned());
        return Log { intact_bytes: 0, damage };
    };
    let frame_bytes = FRAME_HEADER_BYTES + header.page_bytes;
    let frames: Vec<&[u8]> = body.chunks_exact(frame_bytes).collect();
    let intact = header.count_intact(&frames);
    let damage = header
        .later_transactions(&frames[intact..])
        .then(|| format!("log frame {} with a wrong checksum, followed by later transactions", intact + 1));
    Log { intact_bytes: (intact * frame_bytes) as u64, damage }
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

    /// How many frames are intact before the first that is not.
    fn count_intact(&self, frames: &[&[u8]]) -> usize {
        let mut checksum = self.checksum;
        for (intact, frame) in frames.iter().enumerate() {
            match self.follow(checksum, frame) {
                Some(next) => checksum = next,
                None => return intact,
            }
        }
        frames.len()
    }

    /// Whether a transaction ends in these frames and something of this log comes after it.
    fn later_transactions(&self, frames: &[&[u8]]) -> bool {
        let mut owned = frames.iter().filter(|frame| self.owns(frame));
        owned.any(|frame| ends_transaction(frame)) && owned.next().is_some()
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
