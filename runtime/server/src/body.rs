//! Reading a request's body: bounded in size and in time.

use crate::canonical;
use crate::context::Context;
use crate::fields::Fields;
use crate::phrases::Code;
use crate::problem::Problem;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A body of JSON.
pub struct Json(pub Value);

impl Json {
    /// One form for all writings of this body.
    pub fn canonical(&self) -> Vec<u8> {
        canonical::bytes(&self.0)
    }
}

impl FromRequest<Arc<Context>> for Json {
    type Rejection = Problem;

    async fn from_request(request: Request, context: &Arc<Context>) -> Result<Json, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Code::ContentTypeUnsupported));
        }
        let bytes = read(request, context).await?;
        parse(&bytes).map(Json)
    }
}

/// A body of JSON that may be left out: an empty object then.
pub struct OptionalJson(pub Value);

impl FromRequest<Arc<Context>> for OptionalJson {
    type Rejection = Problem;

    async fn from_request(request: Request, context: &Arc<Context>) -> Result<OptionalJson, Problem> {
        let is_json = is_json(request.headers());
        let bytes = read(request, context).await?;
        if bytes.is_empty() {
            return Ok(OptionalJson(Value::Object(Map::new())));
        }
        if !is_json {
            return Err(Problem::new(Code::ContentTypeUnsupported));
        }
        parse(&bytes).map(OptionalJson)
    }
}

/// A body that may be left out; when there is one, it is an empty object.
pub struct NoBody;

impl FromRequest<Arc<Context>> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, context: &Arc<Context>) -> Result<NoBody, Problem> {
        let OptionalJson(body) = OptionalJson::from_request(request, context).await?;
        Fields::of(&body, "", &[]).map(|_| NoBody)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The whole body.
///
/// Errors: it is longer or takes longer than is allowed, or breaks off.
async fn read(request: Request, context: &Context) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    whole(&parts.headers, body, context).await
}

/// The whole body of a request that was taken apart.
///
/// Errors: it is longer or takes longer than is allowed, or breaks off.
pub async fn whole(headers: &HeaderMap, body: Body, context: &Context) -> Result<Bytes, Problem> {
    let bytes_max = context.bounds.body_bytes;
    if announced(headers).is_some_and(|bytes| bytes > bytes_max) {
        return Err(Problem::new(Code::BodyTooLarge));
    }
    let reading = to_bytes(body, bytes_max);
    match tokio::time::timeout(context.bounds.body_time, reading).await {
        Err(_) => Err(Problem::new(Code::BodyTooSlow)),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(Problem::new(Code::BodyTooLarge)),
        Ok(Err(_)) => Err(Problem::malformed("", "a whole body").detail("the body breaks off")),
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether the limit ended the reading; the error's type is known by its text alone.
fn is_too_long(error: &axum::Error) -> bool {
    error.to_string().contains("length limit exceeded")
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        // Only the place: the error's own text may repeat what was sent.
        let place = format!("no JSON at line {} column {}; allowed: a JSON object", error.line(), error.column());
        Problem::malformed("", "a JSON object").detail(place)
    })
}

/// A body of JSON as it was sent, for those who read it in their own way.
pub struct RawJson(pub Bytes);

impl FromRequest<Arc<Context>> for RawJson {
    type Rejection = Problem;

    async fn from_request(request: Request, context: &Arc<Context>) -> Result<RawJson, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Code::ContentTypeUnsupported));
        }
        let bytes = read(request, context).await?;
        parse(&bytes).map(|_| RawJson(bytes))
    }
}
