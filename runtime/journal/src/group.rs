//! A group as it is stored: one row, its records one after the other, and a checksum.

use crate::{Damage, Entry};

/// A stored group.
///
/// Shape of the body: for each record its length as 4 little-endian bytes, then its bytes.
/// The checksum is the CRC-32C of first sequence, last sequence (8 little-endian bytes each) and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub first: u64,
    pub last: u64,
    pub checksum: u32,
    pub body: Vec<u8>,
}

const LENGTH_BYTES: usize = 4;

impl Group {
    /// Stores consecutive entries; `None` when there is none.
    pub fn of(entries: &[Entry]) -> Option<Self> {
        let (first, last) = (entries.first()?.sequence, entries.last()?.sequence);
        let mut body = Vec::with_capacity(body_bytes(entries));
        for entry in entries {
            push_record(&mut body, &entry.bytes);
        }
        Some(Self { first, last, checksum: checksum(first, last, &body), body })
    }

    /// Checks the checksum and that the body holds exactly the records it should.
    pub fn check(&self, segment: &str) -> Result<(), Damage> {
        let damage =
            |found, expected| Err(Damage { segment: segment.to_owned(), sequence: self.first, found, expected });
        let computed = checksum(self.first, self.last, &self.body);
        if computed != self.checksum {
            return damage(format!("checksum {computed:08x}"), format!("checksum {:08x}", self.checksum));
        }
        let expected = self.last.wrapping_sub(self.first).wrapping_add(1);
        let mut records = Records { rest: &self.body };
        let found = records.by_ref().count() as u64;
        if found != expected || !records.rest.is_empty() {
            return damage(format!("a group of {found} records"), format!("a group of {expected} records"));
        }
        Ok(())
    }

    /// The records of a checked group from `sequence` on.
    pub fn entries_from(&self, sequence: u64) -> impl Iterator<Item = Entry> {
        let skipped = sequence.saturating_sub(self.first);
        let start = self.first + skipped;
        let records = Records { rest: &self.body }.skip(usize::try_from(skipped).unwrap_or(usize::MAX));
        (start..).zip(records).map(|(sequence, bytes)| Entry { sequence, bytes: bytes.to_vec() })
    }

    /// This group up to and including `sequence`, which must be in it.
    pub fn cut_after(self, sequence: u64) -> Self {
        if sequence >= self.last {
            return self;
        }
        let mut body = Vec::new();
        for entry in self.entries_from(self.first).take_while(|entry| entry.sequence <= sequence) {
            push_record(&mut body, &entry.bytes);
        }
        Self { first: self.first, last: sequence, checksum: checksum(self.first, sequence, &body), body }
    }
}

/// Size of the body that these entries make.
pub fn body_bytes(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| LENGTH_BYTES + entry.bytes.len()).sum()
}

/// A record's length fits its prefix because a group is far below 4 GiB.
fn push_record(body: &mut Vec<u8>, record: &[u8]) {
    body.extend_from_slice(&(record.len() as u32).to_le_bytes());
    body.extend_from_slice(record);
}

fn checksum(first: u64, last: u64, body: &[u8]) -> u32 {
    let head = crc32c::crc32c_append(crc32c::crc32c(&first.to_le_bytes()), &last.to_le_bytes());
    crc32c::crc32c_append(head, body)
}

/// Walks the records of a body; ends early, with something left, when a length leads outside.
struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, after) = self.rest.split_first_chunk::<LENGTH_BYTES>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let record = after.get(..length)?;
        self.rest = &after[length..];
        Some(record)
    }
}
