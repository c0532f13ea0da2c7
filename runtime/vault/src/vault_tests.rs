//! What can only be seen from inside: the stored rows.

use sha2::{Digest, Sha256};

use super::*;

const MSISDN: &str = "13812345678";

fn key(byte: u8) -> VaultKey {
    VaultKey::from_bytes([byte; 32])
}

/// A vault with person 1, numbers 10 and 11 and card 20 of theirs, and nothing cached.
fn seeded(path: &Path, key: VaultKey) -> Vault {
    let vault = Vault::open_with(path, key, VaultOptions { cache_rows: 0 }).unwrap();
    let name = PersonName::parse("张三").unwrap();
    let identity = IdentityNumber::parse("11010519491231002X").unwrap();
    vault.put_person_if_absent(&NewPerson { id: PersonId(1), name, identity }).unwrap();
    for (id, msisdn) in [(10, MSISDN), (11, "13900000011")] {
        let msisdn = Msisdn::parse(msisdn).unwrap();
        vault.put_number_if_absent(&NewNumber { id: SubscriberId(id), person: PersonId(1), msisdn }).unwrap();
    }
    let card = CardNumber::parse("6222021234567890123").unwrap();
    vault.put_instrument_if_absent(&NewInstrument { id: InstrumentId(20), person: PersonId(1), card }).unwrap();
    vault
}

#[test]
fn a_row_opens_nowhere_but_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let vault = seeded(&dir.path().join("vault.sqlite"), key(1));
    let tampered = [
        // The sealed text of another row of the same table.
        "UPDATE numbers SET sealed = (SELECT sealed FROM numbers ORDER BY id DESC LIMIT 1)",
        // The sealed text of another table.
        "UPDATE instruments SET sealed = (SELECT sealed FROM numbers ORDER BY id DESC LIMIT 1)",
        // Another person's name on it.
        "UPDATE persons SET person_id = x'00000000000000000000000000000002'",
    ];
    for statement in tampered {
        lock(&vault.writer).run(statement).unwrap();
    }
    assert!(matches!(vault.reveal_msisdn(SubscriberId(10)), Err(VaultError::Sealed { table: "numbers", id: 10 })));
    assert!(matches!(vault.reveal_card(InstrumentId(20)), Err(VaultError::Sealed { table: "instruments", id: 20 })));
    assert!(matches!(vault.reveal_identity(PersonId(1)), Err(VaultError::Sealed { table: "persons", id: 1 })));
    assert_eq!(vault.reveal_msisdn(SubscriberId(11)).unwrap().expose(), "13900000011");
}

#[test]
fn every_flipped_bit_of_a_sealed_text_is_seen() {
    let keys = Keys::of(&key(1));
    let sealed = keys.seal(b"place", b"secret").unwrap();
    assert_eq!(keys.open(b"place", &sealed).unwrap(), b"secret");
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(keys.open(b"place", &changed), None, "bit {bit}");
    }
    assert_eq!(keys.open(b"other", &sealed), None);
    assert_eq!(keys.open(b"place", &sealed[..5]), None);
}

#[test]
fn the_same_text_never_seals_the_same_way() {
    let keys = Keys::of(&key(1));
    assert_ne!(keys.seal(b"place", b"secret").unwrap(), keys.seal(b"place", b"secret").unwrap());
}

#[test]
fn a_look_up_needs_the_key_not_only_the_value() {
    let lookup = Keys::of(&key(1)).lookup("numbers", MSISDN);
    assert_ne!(lookup, Keys::of(&key(2)).lookup("numbers", MSISDN));
    assert_ne!(lookup, Keys::of(&key(1)).lookup("persons", MSISDN));
    for guess in [MSISDN.to_owned(), format!("numbers{MSISDN}"), format!("numbers\0{MSISDN}")] {
        assert_ne!(lookup[..], Sha256::digest(guess.as_bytes())[..16]);
    }
}
