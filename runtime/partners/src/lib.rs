//! Connectors to outside parties: floor 5.
//!
//! A connector translates and does nothing else: a request of ours into the partner's words, the partner's
//! words into an [`Answer`]. It keeps no state about orders, repeats nothing, and never turns silence into a
//! failure. What a partner promises about repeats and finality is its contract, in `policies/partners.toml`.

mod gateway;

pub use exchange::Answer;
pub use gateway::{Gateway, Request, StatementItem, StatementPage, Unreadable};
