//! Where somebody is signed in, ending that, and another password for oneself.

use super::sessions::{MeAnswer, entered};
use super::staff_admin::{Because, StaffPath, because};
use crate::access::wall_now;
use crate::acts::Act;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::moments;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use access::{Password, PrincipalId, PrincipalKind, SessionId, SessionListed};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use facts::StaffAct;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

const STAFF: PrincipalKind = PrincipalKind::Staff;

/// A session of somebody.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionAnswer {
    /// Which one; it opens nothing.
    id: String,
    /// Since when.
    opened_at: String,
    /// Last used, to a minute or so.
    seen_at: String,
}

impl From<&SessionListed> for SessionAnswer {
    fn from(listed: &SessionListed) -> SessionAnswer {
        SessionAnswer {
            id: listed.id.to_string(),
            opened_at: moments::text(listed.opened_at),
            seen_at: moments::text(listed.seen_at),
        }
    }
}

/// Another password.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewPassword {
    /// The one until now.
    old: String,
    /// The one from now on: twelve characters or more.
    new: String,
}

/// List a member's sessions.
#[utoipa::path(
    get,
    path = "/v1/staff/{id}/sessions",
    tag = "access",
    operation_id = "listSessions",
    params(("id" = String, Path, description = "The member's id")),
    responses(
        (status = 200, description = "Oldest first", body = Vec<SessionAnswer>),
        (status = 404, description = "No such member", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(context): State<Arc<Context>>,
    id: StaffPath,
) -> Result<axum::Json<Vec<SessionAnswer>>, Problem> {
    let listed = context.in_access(move |access| access.sessions_of(STAFF, id.0)).await?;
    Ok(axum::Json(listed.iter().map(SessionAnswer::from).collect()))
}

/// End every session of a member.
#[utoipa::path(
    delete,
    path = "/v1/staff/{id}/sessions",
    tag = "access",
    operation_id = "endSessions",
    params(("id" = String, Path, description = "The member's id")),
    request_body = Because,
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "No such member", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn end_all(
    State(context): State<Arc<Context>>,
    id: StaffPath,
    caller: Caller,
    body: Json,
) -> Result<StatusCode, Problem> {
    let act = Act { what: StaffAct::EndSessions, on: id.0.to_string(), why: because(&body)? };
    context.act_on_access(&caller, act, move |access| access.end_all(STAFF, id.0)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one session of a member.
#[utoipa::path(
    delete,
    path = "/v1/staff/{id}/sessions/{session}",
    tag = "access",
    operation_id = "endSession",
    params(
        ("id" = String, Path, description = "The member's id"),
        ("session" = String, Path, description = "The session's id"),
    ),
    request_body = Because,
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "No such member or session", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn end(
    State(context): State<Arc<Context>>,
    Path((id, session)): Path<(String, String)>,
    caller: Caller,
    body: Json,
) -> Result<StatusCode, Problem> {
    let (Some(id), Some(session)) = (PrincipalId::parse(&id), SessionId::parse(&session)) else {
        return Err(Problem::new(Code::StaffUnknown));
    };
    let act = Act { what: StaffAct::EndSessions, on: format!("{id} {session}"), why: because(&body)? };
    context.act_on_access(&caller, act, move |access| access.end_of_principal(STAFF, id, session)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set another password.
///
/// For staff, in a session. Every session of theirs ends, and a fresh one is opened for this caller.
#[utoipa::path(
    put,
    path = "/v1/me/password",
    tag = "access",
    operation_id = "changePassword",
    request_body = NewPassword,
    responses(
        (status = 200, description = "Set", body = MeAnswer, headers(("Set-Cookie" = String, description = "The fresh session"))),
        (status = 401, description = "The old password is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The new password is too easy to guess", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn change_password(
    State(context): State<Arc<Context>>,
    caller: Caller,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let who = Arc::clone(caller.permit.principal()?);
    if caller.permit.session.is_none() {
        return Err(Problem::new(Code::CredentialsMissing));
    }
    let fields = Fields::of(&body.0, "", &["old", "new"])?;
    let (old, new) = (Password::new(fields.text("old")?), Password::new(fields.text("new")?));
    let act = Act::of(StaffAct::ChangePassword, who.id().to_string());
    let change = move |access: &access::Access| access.change_password(&who, &old, &new, wall_now());
    let opened = context.act_on_access(&caller, act, change).await?;
    Ok((StatusCode::OK, entered(&context, &opened)))
}
