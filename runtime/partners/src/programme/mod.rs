//! A points programme: JSON over HTTP, by our reference.
//!
//! The programme keeps a reference for ever: the same transaction under it is made once, and another one is refused
//! with a conflict that says nothing about the first, so it is read as silence. A reversal names the redemption that it
//! gives back, by our reference of that one, and no member. How long accrued points live is the programme's to say.

mod statement;
#[cfg(test)]
mod tests;
mod transaction;

use std::time::Duration;

use async_trait::async_trait;
use exchange::Answer;
use facts::{Action, Partner, Programme};
use serde_json::{Value, json};

use crate::line::Line;
use crate::record::inquired;
use crate::statement::ask;
use crate::{ConfigFault, Gateway, Request, StatementPage, Unreadable};

pub(crate) use statement::programme_callback;

/// How a programme is reached.
#[derive(Clone, Debug)]
pub struct ProgrammeConfig {
    /// Which one.
    pub programme: Programme,
    /// Where it is: `http://HOST:PORT`.
    pub base_url: String,
    /// Wall-clock time after which a missing reply is silence.
    pub reply_timeout: Duration,
}

/// The connector to one programme.
pub struct ProgrammeGateway {
    programme: Programme,
    line: Line,
}

impl ProgrammeGateway {
    /// Sets up the connector; nothing is called yet.
    ///
    /// Errors: the address is not usable.
    pub fn new(config: ProgrammeConfig) -> Result<ProgrammeGateway, ConfigFault> {
        let line = Line::new(&config.base_url, config.reply_timeout)?;
        Ok(ProgrammeGateway { programme: config.programme, line })
    }

    fn is_asked(&self, request: &Request) -> bool {
        request.partner == Partner::Programme(self.programme)
    }
}

/// Where a programme is asked for what a request wants, and with which body; `None` when it cannot be asked for that.
fn posted(request: &Request) -> Option<(String, Value)> {
    let (reference, member) = (request.call.to_string(), &*request.account);
    let of_member = json!({"reference": reference, "member": member, "points": request.amount});
    match request.action {
        Action::RedeemPoints => Some(("/redemptions".to_owned(), of_member)),
        Action::AccruePoints => Some(("/accruals".to_owned(), of_member)),
        Action::ReverseRedemption => {
            Some((format!("/redemptions/{}/reversal", request.about?), json!({"reference": reference})))
        }
        _ => None,
    }
}

/// Where a programme's record of a request is.
fn recorded(request: &Request) -> Option<String> {
    match request.action {
        Action::RedeemPoints => Some(format!("/redemptions/{}", request.call)),
        Action::AccruePoints => Some(format!("/accruals/{}", request.call)),
        Action::ReverseRedemption => Some(format!("/reversals/{}", request.call)),
        _ => None,
    }
}

#[async_trait]
impl Gateway for ProgrammeGateway {
    async fn call(&self, request: &Request) -> Answer {
        let asked = posted(request).filter(|_| self.is_asked(request));
        let Some((path, body)) = asked else { return Answer::Silence };
        let reply = self.line.post(&path, request, &body).await;
        reply.map_or(Answer::Silence, |reply| transaction::called(request, &reply))
    }

    async fn inquire(&self, request: &Request) -> Answer {
        let asked = recorded(request).filter(|_| self.is_asked(request));
        let Some(path) = asked else { return Answer::Silence };
        let reply = self.line.get(&path, request.now).await;
        reply.map_or(Answer::Silence, |reply| inquired(request, &reply, transaction::read))
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        ask(&self.line, after, &statement::SHAPE).await
    }
}
