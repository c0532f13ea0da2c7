//! The acquirer that collects from payers and gives back to the instruments that paid: JSON with ISO 20022 names.
//!
//! Our reference is the `EndToEndId`. The acquirer keeps it for ever: the same payment or refund under it is made once,
//! and another one is refused with a conflict that says nothing about the first, so it is read as silence. A refund
//! names the payment that it gives back, by our reference of that one, and no instrument.

mod statement;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use exchange::Answer;
use facts::{Action, Partner};
use serde_json::{Value, json};

use crate::iso20022;
use crate::line::Line;
use crate::record::inquired;
use crate::statement::ask;
use crate::{ConfigFault, Gateway, Request, StatementPage, Unreadable};

pub(crate) use statement::acquirer_callback;

/// How an acquirer is reached.
#[derive(Clone, Debug)]
pub struct AcquirerConfig {
    /// Where it is: `http://HOST:PORT`.
    pub base_url: String,
    /// Wall-clock time after which a missing reply is silence.
    pub reply_timeout: Duration,
}

/// The connector to an acquirer.
pub struct AcquirerGateway {
    line: Line,
}

impl AcquirerGateway {
    /// Sets up the connector; nothing is called yet.
    ///
    /// Errors: the address is not usable.
    pub fn new(config: AcquirerConfig) -> Result<AcquirerGateway, ConfigFault> {
        Ok(AcquirerGateway { line: Line::new(&config.base_url, config.reply_timeout)? })
    }
}

/// Where an acquirer is asked for what a request wants; `None` when it cannot be asked for that.
fn resource(request: &Request) -> Option<&'static str> {
    match (request.partner, request.action) {
        (Partner::Acquirer, Action::CollectPayment) => Some("/payments"),
        (Partner::Acquirer, Action::RefundPayment | Action::PayBack) => Some("/refunds"),
        _ => None,
    }
}

/// The body of such a request; `None` when a refund names no payment.
fn body(request: &Request) -> Option<Value> {
    let mut body = json!({
        "EndToEndId": request.call.to_string(),
        "InstdAmt": money::yuan(request.amount).to_string(),
        "Ccy": "CNY",
    });
    if request.action.names_original() {
        body["OrgnlEndToEndId"] = request.about?.to_string().into();
    } else {
        body["DbtrAcct"] = (*request.account).into();
    }
    Some(body)
}

#[async_trait]
impl Gateway for AcquirerGateway {
    async fn call(&self, request: &Request) -> Answer {
        let (Some(resource), Some(body)) = (resource(request), body(request)) else { return Answer::Silence };
        let reply = self.line.post(resource, request, &body).await;
        reply.map_or(Answer::Silence, |reply| iso20022::called(request, &reply))
    }

    async fn inquire(&self, request: &Request) -> Answer {
        let Some(resource) = resource(request) else { return Answer::Silence };
        let reply = self.line.get(&format!("{resource}/{}", request.call), request.now).await;
        reply.map_or(Answer::Silence, |reply| inquired(request, &reply, iso20022::read))
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        ask(&self.line, after, &statement::SHAPE).await
    }
}
