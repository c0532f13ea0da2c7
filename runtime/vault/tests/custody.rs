//! Erasure, and rows that no record mentions.

mod support;

use std::path::Path;
use support::{LOOK, all_bytes, assert_holds, contains, msisdn, registration, registrations, stored};
use vault::{
    CardNumber, Contact, FilesId, IdentityNumber, InstrumentId, Msisdn, NewFiles, PersonId, SubscriberId, Table, Vault,
    VaultError, VaultKey,
};

fn open(path: &Path) -> Vault {
    Vault::open(path, VaultKey::from_bytes([9; 32])).unwrap()
}

#[test]
fn an_erased_person_is_told_as_erased_and_no_copy_of_the_key_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sqlite");
    let vault = open(&path);
    vault.register(&registrations(300)).unwrap();
    let select = |what: &str| stored(&path, what);
    let key = select("SELECT wrapped FROM data_keys WHERE person_id = x'00000000000000000000000000000007'");
    let number = select("SELECT sealed FROM numbers WHERE person_id = x'00000000000000000000000000000007'");
    let lookup = select("SELECT lookup FROM persons WHERE person_id = x'00000000000000000000000000000007'");
    assert!([&key, &number, &lookup].iter().all(|bytes| contains(&all_bytes(dir.path()), bytes)));
    // Cached before, so that it must be forgotten.
    assert_holds(&vault, 7);
    vault.erase(PersonId(7)).unwrap();
    let bytes = all_bytes(dir.path());
    assert!([&key, &number, &lookup].iter().all(|erased| !contains(&bytes, erased)), "something of them is left");

    let assert_erased = |vault: &Vault| {
        let identity = vault.reveal_identity(PersonId(7), LOOK);
        assert!(matches!(identity, Err(VaultError::Erased { table: "persons", id: 7 })));
        assert!(matches!(vault.reveal_msisdn(SubscriberId(100_007), LOOK), Err(VaultError::Erased { .. })));
        assert!(matches!(vault.reveal_card(InstrumentId(200_007), LOOK), Err(VaultError::Erased { .. })));
        assert!(matches!(vault.reveal_msisdn(SubscriberId(7), LOOK), Err(VaultError::NotFound { .. })));
        let identity = IdentityNumber::parse(&support::identity(7)).unwrap();
        assert_eq!(vault.find_person(&identity).unwrap(), None);
        (6..9).filter(|n| *n != 7).for_each(|n| assert_holds(vault, n));
    };
    assert_erased(&vault);
    vault.erase(PersonId(7)).unwrap();
    vault.erase(PersonId(99_999)).unwrap();
    drop(vault);
    let vault = open(&path);
    assert_erased(&vault);
    assert_eq!(vault.status().unwrap().erased, 1);

    // The number can be another's, and the person can come again, as somebody new.
    let mut heir = registration(400);
    heir.number.1 = Msisdn::parse(&msisdn(7)).unwrap();
    let put = vault.register(&[heir]).unwrap()[0];
    assert_eq!((put.number.person, put.number.created), (PersonId(400), true));
    let mut again = registration(7);
    (again.person.id, again.number.0, again.card.as_mut().unwrap().0) =
        (PersonId(500), SubscriberId(501), InstrumentId(502));
    again.number.1 = Msisdn::parse(&msisdn(501)).unwrap();
    let put = vault.register(&[again.clone()]).unwrap()[0];
    assert!(put.person.created && put.person.id == PersonId(500));
    // An id is never given twice.
    again.person.id = PersonId(7);
    again.person.identity = IdentityNumber::parse(&support::identity(8_888)).unwrap();
    assert!(matches!(vault.register(&[again]), Err(VaultError::IdInUse { table: "persons", id: 7 })));
}

#[test]
fn readers_beside_an_erasure_see_the_person_or_that_they_were_erased() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(&dir.path().join("vault.sqlite"));
    vault.register(&registrations(60)).unwrap();
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut erased = 0;
                    while erased < 60 {
                        let seen = (1..=60).map(|n| vault.reveal_msisdn(SubscriberId(100_000 + n), LOOK));
                        erased = seen.filter(|seen| matches!(seen, Err(VaultError::Erased { .. }))).count();
                    }
                })
            })
            .collect();
        for n in 1..=60 {
            vault.erase(PersonId(n)).unwrap();
            assert!(matches!(vault.reveal_msisdn(SubscriberId(100_000 + n), LOOK), Err(VaultError::Erased { .. })));
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}

/// Compares as a journal would that knows the persons up to `known`.
fn settle(vault: &Vault, known: u128, position: u64) -> usize {
    let rows = vault.unconfirmed(1_000).unwrap();
    let judged: Vec<_> = rows.into_iter().map(|row| (row, row.person.0 <= known)).collect();
    vault.settle(&judged, position).unwrap()
}

