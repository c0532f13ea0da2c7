//! What is sealed in a row.

use crate::store::Table;
use crate::{CardNumber, IdentityNumber, Msisdn, PersonName};
use zeroize::Zeroizing;

/// The open text of a row.
#[derive(Clone)]
pub enum Text {
    Person(PersonName, IdentityNumber),
    Number(Msisdn),
    Card(CardNumber),
}

impl Text {
    /// What the row is found by.
    pub fn looked_up_by(&self) -> &str {
        match self {
            Self::Person(_, identity) => identity.expose(),
            Self::Number(msisdn) => msisdn.expose(),
            Self::Card(card) => card.expose(),
        }
    }

    /// Shape: the value; for a person identity number, a zero byte, and name, neither of which has one.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Person(name, identity) => [identity.expose().as_bytes(), &[0], name.expose().as_bytes()].concat(),
            Self::Number(msisdn) => msisdn.expose().as_bytes().to_vec(),
            Self::Card(card) => card.expose().as_bytes().to_vec(),
        })
    }

    /// The text of a row; `None` when it is none of its table.
    pub fn decode(table: Table, bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        match table {
            Table::Persons => {
                let (identity, name) = text.split_once('\0')?;
                Some(Self::Person(PersonName::parse(name).ok()?, IdentityNumber::parse(identity).ok()?))
            }
            Table::Numbers => Msisdn::parse(text).ok().map(Self::Number),
            Table::Instruments => CardNumber::parse(text).ok().map(Self::Card),
        }
    }
}
