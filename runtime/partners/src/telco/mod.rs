//! A telco that speaks TMF654 v4 (prepay balance management).
//!
//! TMF654 has no idempotency key: a repeated request takes twice. Our reference travels as correlation id and is
//! the `requestor.id` of the telco's action history, which is asked before anything is repeated.

mod history;
mod portability;
mod reply;
mod statement;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use exchange::Answer;
use facts::{Action, CallRef, Partner};
use money::Telco;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::line::{ANSWER_BYTES_MAX, BUSINESS_TIME, CORRELATION, Line, PAGE_BYTES_MAX};
use crate::words::{Sign, name, yuan_number};
use crate::{ConfigFault, Gateway, Request, StatementPage, Unreadable};

pub use statement::telco_callback;

const BASE: &str = "/tmf-api/prepayBalanceManagement/v4";
/// The party account that TMF654 asks for; ours, since the subscriber's is the telco's to know.
const PARTY_ACCOUNT: &str = "tongbao";

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

/// The connector to one telco, of either profile.
pub struct TelcoGateway {
    telco: Telco,
    line: Line,
}

impl TelcoGateway {
    /// Sets up the connector; nothing is called yet.
    ///
    /// Errors: the address is not usable.
    pub fn new(config: TelcoConfig) -> Result<TelcoGateway, ConfigFault> {
        let line = Line::new(&config.base_url, config.reply_timeout)?;
        Ok(TelcoGateway { telco: config.telco, line })
    }

    /// The HTTP request for an action; `None` when a telco cannot be asked for it.
    fn action(&self, request: &Request) -> Option<RequestBuilder> {
        match request.action {
            Action::ReserveAirtime => Some(self.create(request, "reserveBalance", Sign::Plus)),
            Action::DeductAirtime => Some(self.create(request, "adjustBalance", Sign::Minus)),
            Action::CreditAirtime | Action::TopUpAirtime | Action::GrantReward => {
                Some(self.create(request, "adjustBalance", Sign::Plus))
            }
            Action::CaptureAirtime => {
                let body = json!({"status": "completed", "reason": "conversion"});
                Some(self.on_reservation(Method::PATCH, request)?.json(&body))
            }
            Action::ReleaseAirtime => self.on_reservation(Method::DELETE, request),
            Action::TransferAirtime => self.transfer(request),
            // Asked in its record alone, or of others.
            _ => None,
        }
    }

    fn create(&self, request: &Request, resource: &str, sign: Sign) -> RequestBuilder {
        let body: Value = json!({
            "usageType": "monetary",
            "bucket": {"id": format!("bkt-{}", request.account)},
            "partyAccount": {"id": PARTY_ACCOUNT},
            "amount": {"amount": yuan_number(request.amount, sign), "units": "CNY"},
            "reason": "conversion",
        });
        self.line.request(Method::POST, &format!("{BASE}/{resource}")).json(&body)
    }

    /// Moves value from one subscriber's balance to another's.
    fn transfer(&self, request: &Request) -> Option<RequestBuilder> {
        let (from, to) = (request.from.as_deref()?, &request.account);
        let body: Value = json!({
            "usageType": "monetary",
            "bucket": {"id": format!("bkt-{from}")},
            "logicalResource": [{"id": from, "@referredType": "MSISDN"}],
            "receiverBucketUsageType": "monetary",
            "receiverBucket": {"id": format!("bkt-{to}")},
            "receiverLogicalResource": {"id": to.as_ref(), "@referredType": "MSISDN"},
            "channel": {"id": PARTY_ACCOUNT},
            "amount": {"amount": yuan_number(request.amount, Sign::Plus), "units": "CNY"},
            "reason": "gift",
        });
        Some(self.line.request(Method::POST, &format!("{BASE}/transferBalance")).json(&body))
    }

    fn on_reservation(&self, method: Method, request: &Request) -> Option<RequestBuilder> {
        let reservation = name(&request.acts_on, &request.account)?;
        Some(self.line.request(method, &format!("{BASE}/reserveBalance/{reservation}")))
    }

    /// Asks what the telco's record says about a reference.
    async fn ask(&self, request: &Request, about: CallRef, action: Action) -> Answer {
        let limit = history::ITEMS_MAX;
        let path = format!("{BASE}/balanceActionHistory?requestor.id={about}&limit={limit}");
        let asked = self.line.request(Method::GET, &path).header(BUSINESS_TIME, request.now.0);
        match self.line.ask(asked, ANSWER_BYTES_MAX).await {
            Some(reply) => history::answer(action, about, &reply),
            None => Answer::Silence,
        }
    }

    /// Asks whether the record of a deduction has arrived.
    async fn confirm_billing(&self, request: &Request) -> Answer {
        let Some(deduction) = request.about else { return Answer::Silence };
        self.ask(request, deduction, Action::ConfirmBilling).await
    }

    fn is_asked(&self, request: &Request) -> bool {
        request.partner == Partner::Telco(self.telco)
    }
}

#[async_trait]
impl Gateway for TelcoGateway {
    async fn call(&self, request: &Request) -> Answer {
        if !self.is_asked(request) {
            return Answer::Silence;
        }
        if request.action == Action::ConfirmBilling {
            return self.confirm_billing(request).await;
        }
        let Some(action) = self.action(request) else { return Answer::Silence };
        let action = action.header(CORRELATION, request.call.to_string()).header(BUSINESS_TIME, request.now.0);
        match self.line.ask(action, ANSWER_BYTES_MAX).await {
            Some(reply) => reply::answer(request, &reply),
            None => Answer::Silence,
        }
    }

    async fn inquire(&self, request: &Request) -> Answer {
        if !self.is_asked(request) {
            return Answer::Silence;
        }
        match request.action {
            Action::ConfirmBilling => self.confirm_billing(request).await,
            action => self.ask(request, request.call, action).await,
        }
    }

    async fn served_by(&self, msisdn: &str) -> Result<Option<Telco>, Unreadable> {
        self.ask_who_serves(msisdn).await.map(Some)
    }

    async fn statement(&self, after: u64) -> Result<StatementPage, Unreadable> {
        let limit = statement::PAGE_ITEMS;
        let path = format!("{BASE}/balanceActionHistory?after={after}&limit={limit}");
        let reply = self.line.ask(self.line.request(Method::GET, &path), PAGE_BYTES_MAX).await;
        statement::page(after, &reply.ok_or_else(|| Unreadable("no answer".to_owned()))?)
    }
}
