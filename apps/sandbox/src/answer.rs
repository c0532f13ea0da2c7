//! When and whether an answer leaves.

use std::time::Duration;

use axum::response::{IntoResponse, Response};

use crate::connection::Cut;
use crate::refused::Refused;

/// An answer with its timing; decided under the lock, carried out without it.
pub(crate) enum Answer {
    /// At once.
    Now(Response),
    /// After a delay.
    After(Duration, Response),
    /// Never: the connection is held this long and then closed.
    Never(Duration),
}

impl Answer {
    /// A refusal or a 503, at once.
    pub fn refusal(refused: Refused) -> Self {
        Answer::Now(refused.into_response())
    }

    /// Waits as told and returns what the framework should send, cutting the line when that is nothing.
    pub async fn deliver(self, cut: &Cut) -> Response {
        match self {
            Answer::Now(response) => response,
            Answer::After(delay, response) => {
                tokio::time::sleep(delay).await;
                response
            }
            Answer::Never(hang) => {
                tokio::time::sleep(hang).await;
                cut.now();
                Refused::server_error().into_response()
            }
        }
    }
}
