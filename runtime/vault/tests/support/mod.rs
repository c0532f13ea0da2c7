//! People who do not exist, and what a vault holds of them.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::Path;
use vault::{
    CardNumber, IdentityNumber, InstrumentId, Msisdn, NewPerson, PersonId, PersonName, Purpose, Registration,
    SubscriberId, Vault,
};

pub const LOOK: Purpose = Purpose::OrderCheck;

pub fn name(n: u128) -> String {
    format!("欧阳测试{n:04}")
}

pub fn identity(n: u128) -> String {
    format!("110105{n:011}X")
}

pub fn msisdn(n: u128) -> String {
    format!("138{n:08}")
}

pub fn card(n: u128) -> String {
    format!("622202{n:013}")
}

/// Person `n` with number and card; their ids are n, 100,000 + n and 200,000 + n.
pub fn registration(n: u128) -> Registration {
    let person = NewPerson {
        id: PersonId(n),
        name: PersonName::parse(&name(n)).unwrap(),
        identity: IdentityNumber::parse(&identity(n)).unwrap(),
    };
    let number = (SubscriberId(100_000 + n), Msisdn::parse(&msisdn(n)).unwrap());
    let card = Some((InstrumentId(200_000 + n), CardNumber::parse(&card(n)).unwrap()));
    Registration { person, number, card, credit_card: None }
}

pub fn registrations(count: u128) -> Vec<Registration> {
    (1..=count).map(registration).collect()
}

#[track_caller]
pub fn assert_holds(vault: &Vault, n: u128) {
    let (person, subscriber, instrument) = (PersonId(n), SubscriberId(100_000 + n), InstrumentId(200_000 + n));
    let (found_name, found_identity) = vault.reveal_identity(person, LOOK).unwrap();
    assert_eq!((found_name.expose(), found_identity.expose()), (&*name(n), &*identity(n)));
    assert_eq!(vault.reveal_msisdn(subscriber, LOOK).unwrap().expose(), msisdn(n));
    assert_eq!(vault.reveal_card(instrument, LOOK).unwrap().expose(), card(n));
    assert_eq!(vault.find_person(&found_identity).unwrap(), Some(person));
    assert_eq!(vault.find_number(&Msisdn::parse(&msisdn(n)).unwrap()).unwrap(), Some((subscriber, person)));
    assert_eq!(vault.find_instrument(person, &CardNumber::parse(&card(n)).unwrap()).unwrap(), Some(instrument));
}

/// Every file of the directory, one after the other.
pub fn all_bytes(dir: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

pub fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// One value of the vault's file, as it is stored.
pub fn stored(path: &Path, select: &str) -> Vec<u8> {
    rusqlite::Connection::open(path).unwrap().query_row(select, [], |row| row.get(0)).unwrap()
}
