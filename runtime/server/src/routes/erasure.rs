//! Asking to be erased.

use super::persons::{PersonPath, give};
use crate::answers::PersonAnswer;
use crate::body::NoBody;
use crate::caller::Caller;
use crate::context::Context;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use exchange::Command;
use std::sync::Arc;

/// Ask that a person is erased.
///
/// Until the retention term has run out the request is kept and the person is restricted: nothing new begins for them.
/// On its day their key is destroyed; books and evidence stay. Asked again, it gets the same answer.
#[utoipa::path(
    post,
    path = "/v1/persons/{id}/erasure",
    tag = "persons",
    operation_id = "requestErasure",
    params(("id" = String, Path, description = "The person's id")),
    responses(
        (status = 200, description = "Asked for: when it is due", body = PersonAnswer),
        (status = 404, description = "No such person", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "An order is open, value is held, or a legal hold stands", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The outcome is not known", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn ask(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: PersonPath,
    _body: NoBody,
) -> Result<Positioned<PersonAnswer>, Problem> {
    context.check_person(&caller.permit, id.0).await?;
    give(&context, &caller, id.0, Command::RequestErasure { person: id.0 }, Code::PersonUnknown).await
}
