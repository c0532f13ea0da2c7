//! The messaging partner's interface, and the inbox that tests and demonstrations read.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Sms;
use super::books::{Asked, Message, Status};
use crate::by_reference::handle;
use crate::clock::rfc3339;
use crate::connection::Cut;
use crate::counterparty::Counterparty;
use crate::lists;
use crate::query::ListQuery;
use crate::refused::Refused;
use crate::request::{Body, Caller, Id, check_number, reference};

/// The longest text, in characters: several parts of a short message.
const TEXT_MAX: usize = 500;

/// The routes of a messaging partner.
pub(super) fn router() -> Router<Arc<Sms>> {
    Router::new()
        .route("/messages", post(send))
        .route("/messages/{reference}", get(message))
        .route("/statement", get(statement))
        .route("/sandbox/inbox", get(inbox))
}

/// The body of `POST /messages`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageBody {
    reference: String,
    to: String,
    text: String,
}

impl MessageBody {
    /// Checks the body. Checks, in order: reference, number, text.
    fn check(self) -> Result<Asked, Refused> {
        let reference = reference(&self.reference)
            .map_err(|_| Refused::malformed("invalidReference", "`reference` is 1 to 128 of `[A-Za-z0-9._:-]`"))?;
        check_number(&self.to)?;
        if self.text.is_empty() || self.text.chars().count() > TEXT_MAX {
            return Err(Refused::malformed("invalidText", format!("`text` is 1 to {TEXT_MAX} characters")));
        }
        Ok(Asked { reference, to: self.to.into(), text: self.text.into() })
    }
}

async fn send(
    State(sms): State<Arc<Sms>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    caller: Caller,
    Body(body): Body<MessageBody>,
) -> Result<Response, Refused> {
    handle(&*sms, body.check()?, caller, &cut).await
}

async fn message(State(sms): State<Arc<Sms>>, Id(reference): Id) -> Result<Json<Value>, Refused> {
    let floor = sms.floor();
    let message = floor.books.message(&reference).filter(|_| !floor.desk.is_hidden(&reference));
    let message = message.ok_or_else(|| Refused::not_found("message", &reference))?;
    Ok(Json(view(message, message.status, &sms.house.name)))
}

/// The JSON of a message, told in a state that need not be its own. The text is not repeated.
pub(super) fn view(message: &Message, status: Status, name: &str) -> Value {
    let (word, code) = match status {
        Status::Queued => ("queued", None),
        Status::Accepted => ("accepted", None),
        Status::Refused(code) => ("refused", Some(code)),
    };
    json!({
        "reference": &*message.asked.reference,
        "messageId": format!("{name}-{}", message.number),
        "status": word,
        "code": code,
    })
}

async fn statement(State(sms): State<Arc<Sms>>, query: ListQuery) -> Json<Value> {
    let floor = sms.floor();
    lists::page(floor.books.accepted(), &query, "messages", |(reference, at_ms)| {
        let message = floor.books.message(reference);
        let mut line = message.map_or_else(|| json!({}), |message| view(message, Status::Accepted, &sms.house.name));
        line["accepted_at"] = rfc3339(*at_ms).into();
        line
    })
}

/// What phones got, oldest first; of one phone with `?to=`.
async fn inbox(State(sms): State<Arc<Sms>>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let floor = sms.floor();
    let wanted = query.get("to");
    let got = floor.books.inbox().filter(|asked| wanted.is_none_or(|to| **to == *asked.to));
    let messages: Vec<Value> =
        got.map(|asked| json!({"to": &*asked.to, "text": &*asked.text, "reference": &*asked.reference})).collect();
    Json(json!({"messages": messages}))
}
