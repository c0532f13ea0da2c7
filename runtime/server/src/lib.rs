//! The HTTP API: floor 7.
//!
//! Requests are read strictly, made into commands, and answered from what the node's core says once that is
//! durable. Nothing here decides: a refusal comes from the rules, and an outcome that is not known is said to
//! be unknown. No personal data enters an error, a log or a metric.
//!
//! Start with [`Api`], make a [`router`] of it, and [`serve`] that.

mod access;
mod acts;
mod alarms;
mod answers;
pub mod batch;
mod body;
mod caller;
mod canonical;
mod chance;
mod channel;
mod codes;
mod connection;
mod context;
mod custody;
mod denied;
mod description;
mod digest;
mod envelope;
mod fields;
mod idempotency;
mod known;
mod lag;
mod language;
mod machine;
mod marks;
mod meter;
mod moments;
mod notices;
mod numbers;
mod outsiders;
mod phrases;
mod portability;
mod position;
mod problem;
mod providers;
mod query;
mod router;
mod routes;
mod serve;
mod shown;
mod tls;
mod usage;
mod web;
mod words;

pub use access::{AccessRulesError, May, wall_now};
pub use codes::Messages;
pub use context::{Api, Bounds};
pub use digest::DigestKey;
pub use numbers::{Numbers, ReadNumbers};
pub use providers::{Providers, ProvidersError};
pub use router::{openapi_json, router};
pub use routes::decline::decline_code;
pub use serve::{serve, serve_within};
pub use tls::{Tls, TlsError, TlsFiles, certificate_in};
