//! What is put into the vault, and what a put comes to.

use crate::{CardNumber, IdentityNumber, Msisdn, PersonName};

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl From<u128> for $name {
            fn from(id: u128) -> Self {
                Self(id)
            }
        }
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

row_id!(
    /// Files that belong together, such as an order file and its results.
    FilesId
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

/// A person with a number and perhaps cards, put together in one transaction.
/// Number and cards go to the person who has the identity number, even when that is another id than the one offered.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The person; found again by identity number.
    pub person: NewPerson,
    /// The id and number to put for that person.
    pub number: (SubscriberId, Msisdn),
    /// The id and bank card to put for that person.
    pub card: Option<(InstrumentId, CardNumber)>,
    /// The id and credit card to put for that person.
    pub credit_card: Option<(InstrumentId, CardNumber)>,
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
    /// The credit card, if one was given.
    pub credit_card: Option<Put<InstrumentId>>,
}
