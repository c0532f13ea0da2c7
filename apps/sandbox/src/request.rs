//! What is read from a request, with a clear answer for everything that cannot be read.

use std::sync::Arc;
use std::time::Duration;

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;

use crate::refused::Refused;

/// Largest body of an ordinary call.
pub(crate) const BODY_MAX: usize = 64 * 1024;
/// Largest body of a seed: a country's worth of test numbers.
pub(crate) const SEED_MAX: usize = 16 * 1024 * 1024;
/// How long a caller may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
const REFERENCE_MAX: usize = 128;

/// Who calls, by the two headers of the contract.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// `X-Correlation-ID`.
    pub reference: Option<Arc<str>>,
    /// `X-Business-Time-Ms`, milliseconds since 1970.
    pub business_ms: Option<i64>,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let reference = header(&parts.headers, "x-correlation-id")?.map(reference).transpose()?;
        let business_ms = header(&parts.headers, "x-business-time-ms")?.map(business_ms).transpose()?;
        Ok(Caller { reference, business_ms })
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refused> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let text =
        value.to_str().map_err(|_| Refused::malformed("invalidHeader", format!("`{name}` is not visible ASCII")))?;
    Ok(Some(text))
}

/// Checks a caller's reference: 1 to 128 of `[A-Za-z0-9._:-]`.
pub(crate) fn reference(text: &str) -> Result<Arc<str>, Refused> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    if text.is_empty() || text.len() > REFERENCE_MAX || !text.bytes().all(allowed) {
        let reason = "a correlation id is 1 to 128 of `[A-Za-z0-9._:-]`";
        return Err(Refused::malformed("invalidHeader", reason));
    }
    Ok(text.into())
}

/// Checks a mobile number: eleven digits.
pub(crate) fn check_number(number: &str) -> Result<(), Refused> {
    if number.len() == 11 && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(Refused::malformed("invalidNumber", "a number is eleven digits"))
}

fn business_ms(text: &str) -> Result<i64, Refused> {
    // Year 9999: a stamp beyond it has no RFC 3339 text.
    let at_ms = text.parse::<i64>().ok().filter(|ms| (0..=253_402_300_799_999).contains(ms));
    at_ms.ok_or_else(|| {
        Refused::malformed("invalidHeader", format!("`X-Business-Time-Ms` is not milliseconds since 1970: {text}"))
    })
}

/// A JSON body.
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        let bytes = match tokio::time::timeout(BODY_TIMEOUT, request.extract::<Bytes, _>()).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(rejection)) => return Err(unreadable(rejection.into_response().status())),
            Err(_) => return Err(body_timeout()),
        };
        // A list would be read as the fields in order; nobody means that.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(Refused::malformed("invalidBody", "the body is not a JSON object"));
        }
        let parsed = serde_json::from_slice(&bytes);
        parsed.map(Body).map_err(|error| Refused::malformed("invalidBody", error.to_string()))
    }
}

fn unreadable(status: StatusCode) -> Refused {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        let reason = format!("the body is over the limit of {BODY_MAX} bytes ({SEED_MAX} for a seed)");
        return Refused { status, code: "bodyTooLarge", reason };
    }
    Refused::malformed("invalidBody", "the body cannot be read")
}

fn body_timeout() -> Refused {
    let reason = format!("the body did not arrive within {} s", BODY_TIMEOUT.as_secs());
    Refused { status: StatusCode::REQUEST_TIMEOUT, code: "bodyTimeout", reason }
}

/// The last segment of a path.
pub(crate) struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Id(id)).map_err(|_| Refused::not_found("id", parts.uri.path()))
    }
}
