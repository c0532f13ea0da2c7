//! Legal holds: an authority wants everything about a person kept.

use super::persons::{PersonPath, give};
use crate::answers::PersonAnswer;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use exchange::Command;
use facts::PersonId;
use std::sync::Arc;
use utoipa::ToSchema;

/// A hold to place.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the fields are read one by one")]
pub struct NewHold {
    /// The authority.
    #[schema(max_length = 1024)]
    authority: String,
    /// The number of its document; a keyed digest of it is kept.
    #[schema(max_length = 1024)]
    document: String,
    /// Why. Names nobody: it is in the record for good.
    #[schema(max_length = 1024)]
    why: String,
}

/// A hold to lift.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the fields are read one by one")]
pub struct LiftedHold {
    /// Why. Names nobody: it is in the record for good.
    #[schema(max_length = 1024)]
    why: String,
}

/// Place a legal hold.
///
/// While one stands nothing about the person is erased.
#[utoipa::path(
    post,
    path = "/v1/persons/{id}/legal_holds",
    tag = "persons",
    operation_id = "placeLegalHold",
    params(
        ("id" = String, Path, description = "The person's id"),
    ),
    request_body = NewHold,
    responses(
        (status = 201, description = "Placed", body = PersonAnswer),
        (status = 403, description = "Not by this actor", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such person", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "The person was erased", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn place(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: PersonPath,
    body: Json,
) -> Result<(StatusCode, Positioned<PersonAnswer>), Problem> {
    let fields = Fields::of(&body.0, "", &["authority", "document", "why"])?;
    let document = context.digests.of("legal document", &[fields.text("document")?.as_bytes()]);
    let (authority, why) = (fields.text("authority")?.to_owned(), fields.text("why")?.to_owned());
    let command = Command::PlaceLegalHold { person: id.0, authority, document, why };
    let answer = give(&context, &caller, id.0, command, Code::PersonUnknown).await?;
    Ok((StatusCode::CREATED, answer))
}

/// Lift a legal hold.
///
/// An erasure that it stood against is due again.
#[utoipa::path(
    delete,
    path = "/v1/persons/{id}/legal_holds/{number}",
    tag = "persons",
    operation_id = "liftLegalHold",
    params(
        ("id" = String, Path, description = "The person's id"),
        ("number" = u32, Path, description = "The hold's number within the person"),
    ),
    request_body = LiftedHold,
    responses(
        (status = 200, description = "Lifted", body = PersonAnswer),
        (status = 403, description = "Not by this actor", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such person or hold", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn lift(
    State(context): State<Arc<Context>>,
    Path((id, number)): Path<(String, String)>,
    caller: Caller,
    body: Json,
) -> Result<Positioned<PersonAnswer>, Problem> {
    let person: PersonId = id.parse().map_err(|_| Problem::new(Code::PersonUnknown))?;
    let number = number.parse().map_err(|_| Problem::new(Code::HoldUnknown))?;
    let why = Fields::of(&body.0, "", &["why"])?.text("why")?.to_owned();
    let command = Command::LiftLegalHold { person, number, why };
    give(&context, &caller, person, command, Code::HoldUnknown).await
}
