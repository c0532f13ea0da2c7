//! The bank that pays out: JSON with ISO 20022 names.
//!
//! Our reference is the `EndToEndId`. The bank keeps it for ever: the same payout under it is made once, and
//! another one is refused with a conflict that says nothing about the first, so it is read as silence.

mod statement;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use exchange::Answer;
use facts::{Action, Partner};
use serde_json::json;

use crate::iso20022;
use crate::line::Line;
use crate::record::inquired;
use crate::statement::ask;
use crate::{ConfigFault, Gateway, Request, StatementPage, Unreadable};

pub use statement::bank_callback;

/// How the bank is reached.
#[derive(Clone, Debug)]
pub struct BankConfig {
    /// Where it is: `http://HOST:PORT`.
    pub base_url: String,
    /// Wall-clock time after which a missing reply is silence.
    pub reply_timeout: Duration,
}

/// The connector to the bank.
pub struct BankGateway {
    line: Line,
}

impl BankGateway {
    /// Sets up the connector; nothing is called yet.
    ///
    /// Errors: the address is not usable.
    pub fn new(config: BankConfig) -> Result<BankGateway, ConfigFault> {
        Ok(BankGateway { line: Line::new(&config.base_url, config.reply_timeout)? })
    }
}

fn is_payout(request: &Request) -> bool {
    request.partner == Partner::Bank && request.action == Action::PayOut
}

#[async_trait]
impl Gateway for BankGateway {
    async fn call(&self, request: &Request) -> Answer {
        if !is_payout(request) {
            return Answer::Silence;
        }
        let body = json!({
            "EndToEndId": request.call.to_string(),
            "InstdAmt": money::yuan(request.amount).to_string(),
            "Ccy": "CNY",
            "CdtrAcct": &*request.account,
        });
        let reply = self.line.post("/payouts", request, &body).await;
        reply.map_or(Answer::Silence, |reply| iso20022::called(request, &reply))
    }

    async fn inquire(&self, request: &Request) -> Answer {
        if !is_payout(request) {
            return Answer::Silence;
        }
        let reply = self.line.get(&format!("/payouts/{}", request.call), request.now).await;
        reply.map_or(Answer::Silence, |reply| inquired(request, &reply, iso20022::read))
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        ask(&self.line, after, &statement::SHAPE).await
    }
}
