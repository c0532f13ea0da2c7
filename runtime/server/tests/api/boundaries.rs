//! A node is killed before each change that it makes to vault and journal while somebody is registered and somebody is
//! erased, and started again: no row without a record, no record without its subject, nothing acknowledged is lost.

use crate::support::{Person, Stage, StageOptions};
use facts::{PersonId, SubscriberId};
use serde_json::json;
use server::Bounds;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use vault::{Purpose, VaultError};

const DIR: &str = "BOUNDARIES_DIR";
const WORK: &str = "BOUNDARIES_WORK";
/// The files whose changes count, by how their names begin: the vault's and the journal's.
const NAMES: &str = "vault.sqlite:segment-";
/// More changes than the work makes.
const CHANGES_MOST: u32 = 400;
const DAY_MS: u64 = 86_400_000;

fn options() -> StageOptions {
    let bounds = Bounds { compare_every: Duration::from_millis(20), ..Bounds::default() };
    StageOptions { bounds, ..StageOptions::default() }
}

/// Not a test of its own: what the tests below kill.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_works() {
    let (Some(dir), Ok(work)) = (std::env::var_os(DIR), std::env::var(WORK)) else { return };
    let dir = PathBuf::from(dir);
    let stage = Stage::at(&dir, options()).await;
    match &*work {
        "register" => {
            arm(&dir);
            say(&dir, &registered(&stage, &Person::adult(1), 100).await);
        }
        _ => {
            // Somebody stays, since they hold value, and somebody goes.
            say(&dir, &registered(&stage, &Person::adult(1), 100).await);
            let gone = registered(&stage, &Person::adult(2), 0).await;
            let person = person_of(&stage, &gone).await;
            let because = json!({"reason": "asked at the counter"});
            stage.post("/v1/persons/{id}/erasure", &[&person]).json(&because).reply().await.ok(200);
            arm(&dir);
            stage.node.clock().advance_to(stage.node.clock().now().plus(11 * 366 * DAY_MS));
            while stage.get("/v1/subscribers/{id}", &[&gone]).reply().await.json()["erased"] != true {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            say(&dir, &format!("erased {gone}"));
        }
    }
    stage.rest().await;
}

fn arm(dir: &Path) {
    std::fs::write(dir.join("armed"), "").expect("armed");
}

/// What the caller was told, for whoever looks afterwards.
fn say(dir: &Path, told: &str) {
    let before = std::fs::read_to_string(dir.join("told")).unwrap_or_default();
    std::fs::write(dir.join("told"), format!("{before}{told}\n")).expect("said");
}

/// The same each time, so that whoever was not told may ask again.
async fn registered(stage: &Stage, person: &Person, held_fen: u64) -> String {
    let mut body = person.body(held_fen);
    if held_fen == 0 {
        body["lots"] = json!([]);
    }
    stage.post("/v1/subscribers", &[]).key(&person.msisdn).json(&body).reply().await.ok(201).field("id")
}

async fn person_of(stage: &Stage, subscriber: &str) -> String {
    stage.get("/v1/subscribers/{id}", &[subscriber]).reply().await.ok(200).field("person")
}

fn shim(home: &Path) -> PathBuf {
    let library = home.join("strike.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/strike.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).args([&library, &source]).arg("-ldl");
    assert!(compiler.status().expect("a C compiler, which building SQLite needs too").success());
    library
}

/// Works in a process of its own, which is gone before its n-th change. Says whether it came to its end.
fn strike(library: &Path, dir: &Path, work: &str, at: u32) -> bool {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command.args(["--exact", "boundaries::child_that_works"]).env(DIR, dir).env(WORK, work);
    command.env("LD_PRELOAD", library).env("STRIKE_ROOT", dir).env("STRIKE_NAMES", NAMES);
    let ended = command.env("STRIKE_AT", at.to_string()).output().expect("it runs");
    let killed = std::os::unix::process::ExitStatusExt::signal(&ended.status) == Some(9);
    assert!(killed || ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    !killed
}

/// What must hold, wherever the node was killed.
async fn look(stage: &Stage, dir: &Path) {
    // An erasure is in the state a moment before the vault has done it.
    for _ in 0..1_000 {
        let erased = |state: &facts::State| state.custody().erased_after(0).count() as u64;
        let erased = stage.node.read(erased).await.expect("the node runs").0;
        let settled = stage.vault.unconfirmed(1).expect("it answers").is_empty();
        if settled && stage.vault.status().expect("it answers").erased == erased {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let read = |state: &facts::State| {
        let all = state.custody().persons_after(PersonId::default()).collect::<BTreeSet<PersonId>>();
        let of = |person: PersonId| {
            let erased = state.custody().standing(person).is_some_and(facts::Standing::is_erased);
            (person, erased, state.subscribers_of(person).map(|subscriber| subscriber.id).collect::<Vec<_>>())
        };
        all.into_iter().map(of).collect::<Vec<_>>()
    };
    let known = stage.node.read(read).await.expect("the node runs").0;
    for (person, erased, subscribers) in &known {
        let named = stage.vault.reveal_identity(vault::PersonId(person.bits()), Purpose::Registration);
        assert_eq!(matches!(named, Err(VaultError::Erased { .. })), *erased, "{named:?}");
        assert_eq!(named.is_ok(), !erased, "a record without its subject: {named:?}");
        for subscriber in subscribers {
            let number = stage.vault.reveal_msisdn(vault::SubscriberId(subscriber.bits()), Purpose::Registration);
            assert_eq!(number.is_ok(), !erased, "a record without its number: {number:?}");
        }
    }
    let status = stage.vault.status().expect("it answers");
    let kept = known.iter().filter(|(_, erased, _)| !erased).count() as u64;
    assert_eq!(status.data_keys, kept + 1, "a key without a record, beside that of notes");
    assert_eq!(status.erased, known.len() as u64 - kept, "a row without a record");
    for told in std::fs::read_to_string(dir.join("told")).unwrap_or_default().lines() {
        let (wanted, id) = told.strip_prefix("erased ").map_or((false, told), |id| (true, id));
        let id: SubscriberId = id.parse().expect("a subscriber");
        let found = known.iter().find(|(_, _, subscribers)| subscribers.contains(&id));
        assert_eq!(found.map(|(_, erased, _)| *erased), Some(wanted), "told and lost: {told}");
    }
}

/// Does the work once for each change that it makes, and looks after each.
async fn at_every_change(work: &str) -> u32 {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let library = shim(home.path());
    for at in 1..CHANGES_MOST {
        let dir = home.path().join(at.to_string());
        std::fs::create_dir(&dir).expect("a directory");
        let ended = strike(&library, &dir, work, at);
        let stage = Stage::at(&dir, options()).await;
        look(&stage, &dir).await;
        // Whoever was not told asks again, and it comes to the same.
        registered(&stage, &Person::adult(1), 100).await;
        look(&stage, &dir).await;
        stage.node.stop();
        stage.node.wait_stopped().await;
        std::fs::remove_dir_all(&dir).expect("removed");
        if ended {
            return at - 1;
        }
    }
    panic!("the work makes more than {CHANGES_MOST} changes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_write_leaves_no_orphan_and_no_record_without_its_subject() {
    let changes = at_every_change("register").await;
    // Rows, their log and its sync on one side, a group of records and its sync on the other.
    assert!(changes >= 6, "{changes} changes were seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_write_of_an_erasure_leaves_it_undone_or_done() {
    let changes = at_every_change("erase").await;
    assert!(changes >= 6, "{changes} changes were seen");
}
