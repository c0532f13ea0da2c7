//! Asking a telco who serves a number of its own segments now.

use super::TelcoGateway;
use crate::Unreadable;
use crate::line::ANSWER_BYTES_MAX;
use money::Telco;
use reqwest::Method;
use serde_json::Value;

/// Where the register is.
const BASE: &str = "/numberPortability/v1";

impl TelcoGateway {
    pub(super) async fn ask_who_serves(&self, msisdn: &str) -> Result<Telco, Unreadable> {
        let wrong = |what: &str| Unreadable(format!("the register of {}: {what}", self.telco));
        if msisdn.is_empty() || !msisdn.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong("no number was asked about"));
        }
        let asked = self.line.request(Method::GET, &format!("{BASE}/number/{msisdn}"));
        let reply = self.line.ask(asked, ANSWER_BYTES_MAX).await.ok_or_else(|| wrong("no answer"))?;
        if reply.status != 200 {
            return Err(wrong(&format!("status {}", reply.status)));
        }
        let served: Value = serde_json::from_slice(&reply.body).map_err(|_| wrong("an answer that is no JSON"))?;
        if served["number"] != msisdn {
            return Err(wrong("an answer about another number"));
        }
        let telco = served["servedBy"].as_str().and_then(|telco| telco.parse().ok());
        telco.ok_or_else(|| wrong("a telco that is not connected"))
    }
}
