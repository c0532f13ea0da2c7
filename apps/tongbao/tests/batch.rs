//! `tongbao batch run` from outside: the contract's own files, rejected files, runs again, and runs that were killed.

mod file;

use file::OrderFile;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// How often a run is killed before it may end.
const KILLS: u64 = 6;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn tongbao() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    command.arg("--quiet").arg("--json").current_dir(root());
    command
}

fn batch(subscribers: &Path, orders: &Path, out: &Path) -> Command {
    let mut command = tongbao();
    command.args(["batch", "run", "--subscribers"]).arg(subscribers);
    command.arg("--orders").arg(orders).arg("--out").arg(out);
    command
}

/// Runs a batch to its end and returns its report.
fn run(subscribers: &Path, orders: &Path, out: &Path) -> Value {
    report(&batch(subscribers, orders, out).output().expect("the program runs"))
}

fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(said.lines().last().expect("a last line")).expect("JSON")
}

fn audit(report: &Value) -> Value {
    let dir = report["dir"].as_str().expect("a directory");
    self::report(&tongbao().args(["audit", "--dir", dir]).output().expect("the program runs"))
}

/// How many orders of a world the policy that decided them would answer otherwise: none, or the inputs that the
/// journal keeps are not enough to decide again.
fn otherwise(report: &Value) -> Value {
    let dir = report["dir"].as_str().expect("a directory");
    let span = ["--from", "2015-01-01", "--to", "2026-12-31"];
    let mut command = tongbao();
    command.args(["policy", "what-if", "--policy", "policies", "--dir", dir]).args(span);
    self::report(&command.output().expect("the program runs"))["changed"].clone()
}

/// What a report says about the rows, without how long it took and where it is.
fn counts(report: &Value) -> Vec<Value> {
    ["rows", "accepted", "refused", "duplicates", "settled"].map(|field| report[field].clone()).into()
}

fn folder() -> PathBuf {
    std::env::var_os("TONGBAO_ORDERS").map_or(root().join("../shared/data/orders"), PathBuf::from)
}

#[test]
fn the_order_files_give_the_expected_results_byte_by_byte() {
    let folder = folder();
    if !folder.is_dir() {
        // Written to the stream itself: what `eprintln!` says is captured when a test passes.
        let said = writeln!(std::io::stderr(), "SKIPPED: batch did not run: no orders in {}", folder.display());
        return said.expect("stderr");
    }
    let kept = tempfile::tempdir().expect("a directory");
    let out = kept.path().join("results.csv");
    let report = run(&folder.join("subscribers.csv"), &folder.join("orders.csv"), &out);
    let expected = fs::read(folder.join("expected.csv")).expect("the expected results");
    assert!(fs::read(&out).expect("results") == expected, "the results differ from {}", folder.display());
    assert_eq!(report["settled"], report["accepted"]);
    assert_eq!((&audit(&report)["findings"], otherwise(&report)), (&Value::from(0), Value::from(0)));
}

#[test]
fn a_run_again_gives_the_same_bytes_and_adds_nothing() {
    let kept = tempfile::tempdir().expect("a directory");
    let file = OrderFile::write(kept.path(), 400);
    let first = run(&file.subscribers, &file.orders, &file.out);
    let (bytes, audited) = (fs::read(&file.out).expect("results"), audit(&first));
    assert_eq!((&audited["findings"], otherwise(&first)), (&Value::from(0), Value::from(0)));
    assert!(first["accepted"].as_u64() > Some(40) && first["duplicates"].as_u64() > Some(20), "{first}");
    for code in ["idempotency_conflict", "malformed_request", "not_the_holder", "balance_insufficient"] {
        assert!(first["refused"][code].as_u64() > Some(0), "{code}: {first}");
    }
    fs::write(&file.out, "an older file").expect("written");
    let second = run(&file.subscribers, &file.orders, &file.out);
    assert_eq!(counts(&second), counts(&first));
    assert!(fs::read(&file.out).expect("results") == bytes, "other bytes");
    let again = audit(&second);
    assert_eq!((&again["records"], &again["last_hash"]), (&audited["records"], &audited["last_hash"]));

    // Other input is another world.
    fs::write(&file.orders, [&fs::read(&file.orders).expect("orders")[..], b"\n"].concat()).expect("written");
    let other = run(&file.subscribers, &file.orders, &file.out);
    assert_ne!(other["dir"], first["dir"]);
    assert!(fs::read(&file.out).expect("results") == bytes, "an empty line is no row");
}

