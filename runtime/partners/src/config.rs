//! Why a connector cannot be set up.

/// A connector's configuration is not usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// The address is not one to call. Its text is not shown: it may hold a password.
    #[error("partner address must be `http://HOST[:PORT]`, without user, query or fragment")]
    Address,
    /// The client could not be made.
    #[error("partner client cannot be made: {0}")]
    Client(String),
}
