//! Staff: who works here, in which roles, and how they enrol.

use crate::access::{Whence, wall_now};
use crate::acts::Act;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::moments;
use crate::problem::{Problem, ProblemBody};
use access::{Invitation, InvitationToken, Member, Password, Role, Roles, StaffState};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{AppendHeaders, IntoResponse};
use facts::StaffAct;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Whom to invite.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewStaff {
    /// The sign-in name: 2 to 32 of `a-z 0-9 . _ -`.
    #[schema(example = "li")]
    name: String,
    /// `operator`, `risk`, `finance`, `auditor` or `admin`, one or more.
    roles: Vec<String>,
}

/// What whoever was invited sets.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewEnrolment {
    /// The enrolment token.
    token: String,
    /// A password of twelve characters or more.
    password: String,
}

/// The first code of the authenticator.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewConfirmation {
    /// The enrolment token.
    token: String,
    /// What the authenticator shows.
    code: String,
}

/// A member of staff.
#[derive(Serialize, ToSchema)]
#[schema(as = Staff)]
pub struct StaffAnswer {
    /// The id that records name.
    id: String,
    /// The sign-in name.
    name: String,
    /// In which roles.
    roles: Vec<&'static str>,
    /// `invited`, `enrolled`, `active` or `disabled`.
    state: &'static str,
}

impl From<&Member> for StaffAnswer {
    fn from(member: &Member) -> StaffAnswer {
        let state = match member.state {
            StaffState::Invited => "invited",
            StaffState::Enrolled => "enrolled",
            StaffState::Active => "active",
            StaffState::Disabled => "disabled",
        };
        let roles = member.roles.iter().map(Role::text).collect();
        StaffAnswer { id: member.id.to_string(), name: member.name.clone(), roles, state }
    }
}

/// An invitation, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationAnswer {
    /// For whom.
    id: String,
    /// What they enrol with, once.
    token: String,
    /// Until when.
    until: String,
}

impl From<&Invitation> for InvitationAnswer {
    fn from(invitation: &Invitation) -> InvitationAnswer {
        InvitationAnswer {
            id: invitation.staff.to_string(),
            token: invitation.token.expose().to_owned(),
            until: moments::text(invitation.until),
        }
    }
}

/// What an authenticator is set up with, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = Enrolment)]
pub struct EnrolmentAnswer {
    /// The seed in base 32, to be typed.
    seed: String,
    /// The same as an `otpauth:` address, for a QR code.
    uri: String,
}

/// List staff.
#[utoipa::path(
    get,
    path = "/v1/staff",
    tag = "access",
    operation_id = "listStaff",
    responses(
        (status = 200, description = "By name", body = Vec<StaffAnswer>),
        (status = 403, description = "Not an administrator", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(context): State<Arc<Context>>) -> Result<axum::Json<Vec<StaffAnswer>>, Problem> {
    let members = context.in_access(access::Access::members).await?;
    Ok(axum::Json(members.iter().map(StaffAnswer::from).collect()))
}

/// Invite a member of staff.
///
/// The token is shown once and goes to whoever is invited; with it they set a password and an authenticator.
#[utoipa::path(
    post,
    path = "/v1/staff",
    tag = "access",
    operation_id = "inviteStaff",
    request_body = NewStaff,
    responses(
        (status = 201, description = "Invited", body = InvitationAnswer),
        (status = 403, description = "Not an administrator", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Name or roles do not fit", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn invite(
    State(context): State<Arc<Context>>,
    caller: Caller,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let fields = Fields::of(&body.0, "", &["name", "roles"])?;
    let (name, roles) = (fields.text("name")?.to_owned(), roles(&fields)?);
    let by = Arc::clone(caller.permit.principal()?);
    // Nobody has seen the token until its record is durable.
    let invitation = context.in_access(move |access| access.invite(&by, &name, roles, wall_now())).await?;
    context.note(&caller, Act::of(StaffAct::InviteStaff, invitation.staff.to_string())).await?;
    let answer = InvitationAnswer::from(&invitation);
    Ok((StatusCode::CREATED, AppendHeaders([(CACHE_CONTROL, "no-store")]), axum::Json(answer)))
}

/// The roles that a body names.
pub fn roles(fields: &Fields<'_>) -> Result<Roles, Problem> {
    let wrong = || fields.wrong("roles", "a list of `operator`, `risk`, `finance`, `auditor`, `admin`");
    let named = fields.value("roles").and_then(serde_json::Value::as_array).ok_or_else(wrong)?;
    let roles = named.iter().map(|role| role.as_str().and_then(Role::parse)).collect::<Option<Vec<_>>>();
    roles.map(|roles| Roles::of(&roles)).ok_or_else(wrong)
}

/// Enrol.
///
/// Sets the password of whoever was invited and makes the seed of their authenticator, shown once. May be said again
/// until it is confirmed.
#[utoipa::path(
    post,
    path = "/v1/staff/enrolments",
    tag = "access",
    operation_id = "enrolStaff",
    request_body = NewEnrolment,
    responses(
        (status = 201, description = "To be confirmed", body = EnrolmentAnswer),
        (status = 401, description = "The token is not good", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The password is too easy to guess", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn enrol(
    State(context): State<Arc<Context>>,
    Whence(from): Whence,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let fields = Fields::of(&body.0, "", &["token", "password"])?;
    let (token, password) = (InvitationToken::new(fields.text("token")?), Password::new(fields.text("password")?));
    let enrolment = context.in_access(move |access| access.enrol(&token, &password, from, wall_now())).await?;
    let answer = EnrolmentAnswer { seed: enrolment.seed.expose().to_owned(), uri: enrolment.uri.expose().to_owned() };
    Ok((StatusCode::CREATED, AppendHeaders([(CACHE_CONTROL, "no-store")]), axum::Json(answer)))
}

/// Confirm an enrolment.
///
/// With the authenticator's first code. The token is used up; from now on one may sign in.
#[utoipa::path(
    post,
    path = "/v1/staff/enrolments/confirm",
    tag = "access",
    operation_id = "confirmStaff",
    request_body = NewConfirmation,
    responses(
        (status = 204, description = "Confirmed"),
        (status = 401, description = "Token or code are not good", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn confirm(
    State(context): State<Arc<Context>>,
    Whence(from): Whence,
    body: Json,
) -> Result<StatusCode, Problem> {
    let fields = Fields::of(&body.0, "", &["token", "code"])?;
    let (token, code) = (InvitationToken::new(fields.text("token")?), fields.text("code")?.to_owned());
    context.in_access(move |access| access.confirm(&token, &code, from, wall_now())).await?;
    Ok(StatusCode::NO_CONTENT)
}
