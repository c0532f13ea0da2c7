//! The issuer's interface.

use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Issuer;
use super::books::{Books, Entry};
use super::deeds::Deed;
use super::voucher::{VoucherBody, view};
use crate::by_reference::handle;
use crate::clock::rfc3339;
use crate::connection::Cut;
use crate::counterparty::Counterparty;
use crate::fen::yuan;
use crate::lists;
use crate::query::ListQuery;
use crate::refused::Refused;
use crate::request::{Body, Caller, Id};

/// The routes of an issuer.
pub(super) fn router() -> Router<Arc<Issuer>> {
    Router::new()
        .route("/vouchers", post(issue))
        .route("/vouchers/{reference}", get(voucher))
        .route("/vouchers/{reference}/cancel", post(cancel))
        .route("/vouchers/{reference}/collect", post(collect))
        .route("/statement", get(statement))
}

async fn issue(
    State(issuer): State<Arc<Issuer>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Body(body): Body<VoucherBody>,
) -> Result<Response, Refused> {
    handle(&*issuer, body.check()?, caller, &cut).await
}

async fn cancel(
    State(issuer): State<Arc<Issuer>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Id(reference): Id,
) -> Response {
    deed(&issuer, (Deed::Cancel, &reference), caller, &cut).await
}

async fn collect(
    State(issuer): State<Arc<Issuer>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Id(reference): Id,
) -> Response {
    deed(&issuer, (Deed::Collect, &reference), caller, &cut).await
}

async fn deed(issuer: &Issuer, (deed, reference): (Deed, &str), caller: Caller, cut: &Cut) -> Response {
    // The lock must be gone before anything waits.
    let answer = {
        let mut floor = issuer.floor();
        let at_ms = floor.desk.stamp(caller.business_ms);
        issuer.deed(&mut floor, deed, reference, at_ms)
    };
    answer.deliver(cut).await
}

async fn voucher(State(issuer): State<Arc<Issuer>>, Id(reference): Id) -> Result<Json<Value>, Refused> {
    let floor = issuer.floor();
    let voucher = floor.books.voucher(&reference).filter(|_| !floor.desk.is_hidden(&reference));
    let voucher = voucher.ok_or_else(|| Refused::not_found("voucher", &reference))?;
    Ok(Json(serde_json::to_value(view(voucher)).unwrap_or_default()))
}

async fn statement(State(issuer): State<Arc<Issuer>>, query: ListQuery) -> Json<Value> {
    let floor = issuer.floor();
    lists::page(floor.books.entries(), &query, "entries", |entry| line(&floor.books, entry))
}

fn line(books: &Books, entry: &Entry) -> Value {
    json!({
        "reference": &*entry.reference,
        "kind": entry.kind.name(),
        "voucher": books.voucher(&entry.reference).map(|voucher| voucher.name()),
        "amount": yuan(entry.fen),
        "currency": "CNY",
        "booked_at": rfc3339(entry.at_ms),
    })
}
