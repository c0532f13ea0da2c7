//! The sandbox's own routes: seeding, totals, faults, flushing. They never suffer faults.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::counterparty::Counterparty;
use crate::faults::{FaultChange, FaultsConfig};
use crate::refused::Refused;
use crate::request::{Body, SEED_MAX};

/// The routes every partner has.
pub(crate) fn router<C: Counterparty>() -> Router<Arc<C>> {
    Router::new()
        .route("/livez", get(livez))
        .route("/sandbox/seed", post(seed::<C>).layer(DefaultBodyLimit::max(SEED_MAX)))
        .route("/sandbox/books", get(books::<C>))
        .route("/sandbox/books.csv", get(books_csv::<C>))
        .route("/sandbox/faults", get(tally::<C>).post(reconfigure::<C>))
        .route("/sandbox/flush", post(flush::<C>))
}

async fn livez() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

async fn seed<C: Counterparty>(
    State(partner): State<Arc<C>>,
    Body(seed): Body<C::Seed>,
) -> Result<Json<Value>, Refused> {
    partner.seed(seed).map(|seeded| Json(json!({"seeded": seeded})))
}

async fn books<C: Counterparty>(State(partner): State<Arc<C>>) -> Json<Value> {
    Json(partner.books())
}

async fn books_csv<C: Counterparty>(State(partner): State<Arc<C>>) -> Response {
    match partner.books_csv() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot write the books");
            Refused { status: StatusCode::INTERNAL_SERVER_ERROR, code: "internal", reason: error.to_string() }
                .into_response()
        }
    }
}

async fn tally<C: Counterparty>(State(partner): State<Arc<C>>) -> Json<Value> {
    Json(partner.with_mischief(|mischief| mischief.tally()))
}

async fn reconfigure<C: Counterparty>(
    State(partner): State<Arc<C>>,
    Body(change): Body<FaultChange>,
) -> Result<Json<FaultsConfig>, Refused> {
    partner.with_mischief(|mischief| {
        let config = change.applied_to(mischief.config());
        config.check().map_err(|reason| Refused::malformed("invalidFaults", reason))?;
        mischief.reconfigure(config.clone());
        Ok(Json(config))
    })
}

async fn flush<C: Counterparty>(State(partner): State<Arc<C>>) -> Json<Value> {
    Json(json!({"flushed": partner.flush()}))
}
