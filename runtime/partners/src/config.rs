//! Why a connector cannot be set up.

/// A connector's configuration is not usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// The address is not one to call.
    #[error("partner address must be `http://HOST[:PORT]`, found: {0}")]
    Address(String),
    /// The client could not be made.
    #[error("partner client cannot be made: {0}")]
    Client(String),
}
