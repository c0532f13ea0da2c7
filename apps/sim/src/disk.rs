//! A journal in memory that loses what a power cut loses.
//!
//! A group is one append: it is written, then synced. What was not synced when the power went is gone, or
//! torn, or there after all although nobody was told; never may only its later half be there.

use crate::chance::Chance;
use journal::{AppendError, Engine, Entry, ReadError, Reader};

/// Bytes of a record's length, and of the count that heads a group.
const LENGTH_BYTES: usize = 4;

/// The disk and the journal on it.
pub(crate) struct SimDisk {
    groups: Vec<Vec<u8>>,
    entries: Vec<Entry>,
    chance: Chance,
    sync_fails_ppm: u64,
    stopped: bool,
}

impl SimDisk {
    pub(crate) const fn new(chance: Chance, sync_fails_ppm: u64) -> SimDisk {
        SimDisk { groups: Vec::new(), entries: Vec::new(), chance, sync_fails_ppm, stopped: false }
    }

    /// How long the next sync takes.
    pub(crate) fn sync_ms(&mut self) -> u64 {
        // Now and then a device stalls; no answer may leave meanwhile.
        if self.chance.ppm(2_000) { self.chance.between(100, 3_000) } else { self.chance.between(1, 4) }
    }

    /// The power goes while a group may be under way.
    pub(crate) fn cut_power(&mut self, under_way: Option<&[Entry]>) {
        self.stopped = true;
        let Some(group) = under_way else { return };
        let bytes = stored(group);
        match self.chance.between(0, 3) {
            0 => self.groups.push(bytes),
            1 => {
                let most = u64::try_from(bytes.len() - 1).unwrap_or(0);
                let kept = usize::try_from(self.chance.between(0, most)).unwrap_or(0);
                self.groups.push(bytes[..kept].to_vec());
            }
            _ => {}
        }
    }

    /// Reads the disk after a restart; a torn last group is as if it had never been.
    pub(crate) fn reopen(&mut self) {
        self.entries.clear();
        for at in 0..self.groups.len() {
            match read(&self.groups[at], self.last()) {
                Some(entries) => self.entries.extend(entries),
                None => {
                    self.groups.truncate(at);
                    break;
                }
            }
        }
        self.stopped = false;
    }

    /// The durable records from `sequence` on.
    pub(crate) fn from(&self, sequence: u64) -> &[Entry] {
        let start = usize::try_from(sequence.saturating_sub(1)).unwrap_or(usize::MAX);
        self.entries.get(start..).unwrap_or_default()
    }

    pub(crate) fn last(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.sequence)
    }
}

impl Engine for SimDisk {
    fn last_sequence(&self) -> u64 {
        self.last()
    }

    fn append(&mut self, group: &[Entry]) -> Result<(), AppendError> {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return Err(AppendError::Empty) };
        if self.stopped {
            return Err(AppendError::Stopped);
        }
        let expected = self.last() + 1;
        if first.sequence != expected {
            return Err(AppendError::NotConsecutive { expected, found: first.sequence });
        }
        if self.chance.ppm(self.sync_fails_ppm) {
            self.cut_power(Some(group));
            let (segment, source) = ("memory".to_owned(), "the device did not confirm".into());
            return Err(AppendError::Storage { segment, first: first.sequence, last: last.sequence, source });
        }
        self.groups.push(stored(group));
        self.entries.extend_from_slice(group);
        Ok(())
    }
}

impl Reader for SimDisk {
    fn last_sequence(&mut self) -> Result<u64, ReadError> {
        Ok(self.last())
    }

    fn read_from(&mut self, from_sequence: u64, _max_bytes: usize) -> Result<Vec<Entry>, ReadError> {
        Ok(self.from(from_sequence).to_vec())
    }
}

/// How many records, then each with its length before it.
fn stored(group: &[Entry]) -> Vec<u8> {
    let count = u32::try_from(group.len()).unwrap_or(u32::MAX);
    let mut bytes = count.to_le_bytes().to_vec();
    for entry in group {
        bytes.extend_from_slice(&u32::try_from(entry.bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&entry.bytes);
    }
    bytes
}

/// The records of a group, or nothing when it is torn.
fn read(mut bytes: &[u8], last: u64) -> Option<Vec<Entry>> {
    let count = u64::try_from(take_length(&mut bytes)?).ok()?;
    let mut entries = Vec::new();
    for place in 1..=count {
        let length = take_length(&mut bytes)?;
        let record = bytes.get(..length)?;
        bytes = &bytes[length..];
        entries.push(Entry::new(last + place, record));
    }
    Some(entries)
}

fn take_length(bytes: &mut &[u8]) -> Option<usize> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    *bytes = rest;
    usize::try_from(u32::from_le_bytes(*length)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(from: u64, to: u64) -> Vec<Entry> {
        (from..=to).map(|sequence| Entry::new(sequence, vec![7u8; 20])).collect()
    }

    #[test]
    fn a_power_cut_keeps_all_of_a_group_or_nothing() {
        for seed in 0..200 {
            let mut disk = SimDisk::new(Chance::new(seed), 0);
            disk.append(&group(1, 3)).expect("appends");
            disk.cut_power(Some(&group(4, 6)));
            assert!(disk.append(&group(4, 4)).is_err());
            disk.reopen();
            assert!([3, 6].contains(&disk.last()), "seed {seed}: {}", disk.last());
            let next = disk.last() + 1;
            disk.append(&group(next, next)).expect("goes on");
        }
    }

    #[test]
    fn a_failed_sync_stops_the_journal() {
        let mut disk = SimDisk::new(Chance::new(1), 1_000_000);
        assert!(matches!(disk.append(&group(1, 1)), Err(AppendError::Storage { .. })));
        assert!(matches!(disk.append(&group(1, 1)), Err(AppendError::Stopped)));
    }
}