#[test]
fn a_run_that_was_killed_goes_on_and_doubles_nothing() {
    let kept = tempfile::tempdir().expect("a directory");
    let whole = OrderFile::write(&kept.path().join("whole"), 6_000);
    let killed = OrderFile::write(&kept.path().join("killed"), 6_000);
    let expected = run(&whole.subscribers, &whole.orders, &whole.out);
    let size = size_of(Path::new(expected["dir"].as_str().expect("a directory")));
    let world =
        killed.out.with_file_name(Path::new(expected["dir"].as_str().expect("one")).file_name().expect("named"));
    let mut hit = 0;
    for kill in 0..KILLS {
        let command = batch(&killed.subscribers, &killed.orders, &killed.out).stdout(Stdio::null()).spawn();
        hit += u32::from(kill_at(command.expect("the program starts"), &world, size * kill / KILLS));
    }
    assert!(hit >= 3, "only {hit} of {KILLS} kills met a running program");
    let resumed = run(&killed.subscribers, &killed.orders, &killed.out);
    assert_eq!(counts(&resumed), counts(&expected));
    assert!(fs::read(&killed.out).expect("results") == fs::read(&whole.out).expect("results"), "other bytes");
    let (audited, reference) = (audit(&resumed), audit(&expected));
    assert_eq!((&audited["findings"], &audited["orders"]), (&reference["findings"], &reference["orders"]));
    assert!(!killed.out.with_added_extension("partial").exists());
}

/// Kills a run when its world has grown so far. Says whether it was still running.
fn kill_at(mut child: Child, world: &Path, bytes: u64) -> bool {
    while child.try_wait().expect("a child").is_none() {
        if world.exists() && size_of(world) >= bytes {
            child.kill().expect("killed");
            return child.wait().expect("it ends").code().is_none();
        }
        std::thread::yield_now();
    }
    false
}

/// Bytes of all files below a directory; what vanishes meanwhile counts nothing.
fn size_of(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

#[test]
fn a_rejected_file_runs_nothing_and_names_line_and_column() {
    let kept = tempfile::tempdir().expect("a directory");
    let file = OrderFile::write(kept.path(), 20);
    let (subscribers, orders) =
        (fs::read_to_string(&file.subscribers).expect("text"), fs::read_to_string(&file.orders).expect("text"));
    let twice = format!("{subscribers}{}\n", subscribers.lines().nth(1).expect("a row"));
    let line = twice.lines().count();
    let cases = [
        (String::new(), orders.clone(), "line 1, column 1".to_owned()),
        (twice, orders.clone(), format!("line {line}, column 2 `msisdn`")),
        (subscribers.replacen(",promo_fen", "", 1), orders.clone(), "line 1, column 8 `promo_fen`".to_owned()),
        (subscribers.clone(), String::new(), "line 1, column 1".to_owned()),
        (subscribers.clone(), orders.replacen("amount", "amounts", 1), "line 1, column 7".to_owned()),
        (subscribers.clone(), orders.replacen(",target", "", 1), "line 1, column 9 `target`".to_owned()),
    ];
    for (subscribers, orders, named) in cases {
        fs::write(&file.subscribers, subscribers).expect("written");
        fs::write(&file.orders, orders).expect("written");
        let output = batch(&file.subscribers, &file.orders, &file.out).output().expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&named), "{named}: {said}");
        assert_eq!(fs::read_dir(kept.path()).expect("a directory").count(), 2, "something was made: {said}");
    }
}
