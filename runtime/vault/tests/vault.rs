//! The vault from outside: what is put is found, and nothing of it shows.

mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use support::{LOOK, assert_holds, card, identity, msisdn, name, registration, registrations};
use vault::{
    IdentityNumber, InstrumentId, KeyError, Msisdn, PersonId, SubscriberId, Vault, VaultError, VaultKey, VaultOptions,
};

const KEY: [u8; 32] = [9; 32];

fn open(path: &Path) -> Vault {
    Vault::open(path, VaultKey::from_bytes(KEY)).unwrap()
}

#[test]
fn what_is_put_is_found_again_after_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sqlite");
    let vault = open(&path);
    let registered = vault.register(&registrations(50)).unwrap();
    assert!(registered.iter().all(|one| one.person.created && one.number.created && one.card.unwrap().created));
    assert_holds(&vault, 7);
    drop(vault);
    // A cache far smaller than the vault answers the same.
    let vault = Vault::open_with(&path, VaultKey::from_bytes(KEY), VaultOptions { cache_rows: 4 }).unwrap();
    for n in (1..=50).chain(1..=50) {
        assert_holds(&vault, n);
    }
    assert_eq!(vault.find_number(&Msisdn::parse("13999999999").unwrap()).unwrap(), None);
    assert!(matches!(vault.reveal_card(InstrumentId(1), LOOK), Err(VaultError::NotFound { id: 1, .. })));
}

#[test]
fn the_same_person_number_and_card_resolve_to_the_first_row() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(&dir.path().join("vault.sqlite"));
    vault.register(&[registration(1)]).unwrap();
    let mut again = registration(1);
    again.person.id = PersonId(91);
    again.number.0 = SubscriberId(92);
    again.card.as_mut().unwrap().0 = InstrumentId(93);
    // A second number of the same person lands at the first row's person.
    let mut second = again.clone();
    second.number.1 = Msisdn::parse(&msisdn(2)).unwrap();
    let registered = vault.register(&[again, second]).unwrap();
    assert_eq!((registered[0].person.id, registered[0].person.created), (PersonId(1), false));
    assert_eq!((registered[0].number.id, registered[0].number.created), (SubscriberId(100_001), false));
    assert_eq!(registered[0].card.unwrap().id, InstrumentId(200_001));
    assert_eq!((registered[1].number.id, registered[1].number.person), (SubscriberId(92), PersonId(1)));
}

#[test]
fn a_repeat_within_a_batch_finds_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(&dir.path().join("vault.sqlite"));
    let mut other = registration(3);
    other.card = None;
    let registered = vault.register(&[registration(1), registration(1), other, registration(2)]).unwrap();
    let created: Vec<_> = registered.iter().map(|one| (one.person.created, one.number.created)).collect();
    assert_eq!(created, [(true, true), (false, false), (true, true), (true, true)]);
    let cards: Vec<_> = registered.iter().map(|one| one.card.map(|card| (card.id.0, card.created))).collect();
    assert_eq!(cards, [Some((200_001, true)), Some((200_001, false)), None, Some((200_002, true))]);
}

#[test]
fn somebody_elses_number_is_told_as_theirs() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(&dir.path().join("vault.sqlite"));
    vault.register(&registrations(2)).unwrap();
    let mut taken = registration(2);
    taken.number = (SubscriberId(77), Msisdn::parse(&msisdn(1)).unwrap());
    let put = vault.register(&[taken]).unwrap()[0].number;
    assert_eq!((put.id, put.person, put.created), (SubscriberId(100_001), PersonId(1), false));
}

#[test]
fn a_batch_that_fails_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(&dir.path().join("vault.sqlite"));
    let mut clash = registration(2);
    clash.number.0 = SubscriberId(100_001);
    let failed = vault.register(&[registration(1), clash]);
    assert!(matches!(failed, Err(VaultError::IdInUse { table: "numbers", id: 100_001 })));
    assert_eq!(vault.find_person(&IdentityNumber::parse(&identity(1)).unwrap()).unwrap(), None);
    vault.register(&registrations(2)).unwrap();
    assert_holds(&vault, 1);
}

#[test]
fn another_key_is_refused_on_opening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sqlite");
    open(&path).register(&[registration(1)]).unwrap();
    let error = Vault::open(&path, VaultKey::from_bytes([8; 32])).err().expect("another key is refused");
    assert!(matches!(error, VaultError::WrongKey { .. }));
    assert!(error.to_string().contains("hint: "), "{error}");
    assert_holds(&open(&path), 1);
}

#[test]
fn a_key_file_is_made_once_and_must_be_private() {
    let dir = tempfile::tempdir().unwrap();
    let (key, path) = (dir.path().join("vault.key"), dir.path().join("vault.sqlite"));
    Vault::open(&path, VaultKey::load_or_create(&key).unwrap()).unwrap().register(&[registration(1)]).unwrap();
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_holds(&Vault::open(&path, VaultKey::load_or_create(&key).unwrap()).unwrap(), 1);
    for mode in [0o640, 0o604, 0o620] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = VaultKey::load_or_create(&key).unwrap_err();
        assert!(matches!(error, KeyError::Exposed { .. }));
        assert!(error.to_string().contains("hint: chmod 600"), "{error}");
    }
    let short = dir.path().join("short.key");
    VaultKey::load_or_create(&short).unwrap();
    std::fs::write(&short, b"short").unwrap();
    assert!(matches!(VaultKey::load_or_create(&short), Err(KeyError::Length { found: 5, .. })));
}

