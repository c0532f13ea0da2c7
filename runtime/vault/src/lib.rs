//! The vault: personal data, encrypted, with keyed look-up.
//!
//! Records carry random ids; the name, identity number, mobile number and card behind an id live
//! here, and are durable here before the record that mentions the id is written. Nothing that leaves
//! this crate through `Debug`, `Display` or an error shows them: only `expose` does.

mod cache;
mod error;
mod files;
mod key;
mod personal;
mod rows;
mod sql;
mod store;
mod vault;

pub use error::{KeyError, VaultError};
pub use files::{Ending, SealedFiles, SealedReader, SealedWriter};
pub use key::VaultKey;
pub use personal::{CardNumber, IdentityNumber, Msisdn, PersonName, PersonalError};
pub use rows::{
    InstrumentId, NewInstrument, NewNumber, NewPerson, PersonId, Put, Registered, Registration, SubscriberId,
};
pub use vault::{Vault, VaultOptions};
