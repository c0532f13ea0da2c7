//! Asking to be erased.

use super::persons::{PersonPath, give};
use crate::answers::PersonAnswer;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use exchange::Command;
use facts::ActorKind;
use std::sync::Arc;
use utoipa::ToSchema;

/// Why a person is to be erased.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the fields are read one by one")]
pub struct NewErasure {
    /// Why; needed unless its subject asks. Names nobody: it is in the record for good.
    #[schema(max_length = 1024)]
    reason: Option<String>,
}

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
    request_body = NewErasure,
    responses(
        (status = 200, description = "Asked for: when it is due", body = PersonAnswer),
        (status = 404, description = "No such person", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "An order is open, or value is held", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn ask(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: PersonPath,
    body: Json,
) -> Result<Positioned<PersonAnswer>, Problem> {
    context.check_person(&caller.permit, id.0).await?;
    let fields = Fields::of(&body.0, "", &["reason"])?;
    let staff = caller.actor.kind == ActorKind::Staff;
    let why = if staff { fields.text("reason")? } else { fields.optional_text("reason")?.unwrap_or_default() };
    let command = Command::RequestErasure { person: id.0, why: why.to_owned() };
    give(&context, &caller, id.0, command, Code::PersonUnknown).await
}
