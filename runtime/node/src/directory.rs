//! Where a partner request gets its phone or card number from, at the last moment and nowhere else.

use crate::core::Ask;
use facts::Partner;
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
    /// The phone number for a telco, the card number for the bank.
    ///
    /// Errors: it is not known.
    fn account(&self, ask: &Ask) -> Result<Arc<str>, NotKnown>;
}

impl Directory for Vault {
    fn account(&self, ask: &Ask) -> Result<Arc<str>, NotKnown> {
        let unknown = |error: vault::VaultError| NotKnown(error.to_string());
        match ask.partner {
            Partner::Telco(_) => {
                let subscriber = vault::SubscriberId(ask.subscriber.bits());
                self.reveal_msisdn(subscriber).map(|msisdn| msisdn.expose().into()).map_err(unknown)
            }
            Partner::Bank => {
                let instrument = ask.instrument.ok_or_else(|| NotKnown("no card is bound".to_owned()))?;
                let instrument = vault::InstrumentId(instrument.bits());
                self.reveal_card(instrument).map(|card| card.expose().into()).map_err(unknown)
            }
        }
    }
}
