//! A voucher: what is asked, what became of it, and its JSON.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::{later_date, rfc3339};
use crate::fen::{parse_yuan, yuan};
use crate::refused::Refused;
use crate::request::{check_number, reference};

/// How long a voucher is good for: three years.
const VALID_DAYS: i64 = 1_095;

/// The body of `POST /vouchers`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VoucherBody {
    reference: String,
    face_value: String,
    currency: String,
    holder: String,
}

/// A checked voucher; two are the same when they are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub reference: Arc<str>,
    /// Positive.
    pub fen: i64,
    pub holder: Arc<str>,
}

impl VoucherBody {
    /// Checks the body. Checks, in order: reference, amount, currency, holder.
    pub fn check(self) -> Result<Asked, Refused> {
        let reference = reference(&self.reference)
            .map_err(|_| Refused::malformed("invalidReference", "`reference` is 1 to 128 of `[A-Za-z0-9._:-]`"))?;
        let fen = parse_yuan(&self.face_value)
            .map_err(|error| Refused::malformed("invalidAmount", format!("{error}: {}", self.face_value)))?;
        if fen <= 0 {
            let reason = format!("`face_value` is not positive: {}", self.face_value);
            return Err(Refused::malformed("invalidAmount", reason));
        }
        if self.currency != "CNY" {
            let reason = format!("only `CNY` is issued here: {}", self.currency);
            return Err(Refused::malformed("invalidCurrency", reason));
        }
        check_number(&self.holder)?;
        Ok(Asked { reference, fen, holder: self.holder.into() })
    }
}

/// What became of a voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    Issued,
    Cancelled,
    /// With the issuer's own code.
    Refused(&'static str),
}

impl Status {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Issued => "issued",
            Status::Cancelled => "cancelled",
            Status::Refused(_) => "refused",
        }
    }
}

/// A voucher that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Voucher {
    /// As the caller sent it.
    pub asked: Asked,
    /// What it is or will be worth, fen.
    pub fen: i64,
    pub status: Status,
    /// When it was issued.
    pub issued_ms: Option<i64>,
    /// When its code was first handed out.
    pub collected_ms: Option<i64>,
    /// Which of the issuer's vouchers it is.
    pub number: usize,
}

impl Voucher {
    /// A voucher of `fen` that is not decided on yet.
    pub fn pending(asked: Asked, fen: i64, number: usize) -> Self {
        Voucher { fen, asked, status: Status::Pending, issued_ms: None, collected_ms: None, number }
    }

    /// The issuer's own name of it.
    pub fn name(&self) -> String {
        format!("vch-{}", self.number)
    }
}

#[derive(Serialize)]
struct View<'a> {
    reference: &'a str,
    voucher: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    face_value: String,
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collected_at: Option<String>,
}

/// The JSON of a voucher: neither its code nor its holder.
pub(super) fn view(voucher: &Voucher) -> impl Serialize + '_ {
    let reason = if let Status::Refused(reason) = voucher.status { Some(reason) } else { None };
    View {
        reference: &voucher.asked.reference,
        voucher: voucher.name(),
        status: voucher.status.name(),
        reason,
        face_value: yuan(voucher.fen),
        currency: "CNY",
        expires_on: voucher.issued_ms.map(|issued_ms| later_date(issued_ms, VALID_DAYS)),
        collected_at: voucher.collected_ms.map(rfc3339),
    }
}
