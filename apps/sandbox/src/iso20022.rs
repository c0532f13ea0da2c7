//! What bank and acquirer read and write alike, with ISO 20022 names.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::fen::parse_yuan;
use crate::refused::Refused;

/// The account is closed.
pub(crate) const CLOSED_ACCOUNT: &str = "AC04";
/// The account lacks funds.
pub(crate) const INSUFFICIENT_FUNDS: &str = "AM04";

/// Checks an `EndToEndId`: 1 to 35 of `[A-Za-z0-9-]`.
pub(crate) fn end_to_end_id(id: &str) -> Result<Arc<str>, Refused> {
    if is_token(id, 35, b"-") {
        return Ok(id.into());
    }
    Err(Refused::malformed("invalidEndToEndId", format!("`EndToEndId` is 1 to 35 of `[A-Za-z0-9-]`: {id}")))
}

/// Checks an `InstdAmt` and its `Ccy`: above zero, and CNY. Returns fen.
pub(crate) fn instructed(amount: &str, currency: &str) -> Result<i64, Refused> {
    let fen = parse_yuan(amount).map_err(|error| Refused::malformed("invalidAmount", format!("{error}: {amount}")))?;
    if fen <= 0 {
        return Err(Refused::malformed("invalidAmount", format!("`InstdAmt` is not positive: {amount}")));
    }
    if currency != "CNY" {
        return Err(Refused::malformed("invalidCurrency", format!("only `CNY` is moved here: {currency}")));
    }
    Ok(fen)
}

/// Checks a card number or token: 1 to 64 of `[A-Za-z0-9_-]`.
pub(crate) fn check_account(account: &str) -> Result<(), Refused> {
    if is_token(account, 64, b"-_") {
        return Ok(());
    }
    Err(Refused::malformed("invalidAccount", format!("an account is 1 to 64 of `[A-Za-z0-9_-]`: {account}")))
}

fn is_token(text: &str, length_max: usize, also: &[u8]) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || also.contains(&byte);
    !text.is_empty() && text.len() <= length_max && text.bytes().all(allowed)
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Settled,
    /// With a reason.
    Refused(&'static str),
}

/// `TxSts`, and why.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StatusView {
    tx_sts: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sts_rsn_inf: Option<Value>,
}

impl Status {
    /// Its JSON.
    pub fn view(self) -> StatusView {
        let (tx_sts, reason) = match self {
            Status::Pending => ("PDNG", None),
            Status::Settled => ("ACSC", None),
            Status::Refused(reason) => ("RJCT", Some(reason)),
        };
        StatusView { tx_sts, sts_rsn_inf: reason.map(because) }
    }
}

/// A reason, as `StsRsnInf` and `RtrInf` hold it.
pub(crate) fn because(code: &str) -> Value {
    json!({"Rsn": {"Cd": code}})
}

/// Which way a booked entry moved, seen from the account that the statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Debit,
    Credit,
}

impl Direction {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Debit => "DBIT",
            Direction::Credit => "CRDT",
        }
    }
}
