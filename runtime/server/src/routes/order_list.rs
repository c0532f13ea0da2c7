//! The list of orders, read from the views.

use crate::caller::Caller;
use crate::context::Context;
use crate::moments;
use crate::phrases::Code;
use crate::position::{Awaited, Positioned};
use crate::problem::{Problem, ProblemBody};
use crate::query::Parameters;
use axum::extract::State;
use facts::OrderId;
use serde::Serialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use views::{OrderFilter, OrderRow};

/// How many orders a page has when the caller does not say.
const LIMIT: u32 = 50;
/// The most orders of a page.
const LIMIT_MAX: u32 = 1_000;
const STATES: &str = "`created`, `challenged`, `in_review`, `executing`, `clearing`, `paying`, `settled`, `declined`, \
                      `expired`, `cancelled`, `refunded` or `suspended`";

/// Which orders.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub struct ListQuery {
    /// Only those that stand here.
    state: Option<String>,
    /// Only this subscriber's.
    subscriber: Option<String>,
    /// How many at most: 1 to 1000, by default 50.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Wait until the list shows this position; also as the header `Tongbao-Position`.
    min_position: Option<u64>,
}

const PARAMETERS: [&str; 5] = ["state", "subscriber", "limit", "after", "min_position"];

/// An order in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedOrder)]
pub struct ListedAnswer {
    /// Its identity.
    id: String,
    /// Whose value is converted.
    subscriber: String,
    /// Into what.
    product: &'static str,
    /// How much, in the product's unit.
    amount: u64,
    /// Fen.
    fee_fen: u64,
    /// Fen paid out.
    payout_fen: u64,
    /// The day on which the money arrives; none when it was refused at the door.
    arrives_on: Option<String>,
    /// Where it stands.
    state: &'static str,
    /// Why it stands there.
    cause: &'static str,
    /// Why it was refused at the door.
    refusal: Option<&'static str>,
    /// When it was asked for.
    requested_at: String,
    /// When it last changed.
    changed_at: String,
}

impl From<OrderRow> for ListedAnswer {
    fn from(row: OrderRow) -> ListedAnswer {
        ListedAnswer {
            id: row.id.to_string(),
            subscriber: row.subscriber.unwrap_or_default().to_string(),
            product: row.product.code(),
            amount: row.amount,
            fee_fen: row.fee,
            payout_fen: row.payout,
            arrives_on: row.refusal.is_none().then(|| row.arrives_on.to_string()),
            state: row.state.code(),
            cause: row.cause.code(),
            refusal: row.refusal.map(|refusal| refusal.code()),
            requested_at: moments::text(row.requested_at),
            changed_at: moments::text(row.changed_at),
        }
    }
}

/// A page of orders.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderPage)]
pub struct PageAnswer {
    /// The orders, newest first.
    orders: Vec<ListedAnswer>,
    /// Where the next page starts; none when this is the last.
    next: Option<String>,
    /// The journal position that the page shows at least.
    as_of: u64,
}

/// List orders.
///
/// Newest first, in pages. Lists follow the journal at a short distance: name the `Tongbao-Position` of a write to
/// see it.
#[utoipa::path(
    get,
    path = "/v1/orders",
    tag = "orders",
    operation_id = "listOrders",
    params(ListQuery),
    responses(
        (status = 200, description = "A page", body = PageAnswer),
        (status = 503, description = "The list does not show that position yet", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(context): State<Arc<Context>>,
    caller: Caller,
    awaited: Awaited,
    parameters: Parameters,
) -> Result<Positioned<PageAnswer>, Problem> {
    let parameters = parameters.only(&PARAMETERS)?;
    // A subscriber's list is their own; others whose things are not everything name whose list they want.
    let named = parameters.word("subscriber", "an id that was given here")?;
    let subscriber = named.or(caller.permit.subscriber());
    let till = caller.till();
    match subscriber {
        // A till's list is what was placed at it, for whomever.
        _ if till.is_some() => caller.permit.check_own(true, Code::Internal)?,
        Some(subscriber) => context.check_subscriber(&caller.permit, subscriber).await?,
        None if caller.permit.anybodys => {}
        None => return Err(Problem::malformed("subscriber", "one of the caller's own subscribers")),
    }
    let filter = OrderFilter { state: parameters.word("state", STATES)?, subscriber, person: None, till };
    let after: Option<OrderId> = parameters.word("after", "the `next` of a page")?;
    let limit = limit(&parameters, LIMIT, LIMIT_MAX)?;
    let named: Option<u64> = parameters.word("min_position", "a journal position")?;
    context.shown(named.or(awaited.0).unwrap_or(0)).await?;

    let as_of = context.views.position();
    let rows = context.in_views(move |views| views.orders(filter, after, limit)).await?;
    let full = rows.len() as u64 == u64::from(limit);
    let next = rows.last().filter(|_| full).map(|row| row.id.to_string());
    let orders = rows.into_iter().map(ListedAnswer::from).collect();
    Ok(Positioned { body: PageAnswer { orders, next, as_of }, position: as_of })
}

/// How many a page may have.
pub fn limit(parameters: &Parameters, usual: u32, most: u32) -> Result<u32, Problem> {
    let limit = parameters.word("limit", "a whole number")?.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::malformed("limit", &format!("1 to {most}")))
}
