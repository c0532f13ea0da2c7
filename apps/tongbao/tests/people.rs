//! Nobody is found outside the vault: a whole run, searched byte by byte for everybody in it.

use facts::{Fact, Record};
use journal::{Reader, SqliteReader};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use vault::{InstrumentId, PersonId, Purpose, SubscriberId, Vault, VaultKey};

const LOOK: Purpose = Purpose::OrderFile;

/// Read at once.
const READ_BYTES: usize = 1 << 20;

/// Runs the program at the repository's root and returns what it printed, with everything it logged.
fn run(arguments: &[&str]) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongbao"));
    // Our own crates tell all they have; the HTTP client's wire is the partner's to see.
    command.args(arguments).current_dir(root).env("RUST_LOG", "trace,hyper_util=info,reqwest=info");
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    [output.stdout, output.stderr].concat()
}

/// All facts of a node's journal, and the bytes they were read from.
fn journaled(dir: &Path) -> (Vec<Fact>, Vec<u8>) {
    let mut reader = SqliteReader::open(&dir.join("journal")).expect("a journal");
    let (mut facts, mut bytes, mut next) = (Vec::new(), Vec::new(), 1);
    loop {
        let entries = reader.read_from(next, READ_BYTES).expect("it reads");
        let Some(last) = entries.last() else { return (facts, bytes) };
        next = last.sequence + 1;
        for entry in &entries {
            bytes.extend_from_slice(&entry.bytes);
            facts.extend(Record::decode(&entry.bytes).expect("a record").open.facts);
        }
    }
}

/// What must not be found of everybody whom the journal registers.
fn secrets(dir: &Path, facts: &[Fact]) -> BTreeSet<Vec<u8>> {
    let key = VaultKey::load_or_create(&dir.join("node.key")).expect("the key");
    let vault = Vault::open(&dir.join("vault.sqlite"), key).expect("the vault");
    let mut secrets = BTreeSet::new();
    for fact in facts {
        let Fact::SubscriberRegistered { subscriber, person, own_card, .. } = fact else { continue };
        let msisdn = vault.reveal_msisdn(SubscriberId(subscriber.bits()), LOOK).expect("a number");
        let (name, identity) = vault.reveal_identity(PersonId(person.bits()), LOOK).expect("a person");
        secrets.extend([msisdn.expose(), name.expose(), identity.expose()].map(|text| text.as_bytes().to_vec()));
        secrets.insert(escaped(name.expose()).into_bytes());
        // The number as SQLite and CBOR would write an integer.
        let number: u64 = msisdn.expose().parse().expect("digits");
        secrets.insert(number.to_be_bytes()[2..].to_vec());
        if let Some(card) = own_card {
            let card = vault.reveal_card(InstrumentId(card.bits()), LOOK).expect("a card");
            secrets.insert(card.expose().as_bytes().to_vec());
        }
    }
    secrets
}

/// A text as JSON may escape it.
fn escaped(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// Everything below a directory but the vault and its key.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        if path.is_dir() {
            found.extend(files(&path));
        } else if !name.starts_with("vault.sqlite") && name != "node.key" {
            found.push(path);
        }
    }
    found
}

/// How many of the secrets the bytes hold. A window's first two bytes decide whether it is looked at closer.
fn found_in(bytes: &[u8], secrets: &BTreeSet<Vec<u8>>) -> usize {
    let mut starts = vec![Vec::new(); 1 << 16];
    for secret in secrets {
        starts[usize::from(u16::from_be_bytes([secret[0], secret[1]]))].push(secret.as_slice());
    }
    let held = |at: usize| {
        let pair = bytes.get(at..at + 2).map_or(0, |pair| usize::from(u16::from_be_bytes([pair[0], pair[1]])));
        starts[pair].iter().filter(|secret| bytes[at..].starts_with(secret)).count()
    };
    (0..bytes.len()).map(held).sum()
}

#[test]
fn nobody_is_found_outside_the_vault() {
    let kept = tempfile::tempdir().expect("a directory");
    let dir = kept.path().join("node");
    let place = dir.to_str().expect("a path");
    let demo = ["demo", "--headless", "--orders", "60", "--faults", "heavy", "--seed", "11", "--json", "--dir", place];
    let mut told = run(&demo);
    for command in ["snapshot", "audit"] {
        told.extend(run(&[command, "--json", "--dir", place]));
    }
    told.extend(run(&["journal", "inspect", "--limit", "100000", "--dir", place]));

    let (facts, records) = journaled(&dir);
    let secrets = secrets(&dir, &facts);
    assert!(secrets.len() > 100, "everybody is looked for: {}", secrets.len());
    assert_eq!(found_in(&told, &secrets), 0, "in what was printed or logged");
    assert_eq!(found_in(&records, &secrets), 0, "in the journal's records");
    let files = files(&dir);
    let names: Vec<_> = files.iter().map(|path| path.display().to_string()).collect();
    for part in ["segment-", "views.sqlite", "notices.sqlite", "snapshot-"] {
        assert!(names.iter().any(|name| name.contains(part)), "{part} among {names:?}");
    }
    for path in files {
        let bytes = std::fs::read(&path).expect("it reads");
        assert_eq!(found_in(&bytes, &secrets), 0, "in `{}`", path.display());
    }
    // The search finds what is there.
    let one = secrets.iter().next().expect("somebody").clone();
    assert_eq!(found_in(&[b"before ".to_vec(), one, b" after".to_vec()].concat(), &secrets), 1);
}
