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

use crate::line::{ANSWER_BYTES_MAX, BUSINESS_TIME, CORRELATION, Line};
use crate::record::inquired;
use crate::statement::ask;
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
        let body = json!({
            "reference": request.call.to_string(),
            "face_value": money::yuan(request.amount).to_string(),
            "currency": "CNY",
            "holder": &*request.account,
        });
        let reply = self.line.post("/vouchers", request, &body).await;
        reply.map_or(Answer::Silence, |reply| voucher::called(request, &reply))
    }

    async fn inquire(&self, request: &Request) -> Answer {
        if !is_voucher(request) {
            return Answer::Silence;
        }
        let reply = self.line.get(&format!("/vouchers/{}", request.call), request.now).await;
        reply.map_or(Answer::Silence, |reply| inquired(request, &reply, voucher::read))
    }

    async fn collect(&self, call: CallRef, now: Millis) -> Collected {
        let asked = self.line.request(Method::POST, &format!("/vouchers/{call}/collect"));
        let asked = asked.header(CORRELATION, call.to_string()).header(BUSINESS_TIME, now.0);
        let reply = self.line.ask(asked, ANSWER_BYTES_MAX).await;
        reply.map_or(Collected::Silence, |reply| collect::collected(&reply))
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        ask(&self.line, after, &statement::SHAPE).await
    }
}
