//! Where a partner request gets its phone or card number from, at the last moment and nowhere else.

use crate::core::Ask;
use crate::custody;
use facts::{Handle, PersonId, Purpose, State};
use std::fmt;
use std::sync::Arc;
use vault::Vault;

/// The number is not there, or cannot be read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotKnown(pub String);

impl fmt::Display for NotKnown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no account for the request: {}", self.0)
    }
}

impl std::error::Error for NotKnown {}

/// Resolves the account a request is about.
pub trait Directory: Send + Sync {
    /// What the partner knows a person by: the phone number, or the number of one of the person's cards. Nothing for a
    /// request that names another: it goes by that one.
    ///
    /// Errors: it is not known.
    fn account(&self, ask: &Ask) -> Result<Arc<str>, NotKnown>;

    /// The phone number that value is moved from, when it is moved between two.
    ///
    /// Errors: it is not known.
    fn from(&self, ask: &Ask) -> Result<Option<Arc<str>>, NotKnown> {
        let other = ask.from.map(|from| Ask { subscriber: from, from: None, ..ask.clone() });
        other.map(|other| self.account(&other)).transpose()
    }

    /// Compares what is held with what the journal says, before the node begins: nothing is on its way yet.
    ///
    /// Errors: it cannot be compared now.
    fn compare(&self, _state: &State) -> Result<(), NotKnown> {
        Ok(())
    }

    /// Erases a person: the record that says so is durable.
    ///
    /// Errors: it could not be done; the next comparison does it.
    fn erase(&self, _person: PersonId) -> Result<(), NotKnown> {
        Ok(())
    }
}

impl Directory for Vault {
    fn account(&self, ask: &Ask) -> Result<Arc<str>, NotKnown> {
        if ask.action.names_original() {
            return Ok(Arc::from(""));
        }
        match ask.partner.knows_by() {
            Handle::Number => {
                let subscriber = vault::SubscriberId(ask.subscriber.bits());
                self.reveal_msisdn(subscriber, Purpose::PartnerRequest)
                    .map(|msisdn| msisdn.expose().into())
                    .map_err(not_known)
            }
            Handle::OwnCard => card(self, ask, Purpose::Payout, "no card is bound"),
            Handle::PayingInstrument => {
                card(self, ask, Purpose::PartnerRequest, "no instrument that pays is bound to the order")
            }
            Handle::CreditCard => card(self, ask, Purpose::PartnerRequest, "no credit card is bound"),
        }
    }

    fn compare(&self, state: &State) -> Result<(), NotKnown> {
        custody::compare(self, state).map_err(not_known)
    }

    fn erase(&self, person: PersonId) -> Result<(), NotKnown> {
        Vault::erase(self, vault::PersonId(person.bits())).map_err(not_known)
    }
}

fn card(vault: &Vault, ask: &Ask, purpose: Purpose, missing: &str) -> Result<Arc<str>, NotKnown> {
    let instrument = ask.instrument.ok_or_else(|| NotKnown(missing.to_owned()))?;
    let instrument = vault::InstrumentId(instrument.bits());
    vault.reveal_card(instrument, purpose).map(|card| card.expose().into()).map_err(not_known)
}

fn not_known(error: vault::VaultError) -> NotKnown {
    NotKnown(error.to_string())
}
