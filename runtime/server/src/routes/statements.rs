//! The statement of a subscriber's account: what was held, what came and went, what is held.

use crate::caller::Caller;
use crate::context::Context;
use crate::language::Language;
use crate::moments;
use crate::phrases::Code;
use crate::position::{Awaited, Positioned};
use crate::problem::{Problem, ProblemBody};
use crate::query::Parameters;
use crate::routes::statement_csv;
use crate::routes::subscribers::SubscriberPath;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use facts::{Day, SubscriberId};
use serde::Serialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use views::{MovementRow, Movements};

/// The most days of a statement: a leap year.
const DAYS_MAX: u32 = 366;
/// The most movements of a statement.
const MOVEMENTS_MAX: u32 = 10_000;
const DAY: &str = "a day, such as `2026-11-01`";

/// Which days.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub struct StatementQuery {
    /// The first day, in Asia/Shanghai, such as `2026-11-01`.
    from: String,
    /// The last day, which is part of it; at most 366 days.
    until: String,
}

/// A statement.
#[derive(Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct StatementAnswer {
    /// Whose.
    pub subscriber: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub until: String,
    /// Fen held before the first day.
    pub opening_fen: u64,
    /// What moved, oldest first.
    pub movements: Vec<MovementAnswer>,
    /// Fen that came, altogether.
    pub in_fen: u64,
    /// Fen that went, altogether.
    pub out_fen: u64,
    /// Fees in fen of the orders that took, without those of what came back. They are part of what went or of the
    /// payout, as each order says: not to be added.
    pub fee_fen: i64,
    /// Fen held after the last day: opening, and what came, without what went.
    pub closing_fen: u64,
    /// The journal position up to which it was read.
    pub as_of: u64,
}

/// A movement of a subscriber's value.
#[derive(Serialize, ToSchema)]
#[schema(as = Movement)]
pub struct MovementAnswer {
    /// The day in Asia/Shanghai, of node time.
    pub day: String,
    /// When.
    pub at: String,
    /// `recharged`, `ordered`, `returned` or `left_behind`.
    pub what: &'static str,
    /// What it is called in the language of `Accept-Language`.
    pub text: &'static str,
    /// The order that took or gave back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Fen that came.
    pub in_fen: u64,
    /// Fen that went.
    pub out_fen: u64,
    /// The order's fee in fen; of what was returned, the fee that is not due after all.
    pub fee_fen: u64,
    /// Fen held after it.
    pub balance_fen: u64,
}

/// Read a statement.
///
/// Opening, every movement with the balance after it, closing; it adds up to the holdings. JSON, or CSV when `Accept`
/// names `text/csv`, in English or Chinese as asked by `Accept-Language`.
#[utoipa::path(
    get,
    path = "/v1/subscribers/{id}/statement",
    tag = "subscribers",
    operation_id = "getStatement",
    params(("id" = String, Path, description = "The subscriber's id"), StatementQuery),
    responses(
        (status = 200, description = "The statement", content((StatementAnswer = "application/json"), (String = "text/csv"))),
        (status = 400, description = "Malformed, or more days or movements than one statement has", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such subscriber", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The statement does not show that position yet", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: SubscriberPath,
    awaited: Awaited,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let (known, position) = context.read(move |state| state.subscriber(id.0).is_some()).await?;
    if !known {
        return Err(Problem::new(Code::SubscriberUnknown));
    }
    context.check_subscriber(&caller.permit, id.0).await?;
    let days = days(&parameters.only(&["from", "until"])?)?;
    // A statement tells of all that is durable when it is asked for.
    context.shown(awaited.0.unwrap_or(0).max(position)).await?;

    let (as_of, language) = (context.views.position(), Language::of(&headers));
    let read = context.in_views(move |views| views.movements(id.0, days, as_of, MOVEMENTS_MAX + 1));
    let body = statement(id.0, days, &read.await?, language).ok_or_else(|| {
        Problem::malformed("until", &format!("days with at most {MOVEMENTS_MAX} movements; ask for fewer days"))
    })?;
    let body = StatementAnswer { as_of, ..body };
    if !wants_csv(&headers) {
        return Ok(Positioned { body, position: as_of }.into_response());
    }
    let kind = [(CONTENT_TYPE, "text/csv; charset=utf-8")];
    let position = [(crate::answers::POSITION, as_of.to_string())];
    Ok((kind, position, statement_csv::csv(&body, language)).into_response())
}

fn wants_csv(headers: &HeaderMap) -> bool {
    let named = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    named.to_ascii_lowercase().contains("text/csv")
}

fn days(parameters: &Parameters) -> Result<(Day, Day), Problem> {
    let day = |name| parameters.word(name, DAY)?.ok_or_else(|| Problem::malformed(name, DAY));
    let (from, until): (Day, Day) = (day("from")?, day("until")?);
    let count = until.count().checked_sub(from.count()).ok_or_else(|| Problem::malformed("until", "not before `from`"));
    if count? < DAYS_MAX {
        return Ok((from, until));
    }
    Err(Problem::malformed("until", &format!("at most {DAYS_MAX} days from `from` on")))
}

/// None when there is more than one statement has.
fn statement(
    subscriber: SubscriberId,
    (from, until): (Day, Day),
    read: &Movements,
    language: Language,
) -> Option<StatementAnswer> {
    if read.rows.len() as u64 > u64::from(MOVEMENTS_MAX) {
        return None;
    }
    let mut answer = StatementAnswer {
        subscriber: subscriber.to_string(),
        from: from.to_string(),
        until: until.to_string(),
        opening_fen: read.held_before,
        movements: Vec::with_capacity(read.rows.len()),
        in_fen: 0,
        out_fen: 0,
        fee_fen: 0,
        closing_fen: read.held_before,
        as_of: 0,
    };
    read.rows.iter().for_each(|row| answer.take(row, language));
    Some(answer)
}

impl StatementAnswer {
    fn take(&mut self, row: &MovementRow, language: Language) {
        let fee = i64::try_from(row.fee).unwrap_or(i64::MAX);
        // What came back takes its fee back.
        self.fee_fen = if row.came > 0 { self.fee_fen.saturating_sub(fee) } else { self.fee_fen.saturating_add(fee) };
        self.in_fen = self.in_fen.saturating_add(row.came);
        self.out_fen = self.out_fen.saturating_add(row.went);
        self.closing_fen = self.closing_fen.saturating_add(row.came).saturating_sub(row.went);
        self.movements.push(MovementAnswer {
            day: row.day.to_string(),
            at: moments::text(row.at),
            what: row.kind.code(),
            text: statement_csv::said(row.kind, language),
            order: row.order.map(|order| order.to_string()),
            in_fen: row.came,
            out_fen: row.went,
            fee_fen: row.fee,
            balance_fen: self.closing_fen,
        });
    }
}
