//! The bank's interface.

use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Bank;
use super::books::{Books, Entry};
use super::payout::{PayoutBody, view};
use crate::by_reference::handle;
use crate::clock::rfc3339;
use crate::connection::Cut;
use crate::counterparty::Counterparty;
use crate::fen::yuan;
use crate::lists;
use crate::query::ListQuery;
use crate::refused::Refused;
use crate::request::{Body, Caller, Id};

/// The routes of a bank.
pub(super) fn router() -> Router<Arc<Bank>> {
    Router::new()
        .route("/payouts", post(pay))
        .route("/payouts/{id}", get(payout))
        .route("/statement", get(statement))
        .route("/accounts/{card}", get(account))
}

async fn pay(
    State(bank): State<Arc<Bank>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Body(body): Body<PayoutBody>,
) -> Result<Response, Refused> {
    handle(&*bank, body.check()?, caller, &cut).await
}

async fn payout(State(bank): State<Arc<Bank>>, Id(id): Id) -> Result<Json<Value>, Refused> {
    let floor = bank.floor();
    let payout = floor.books.payout(&id).filter(|_| !floor.desk.is_hidden(&id));
    let payout = payout.ok_or_else(|| Refused::not_found("payout", &id))?;
    Ok(Json(serde_json::to_value(view(payout, &bank.house.name)).unwrap_or_default()))
}

async fn statement(State(bank): State<Arc<Bank>>, query: ListQuery) -> Json<Value> {
    let floor = bank.floor();
    lists::page(floor.books.entries(), &query, "Ntry", |entry| line(&bank.house.name, &floor.books, entry))
}

fn line(bank: &str, books: &Books, entry: &Entry) -> Value {
    let payout = books.payout(&entry.payout);
    json!({
        "EndToEndId": &*entry.payout,
        "Amt": yuan(entry.fen),
        "Ccy": "CNY",
        "CdtDbtInd": entry.direction.name(),
        "CdtrAcct": payout.map(|payout| &*payout.asked.account),
        "AcctSvcrRef": payout.map(|payout| payout.servicer_reference(bank)),
        "booked_at": rfc3339(entry.at_ms),
    })
}

async fn account(State(bank): State<Arc<Bank>>, Id(card): Id) -> Result<Json<Value>, Refused> {
    let account = bank.floor().books.account(&card).ok_or_else(|| Refused::not_found("account", &card))?;
    let status = if account.closed { "closed" } else { "open" };
    Ok(Json(json!({"CdtrAcct": card, "Sts": status, "Bal": yuan(account.received_fen), "Ccy": "CNY"})))
}
