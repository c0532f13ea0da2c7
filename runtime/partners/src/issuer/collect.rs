//! What the answer to a request for a code means.

use serde_json::Value;

use crate::line::Reply;
use crate::words::{refusal, text};
use crate::{Collected, VoucherCode};

/// Longest code that is passed on.
const CODE_BYTES_MAX: usize = 64;

/// Reads the answer. Nothing of its body is kept or shown but the code, and that by [`VoucherCode`] alone.
pub(super) fn collected(reply: &Reply) -> Collected {
    match (reply.status, refusal(&reply.body).as_deref()) {
        (200, _) => voucher_code(&reply.body).map_or(Collected::Silence, Collected::Code),
        (410, Some("collected")) => Collected::Gone,
        (404, Some("notFound")) | (409, Some("notIssued")) => Collected::NotYet,
        _ => Collected::Silence,
    }
}

/// A code is letters, digits and hyphens: what is shown to a person can be nothing else.
fn voucher_code(body: &[u8]) -> Option<VoucherCode> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let code = text(&body, "/code")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let fits = (1..=CODE_BYTES_MAX).contains(&code.len()) && code.bytes().all(plain);
    fits.then(|| VoucherCode::new(code.to_owned()))
}
