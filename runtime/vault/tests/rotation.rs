//! Rotation: beside readers and writers, broken off anywhere, and what the old key is worth afterwards.

mod support;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use support::{assert_holds, registration, registrations};
use vault::{Ending, KeyRing, Rotation, Vault, VaultError, VaultKey, VaultOptions};

const NODE: [u8; 32] = [9; 32];

fn ring(dir: &Path) -> KeyRing {
    KeyRing::load(&dir.join("vault.key"), &VaultKey::from_bytes(NODE)).unwrap()
}

/// Nothing is cached, so that every answer comes from the file.
fn open(dir: &Path) -> Vault {
    Vault::open_with(&dir.join("vault.sqlite"), ring(dir), VaultOptions { cache_rows: 0 }).unwrap()
}

fn rotate(vault: &Vault) -> u32 {
    match vault.rotate(|_| ControlFlow::Continue(())).unwrap() {
        ControlFlow::Continue(version) => version,
        ControlFlow::Break(()) => panic!("nobody broke it off"),
    }
}

#[test]
fn a_rotated_vault_holds_the_same_and_the_old_key_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    vault.register(&registrations(1_200)).unwrap();
    let file = dir.path().join("file");
    vault.files().replace(&file, b"name", b"an order file").unwrap();
    let old = support::stored(
        &dir.path().join("vault.sqlite"),
        "SELECT wrapped FROM data_keys WHERE length(person_id) > 0 ORDER BY person_id DESC LIMIT 1",
    );
    assert_eq!(rotate(&vault), 2);
    let status = vault.status().unwrap();
    assert_eq!((status.version, status.to_move, status.data_keys), (2, 0, 1_201));
    (1..=1_200).step_by(97).for_each(|n| assert_holds(&vault, n));
    drop(vault);
    // The key that was first opens neither the vault nor anything of it.
    let refused = Vault::open(&dir.path().join("vault.sqlite"), VaultKey::from_bytes(NODE)).err();
    assert!(matches!(refused, Some(VaultError::WrongKey { .. })));
    assert_eq!(format!("{:?}", ring(dir.path())), "KeyRing([2])");
    assert!(!support::contains(&support::all_bytes(dir.path()), &old), "a key wrapped by the old one is left");
    let vault = open(dir.path());
    (1..=1_200).step_by(61).for_each(|n| assert_holds(&vault, n));
    let read = vault.files().read(&file, b"name").unwrap();
    assert_eq!(read, b"an order file");
    assert!(vault.files().open(&file, b"other", Ending::Whole).is_ok());
    // Rotated again, and a repeat of a registration still finds the first.
    assert_eq!(rotate(&vault), 3);
    let again = vault.register(&[registration(7)]).unwrap();
    assert!(!again[0].person.created && !again[0].number.created && !again[0].card.unwrap().created);
}

#[test]
fn a_rotation_that_is_broken_off_anywhere_goes_on_and_answers_meanwhile() {
    let mut steps = 0;
    loop {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).register(&registrations(700)).unwrap();
        let mut seen = 0;
        let ended = open(dir.path()).rotate(|_| {
            seen += 1;
            if seen > steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        // Killed here: what runs afterwards knows the files alone.
        let vault = open(dir.path());
        (1..=700).step_by(99).for_each(|n| assert_holds(&vault, n));
        let again = vault.register(&[registration(500), registration(9_000 + steps as u128)]).unwrap();
        assert_eq!((again[0].person.created, again[0].number.created), (false, false), "after {steps} steps");
        assert!(again[1].person.created);
        if ended.unwrap().is_continue() {
            break;
        }
        assert_eq!(rotate(&vault), 2, "it goes on; it does not begin another");
        assert_eq!(vault.status().unwrap().to_move, 0);
        (1..=700).step_by(99).for_each(|n| assert_holds(&open(dir.path()), n));
        steps += 1;
    }
    assert!(steps > 8, "every kind of step was broken off: {steps}");
}

#[test]
fn a_vault_that_runs_notices_the_new_keys_while_it_reads_and_writes() {
    let dir = tempfile::tempdir().unwrap();
    let running = Arc::new(open(dir.path()));
    running.register(&registrations(1_500)).unwrap();
    let (done, registered, read) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(1_500)), Arc::new(AtomicU64::new(0)));
    let writer = std::thread::spawn({
        let (vault, done, registered) = (Arc::clone(&running), Arc::clone(&done), Arc::clone(&registered));
        move || {
            while !done.load(Ordering::Acquire) {
                let n = u128::from(registered.load(Ordering::Acquire)) + 1;
                let put = vault.register(&[registration(n), registration(n / 2)]).unwrap();
                assert!(put[0].person.created && !put[1].person.created && !put[1].number.created);
                registered.fetch_add(1, Ordering::AcqRel);
            }
        }
    });
    let reader = std::thread::spawn({
        let (vault, done, read) = (Arc::clone(&running), Arc::clone(&done), Arc::clone(&read));
        move || {
            for n in (1..=1_500).cycle() {
                assert_holds(&vault, n);
                read.fetch_add(1, Ordering::AcqRel);
                if done.load(Ordering::Acquire) {
                    break;
                }
            }
        }
    });
    // Another process, as it were: with a ring and connections of its own.
    let other = open(dir.path());
    for version in 2..5 {
        let before = (registered.load(Ordering::Acquire), read.load(Ordering::Acquire));
        assert_eq!(rotate(&other), version);
        while registered.load(Ordering::Acquire) == before.0 || read.load(Ordering::Acquire) == before.1 {
            std::thread::yield_now();
        }
    }
    done.store(true, Ordering::Release);
    writer.join().unwrap();
    reader.join().unwrap();
    assert_eq!(other.status().unwrap().to_move, 0);
    let last = u128::from(registered.load(Ordering::Acquire));
    (1..=last).step_by(41).chain([last]).for_each(|n| assert_holds(&open(dir.path()), n));
}

#[test]
fn two_do_not_rotate_at_once_and_a_vault_without_a_file_does_not_rotate() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (open(dir.path()), open(dir.path()));
    one.register(&registrations(2)).unwrap();
    let mut refused = None;
    let ended = one.rotate(|step| {
        if step == Rotation::KeySeals {
            refused = other.rotate(|_| ControlFlow::Continue(())).err();
        }
        ControlFlow::Continue(())
    });
    assert!(ended.unwrap().is_continue());
    assert!(matches!(refused, Some(VaultError::Rotating)));
    let fixed = Vault::open(&dir.path().join("other.sqlite"), VaultKey::from_bytes(NODE)).unwrap();
    assert!(matches!(fixed.rotate(|_| ControlFlow::Continue(())), Err(VaultError::NoKeyFile)));
}
