//! Telco.

use std::time::Duration;

use async_trait::async_trait;
use exchange::Answer;
use money::Telco;

use crate::{ConfigFault, Gateway, Request, StatementItem, StatementPage, Unreadable};

/// How a telco is reached.
#[derive(Clone, Debug)]
pub struct TelcoConfig {
    /// Which one.
    pub telco: Telco,
    /// Where it is: `http://HOST:PORT`.
    pub base_url: String,
    /// Wall-clock time after which a missing reply is silence.
    pub reply_timeout: Duration,
}

/// The connector to one telco.
pub struct TelcoGateway {}

impl TelcoGateway {
    /// Sets up the connector; nothing is called yet.
    ///
    /// Errors: the address is not usable.
    pub fn new(_config: TelcoConfig) -> Result<TelcoGateway, ConfigFault> {
        Ok(TelcoGateway {})
    }
}

#[async_trait]
impl Gateway for TelcoGateway {
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
pub fn telco_callback(_body: &[u8]) -> Option<StatementItem> {
    None
}
