//! The vault and its rows.

use std::path::Path;

use crate::{CardNumber, IdentityNumber, Msisdn, PersonName, VaultError, VaultKey};

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);
    };
}

row_id!(
    /// A person: one identity number, across all their mobile numbers.
    PersonId
);
row_id!(
    /// A subscriber: one mobile number.
    SubscriberId
);
row_id!(
    /// An instrument: one card of one person.
    InstrumentId
);

/// A person to be put; `id` is used only when the identity number is new.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// The id to give.
    pub id: PersonId,
    /// The name on the identity document.
    pub name: PersonName,
    /// The number of the identity document; the look-up.
    pub identity: IdentityNumber,
}

/// A mobile number to be put; `id` is used only when the number is new.
#[derive(Debug, Clone)]
pub struct NewNumber {
    /// The id to give.
    pub id: SubscriberId,
    /// Whose number it is.
    pub person: PersonId,
    /// The number; the look-up.
    pub msisdn: Msisdn,
}

/// A card to be put; `id` is used only when this person has no such card.
#[derive(Debug, Clone)]
pub struct NewInstrument {
    /// The id to give.
    pub id: InstrumentId,
    /// Whose card it is.
    pub person: PersonId,
    /// The card; with the person the look-up.
    pub card: CardNumber,
}

/// What a put came to: the row that holds the value now, and whether this put made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Put<Id> {
    /// The row's id: the one offered if `created`, otherwise the one that was there.
    pub id: Id,
    /// Whose row it is; a number may belong to another person than was offered.
    pub person: PersonId,
    /// Whether this put made the row.
    pub created: bool,
}

/// A person with a number and perhaps a card, put together in one transaction.
/// Number and card go to the person who has the identity number, even when that is another id than the one offered.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The person; found again by identity number.
    pub person: NewPerson,
    /// The id and number to put for that person.
    pub number: (SubscriberId, Msisdn),
    /// The id and card to put for that person.
    pub card: Option<(InstrumentId, CardNumber)>,
}

/// What a registration came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    /// The person.
    pub person: Put<PersonId>,
    /// The number. When `number.person` is not `person.id`, the number belongs to somebody else.
    pub number: Put<SubscriberId>,
    /// The card, if one was given.
    pub card: Option<Put<InstrumentId>>,
}

/// How a vault is opened.
#[derive(Debug, Clone, Copy)]
pub struct VaultOptions {
    /// How many rows and look-ups of each kind stay in memory; by default 65,536.
    pub cache_rows: usize,
}

impl Default for VaultOptions {
    fn default() -> Self {
        Self { cache_rows: 65_536 }
    }
}

/// An encrypted store of personal data. Every method may be called from any thread, also from async
/// code, and blocks for at most one local database access; what is cached does not touch the disk.
pub struct Vault {}

impl Vault {
    /// Opens or creates the vault file with the default options.
    pub fn open(path: &Path, key: VaultKey) -> Result<Self, VaultError> {
        Self::open_with(path, key, VaultOptions::default())
    }

    /// Opens or creates the vault file. Start-up work does not grow with the vault.
    ///
    /// Errors: [`VaultError::WrongKey`] when the vault was made with another key.
    pub fn open_with(_path: &Path, _key: VaultKey, _options: VaultOptions) -> Result<Self, VaultError> {
        unreachable!("not written yet")
    }

    /// Puts a person, or finds the one with this identity number. Durable on return.
    pub fn put_person_if_absent(&self, _person: &NewPerson) -> Result<Put<PersonId>, VaultError> {
        unreachable!("not written yet")
    }

    /// Puts a mobile number, or finds the row that has it. Durable on return.
    pub fn put_number_if_absent(&self, _number: &NewNumber) -> Result<Put<SubscriberId>, VaultError> {
        unreachable!("not written yet")
    }

    /// Puts a card, or finds this person's row that has it. Durable on return.
    pub fn put_instrument_if_absent(&self, _instrument: &NewInstrument) -> Result<Put<InstrumentId>, VaultError> {
        unreachable!("not written yet")
    }

    /// Puts many registrations in one transaction, all or none; durable on return, answers in order.
    pub fn register(&self, _batch: &[Registration]) -> Result<Vec<Registered>, VaultError> {
        unreachable!("not written yet")
    }

    /// The person with this identity number.
    pub fn find_person(&self, _identity: &IdentityNumber) -> Result<Option<PersonId>, VaultError> {
        unreachable!("not written yet")
    }

    /// The subscriber with this number, and whose it is.
    pub fn find_number(&self, _msisdn: &Msisdn) -> Result<Option<(SubscriberId, PersonId)>, VaultError> {
        unreachable!("not written yet")
    }

    /// This person's instrument with this card number.
    pub fn find_instrument(&self, _person: PersonId, _card: &CardNumber) -> Result<Option<InstrumentId>, VaultError> {
        unreachable!("not written yet")
    }

    /// The mobile number of a subscriber.
    pub fn reveal_msisdn(&self, _subscriber: SubscriberId) -> Result<Msisdn, VaultError> {
        unreachable!("not written yet")
    }

    /// The card behind an instrument.
    pub fn reveal_card(&self, _instrument: InstrumentId) -> Result<CardNumber, VaultError> {
        unreachable!("not written yet")
    }

    /// The name and identity number of a person.
    pub fn reveal_identity(&self, _person: PersonId) -> Result<(PersonName, IdentityNumber), VaultError> {
        unreachable!("not written yet")
    }

    /// Writes a consistent copy to the new file `to`, while others read and write. Durable on return.
    pub fn backup(&self, _to: &Path) -> Result<(), VaultError> {
        unreachable!("not written yet")
    }
}
