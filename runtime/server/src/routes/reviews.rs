//! Reviewing an order that a person must look at before it runs.

use super::orders::OrderPath;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use exchange::{Command, Envelope, Reply};
use facts::{Key16, ReviewVerdict};
use node::Lane;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

const VERDICTS: &str = "`approved` or `rejected`";

/// What a reviewer says.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the fields are read one by one")]
pub struct NewReview {
    /// `approved`: it may run. `rejected`: it ends before anything was taken.
    verdict: String,
    /// Why. Names nobody: it is in the record for good.
    #[schema(max_length = 1024)]
    reason: String,
}

/// An order that was reviewed.
#[derive(Serialize, ToSchema)]
#[schema(as = ReviewedOrder)]
pub struct ReviewedAnswer {
    /// The order.
    id: String,
    /// What was said about it.
    verdict: &'static str,
}

/// Review an order.
///
/// The region of the number says from which amount on a person looks at an order before any partner is asked.
/// `GET /v1/orders?state=in_review` lists those that wait. Who said what and why is in the journal.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/review",
    tag = "orders",
    operation_id = "reviewOrder",
    params(("id" = String, Path, description = "The order's id")),
    request_body = NewReview,
    responses(
        (status = 200, description = "Reviewed", body = ReviewedAnswer),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It does not wait for a reviewer", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn review(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: OrderPath,
    body: Json,
) -> Result<Positioned<ReviewedAnswer>, Problem> {
    let fields = Fields::of(&body.0, "", &["verdict", "reason"])?;
    let verdict: ReviewVerdict = fields.word("verdict", VERDICTS)?;
    let why = fields.text("reason")?.to_owned();
    let command = Command::Review { order: id.0, verdict, why };
    let envelope = Envelope { meta: caller.meta(None, Key16::default()), key: None, command };
    let (reply, position) = context.outcome(context.node.submit(Lane::Operators, envelope, |_, reply| reply)).await?;
    context.lag.note(&context.node);
    match reply {
        Reply::Done => {
            Ok(Positioned { body: ReviewedAnswer { id: id.0.to_string(), verdict: verdict.code() }, position })
        }
        // It may have ended and left memory: then it waits for nobody either.
        Reply::NotFound => context.order(id.0).await.and(Err(Problem::new(Code::NotInReview))),
        Reply::NotNow => Err(Problem::new(Code::NotInReview)),
        Reply::Nothing
        | Reply::Made(_)
        | Reply::Replayed(_)
        | Reply::KeyConflict
        | Reply::Exists(_)
        | Reply::Denied(_) => Err(Problem::new(Code::Internal)),
    }
}
