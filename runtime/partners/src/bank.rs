//! Bank.

use std::time::Duration;

use async_trait::async_trait;
use exchange::Answer;

use crate::{ConfigFault, Gateway, Request, StatementItem, StatementPage, Unreadable};

/// How a bank is reached.
#[derive(Clone, Debug)]
pub struct BankConfig {
    /// Where it is: `http://HOST:PORT`.
    pub base_url: String,
    /// Wall-clock time after which a missing reply is silence.
    pub reply_timeout: Duration,
}

/// The connector to one bank.
pub struct BankGateway {}

impl BankGateway {
    /// Sets up the connector; nothing is called yet.
    ///
    /// Errors: the address is not usable.
    pub fn new(_config: BankConfig) -> Result<BankGateway, ConfigFault> {
        Ok(BankGateway {})
    }
}

#[async_trait]
impl Gateway for BankGateway {
    async fn call(&self, _request: &Request) -> Answer {
        Answer::Silence
    }

    async fn inquire(&self, _request: &Request) -> Answer {
        Answer::Silence
    }

    async fn statement(&self, _after: u64) -> Result<StatementPage, Unreadable> {
        Err(Unreadable("not connected".to_owned()))
    }
}

/// Reads a callback's body; `None` when it says nothing final about a reference of ours.
pub fn bank_callback(_body: &[u8]) -> Option<StatementItem> {
    None
}
