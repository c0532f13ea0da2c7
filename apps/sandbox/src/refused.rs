//! The one shape of a refusal: TMF `Error`, used by the bank too.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A call that gets a clear no.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable, for machines.
    pub code: &'static str,
    /// For people; starts lower case and names the offending value.
    pub reason: String,
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    reason: &'a str,
    status: String,
}

impl Refused {
    /// 400: the call itself is wrong, whatever the books hold.
    pub fn malformed(code: &'static str, reason: impl Into<String>) -> Self {
        Refused { status: StatusCode::BAD_REQUEST, code, reason: reason.into() }
    }

    /// 404: no such thing.
    pub fn not_found(what: &str, id: &str) -> Self {
        Refused { status: StatusCode::NOT_FOUND, code: "notFound", reason: format!("no such {what}: {id}") }
    }

    /// 409: understood, and the books say no.
    pub fn conflict(code: &'static str, reason: impl Into<String>) -> Self {
        Refused { status: StatusCode::CONFLICT, code, reason: reason.into() }
    }

    /// 410: there was such a thing, and it does not come back.
    pub fn gone(code: &'static str, reason: impl Into<String>) -> Self {
        Refused { status: StatusCode::GONE, code, reason: reason.into() }
    }

    /// 503: what a fault answers; says nothing about what happened.
    pub fn server_error() -> Self {
        let reason = "internal error, the outcome is unknown".to_owned();
        Refused { status: StatusCode::SERVICE_UNAVAILABLE, code: "serverError", reason }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Body { code: self.code, reason: &self.reason, status: self.status.as_u16().to_string() };
        (self.status, Json(body)).into_response()
    }
}

/// Answers a path that is not served.
pub(crate) async fn unknown_route(uri: axum::http::Uri) -> Refused {
    let reason = format!("no such route: {}", uri.path());
    Refused { status: StatusCode::NOT_FOUND, code: "unknownRoute", reason }
}

/// Answers a method that the path does not have.
pub(crate) async fn wrong_method(method: axum::http::Method, uri: axum::http::Uri) -> Refused {
    let reason = format!("{method} is not served at {}", uri.path());
    Refused { status: StatusCode::METHOD_NOT_ALLOWED, code: "methodNotAllowed", reason }
}
