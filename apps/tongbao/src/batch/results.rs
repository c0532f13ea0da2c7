//! The file of results: written under another name, and there only when every row has its answer.

use super::sync_parent;
use crate::failure::{Doing, Failure};
use orderfile::{Answer, RESULTS_HEADER, Told, read_result, write_result};
use std::fs;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Results on their way to a file.
pub struct Results {
    out: PathBuf,
    partial: PathBuf,
    file: BufWriter<fs::File>,
    row: String,
    rows: u64,
    end: u64,
    /// Where every stretch of rows begins: a row that repeats an earlier one gets its answer from there.
    begins: Vec<u64>,
}

/// How many rows are a stretch: half a byte of memory a row at most, and a few KiB to read for a row that is repeated.
const STRETCH: u64 = 32;

impl Results {
    /// Begins beside `out`.
    pub fn begin(out: &Path) -> Result<Results, Failure> {
        let partial = out.with_added_extension("partial");
        let file = fs::File::options().read(true).write(true).create(true).truncate(true).open(&partial);
        let file = file.doing(&format!("writing `{}`", partial.display()))?;
        let mut file = BufWriter::with_capacity(1 << 18, file);
        file.write_all(RESULTS_HEADER.as_bytes()).doing(&format!("writing `{}`", partial.display()))?;
        let end = RESULTS_HEADER.len() as u64;
        Ok(Results { out: out.to_owned(), partial, file, row: String::new(), rows: 0, end, begins: Vec::new() })
    }

    /// Writes one row.
    pub fn write(&mut self, request_id: &str, told: Told) -> Result<(), Failure> {
        write_result(request_id, told, &mut self.row);
        self.flush_row()
    }

    /// The answer of a row that was written.
    pub fn answer(&mut self, row: u64) -> Result<Option<Answer>, Failure> {
        let stretch = usize::try_from(row / STRETCH).unwrap_or(usize::MAX);
        let Some(begin) = self.begins.get(stretch).copied() else { return Ok(None) };
        let end = self.begins.get(stretch + 1).copied().unwrap_or(self.end);
        let mut bytes = vec![0; usize::try_from(end - begin).unwrap_or_default()];
        let read = self.file.flush().and_then(|()| self.file.get_ref().read_exact_at(&mut bytes, begin));
        read.doing(&format!("reading `{}`", self.partial.display()))?;
        // No result holds a line end but its own: an id is a part of a line.
        let mut rows = bytes.split_inclusive(|byte| *byte == b'\n').skip((row % STRETCH) as usize);
        Ok(rows.next().and_then(read_result))
    }

    fn flush_row(&mut self) -> Result<(), Failure> {
        let written = self.file.write_all(self.row.as_bytes());
        if self.rows.is_multiple_of(STRETCH) {
            self.begins.push(self.end);
        }
        (self.rows, self.end) = (self.rows + 1, self.end + self.row.len() as u64);
        self.row.clear();
        written.doing(&format!("writing `{}`", self.partial.display()))
    }

    /// Gives the file its name; an older one of that name goes.
    pub fn finish(self) -> Result<(), Failure> {
        let writing = format!("writing `{}`", self.out.display());
        let file = self.file.into_inner().map_err(|error| error.into_error()).doing(&writing)?;
        let named = file.sync_all().and_then(|()| fs::rename(&self.partial, &self.out));
        named.and_then(|()| sync_parent(&self.out)).doing(&writing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_again_and_no_other_is() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut results = Results::begin(&dir.path().join("out.csv")).expect("begins");
        let answer = |row: u64| Answer::Accepted { fee: row, payout: row * 1_000, arrives_on: facts::Day::default() };
        let rows = STRETCH * 3 + 1;
        for row in 0..rows {
            assert_eq!(results.answer(row).expect("reads"), None);
            results.write(&"r,\"".repeat(row as usize % 7), Told::First(answer(row))).expect("writes");
            assert_eq!(results.answer(row).expect("reads"), Some(answer(row)));
        }
        assert!((0..rows).all(|row| results.answer(row).expect("reads") == Some(answer(row))));
    }
}
