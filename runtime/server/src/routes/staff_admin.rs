//! What administrators do about those who work here: other roles, another invitation, shutting out.

use crate::access::wall_now;
use crate::acts::Act;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use crate::routes::staff::{InvitationAnswer, roles};
use access::PrincipalId;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::{AppendHeaders, IntoResponse};
use facts::StaffAct;
use std::sync::Arc;
use utoipa::ToSchema;

/// Other roles for somebody.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewRoles {
    /// `operator`, `risk`, `finance`, `auditor` or `admin`, one or more: all that they have from now on.
    roles: Vec<String>,
    /// Why.
    #[schema(max_length = 1024)]
    reason: String,
}

/// Why something is taken away.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct Because {
    /// Why. Names nobody: it is in the record for good.
    #[schema(max_length = 1024)]
    reason: String,
}

/// The member of staff that a path names.
pub struct StaffPath(pub PrincipalId);

impl<S: Send + Sync> FromRequestParts<S> for StaffPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<StaffPath, Problem> {
        let id = crate::query::path_word::<String, S>(parts, state).await;
        let id = id.and_then(|id| PrincipalId::parse(&id));
        id.map(StaffPath).ok_or_else(|| Problem::new(Code::StaffUnknown))
    }
}

/// The reason that a body gives, and nothing else.
pub fn because(body: &Json) -> Result<String, Problem> {
    Ok(Fields::of(&body.0, "", &["reason"])?.text("reason")?.to_owned())
}

/// Give somebody other roles.
///
/// Every session of theirs ends, so that none keeps the old ones. One administrator stays.
#[utoipa::path(
    put,
    path = "/v1/staff/{id}/roles",
    tag = "access",
    operation_id = "setRoles",
    params(("id" = String, Path, description = "The member's id")),
    request_body = NewRoles,
    responses(
        (status = 204, description = "Given"),
        (status = 404, description = "No such member", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "No administrator would be left", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The roles do not fit", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn set_roles(
    State(context): State<Arc<Context>>,
    id: StaffPath,
    caller: Caller,
    body: Json,
) -> Result<StatusCode, Problem> {
    let fields = Fields::of(&body.0, "", &["roles", "reason"])?;
    let (roles, why) = (roles(&fields)?, fields.text("reason")?.to_owned());
    let words: Vec<&str> = roles.iter().map(access::Role::text).collect();
    let act = Act { what: StaffAct::SetRoles, on: format!("{} {}", id.0, words.join(",")), why };
    let by = Arc::clone(caller.permit.principal()?);
    context.act_on_access(&caller, act, move |access| access.set_roles(&by, id.0, roles)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Invite somebody again.
///
/// For whoever lost a password or an authenticator, or was disabled: both are taken away, and every session ends.
#[utoipa::path(
    post,
    path = "/v1/staff/{id}/invitations",
    tag = "access",
    operation_id = "inviteStaffAgain",
    params(("id" = String, Path, description = "The member's id")),
    request_body = Because,
    responses(
        (status = 201, description = "Invited", body = InvitationAnswer),
        (status = 404, description = "No such member", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "This is the last administrator", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn invite_again(
    State(context): State<Arc<Context>>,
    id: StaffPath,
    caller: Caller,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let act = Act { what: StaffAct::InviteStaffAgain, on: id.0.to_string(), why: because(&body)? };
    let by = Arc::clone(caller.permit.principal()?);
    let invite = move |access: &access::Access| access.invite_again(&by, id.0, wall_now());
    let invitation = context.act_on_access(&caller, act, invite).await?;
    let answer = InvitationAnswer::from(&invitation);
    Ok((StatusCode::CREATED, AppendHeaders([(CACHE_CONTROL, "no-store")]), axum::Json(answer)))
}

/// Shut somebody out.
///
/// Password and authenticator go, every session and key ends, at once.
#[utoipa::path(
    delete,
    path = "/v1/staff/{id}",
    tag = "access",
    operation_id = "disableStaff",
    params(("id" = String, Path, description = "The member's id")),
    request_body = Because,
    responses(
        (status = 204, description = "Shut out"),
        (status = 404, description = "No such member", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "This is the last administrator", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn disable(
    State(context): State<Arc<Context>>,
    id: StaffPath,
    caller: Caller,
    body: Json,
) -> Result<StatusCode, Problem> {
    let act = Act { what: StaffAct::DisableStaff, on: id.0.to_string(), why: because(&body)? };
    let by = Arc::clone(caller.permit.principal()?);
    context.act_on_access(&caller, act, move |access| access.disable(&by, id.0)).await?;
    Ok(StatusCode::NO_CONTENT)
}
