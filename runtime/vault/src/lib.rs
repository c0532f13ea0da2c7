//! The vault: personal data, encrypted, with keyed look-up.
//!
//! Records carry random ids; the name, identity number, mobile number and card behind an id live
//! here, and are durable here before the record that mentions the id is written. Nothing that leaves
//! this crate through `Debug`, `Display` or an error shows them: only `expose` does.
//!
//! Rows are sealed by a data key of their person, data keys are wrapped by a master key, and master keys are in the
//! key ring's file. So keys are rotated without touching what is sealed, and a person is erased by destroying a key.

mod cache;
mod contacts;
mod custody;
mod error;
mod files;
mod key;
mod personal;
mod register;
mod ring;
mod rotate;
mod rows;
mod seal;
mod sql;
mod store;
mod text;
mod texts;
mod vault;

pub use contacts::Contact;
pub use custody::Unconfirmed;
pub use error::{KeyError, VaultError};
pub use facts::Purpose;
pub use files::{Ending, NewFiles, SealedFiles, SealedReader, SealedWriter};
pub use key::VaultKey;
pub use personal::{CardNumber, IdentityNumber, Msisdn, PersonName, Personal, PersonalError};
pub use ring::KeyRing;
pub use rotate::{Rotation, Status};
pub use rows::{FilesId, InstrumentId, NewPerson, PersonId, Put, Registered, Registration, SubscriberId};
pub use store::Table;
pub use texts::Side;
pub use vault::{KeysHeld, Vault, VaultOptions};
