//! A payout: what is asked, what became of it, and its JSON.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fen::yuan;
use crate::iso20022::{Status, StatusView, because, check_account, end_to_end_id, instructed};
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
        let id = end_to_end_id(&self.end_to_end_id)?;
        let fen = instructed(&self.instd_amt, &self.ccy)?;
        check_account(&self.cdtr_acct)?;
        Ok(Asked { id, fen, account: self.cdtr_acct.into(), name: self.cdtr_nm.map(Arc::from) })
    }
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
    /// A payout of `fen` that is accepted and not yet decided.
    pub fn pending(asked: Asked, fen: i64, number: usize) -> Self {
        Payout { fen, asked, status: Status::Pending, returned: None, number }
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
    #[serde(flatten)]
    status: StatusView,
    acct_svcr_ref: String,
    instd_amt: String,
    ccy: &'static str,
    cdtr_acct: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtr_inf: Option<Value>,
}

/// The JSON of a payout.
pub(super) fn view<'a>(payout: &'a Payout, bank: &str) -> impl Serialize + 'a {
    View {
        end_to_end_id: &payout.asked.id,
        status: payout.status.view(),
        acct_svcr_ref: payout.servicer_reference(bank),
        instd_amt: yuan(payout.fen),
        ccy: "CNY",
        cdtr_acct: &payout.asked.account,
        rtr_inf: payout.returned.map(because),
    }
}
