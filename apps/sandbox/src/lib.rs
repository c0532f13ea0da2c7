//! Simulated counterparties: telcos that speak TMF654, a bank and an acquirer with ISO
//! 20022 names, an issuer of vouchers, points programmes, and whoever sends messages.
//!
//! They are real HTTP servers with books of their own, so that an exchange can be tried against partners that lie,
//! hang and repeat themselves, and its books compared with theirs to the fen.
//! Nothing here may use a crate of the exchange: two sides that share code would share mistakes.
//!
//! The wire contract is in `README.md` beside this crate.

mod acquirer;
mod agenda;
mod answer;
mod bank;
mod by_reference;
mod clock;
mod connection;
mod control;
mod counterparty;
mod desk;
mod faults;
mod fen;
mod iso20022;
mod issuer;
mod lists;
mod magic;
mod outbox;
mod programme;
mod query;
mod refused;
mod request;
mod sms;
mod telco;

pub use acquirer::{AcquirerConfig, serve_acquirer};
pub use bank::{BankConfig, serve_bank};
pub use faults::{Action, FaultChange, FaultKind, FaultsConfig, Preset};
pub use fen::{AmountError, parse_yuan, yuan};
pub use issuer::{IssuerConfig, serve_issuer};
pub use programme::{ProgrammeConfig, serve_programme};
pub use sms::{SmsConfig, serve_sms};
pub use telco::{Profile, TelcoConfig, serve_telco};
