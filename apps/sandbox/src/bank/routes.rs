//! The bank's interface.

use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Bank;
use super::books::Entry;
use super::payout::{PayoutBody, view};
use crate::by_reference::ByReference;
use crate::clock::rfc3339;
use crate::connection::Cut;
use crate::counterparty::Counterparty;
use crate::fen::yuan;
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
    let asked = body.check()?;
    // The lock must be gone before anything waits.
    let answer = {
        let mut floor = bank.floor();
        let at_ms = floor.desk.stamp(caller.business_ms);
        bank.perform(&mut floor, asked, at_ms)?
    };
    Ok(answer.deliver(&cut).await)
}

async fn payout(State(bank): State<Arc<Bank>>, Id(id): Id) -> Result<Json<Value>, Refused> {
    let floor = bank.floor();
    let payout = floor.books.payout(&id).filter(|_| !floor.desk.is_hidden(&id));
    let payout = payout.ok_or_else(|| Refused::not_found("payout", &id))?;
    Ok(Json(serde_json::to_value(view(payout, &bank.name)).unwrap_or_default()))
}

async fn statement(State(bank): State<Arc<Bank>>, query: ListQuery) -> Json<Value> {
    let floor = bank.floor();
    let first = usize::try_from(query.after).unwrap_or(usize::MAX);
    let entries = floor.books.entries().iter().enumerate().skip(first).take(query.limit);
    let lines: Vec<Value> = entries.map(|(position, entry)| line(&bank, &floor, position + 1, entry)).collect();
    let next_after = query.after.saturating_add(lines.len() as u64);
    Json(json!({"Ntry": lines, "next_after": next_after}))
}

fn line(bank: &Bank, floor: &super::Floor, sequence: usize, entry: &Entry) -> Value {
    let payout = floor.books.payout(&entry.payout);
    json!({
        "sequence": sequence,
        "EndToEndId": &*entry.payout,
        "Amt": yuan(entry.fen),
        "Ccy": "CNY",
        "CdtDbtInd": entry.direction.name(),
        "CdtrAcct": payout.map(|payout| &*payout.asked.account),
        "AcctSvcrRef": payout.map(|payout| payout.servicer_reference(&bank.name)),
        "booked_at": rfc3339(entry.at_ms),
    })
}

async fn account(State(bank): State<Arc<Bank>>, Id(card): Id) -> Result<Json<Value>, Refused> {
    let account = bank.floor().books.account(&card).ok_or_else(|| Refused::not_found("account", &card))?;
    let status = if account.closed { "closed" } else { "open" };
    Ok(Json(json!({"CdtrAcct": card, "Sts": status, "Bal": yuan(account.received_fen), "Ccy": "CNY"})))
}
