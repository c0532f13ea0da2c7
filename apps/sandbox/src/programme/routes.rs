//! The programme's interface.

use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Programme;
use super::books::{Books, Entry};
use super::lots::LotKey;
use super::transaction::{AccrualBody, Kind, RedemptionBody, ReversalBody, view};
use crate::by_reference::handle;
use crate::clock::rfc3339;
use crate::connection::Cut;
use crate::counterparty::Counterparty;
use crate::lists;
use crate::query::ListQuery;
use crate::refused::Refused;
use crate::request::{Body, Caller, Id};

/// The routes of a programme.
pub(super) fn router() -> Router<Arc<Programme>> {
    Router::new()
        .route("/redemptions", post(redeem))
        .route("/redemptions/{reference}", get(redemption))
        .route("/redemptions/{reference}/reversal", post(reverse))
        .route("/reversals/{reference}", get(reversal))
        .route("/accruals", post(accrue))
        .route("/accruals/{reference}", get(accrual))
        .route("/statement", get(statement))
        .route("/loyaltyProgramMember/{member}", get(member))
        .route("/loyaltyBalance", get(balances))
}

async fn redeem(
    State(programme): State<Arc<Programme>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Body(body): Body<RedemptionBody>,
) -> Result<Response, Refused> {
    handle(&*programme, body.check()?, caller, &cut).await
}

async fn accrue(
    State(programme): State<Arc<Programme>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Body(body): Body<AccrualBody>,
) -> Result<Response, Refused> {
    handle(&*programme, body.check()?, caller, &cut).await
}

async fn reverse(
    State(programme): State<Arc<Programme>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Id(redemption): Id,
    Body(body): Body<ReversalBody>,
) -> Result<Response, Refused> {
    handle(&*programme, body.check(&redemption)?, caller, &cut).await
}

async fn redemption(State(programme): State<Arc<Programme>>, Id(id): Id) -> Result<Json<Value>, Refused> {
    found(&programme, "redemption", &id, |kind| matches!(kind, Kind::Redemption { .. }))
}

async fn accrual(State(programme): State<Arc<Programme>>, Id(id): Id) -> Result<Json<Value>, Refused> {
    found(&programme, "accrual", &id, |kind| matches!(kind, Kind::Accrual { .. }))
}

async fn reversal(State(programme): State<Arc<Programme>>, Id(id): Id) -> Result<Json<Value>, Refused> {
    found(&programme, "reversal", &id, |kind| matches!(kind, Kind::Reversal { .. }))
}

fn found(programme: &Programme, what: &str, id: &str, is_such: fn(&Kind) -> bool) -> Result<Json<Value>, Refused> {
    let floor = programme.floor();
    let transaction = floor.books.transaction(id);
    let transaction = transaction.filter(|found| is_such(&found.asked.kind) && !floor.desk.is_hidden(id));
    let transaction = transaction.ok_or_else(|| Refused::not_found(what, id))?;
    Ok(Json(serde_json::to_value(view(transaction, &programme.house.name)).unwrap_or_default()))
}

async fn statement(State(programme): State<Arc<Programme>>, query: ListQuery) -> Json<Value> {
    let floor = programme.floor();
    lists::page(floor.books.entries(), &query, "entries", |entry| line(&programme.house.name, &floor.books, entry))
}

fn line(programme: &str, books: &Books, entry: &Entry) -> Value {
    json!({
        "reference": &*entry.reference,
        "kind": entry.booked.name(),
        "transaction": books.transaction(&entry.reference).map(|transaction| transaction.name(programme)),
        "points": entry.points,
        "booked_at": rfc3339(entry.at_ms),
    })
}

async fn member(State(programme): State<Arc<Programme>>, Id(id): Id) -> Result<Json<Value>, Refused> {
    let floor = programme.floor();
    let member = floor.books.member(&id).ok_or_else(|| Refused::not_found("member", &id))?;
    let status = if member.closed { "closed" } else { "active" };
    Ok(Json(json!({
        "id": id, "href": format!("/loyaltyProgramMember/{id}"), "@type": "LoyaltyProgramMember", "status": status,
    })))
}

/// A balance for each lot of one member, in the order in which they go.
async fn balances(State(programme): State<Arc<Programme>>, query: ListQuery) -> Result<Json<Value>, Refused> {
    let reason = "`loyaltyProgramMember.id` is missing: whose balances?";
    let id = query.asked("loyaltyProgramMember.id").ok_or_else(|| Refused::malformed("invalidQuery", reason))?;
    let floor = programme.floor();
    let member = floor.books.member(id).ok_or_else(|| Refused::not_found("member", id))?;
    let rows = member.lots.all().map(|(lot, points)| query.project(balance(id, lot, points)));
    Ok(Json(rows.skip(query.offset).take(query.limit).collect()))
}

fn balance(member: &str, (expires_on, lot): &LotKey, points: i64) -> Value {
    json!({
        "id": &**lot,
        "href": format!("/loyaltyBalance?loyaltyProgramMember.id={member}"),
        "@type": "LoyaltyBalance",
        "loyaltyProgramMember": {"id": member, "href": format!("/loyaltyProgramMember/{member}")},
        "quantity": {"amount": points, "units": "points"},
        // The first day on which it cannot be used, in Beijing.
        "validFor": {"endDateTime": format!("{expires_on}T00:00:00.000+08:00")},
    })
}
