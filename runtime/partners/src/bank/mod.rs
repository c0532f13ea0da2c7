//! The bank that pays out: JSON with ISO 20022 names.
//!
//! Our reference is the `EndToEndId`. The bank keeps it for ever: the same payout under it is made once, and
//! another one is refused with a conflict that says nothing about the first, so it is read as silence.

mod payout;
mod statement;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use exchange::Answer;
use facts::{Action, Partner};
use reqwest::Method;
use serde_json::json;

use crate::line::{ANSWER_BYTES_MAX, BUSINESS_TIME, CORRELATION, Line, PAGE_BYTES_MAX};
use crate::record::inquired;
use crate::statement::page;
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
        let reference = request.call.to_string();
        let body = json!({
            "EndToEndId": reference,
            "InstdAmt": money::yuan(request.amount).to_string(),
            "Ccy": "CNY",
            "CdtrAcct": &*request.account,
        });
        let call = self.line.request(Method::POST, "/payouts").json(&body);
        let call = call.header(CORRELATION, reference).header(BUSINESS_TIME, request.now.0);
        match self.line.ask(call, ANSWER_BYTES_MAX).await {
            Some(reply) => payout::called(request, &reply),
            None => Answer::Silence,
        }
    }

    async fn inquire(&self, request: &Request) -> Answer {
        if !is_payout(request) {
            return Answer::Silence;
        }
        let asked = self.line.request(Method::GET, &format!("/payouts/{}", request.call));
        let asked = asked.header(BUSINESS_TIME, request.now.0);
        match self.line.ask(asked, ANSWER_BYTES_MAX).await {
            Some(reply) => inquired(request, &reply, payout::read),
            None => Answer::Silence,
        }
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        let limit = statement::PAGE_ITEMS;
        let path = format!("/statement?after={after}&limit={limit}");
        let reply = self.line.ask(self.line.request(Method::GET, &path), PAGE_BYTES_MAX).await;
        page(after, &reply.ok_or_else(|| Unreadable("no answer".to_owned()))?, &statement::SHAPE)
    }
}
