//! Declining what an order would bring: said by whom it is for, with the code of the message that told them.
//!
//! They need not be registered here. The code follows from the order under a key of this node, so that none is kept.

use super::orders::OrderPath;
use crate::access::wall_now;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::digest::DigestKey;
use crate::fields::Fields;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use exchange::{Command, Envelope, Reply};
use facts::{Actor, ActorKind, Cause, Key16, Meta, Order, OrderId};
use node::Lane;
use serde::Serialize;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

/// How many codes there are: few enough to be typed, too many to be guessed while a gift waits.
const CODES: u64 = 100_000_000;

/// What whoever is given something declines it with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewDecline {
    /// The eight digits of the message.
    #[schema(example = "12345678")]
    code: String,
}

/// A gift that was declined.
#[derive(Serialize, ToSchema)]
#[schema(as = DeclinedOrder)]
pub struct DeclinedAnswer {
    /// The order.
    id: String,
    /// Always true: the giver keeps it.
    declined: bool,
}

/// The code with which an order can be declined by whom it is for.
pub fn decline_code(digests: &DigestKey, order: OrderId) -> String {
    let Key16(digest) = digests.of("decline", &[&order.bits().to_be_bytes()]);
    let number = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
    format!("{:08}", number % CODES)
}

/// Decline a gift.
///
/// For whom it is for, registered or not, with the code of the message that told them, until it is on its way. What was
/// set aside or taken is given back to the giver. Declined again it gets the same answer.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/decline",
    tag = "orders",
    operation_id = "declineOrder",
    params(("id" = String, Path, description = "The order's id")),
    request_body = NewDecline,
    responses(
        (status = 200, description = "Declined", body = DeclinedAnswer),
        (status = 404, description = "No such order, or another code", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is on its way, or ended", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn decline(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: OrderPath,
    body: Json,
) -> Result<Positioned<DeclinedAnswer>, Problem> {
    let id = id.0;
    let fields = Fields::of(&body.0, "", &["code"])?;
    let code = fields.text("code")?;
    // Whoever guesses is slowed down for this order, wherever they come from.
    context.usage.take_subject(&id, wall_now())?;
    let right = bool::from(code.as_bytes().ct_eq(decline_code(&context.digests, id).as_bytes()));
    // Before the order is looked for: a wrong code learns nothing of it.
    if !right {
        return Err(Problem::new(Code::OrderUnknown));
    }
    let (order, position) = context.order(id).await?;
    let position = match order.unwinding {
        Some(Cause::ReceiverDeclined) => position,
        _ => say_no(&context, &caller, &order).await?,
    };
    Ok(Positioned { body: DeclinedAnswer { id: id.to_string(), declined: true }, position })
}

async fn say_no(context: &Context, caller: &Caller, order: &Order) -> Result<u64, Problem> {
    let receiver = order.parties.get(1).ok_or_else(|| Problem::new(Code::NotDeclinable))?;
    let actor = Actor { kind: ActorKind::Subscriber, id: Key16(receiver.bits().to_be_bytes()), role: 0 };
    let meta = Meta { actor, ..caller.meta(None, Key16::default()) };
    let envelope = Envelope { meta, key: None, command: Command::Decline { order: order.id } };
    let asked = context.node.submit(Lane::Operators, envelope, |_, reply| reply);
    let (reply, position) = context.outcome(asked).await?;
    context.lag.note(&context.node);
    match reply {
        Reply::Done | Reply::Nothing => Ok(position),
        _ => Err(Problem::new(Code::NotDeclinable)),
    }
}
