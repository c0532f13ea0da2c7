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
    /// Where every row begins, and the end: a row that repeats an earlier one gets its answer from there.
    begins: Vec<u64>,
}

/// How much room the places of rows get when it is used up, as a part of it: 9 bytes a row at most.
const ROOM: usize = 8;

impl Results {
    /// Begins beside `out`.
    pub fn begin(out: &Path) -> Result<Results, Failure> {
        let partial = out.with_added_extension("partial");
        let file = fs::File::options().read(true).write(true).create(true).truncate(true).open(&partial);
        let file = file.doing(&format!("writing `{}`", partial.display()))?;
        let mut file = BufWriter::with_capacity(1 << 18, file);
        file.write_all(RESULTS_HEADER.as_bytes()).doing(&format!("writing `{}`", partial.display()))?;
        let begins = vec![RESULTS_HEADER.len() as u64];
        Ok(Results { out: out.to_owned(), partial, file, row: String::new(), begins })
    }

    /// Writes one row.
    pub fn write(&mut self, request_id: &str, told: Told) -> Result<(), Failure> {
        write_result(request_id, told, &mut self.row);
        self.flush_row()
    }

    /// The answer of a row that was written.
    pub fn answer(&mut self, row: u64) -> Result<Option<Answer>, Failure> {
        let place = usize::try_from(row).unwrap_or(usize::MAX);
        let Some([begin, end]) = self.begins.get(place..).and_then(|rest| rest.first_chunk()) else { return Ok(None) };
        let mut bytes = vec![0; usize::try_from(end - begin).unwrap_or_default()];
        let read = self.file.flush().and_then(|()| self.file.get_ref().read_exact_at(&mut bytes, *begin));
        read.doing(&format!("reading `{}`", self.partial.display()))?;
        Ok(read_result(&bytes))
    }

    fn flush_row(&mut self) -> Result<(), Failure> {
        let written = self.file.write_all(self.row.as_bytes());
        if self.begins.len() == self.begins.capacity() {
            self.begins.reserve_exact(self.begins.len() / ROOM + 1);
        }
        self.begins.push(self.begins.last().map_or(0, |begin| begin + self.row.len() as u64));
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
