//! Answers that say from which journal position they were computed, and requests that name one to be shown.

use crate::answers::POSITION;
use axum::Json;
use axum::http::HeaderValue;
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
