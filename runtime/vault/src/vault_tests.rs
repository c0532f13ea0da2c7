//! What can only be seen from inside: the stored rows.

use super::*;
use crate::{NewPerson, Registration};

const LOOK: Purpose = Purpose::OrderCheck;

/// A vault with person 1, numbers 10 and 11 and cards 20 and 21 of theirs, and nothing cached.
fn seeded(path: &Path) -> Vault {
    let vault = Vault::open_with(path, VaultKey::from_bytes([1; 32]), VaultOptions { cache_rows: 0 }).unwrap();
    let one = |number: u128, msisdn: &str, card: &str| Registration {
        person: NewPerson {
            id: PersonId(1),
            name: PersonName::parse("张三").unwrap(),
            identity: IdentityNumber::parse("11010519491231002X").unwrap(),
        },
        number: (SubscriberId(number), Msisdn::parse(msisdn).unwrap()),
        card: Some((InstrumentId(number + 10), CardNumber::parse(card).unwrap())),
        credit_card: None,
    };
    vault.register(&[one(10, "13812345678", "6222021234567890123"), one(11, "13900000011", "6222021234")]).unwrap();
    vault
}

#[test]
fn a_row_opens_nowhere_but_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let vault = seeded(&dir.path().join("vault.sqlite"));
    let tampered = [
        // The sealed text of another row of the same table.
        "UPDATE numbers SET sealed = (SELECT sealed FROM numbers ORDER BY id DESC LIMIT 1)",
        // The sealed text of another table.
        "UPDATE instruments SET sealed = (SELECT sealed FROM numbers ORDER BY id DESC LIMIT 1)",
        // Another person's name on it.
        "UPDATE persons SET person_id = x'00000000000000000000000000000000'",
    ];
    for statement in tampered {
        lock(&vault.writer).run(statement);
    }
    let number = vault.reveal_msisdn(SubscriberId(10), LOOK);
    assert!(matches!(number, Err(VaultError::Sealed { table: "numbers", id: 10 })));
    let card = vault.reveal_card(InstrumentId(20), LOOK);
    assert!(matches!(card, Err(VaultError::Sealed { table: "instruments", id: 20 })));
    assert!(matches!(vault.reveal_identity(PersonId(1), LOOK), Err(VaultError::Sealed { table: "persons", id: 1 })));
    assert_eq!(vault.reveal_msisdn(SubscriberId(11), LOOK).unwrap().expose(), "13900000011");
}

#[test]
fn another_persons_data_key_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let vault = seeded(&dir.path().join("vault.sqlite"));
    // The key of files in the place of the person's: wrapped for another owner, it does not even unwrap.
    lock(&vault.writer)
        .run("UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys ORDER BY person_id LIMIT 1)");
    assert!(matches!(vault.reveal_identity(PersonId(1), LOOK), Err(VaultError::Sealed { table: "data_keys", id: 1 })));
}

#[test]
fn a_vault_of_another_format_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sqlite");
    let vault = seeded(&path);
    for format in ["1", "3"] {
        let change = ["UPDATE meta SET content = '", format, "' WHERE name = 'format'"].concat();
        lock(&vault.writer).run(&change);
        let refused = Vault::open(&path, VaultKey::from_bytes([1; 32])).err().map(|error| error.to_string()).unwrap();
        assert!(refused.starts_with("vault_format: ") && refused.contains("hint: "), "{refused}");
        assert!(refused.contains(&format!("format {format}, this release reads 2")), "{refused}");
    }
}
