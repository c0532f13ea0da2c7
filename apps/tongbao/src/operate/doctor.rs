//! `tongbao doctor`: is this machine, and this directory, fit to run a node?

use crate::arguments::DirOptions;
use crate::failure::{Doing, Failure};
use crate::notices;
use crate::output::Output;
use crate::site::{NodeKeys, Site};
use serde::Serialize;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

/// A sync slower than this makes every order slow.
const SYNC_MOST_US: u128 = 20_000;
/// How many syncs are timed.
const SYNCS: usize = 50;

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    found: String,
}

#[derive(Serialize)]
struct Checks {
    healthy: bool,
    warnings: Vec<String>,
    checks: Vec<Check>,
}

/// Runs every check and says what to do about those that fail.
pub fn doctor(options: &DirOptions, output: &Output) -> Result<(), Failure> {
    let (data, warnings) = match data() {
        Ok((found, warnings)) => (Ok(found), warnings),
        Err(failure) => (Err(failure), Vec::new()),
    };
    let checks = vec![
        check("data and policies", data),
        check("directory and key", NodeKeys::load(&options.dir).map(|_| "readable by its owner alone".to_owned())),
        check("sync", sync(&options.dir)),
        check("journal", journal_chain(&options.dir)),
    ];
    let healthy = checks.iter().all(|check| check.ok);
    let mark = |ok| if ok { "ok  " } else { "FAIL" };
    let mut lines: Vec<String> =
        checks.iter().map(|check| format!("{} {}: {}", mark(check.ok), check.name, check.found)).collect();
    lines.extend(warnings.iter().map(|warning| format!("warn {warning}")));
    output.result(&Checks { healthy, warnings, checks }, &lines.join("\n"));
    if healthy { Ok(()) } else { Err(Failure::breach("this is not fit to run a node")) }
}

fn check(name: &'static str, found: Result<String, Failure>) -> Check {
    match found {
        Ok(found) => Check { name, ok: true, found },
        Err(failure) => Check { name, ok: false, found: failure.to_string() },
    }
}

/// What is in use, and what of it needs somebody soon.
fn data() -> Result<(String, Vec<String>), Failure> {
    let site = Site::find()?;
    let rules = site.rules()?;
    let numbers = site.numbers()?;
    Ok((notices::versions(&rules.policy, &numbers), notices::notices(&rules.policy, notices::today())))
}

fn sync(dir: &Path) -> Result<String, Failure> {
    let path = dir.join("doctor.probe");
    let mut file = File::create(&path).doing("writing a probe")?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let start = Instant::now();
        file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&[0; 4096])).doing("writing a probe")?;
        file.sync_data().doing("syncing a probe")?;
        times.push(start.elapsed().as_micros());
    }
    std::fs::remove_file(&path).doing("removing the probe")?;
    times.sort_unstable();
    let median = times[SYNCS / 2];
    if median > SYNC_MOST_US {
        return Err(Failure::unable(format!("4 KiB take {median} us to sync")).hint("use a local disk"));
    }
    Ok(format!("4 KiB take {median} us to sync"))
}

fn journal_chain(dir: &Path) -> Result<String, Failure> {
    let journal = dir.join("journal");
    if !journal.is_dir() {
        return Ok("none yet".to_owned());
    }
    let report = journal::verify(&journal, |_| {}).doing("verifying the journal")?;
    Ok(format!("{} records in {} segments hold", report.last_sequence, report.segments))
}
