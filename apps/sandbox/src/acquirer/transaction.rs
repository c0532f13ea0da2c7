//! A payment or a refund: what is asked, what became of it, and its JSON.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fen::yuan;
use crate::iso20022::{Status, StatusView, because, check_account, end_to_end_id, instructed};
use crate::refused::Refused;

/// Why a payment came back: the payer asked the payer's own bank for the money.
const TAKEN_BACK: &str = "MD06";

/// The body of `POST /payments`, with ISO 20022 names.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PaymentBody {
    end_to_end_id: String,
    instd_amt: String,
    ccy: String,
    dbtr_acct: String,
}

/// The body of `POST /refunds`. It names no account: what goes back goes to the instrument that paid.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RefundBody {
    end_to_end_id: String,
    orgnl_end_to_end_id: String,
    instd_amt: String,
    ccy: String,
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Collects from this instrument.
    Payment { payer: Arc<str> },
    /// Gives back what this payment collected.
    Refund { original: Arc<str> },
}

/// A checked transaction; two are the same when they are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub id: Arc<str>,
    /// Positive.
    pub fen: i64,
    pub kind: Kind,
}

impl PaymentBody {
    /// Checks the body. Checks, in order: id, amount, currency, instrument.
    pub fn check(self) -> Result<Asked, Refused> {
        let id = end_to_end_id(&self.end_to_end_id)?;
        let fen = instructed(&self.instd_amt, &self.ccy)?;
        check_account(&self.dbtr_acct)?;
        Ok(Asked { id, fen, kind: Kind::Payment { payer: self.dbtr_acct.into() } })
    }
}

impl RefundBody {
    /// Checks the body. Checks, in order: id, the payment's id, amount, currency.
    pub fn check(self) -> Result<Asked, Refused> {
        let id = end_to_end_id(&self.end_to_end_id)?;
        let original = end_to_end_id(&self.orgnl_end_to_end_id)?;
        let fen = instructed(&self.instd_amt, &self.ccy)?;
        Ok(Asked { id, fen, kind: Kind::Refund { original } })
    }
}

impl Asked {
    /// The payment that it gives back.
    pub fn original(&self) -> Option<&Arc<str>> {
        match &self.kind {
            Kind::Payment { .. } => None,
            Kind::Refund { original } => Some(original),
        }
    }
}

/// A transaction that was taken down.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    /// As the caller sent it.
    pub asked: Asked,
    /// What is or will be moved, fen.
    pub fen: i64,
    pub status: Status,
    /// The refunds of a payment, whatever became of them.
    pub refunds: Vec<Arc<str>>,
    /// What its payer took back of a payment, fen.
    pub taken_back_fen: i64,
    number: usize,
}

impl Transaction {
    /// A transaction of `fen` that is accepted and not yet decided.
    pub fn pending(asked: Asked, fen: i64, number: usize) -> Self {
        Transaction { fen, asked, status: Status::Pending, refunds: Vec::new(), taken_back_fen: 0, number }
    }

    /// The same transaction as a contradicting acquirer tells it.
    pub fn told_as(&self, status: Status) -> Self {
        Transaction { status, ..self.clone() }
    }

    /// The acquirer's own reference.
    pub fn servicer_reference(&self, acquirer: &str) -> String {
        format!("{acquirer}-{}", self.number)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct View<'a> {
    end_to_end_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    orgnl_end_to_end_id: Option<&'a str>,
    #[serde(flatten)]
    status: StatusView,
    acct_svcr_ref: String,
    instd_amt: String,
    ccy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtr_inf: Option<Value>,
}

/// The JSON of a transaction: no instrument is in it.
pub(super) fn view<'a>(transaction: &'a Transaction, acquirer: &str) -> impl Serialize + 'a {
    View {
        end_to_end_id: &transaction.asked.id,
        orgnl_end_to_end_id: transaction.asked.original().map(|original| &**original),
        status: transaction.status.view(),
        acct_svcr_ref: transaction.servicer_reference(acquirer),
        instd_amt: yuan(transaction.fen),
        ccy: "CNY",
        rtr_inf: (transaction.taken_back_fen > 0).then(|| because(TAKEN_BACK)),
    }
}