/// Every file of the directory, one after the other.
fn all_bytes(dir: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn of_two_who_make_a_key_at_once_both_get_the_one_that_stays() {
    for _ in 0..50 {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("vault.key");
        let made = || VaultKey::load_or_create(&key).unwrap().derive(b"a test");
        let (one, other) = std::thread::scope(|scope| {
            let other = scope.spawn(made);
            (made(), other.join().unwrap())
        });
        assert_eq!(one, other);
        assert_eq!(VaultKey::load_or_create(&key).unwrap().derive(b"a test"), one);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing of a key lies beside it");
    }
}

#[test]
fn no_file_holds_a_name_number_or_card() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(&dir.path().join("vault.sqlite"));
    vault.register(&registrations(20)).unwrap();
    // While the log holds everything, and with a merged copy beside it.
    for phase in ["log", "copy"] {
        let bytes = all_bytes(dir.path());
        assert!(contains(&bytes, "numbers"), "{phase}: the search itself works");
        for n in 1..=20 {
            for text in [name(n), identity(n), msisdn(n), card(n)] {
                assert!(!contains(&bytes, &text), "{phase} holds {text}");
            }
        }
        vault.backup(&dir.path().join(format!("backup-{phase}"))).unwrap();
    }
}

#[test]
fn messages_and_debug_output_show_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(&dir.path().join("vault.sqlite"));
    let registered = vault.register(&[registration(1)]).unwrap();
    let mut clash = registration(2);
    clash.number.0 = SubscriberId(100_001);
    let error = vault.register(&[clash]).unwrap_err();
    let revealed = vault.reveal_identity(PersonId(1), LOOK).unwrap();
    let shown = format!("{:?} {registered:?} {error} {error:?} {revealed:?}", registration(1));
    for n in 1..=2 {
        for text in [name(n), identity(n), msisdn(n), card(n)] {
            assert!(!shown.contains(&text), "{shown}");
        }
    }
}

#[test]
fn threads_that_put_the_same_agree_on_one_row() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Arc::new(open(&dir.path().join("vault.sqlite")));
    let threads: Vec<_> = (0..4u128)
        .map(|thread| {
            let vault = Arc::clone(&vault);
            std::thread::spawn(move || {
                let mut ids = Vec::new();
                for n in 1..=20 {
                    let mut one = registration(n);
                    one.person.id = PersonId(10_000 * (thread + 1) + n);
                    one.number.0 = SubscriberId(10_000 * (thread + 1) + n);
                    one.card.as_mut().unwrap().0 = InstrumentId(10_000 * (thread + 1) + n);
                    let identity = one.person.identity.clone();
                    let put = vault.register(&[one]).unwrap()[0];
                    assert_eq!(vault.find_person(&identity).unwrap(), Some(put.person.id));
                    assert_eq!(vault.reveal_identity(put.person.id, LOOK).unwrap().1, identity);
                    assert_eq!(vault.reveal_msisdn(put.number.id, LOOK).unwrap().expose(), msisdn(n));
                    assert_eq!(vault.reveal_card(put.card.unwrap().id, LOOK).unwrap().expose(), card(n));
                    ids.push((put.person.id, put.number.id, put.card.unwrap().id));
                }
                ids
            })
        })
        .collect();
    let ids: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_backup_taken_beside_writers_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Arc::new(open(&dir.path().join("vault.sqlite")));
    vault.register(&registrations(10)).unwrap();
    let writing = Arc::clone(&vault);
    let writer =
        std::thread::spawn(move || (11..=60).for_each(|n| drop(writing.register(&[registration(n)]).unwrap())));
    let copy = dir.path().join("copy.sqlite");
    vault.backup(&copy).unwrap();
    assert!(matches!(vault.backup(&copy), Err(VaultError::TargetExists { .. })));
    writer.join().unwrap();
    let copy = open(&copy);
    let held = (1..=60).take_while(|n| copy.reveal_identity(PersonId(*n), LOOK).is_ok()).count() as u128;
    assert!(held >= 10);
    (1..=held).for_each(|n| assert_holds(&copy, n));
}

/// Not a test of its own: what the next test kills.
#[test]
fn child_that_puts() {
    let Some(path) = std::env::var_os("VAULT_TEST_PATH") else { return };
    let vault = open(Path::new(&path));
    for n in 1.. {
        vault.register(&[registration(n)]).unwrap();
        println!("\nput {n}");
    }
}

#[test]
fn after_a_kill_what_was_put_is_found_again_by_look_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sqlite");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_puts", "--nocapture"])
        .env("VAULT_TEST_PATH", &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let last: u128 = loop {
        let line = lines.next().expect("the child goes on until it is killed").unwrap();
        if let Some(n) = line.strip_prefix("put ").and_then(|n| n.parse().ok())
            && n == 30
        {
            break n;
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let vault = open(&path);
    (1..=last).for_each(|n| assert_holds(&vault, n));
    // The record that would have mentioned the last one was never written; a repeat offers other ids.
    let mut again = registration(last);
    again.person.id = PersonId(99_999);
    let registered = vault.register(&[again]).unwrap();
    assert_eq!((registered[0].person.id, registered[0].person.created), (PersonId(last), false));
}
