//! Withdrawing an order.

use super::orders::OrderPath;
use crate::answers::Kept;
use crate::body::OptionalJson;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::idempotency::IdempotencyKey;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use axum::http::StatusCode;
use exchange::{Command, Envelope, Reply};
use facts::{ActorKind, Cause};
use node::Lane;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

const ROUTE: &str = "POST /v1/orders/{id}/cancel";

/// Why an order is withdrawn.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body")]
pub struct Withdrawal {
    /// Why; needed of staff. Names nobody: it is in the record for good.
    #[schema(max_length = 1024)]
    why: Option<String>,
}

/// An order that is being withdrawn.
#[derive(Serialize, ToSchema)]
#[schema(as = CancelledOrder)]
pub struct CancelledAnswer {
    /// The order.
    id: String,
    /// Always true: what was taken is given back. Where the order stands says `GET /v1/orders/{id}`.
    cancelled: bool,
}

/// Withdraw an order.
///
/// Possible until the payout leaves, while no partner is being asked. What was taken is given back. An order that
/// was withdrawn before gets the same answer, with `Idempotent-Replayed`. Staff say why; others need no body.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/cancel",
    tag = "orders",
    operation_id = "cancelOrder",
    params(
        ("id" = String, Path, description = "The order's id"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters"),
    ),
    request_body = Option<Withdrawal>,
    responses(
        (status = 200, description = "Withdrawn", body = CancelledAnswer, headers(
            ("Location" = String, description = "Where to look it up"),
            ("Tongbao-Position" = u64, description = "The journal position from which on it can be seen"),
            ("Idempotent-Replayed" = String, description = "`true` when the answer was given before"),
        )),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Cannot be withdrawn now, or the key is under way", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn cancel(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: OrderPath,
    key: IdempotencyKey,
    body: OptionalJson,
) -> Result<Kept<CancelledAnswer>, Problem> {
    let order = id.0;
    let why = why(&caller, &body)?;
    let key = key.scoped(&context, &caller, &order.bits().to_be_bytes(), ROUTE, &[]);
    let _running = context.under_way.begin(key)?;
    if !caller.permit.anybodys {
        let (found, _) = context.order(order).await?;
        context.check_order(&caller, &found).await?;
    }
    let meta = caller.meta(None, key.key);
    let envelope = Envelope { meta, key: Some(key), command: Command::Cancel { order, why } };
    let asked = context.node.submit(Lane::Operators, envelope, |_, reply| reply);
    let (reply, position) = context.outcome(asked).await?;
    context.lag.note(&context.node);
    let replayed = match reply {
        Reply::Done => false,
        // Withdrawn before: whoever did it, the order is as it was to be.
        Reply::Nothing | Reply::Replayed(_) => true,
        Reply::KeyConflict => return Err(Problem::new(Code::KeyConflict).at("Idempotency-Key")),
        // It may have ended and left memory.
        Reply::NotFound => match context.order(order).await?.0.unwinding {
            Some(Cause::Cancelled) => true,
            _ => return Err(Problem::new(Code::NotCancellable)),
        },
        Reply::NotNow => return Err(Problem::new(Code::NotCancellable)),
        Reply::Denied(denied) => return Err(denied.into()),
        Reply::Made(_) | Reply::Exists(_) => return Err(Problem::new(Code::Internal)),
    };
    Ok(Kept {
        outcome: Ok(CancelledAnswer { id: order.to_string(), cancelled: true }),
        status: StatusCode::OK,
        location: format!("/v1/orders/{order}"),
        replayed,
        position,
    })
}

/// What a member of staff says; of others nothing is kept.
///
/// Errors: a member of staff says nothing, or the body is not as it must be.
fn why(caller: &Caller, body: &OptionalJson) -> Result<String, Problem> {
    let fields = Fields::of(&body.0, "", &["why"])?;
    let staff = caller.actor.kind == ActorKind::Staff;
    let why = if staff { fields.text("why")? } else { fields.optional_text("why")?.unwrap_or_default() };
    Ok(why.to_owned())
}
