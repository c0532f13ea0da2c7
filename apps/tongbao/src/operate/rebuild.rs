//! `tongbao rebuild-views`: the views are derived; deleting them loses nothing.

use crate::arguments::DirOptions;
use crate::failure::{Doing, Failure};
use crate::operate::replay;
use crate::output::Output;
use serde::Serialize;
use std::sync::Arc;
use views::{Indexes, Projected, Views};

/// How many records one transaction takes.
const BATCH: usize = 8_192;

#[derive(Serialize)]
struct Rebuilt {
    records: u64,
}

/// Deletes the views and makes them again. The node must be stopped.
pub fn rebuild_views(options: &DirOptions, output: &Output) -> Result<(), Failure> {
    // Before anything is made: a mistyped directory holds no node.
    replay::open(&options.dir)?;
    let path = options.dir.join(node::VIEWS);
    // Whoever holds the journal's lock writes the views.
    let lock = journal::SqliteJournal::open(&options.dir.join("journal"), journal::Options::default());
    let _lock = lock.map_err(|error| {
        Failure::unable(format!("the views cannot be rebuilt: {error}")).hint("stop the node first")
    })?;
    Views::remove(&path).doing("deleting the views")?;
    let mut views = Views::open_with(&path, Indexes::Last).doing("making the views")?;
    let mut batch = Vec::with_capacity(BATCH);
    let mut failed = None;
    let recovered = replay::replay(&options.dir, output, |record, state| {
        let posted = node::posted(state, &record.open.facts);
        batch.push(Projected { record: Arc::new(record.open.clone()), posted });
        if batch.len() >= BATCH && failed.is_none() {
            failed = views.apply(&batch).err();
            batch.clear();
        }
    })?;
    let rest = failed.map_or_else(|| views.apply(&batch), Err);
    rest.doing("writing the views")?;
    drop(views);
    Views::open(&path).doing("making the indexes of the views")?;
    let records = recovered.state.sequence();
    output.result(&Rebuilt { records }, &format!("views rebuilt from {records} records"));
    Ok(())
}
