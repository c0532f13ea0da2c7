//! Errors as RFC 9457 problems. A problem is made where it is found and written where language and request are known.

use crate::language::Language;
use crate::phrases::{Code, phrase};
use axum::http::header::{CONTENT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use exchange::rules::Refused;
use serde::Serialize;
use utoipa::ToSchema;

/// Seconds after which a caller who was turned away may come back.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("1");

/// Why a request got no other answer. Never carries what the caller sent.
#[derive(Clone, Debug)]
pub struct Problem(Box<Found>);

/// What a problem is about; boxed, since most answers have none.
#[derive(Clone, Debug)]
struct Found {
    code: &'static str,
    status: StatusCode,
    detail: Option<String>,
    refused: Option<Refused>,
    param: Option<String>,
    order: Option<String>,
    subscriber: Option<String>,
    reasons: Vec<String>,
    retry_after_s: Option<u64>,
}

/// A problem as it is written. Source: RFC 9457.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Names the kind of problem, relative to this server: `/problems/` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words, in English or Chinese as asked by `Accept-Language`.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// The stable code; programs look at this alone.
    code: &'static str,
    /// What was found and what is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What to do about it, in English or Chinese.
    hint: String,
    /// JSON pointer of the field, or name of the header or query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<String>,
    /// The declined order, which is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    /// The subscriber that is there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriber: Option<String>,
    /// All reasons, where there may be several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    /// The request, as in the header `X-Request-Id`. Left out of a declined order, whose replay is equal byte by byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl Problem {
    /// A problem that its code says all about.
    pub fn new(code: Code) -> Problem {
        Problem(Box::new(Found {
            code: code.text(),
            status: code.status(),
            detail: None,
            refused: None,
            param: None,
            order: None,
            subscriber: None,
            reasons: Vec::new(),
            retry_after_s: None,
        }))
    }

    /// A business refusal.
    pub fn refused(refused: Refused) -> Problem {
        let mut problem = Problem::new(Code::Internal).detail(refused.to_string());
        problem.0.code = refused.refusal.code();
        problem.0.status = StatusCode::UNPROCESSABLE_ENTITY;
        problem.0.refused = Some(refused);
        problem
    }

    /// A caller who is told no.
    pub fn denied(denied: &access::Denied) -> Problem {
        let mut problem = Problem::new(Code::NotPermitted).detail(denied.to_string());
        problem.0.code = denied.code();
        problem.0.status = StatusCode::from_u16(denied.status()).unwrap_or(StatusCode::FORBIDDEN);
        problem.0.retry_after_s = denied.retry_after_ms().map(|ms| ms.div_ceil(1_000));
        problem
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        self.0.code
    }

    /// A field, header or parameter that is not as it must be.
    pub fn malformed(param: impl Into<String>, allowed: &str) -> Problem {
        Problem::new(Code::MalformedRequest).at(param).detail(format!("allowed: {allowed}"))
    }

    /// With what was found and what is allowed.
    pub fn detail(mut self, detail: impl Into<String>) -> Problem {
        self.0.detail = Some(detail.into());
        self
    }

    /// About a field, header or parameter.
    pub fn at(mut self, param: impl Into<String>) -> Problem {
        self.0.param = Some(param.into());
        self
    }

    /// About an order.
    pub fn order(mut self, order: facts::OrderId) -> Problem {
        self.0.order = Some(order.to_string());
        self
    }

    /// About a subscriber.
    pub fn subscriber(mut self, subscriber: facts::SubscriberId) -> Problem {
        self.0.subscriber = Some(subscriber.to_string());
        self
    }

    /// With all reasons.
    pub fn reasons(mut self, reasons: Vec<String>) -> Problem {
        self.0.reasons = reasons;
        self
    }

    /// The problem as an answer.
    pub fn render(self, language: Language, request_id: &str) -> Response {
        let status = self.0.status;
        let comes_back = status == StatusCode::SERVICE_UNAVAILABLE || self.0.code == Code::KeyInProgress.text();
        let comes_back_in = self.0.retry_after_s.map(HeaderValue::from);
        let text = serde_json::to_vec(&self.0.body(language, request_id)).unwrap_or_default();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        if let Some(seconds) = comes_back_in.or(comes_back.then_some(RETRY_AFTER_S)) {
            headers.insert(RETRY_AFTER, seconds);
        }
        response
    }
}

impl Found {
    fn body(self, language: Language, request_id: &str) -> ProblemBody {
        let words = phrase(self.code);
        let from_numbers = self.refused.as_ref().and_then(|refused| language.hint(refused));
        // A replay is equal to the first answer byte by byte, so it cannot name the request.
        let is_kept = self.refused.is_some() && self.order.is_some();
        ProblemBody {
            kind: format!("/problems/{}", self.code),
            title: words.title(language),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            hint: from_numbers.unwrap_or_else(|| words.hint(language).to_owned()),
            param: self.param,
            order: self.order,
            subscriber: self.subscriber,
            reasons: self.reasons,
            request_id: (!is_kept).then(|| request_id.to_owned()),
        }
    }
}

/// The problem travels in the answer's extensions to where it is written.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<node::NodeError> for Problem {
    fn from(error: node::NodeError) -> Problem {
        Problem::new(match error {
            node::NodeError::Stopped => Code::OutcomeUnknown,
            node::NodeError::Busy => Code::Busy,
            node::NodeError::ClockHalted => Code::ClockHalted,
            node::NodeError::Unreadable => Code::ViewsUnavailable,
        })
    }
}
