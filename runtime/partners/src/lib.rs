//! Connectors to outside parties: floor 5.
//!
//! A connector translates and does nothing else: a request of ours into the partner's words, the partner's
//! words into an [`Answer`]. It keeps no state about orders, repeats nothing, and never turns silence into a
//! failure. What a partner promises about repeats and finality is its contract, in `policies/partners.toml`.

mod acquirer;
mod bank;
mod config;
mod connect;
mod gateway;
mod iso20022;
mod issuer;
mod line;
pub mod outside;
mod programme;
mod record;
mod sms;
mod statement;
mod telco;
mod willing;
mod words;

pub use acquirer::{AcquirerConfig, AcquirerGateway};
pub use bank::{BankConfig, BankGateway};
pub use config::ConfigFault;
pub use connect::{callback, connect};
pub use exchange::Answer;
pub use gateway::{Collected, Gateway, Movement, Request, StatementItem, StatementPage, Unreadable, VoucherCode};
pub use issuer::{IssuerConfig, IssuerGateway};
pub use programme::{ProgrammeConfig, ProgrammeGateway};
pub use sms::{Delivered, Message, Messenger, SentItem, SentPage, SmsAnswer, SmsConfig, SmsGateway, deliver};
pub use telco::{TelcoConfig, TelcoGateway};
pub use willing::Willing;
