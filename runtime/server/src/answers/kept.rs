//! The answer to a request with a key: the first one and every replay of it.

use axum::Json;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::problem::Problem;

/// Says that the answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Says from which record on the answer can be seen.
pub const POSITION: HeaderName = HeaderName::from_static("tongbao-position");

/// An answer that a replay gives again.
pub struct Kept<T> {
    /// What came of it.
    pub outcome: Result<T, Problem>,
    /// The status of a good answer.
    pub status: StatusCode,
    /// Where to look it up.
    pub location: String,
    /// Whether it was given before.
    pub replayed: bool,
    /// The journal position it was computed from.
    pub position: u64,
}

impl<T: Serialize> IntoResponse for Kept<T> {
    fn into_response(self) -> Response {
        let mut response = match self.outcome {
            Ok(body) => (self.status, Json(body)).into_response(),
            Err(problem) => problem.into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(POSITION, HeaderValue::from(self.position));
        if let Ok(location) = HeaderValue::try_from(self.location) {
            headers.insert(LOCATION, location);
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
