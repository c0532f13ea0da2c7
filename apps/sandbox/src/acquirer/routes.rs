//! The acquirer's interface.

use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Acquirer;
use super::books::{Books, Entry};
use super::transaction::{Asked, PaymentBody, RefundBody, view};
use crate::by_reference::handle;
use crate::clock::rfc3339;
use crate::connection::Cut;
use crate::counterparty::Counterparty;
use crate::fen::yuan;
use crate::lists;
use crate::query::ListQuery;
use crate::refused::Refused;
use crate::request::{Body, Caller, Id};

/// The routes of an acquirer.
pub(super) fn router() -> Router<Arc<Acquirer>> {
    Router::new()
        .route("/payments", post(pay))
        .route("/payments/{id}", get(payment))
        .route("/refunds", post(refund))
        .route("/refunds/{id}", get(refunded))
        .route("/statement", get(statement))
        .route("/payers/{payer}", get(payer))
}

async fn pay(
    State(acquirer): State<Arc<Acquirer>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Body(body): Body<PaymentBody>,
) -> Result<Response, Refused> {
    handle(&*acquirer, body.check()?, caller, &cut).await
}

async fn refund(
    State(acquirer): State<Arc<Acquirer>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Body(body): Body<RefundBody>,
) -> Result<Response, Refused> {
    handle(&*acquirer, body.check()?, caller, &cut).await
}

async fn payment(State(acquirer): State<Arc<Acquirer>>, Id(id): Id) -> Result<Json<Value>, Refused> {
    found(&acquirer, "payment", &id, |asked| asked.original().is_none())
}

async fn refunded(State(acquirer): State<Arc<Acquirer>>, Id(id): Id) -> Result<Json<Value>, Refused> {
    found(&acquirer, "refund", &id, |asked| asked.original().is_some())
}

fn found(acquirer: &Acquirer, what: &str, id: &str, is_such: fn(&Asked) -> bool) -> Result<Json<Value>, Refused> {
    let floor = acquirer.floor();
    let transaction = floor.books.transaction(id).filter(|found| is_such(&found.asked) && !floor.desk.is_hidden(id));
    let transaction = transaction.ok_or_else(|| Refused::not_found(what, id))?;
    Ok(Json(serde_json::to_value(view(transaction, &acquirer.house.name)).unwrap_or_default()))
}

async fn statement(State(acquirer): State<Arc<Acquirer>>, query: ListQuery) -> Json<Value> {
    let floor = acquirer.floor();
    lists::page(floor.books.entries(), &query, "Ntry", |entry| line(&acquirer.house.name, &floor.books, entry))
}

fn line(acquirer: &str, books: &Books, entry: &Entry) -> Value {
    let transaction = books.transaction(&entry.id);
    let mut line = json!({
        "EndToEndId": &*entry.id,
        "Amt": yuan(entry.fen),
        "Ccy": "CNY",
        "CdtDbtInd": entry.booked.direction().name(),
        "AcctSvcrRef": transaction.map(|transaction| transaction.servicer_reference(acquirer)),
        "booked_at": rfc3339(entry.at_ms),
    });
    if let Some(original) = transaction.and_then(|transaction| transaction.asked.original()) {
        line["OrgnlEndToEndId"] = (**original).into();
    }
    line
}

async fn payer(State(acquirer): State<Arc<Acquirer>>, Id(payer): Id) -> Result<Json<Value>, Refused> {
    let account = acquirer.floor().books.payer(&payer).ok_or_else(|| Refused::not_found("payer", &payer))?;
    let status = if account.closed { "closed" } else { "open" };
    Ok(Json(json!({"DbtrAcct": payer, "Sts": status, "Bal": yuan(account.fen), "Ccy": "CNY"})))
}
