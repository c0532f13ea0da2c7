//! A payout: what is asked, what became of it, and its JSON.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fen::{parse_yuan, yuan};
use crate::refused::Refused;

/// The body of `POST /payouts`, with ISO 20022 names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PayoutBody {
    end_to_end_id: String,
    instd_amt: String,
    ccy: String,
    cdtr_acct: String,
    cdtr_nm: Option<String>,
}

/// A checked payout; two are the same payment when they are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub id: Arc<str>,
    /// Positive.
    pub fen: i64,
    pub account: Arc<str>,
    pub name: Option<Arc<str>>,
}

impl PayoutBody {
    /// Checks the body. Checks, in order: id, amount, currency, account.
    pub fn check(self) -> Result<Asked, Refused> {
        if !is_token(&self.end_to_end_id, 35, b"-") {
            let reason = format!("`EndToEndId` is 1 to 35 of `[A-Za-z0-9-]`: {}", self.end_to_end_id);
            return Err(Refused::malformed("invalidEndToEndId", reason));
        }
        let fen = parse_yuan(&self.instd_amt)
            .map_err(|error| Refused::malformed("invalidAmount", format!("{error}: {}", self.instd_amt)))?;
        if fen <= 0 {
            return Err(Refused::malformed("invalidAmount", format!("`InstdAmt` is not positive: {}", self.instd_amt)));
        }
        if self.ccy != "CNY" {
            return Err(Refused::malformed("invalidCurrency", format!("only `CNY` is paid here: {}", self.ccy)));
        }
        check_card(&self.cdtr_acct)?;
        Ok(Asked {
            id: self.end_to_end_id.into(),
            fen,
            account: self.cdtr_acct.into(),
            name: self.cdtr_nm.map(Arc::from),
        })
    }
}

/// Checks a card number or token: 1 to 64 of `[A-Za-z0-9_-]`.
pub(super) fn check_card(card: &str) -> Result<(), Refused> {
    if is_token(card, 64, b"-_") {
        return Ok(());
    }
    Err(Refused::malformed("invalidAccount", format!("an account is 1 to 64 of `[A-Za-z0-9_-]`: {card}")))
}

fn is_token(text: &str, length_max: usize, also: &[u8]) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || also.contains(&byte);
    !text.is_empty() && text.len() <= length_max && text.bytes().all(allowed)
}

/// What became of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    Paid,
    /// With an ISO 20022 reason.
    Refused(&'static str),
}

/// A payout the bank has accepted or refused.
#[derive(Clone, Debug)]
pub(super) struct Payout {
    /// As the caller sent it.
    pub asked: Asked,
    /// What is or will be paid, fen.
    pub fen: i64,
    pub status: Status,
    /// Why it came back, when it did.
    pub returned: Option<&'static str>,
    number: usize,
}

impl Payout {
    /// A payout that is accepted and not yet decided.
    pub fn pending(asked: Asked, number: usize) -> Self {
        Payout { fen: asked.fen, asked, status: Status::Pending, returned: None, number }
    }

    /// The same payout as a contradicting bank tells it.
    pub fn told_as(&self, status: Status) -> Self {
        Payout { status, ..self.clone() }
    }

    /// The bank's own reference.
    pub fn servicer_reference(&self, bank: &str) -> String {
        format!("{bank}-{}", self.number)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct View<'a> {
    end_to_end_id: &'a str,
    tx_sts: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sts_rsn_inf: Option<Value>,
    acct_svcr_ref: String,
    instd_amt: String,
    ccy: &'static str,
    cdtr_acct: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtr_inf: Option<Value>,
}

/// The JSON of a payout.
pub(super) fn view<'a>(payout: &'a Payout, bank: &str) -> impl Serialize + 'a {
    let (tx_sts, reason) = match payout.status {
        Status::Pending => ("PDNG", None),
        Status::Paid => ("ACSC", None),
        Status::Refused(reason) => ("RJCT", Some(reason)),
    };
    View {
        end_to_end_id: &payout.asked.id,
        tx_sts,
        sts_rsn_inf: reason.map(because),
        acct_svcr_ref: payout.servicer_reference(bank),
        instd_amt: yuan(payout.fen),
        ccy: "CNY",
        cdtr_acct: &payout.asked.account,
        rtr_inf: payout.returned.map(because),
    }
}

fn because(code: &str) -> Value {
    json!({"Rsn": {"Cd": code}})
}