#[test]
fn rows_that_no_record_mentions_are_removed_and_the_others_are_not_looked_at_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sqlite");
    let vault = open(&path);
    vault.register(&registrations(5)).unwrap();
    assert_eq!(vault.unconfirmed(1_000).unwrap().len(), 15);
    assert_eq!(settle(&vault, 3, 40), 6);
    assert_eq!((vault.unconfirmed(1_000).unwrap().len(), vault.compared_at().unwrap()), (0, 40));
    (1..=3).for_each(|n| assert_holds(&vault, n));
    assert!(matches!(vault.reveal_identity(PersonId(4), LOOK), Err(VaultError::NotFound { .. })));
    assert_eq!(vault.status().unwrap().data_keys, 4);
    // The places of rows that were removed are given again: they are looked at.
    vault.register(&[registration(4)]).unwrap();
    drop(vault);
    let vault = open(&path);
    let rows = vault.unconfirmed(1_000).unwrap();
    assert_eq!(rows.iter().map(|row| row.table).collect::<Vec<_>>(), Table::ALL);
    assert_eq!(settle(&vault, 4, 41), 0);
    assert_holds(&vault, 4);
    // A journal that was set back: everything is looked at again.
    vault.doubt_all(7).unwrap();
    assert_eq!((vault.compared_at().unwrap(), settle(&vault, 2, 7)), (7, 6));
    (1..=2).for_each(|n| assert_holds(&vault, n));
}

#[test]
fn reveals_are_counted_by_purpose() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(&dir.path().join("vault.sqlite"));
    vault.register(&registrations(1)).unwrap();
    for _ in 0..3 {
        vault.reveal_card(InstrumentId(200_001), vault::Purpose::Payout).unwrap();
    }
    let counted: Vec<_> = vault.reveals().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [(vault::Purpose::Payout, 3)]);
}

#[test]
fn files_have_a_key_of_their_own_and_no_copy_of_it_is_left_when_it_is_destroyed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sqlite");
    let vault = open(&path);
    let (one, other) = (FilesId(1 << 100), FilesId(2 << 100));
    for id in [one, other] {
        let new = NewFiles::random().unwrap();
        new.sealed().replace(&dir.path().join(format!("{:x}", id.0)), b"orders", b"13812345678").unwrap();
        vault.keep_files(id, &new).unwrap();
        // An id is never given twice.
        assert!(vault.keep_files(id, &NewFiles::random().unwrap()).is_err());
    }
    let file = dir.path().join(format!("{:x}", one.0));
    let read = |vault: &Vault, id| vault.files_of(id).unwrap().map(|files| files.read(&file, b"orders").ok());
    assert_eq!(read(&vault, one), Some(Some(b"13812345678".to_vec())));
    assert_eq!(read(&vault, other), Some(None), "another's key opens nothing");
    assert!(vault.files().read(&file, b"orders").is_err());
    drop(vault);
    let vault = open(&path);
    assert_eq!(read(&vault, one), Some(Some(b"13812345678".to_vec())));
    let key = stored(&path, "SELECT wrapped FROM data_keys WHERE person_id = x'00000010000000000000000000000000'");
    assert!(contains(&all_bytes(dir.path()), &key));
    let generation = vault.generation();
    for _ in 0..2 {
        vault.destroy_files(one).unwrap();
    }
    assert!(vault.generation() > generation);
    assert!(!contains(&all_bytes(dir.path()), &key));
    assert_eq!(read(&vault, one), None);
    assert!(vault.files_of(other).unwrap().is_some());
}

#[test]
fn a_contact_is_found_by_its_id_until_it_is_forgotten_and_nothing_of_it_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sqlite");
    let vault = open(&path);
    let number = Msisdn::parse("13812345678").unwrap();
    let (one, other) = (Contact { order: 7, id: 70 }, Contact { order: 8, id: 80 });
    let payer = Contact { order: 9, id: 90 };
    vault.keep_paying_card(payer, &CardNumber::parse("6222021234500000001").unwrap()).unwrap();
    for contact in [one, other, one] {
        vault.keep_contact(contact, &number).unwrap();
    }
    assert_eq!(vault.contacts(0, 10).unwrap(), [one, other, payer]);
    assert_eq!(vault.contacts(7, 1).unwrap(), [other]);
    drop(vault);
    let vault = open(&path);
    assert_eq!(vault.reveal_msisdn(SubscriberId(one.id), LOOK).unwrap().expose(), "13812345678");
    assert_eq!(vault.reveal_card(InstrumentId(payer.id), LOOK).unwrap().expose(), "6222021234500000001");
    // A card is no number.
    assert!(vault.reveal_msisdn(SubscriberId(payer.id), LOOK).is_err());
    // Nobody is found by it: whoever has the number may still register it.
    assert_eq!(vault.find_number(&number).unwrap(), None);
    let key = stored(&path, "SELECT wrapped FROM data_keys WHERE person_id = x'00000000000000000000000000000007'");
    let sealed = stored(&path, "SELECT sealed FROM contacts WHERE order_id = x'00000000000000000000000000000007'");
    assert!([&key, &sealed].iter().all(|bytes| contains(&all_bytes(dir.path()), bytes)));
    for _ in 0..2 {
        vault.forget_contacts(&[one]).unwrap();
    }
    assert!([&key, &sealed].iter().all(|bytes| !contains(&all_bytes(dir.path()), bytes)));
    assert!(matches!(vault.reveal_msisdn(SubscriberId(one.id), LOOK), Err(VaultError::NotFound { .. })));
    assert_eq!(vault.reveal_msisdn(SubscriberId(other.id), LOOK).unwrap().expose(), "13812345678");
}
