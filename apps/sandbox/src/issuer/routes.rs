//! The issuer's interface.

use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::books::Entry;
use super::deeds::Deed;
use super::voucher::{VoucherBody, view};
use super::{Floor, Issuer};
use crate::by_reference::ByReference;
use crate::clock::rfc3339;
use crate::connection::Cut;
use crate::counterparty::Counterparty;
use crate::fen::yuan;
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
    let asked = body.check()?;
    // The lock must be gone before anything waits.
    let answer = {
        let mut floor = issuer.floor();
        let at_ms = floor.desk.stamp(caller.business_ms);
        issuer.perform(&mut floor, asked, at_ms)?
    };
    Ok(answer.deliver(&cut).await)
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
    let first = usize::try_from(query.after).unwrap_or(usize::MAX);
    let entries = floor.books.entries().iter().enumerate().skip(first).take(query.limit);
    let lines: Vec<Value> = entries.map(|(position, entry)| line(&floor, position + 1, entry)).collect();
    let next_after = query.after.saturating_add(lines.len() as u64);
    Json(json!({"entries": lines, "next_after": next_after}))
}

fn line(floor: &Floor, sequence: usize, entry: &Entry) -> Value {
    json!({
        "sequence": sequence,
        "reference": &*entry.reference,
        "kind": entry.kind.name(),
        "voucher": floor.books.voucher(&entry.reference).map(|voucher| voucher.name()),
        "amount": yuan(entry.fen),
        "currency": "CNY",
        "booked_at": rfc3339(entry.at_ms),
    })
}
