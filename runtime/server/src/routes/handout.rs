//! Handing out the codes that an order brought.

use super::orders::OrderPath;
use crate::body::NoBody;
use crate::caller::Caller;
use crate::context::Context;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use facts::Key16;
use partners::Collected;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The codes that an order brought.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderCodes)]
pub struct CodesAnswer {
    /// The order.
    id: String,
    /// One, as a rule; two when the issuer issued it in parts.
    codes: Vec<CodeAnswer>,
}

/// A code. Whoever has it, has its value.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderCode)]
pub struct CodeAnswer {
    /// What it is worth, in fen.
    face_value_fen: u64,
    /// The code, as its issuer writes it.
    code: String,
}

/// Collect the code that an order brought.
///
/// Its issuer keeps it; it is nowhere with us. That somebody asks for it is a record before the issuer is asked.
/// It is handed out once: whose answer got lost may ask again within ten minutes of the first time.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/codes",
    tag = "orders",
    operation_id = "collectCodes",
    params(("id" = String, Path, description = "The order's id")),
    responses(
        (status = 200, description = "The code", body = CodesAnswer),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It brought no code, or not yet", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "It was handed out before", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The issuer does not answer: ask again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn collect(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: OrderPath,
    _body: NoBody,
) -> Result<Positioned<CodesAnswer>, Problem> {
    let (order, _) = context.order(id.0).await?;
    context.check_order(&caller, &order).await?;
    if order.code_steps().next().is_none() {
        return Err(Problem::new(Code::NothingToHandOut));
    }
    let meta = caller.meta(None, Key16::default());
    let (collected, position) = context.outcome(context.node.collect(id.0, meta)).await?;
    context.lag.note(&context.node);
    let codes = codes_of(collected)?;
    Ok(Positioned { body: CodesAnswer { id: id.0.to_string(), codes }, position })
}

/// What can be handed out now.
///
/// Errors: nothing can.
fn codes_of(collected: Vec<(u64, Collected)>) -> Result<Vec<CodeAnswer>, Problem> {
    let (mut codes, mut gone) = (Vec::new(), false);
    for (face_value_fen, collected) in collected {
        match collected {
            Collected::Code(code) => codes.push(CodeAnswer { face_value_fen, code: code.expose().to_owned() }),
            Collected::Gone => gone = true,
            Collected::NotYet => {}
            // All are asked for again: whoever has one already gets it once more.
            Collected::Silence => return Err(Problem::new(Code::PartnerSilent)),
        }
    }
    match () {
        () if !codes.is_empty() => Ok(codes),
        () if gone => Err(Problem::new(Code::HandedOut)),
        () => Err(Problem::new(Code::NothingToHandOut)),
    }
}
