//! Whoever issues vouchers: JSON over HTTP, by our reference.
//!
//! The issuer keeps a reference for ever: the same voucher under it is issued once, and another one is refused with a
//! conflict that says nothing about the first, so it is read as silence. The code of a voucher is asked for apart from
//! it, and passes through without a trace.

mod collect;
mod statement;
#[cfg(test)]
mod tests;
mod voucher;

use std::time::Duration;

use async_trait::async_trait;
use exchange::Answer;
use facts::{Action, CallRef, Millis, Partner};
use reqwest::Method;
use serde_json::json;

use crate::line::{ANSWER_BYTES_MAX, BUSINESS_TIME, CORRELATION, Line, PAGE_BYTES_MAX};
use crate::record::inquired;
use crate::statement::page;
use crate::{Collected, ConfigFault, Gateway, Request, StatementPage, Unreadable};

pub(crate) use statement::issuer_callback;

/// How an issuer is reached.
#[derive(Clone, Debug)]
pub struct IssuerConfig {
    /// Where it is: `http://HOST:PORT`.
    pub base_url: String,
    /// Wall-clock time after which a missing reply is silence.
    pub reply_timeout: Duration,
}

/// The connector to an issuer.
pub struct IssuerGateway {
    line: Line,
}

impl IssuerGateway {
    /// Sets up the connector; nothing is called yet.
    ///
    /// Errors: the address is not usable.
    pub fn new(config: IssuerConfig) -> Result<IssuerGateway, ConfigFault> {
        Ok(IssuerGateway { line: Line::new(&config.base_url, config.reply_timeout)? })
    }
}

fn is_voucher(request: &Request) -> bool {
    request.partner == Partner::Issuer && request.action == Action::IssueVoucher
}

#[async_trait]
impl Gateway for IssuerGateway {
    async fn call(&self, request: &Request) -> Answer {
        if !is_voucher(request) {
            return Answer::Silence;
        }
        let reference = request.call.to_string();
        let body = json!({
            "reference": reference,
            "face_value": money::yuan(request.amount).to_string(),
            "currency": "CNY",
            "holder": &*request.account,
        });
        let call = self.line.request(Method::POST, "/vouchers").json(&body);
        let call = call.header(CORRELATION, reference).header(BUSINESS_TIME, request.now.0);
        match self.line.ask(call, ANSWER_BYTES_MAX).await {
            Some(reply) => voucher::called(request, &reply),
            None => Answer::Silence,
        }
    }

    async fn inquire(&self, request: &Request) -> Answer {
        if !is_voucher(request) {
            return Answer::Silence;
        }
        let asked = self.line.request(Method::GET, &format!("/vouchers/{}", request.call));
        let asked = asked.header(BUSINESS_TIME, request.now.0);
        match self.line.ask(asked, ANSWER_BYTES_MAX).await {
            Some(reply) => inquired(request, &reply, voucher::read),
            None => Answer::Silence,
        }
    }

    async fn collect(&self, call: CallRef, now: Millis) -> Collected {
        let asked = self.line.request(Method::POST, &format!("/vouchers/{call}/collect"));
        let asked = asked.header(CORRELATION, call.to_string()).header(BUSINESS_TIME, now.0);
        match self.line.ask(asked, ANSWER_BYTES_MAX).await {
            Some(reply) => collect::collected(&reply),
            None => Collected::Silence,
        }
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        let limit = statement::PAGE_ITEMS;
        let path = format!("/statement?after={after}&limit={limit}");
        let reply = self.line.ask(self.line.request(Method::GET, &path), PAGE_BYTES_MAX).await;
        page(after, &reply.ok_or_else(|| Unreadable("no answer".to_owned()))?, &statement::SHAPE)
    }
}
