//! What people wrote and were answered: kept under their own keys, found by id alone, and gone with the key.

mod support;

use support::{all_bytes, contains, registrations};
use vault::{PersonId, Purpose, Side, Vault, VaultError, VaultKey};

const LOOK: Purpose = Purpose::Complaint;
const WORDS: &str = "钱没有到账，打了三次电话";

#[test]
fn a_text_is_read_by_its_id_and_side_and_lies_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sqlite");
    let vault = Vault::open(&path, VaultKey::from_bytes([9; 32])).unwrap();
    vault.register(&registrations(3)).unwrap();
    vault.put_text(70, Side::Asked, PersonId(2), WORDS).unwrap();
    assert_eq!(vault.reveal_text(70, Side::Asked, LOOK).unwrap().as_deref(), Some(WORDS));
    assert_eq!(vault.reveal_text(70, Side::Answered, LOOK).unwrap(), None);
    assert_eq!(vault.reveal_text(71, Side::Asked, LOOK).unwrap(), None);
    // What was said last counts.
    vault.put_text(70, Side::Answered, PersonId(2), "first").unwrap();
    vault.put_text(70, Side::Answered, PersonId(2), "second").unwrap();
    drop(vault);
    let vault = Vault::open(&path, VaultKey::from_bytes([9; 32])).unwrap();
    assert_eq!(vault.reveal_text(70, Side::Answered, LOOK).unwrap().as_deref(), Some("second"));
    assert!(!contains(&all_bytes(dir.path()), WORDS.as_bytes()), "it lies there open");
    assert_eq!(vault.reveals().find(|(purpose, _)| *purpose == LOOK), Some((LOOK, 1)));
}

#[test]
fn texts_go_with_their_person_and_with_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::open(&dir.path().join("vault.sqlite"), VaultKey::from_bytes([9; 32])).unwrap();
    vault.register(&registrations(3)).unwrap();
    for (id, person) in [(70, 2), (71, 3)] {
        vault.put_text(id, Side::Asked, PersonId(person), WORDS).unwrap();
    }
    vault.erase(PersonId(2)).unwrap();
    assert_eq!(vault.reveal_text(70, Side::Asked, LOOK).unwrap(), None);
    assert_eq!(vault.reveal_text(71, Side::Asked, LOOK).unwrap().as_deref(), Some(WORDS));
    for nobody in [2, 99] {
        let put = vault.put_text(72, Side::Asked, PersonId(nobody), WORDS);
        assert!(matches!(put, Err(VaultError::Erased { .. })), "{nobody}: {put:?}");
    }
}
