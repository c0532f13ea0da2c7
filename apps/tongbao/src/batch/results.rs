//! The file of results: written under another name, and there only when every row has its answer.

use super::sync_parent;
use crate::failure::{Doing, Failure};
use orderfile::{RESULTS_HEADER, Told, write_result};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Results on their way to a file.
pub struct Results {
    out: PathBuf,
    partial: PathBuf,
    file: BufWriter<fs::File>,
    row: String,
}

impl Results {
    /// Begins beside `out`.
    pub fn begin(out: &Path) -> Result<Results, Failure> {
        let partial = out.with_added_extension("partial");
        let file = fs::File::create(&partial).doing(&format!("writing `{}`", partial.display()))?;
        let mut results =
            Results { out: out.to_owned(), partial, file: BufWriter::with_capacity(1 << 18, file), row: String::new() };
        results.row.push_str(RESULTS_HEADER);
        results.flush_row()?;
        Ok(results)
    }

    /// Writes one row.
    pub fn write(&mut self, request_id: &str, told: Told) -> Result<(), Failure> {
        write_result(request_id, told, &mut self.row);
        self.flush_row()
    }

    fn flush_row(&mut self) -> Result<(), Failure> {
        let written = self.file.write_all(self.row.as_bytes());
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
