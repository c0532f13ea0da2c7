//! Sessions: coming in, going out, and who one is here.

use crate::access::{Whence, refused, wall_now};
use crate::acts::Act;
use crate::alarms::Whom;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use access::{Claim, Credentials, Opened, Password, Principal, PrincipalKind, Role, Scope};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::response::{AppendHeaders, IntoResponse};
use facts::StaffAct;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Why somebody's own sessions end.
const SIGNED_OUT: &str = "signed out";

/// What staff sign in with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewSession {
    /// The sign-in name.
    #[schema(example = "wang")]
    name: String,
    /// The password.
    password: String,
    /// What the authenticator shows.
    #[schema(example = "123456")]
    code: String,
}

/// Who one is here.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeAnswer {
    /// `staff`, `partner`, `agent` or `subscriber`.
    kind: &'static str,
    /// The id that records name.
    id: String,
    /// The sign-in name, the client's name, or the subscriber's id.
    name: String,
    /// In which roles.
    roles: Vec<&'static str>,
    /// What a page sends back as `X-CSRF-Token` with every request that changes something; in a session alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
}

impl MeAnswer {
    fn of(who: &Principal, csrf_token: Option<String>) -> MeAnswer {
        let name = match who.scope() {
            Scope::Staff { name } | Scope::Partner { name } | Scope::Agent { name, .. } => name.clone(),
            Scope::Federated { subject, .. } => subject.clone(),
            Scope::Subscriber { id } => id.to_string(),
        };
        let roles = who.roles().iter().map(Role::text).collect();
        MeAnswer { kind: who.kind().text(), id: who.id().to_string(), name, roles, csrf_token }
    }
}

/// Sign in.
///
/// For staff: name, password and authenticator. The session is in a cookie that no script can read; whoever is signed
/// in sends `csrf_token` back as `X-CSRF-Token` with each request that changes something.
#[utoipa::path(
    post,
    path = "/v1/sessions",
    tag = "access",
    operation_id = "signIn",
    request_body = NewSession,
    responses(
        (status = 201, description = "Signed in", body = MeAnswer, headers(("Set-Cookie" = String, description = "The session"))),
        (status = 401, description = "Wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Identities cannot be read now", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn sign_in(
    State(context): State<Arc<Context>>,
    caller: Caller,
    from: Whence,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let fields = Fields::of(&body.0, "", &["name", "password", "code"])?;
    let (name, code) = (fields.text("name")?.to_owned(), fields.text("code")?.to_owned());
    let password = Password::new(fields.text("password")?);
    let access = Arc::clone(&context);
    // A refusal is noted with the name that was tried, where blocking is allowed.
    let opened = tokio::task::spawn_blocking(move || {
        let given = Credentials { name: &name, password: &password, code: &code };
        let told = |error| refused(&access, &error, || Some(Whom::Claimed(Claim::Staff(name.clone()))));
        access.access.sign_in(&given, from.0, wall_now()).map_err(told)
    });
    let opened = opened.await.map_err(|_| Problem::new(Code::Internal))??;
    note_sign_in(&context, &caller, from, &opened).await?;
    Ok((StatusCode::CREATED, entered(&context, &opened)))
}

/// Notes that a member of staff came in; nobody has the session before that is durable.
pub async fn note_sign_in(context: &Context, caller: &Caller, from: Whence, opened: &Opened) -> Result<(), Problem> {
    let who = &opened.session.principal;
    let caller = caller.signed_in(who, from, context);
    context.note(&caller, Act::of(StaffAct::SignIn, who.id().to_string())).await?;
    Ok(())
}

/// Gives a session to whoever opened it: its cookie, and who they are.
pub fn entered(context: &Context, Opened { token, session }: &Opened) -> impl IntoResponse + use<> {
    let csrf_token = context.access.csrf_token(session).expose().to_owned();
    let headers = [(SET_COOKIE, context.access.cookie(token)), (CACHE_CONTROL, "no-store".to_owned())];
    (AppendHeaders(headers), axum::Json(MeAnswer::of(&session.principal, Some(csrf_token))))
}

/// Who one is here.
#[utoipa::path(
    get,
    path = "/v1/me",
    tag = "access",
    operation_id = "getMe",
    responses(
        (status = 200, description = "Whoever calls", body = MeAnswer),
    )
)]
pub async fn me(State(context): State<Arc<Context>>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    let token = caller.permit.session.as_ref().map(|session| context.access.csrf_token(session));
    let csrf_token = token.map(|token| token.expose().to_owned());
    let me = MeAnswer::of(caller.permit.principal()?, csrf_token);
    Ok((AppendHeaders([(CACHE_CONTROL, "no-store")]), axum::Json(me)))
}

/// Sign out.
///
/// Ends every session of whoever calls, here and elsewhere, at once.
#[utoipa::path(
    delete,
    path = "/v1/sessions",
    tag = "access",
    operation_id = "signOut",
    responses(
        (status = 204, description = "Signed out"),
        (status = 403, description = "Not from a page of ours", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn sign_out(State(context): State<Arc<Context>>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    let who = caller.permit.principal()?;
    if caller.permit.session.is_none() {
        return Err(Problem::new(Code::CredentialsMissing));
    }
    let (kind, id) = (who.kind(), who.id());
    if kind == PrincipalKind::Staff {
        let act = Act { what: StaffAct::EndSessions, on: id.to_string(), why: SIGNED_OUT.to_owned() };
        context.note(&caller, act).await?;
    }
    context.in_access(move |access| access.end_all(kind, id)).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, access::clear_cookie())])))
}
