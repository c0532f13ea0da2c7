//! Answers that say from which journal position they were computed, and requests that name one to be shown.

use crate::answers::POSITION;
use crate::problem::Problem;
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer with the position it was computed from.
pub struct Positioned<T> {
    /// What is answered.
    pub body: T,
    /// The journal position.
    pub position: u64,
}

impl<T: Serialize> IntoResponse for Positioned<T> {
    fn into_response(self) -> Response {
        ([(POSITION, HeaderValue::from(self.position))], Json(self.body)).into_response()
    }
}

/// The position that a request's header `Tongbao-Position` names.
pub struct Awaited(pub Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for Awaited {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Awaited, Problem> {
        let Some(value) = parts.headers.get(POSITION) else { return Ok(Awaited(None)) };
        let position = value.to_str().ok().and_then(|text| text.parse().ok());
        let malformed = || Problem::malformed("Tongbao-Position", "a journal position");
        position.map(|position| Awaited(Some(position))).ok_or_else(malformed)
    }
}
