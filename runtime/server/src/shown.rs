//! Reading the views, once they show what the caller knows already, and records of the journal.

use crate::context::Context;
use crate::phrases::Code;
use crate::problem::Problem;
use facts::Record;
use journal::{Reader, SqliteReader};
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// How often a waiting list looks whether the views have come far enough.
const LOOK_EVERY: Duration = Duration::from_millis(2);

impl Context {
    /// Waits until the views show a position.
    ///
    /// Errors: they do not in time.
    pub async fn shown(&self, position: u64) -> Result<(), Problem> {
        let shown = || self.node.progress().position() >= position;
        let until = Instant::now() + self.bounds.views_time;
        while !shown() {
            if Instant::now() >= until {
                let (found, asked) = (self.node.progress().position(), position);
                return Err(Problem::new(Code::ViewsBehind).detail(format!("shown: {found}, asked: {asked}")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Records of the journal, by their places.
    ///
    /// Errors: one is not there or cannot be read, which is logged.
    pub async fn records(&self, places: Vec<u64>) -> Result<Vec<Record>, Problem> {
        let dir = self.node.dir().join("journal");
        let read = tokio::task::spawn_blocking(move || read(&dir, &places)).await;
        read.map_err(|_| Problem::new(Code::Internal))?.map_err(|error| {
            tracing::error!(error, "records could not be read");
            Problem::new(Code::ViewsUnavailable)
        })
    }

    /// One record.
    ///
    /// Errors: as of several.
    pub async fn record(&self, place: u64) -> Result<Record, Problem> {
        let record = self.records(vec![place]).await?.pop();
        record.ok_or_else(|| Problem::new(Code::Internal))
    }

    /// Reads the views where blocking is allowed.
    ///
    /// Errors: the views', which are logged.
    pub async fn in_views<T: Send + 'static>(
        &self,
        read: impl FnOnce(&views::ViewReader) -> Result<T, views::ViewError> + Send + 'static,
    ) -> Result<T, Problem> {
        let views = self.views.clone();
        let done = tokio::task::spawn_blocking(move || read(&views)).await;
        done.map_err(|_| Problem::new(Code::Internal))?.map_err(|error| {
            tracing::error!(%error, "the views did not answer");
            Problem::new(Code::ViewsUnavailable)
        })
    }
}

fn read(dir: &Path, places: &[u64]) -> Result<Vec<Record>, String> {
    let mut reader = SqliteReader::open(dir).map_err(|error| error.to_string())?;
    let record = |place: &u64| {
        let entry = reader.record(*place).map_err(|error| error.to_string())?;
        let entry = entry.ok_or_else(|| format!("the journal has no record {place}"))?;
        Record::decode(&entry.bytes).map_err(|error| error.to_string())
    };
    places.iter().map(record).collect()
}
