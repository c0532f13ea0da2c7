//! Clients: the partners whose programmes call, and their API keys.

use crate::access::wall_now;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::moments;
use crate::problem::{Problem, ProblemBody};
use access::{ApiScope, ApiScopes, KeyMode, KeyTerms};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{AppendHeaders, IntoResponse};
use facts::Millis;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How long a key is good for when nobody says: 90 days.
const KEY_LIVES_MS: u64 = 90 * 86_400_000;

/// Which partner to let in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewClient {
    /// Its name: 2 to 32 of `a-z 0-9 . _ -`. A partner that sends callbacks has its code, such as `ctcc` or `bank`.
    #[schema(example = "app")]
    name: String,
}

/// What a key is to be.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewKey {
    /// `live`, or `test` when it is left out.
    mode: Option<String>,
    /// Until when; 90 days from now when it is left out.
    expires_at: Option<String>,
}

/// A partner that was let in.
#[derive(Serialize, ToSchema)]
#[schema(as = Client)]
pub struct ClientAnswer {
    /// The id that records name.
    id: String,
    /// Its name.
    name: String,
}

/// A key, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = IssuedKey)]
pub struct KeyAnswer {
    /// Which one; not a secret.
    id: String,
    /// All of it, for `Authorization: Bearer`.
    key: String,
    /// Until when.
    expires_at: String,
}

/// Let in a partner.
#[utoipa::path(
    post,
    path = "/v1/clients",
    tag = "access",
    operation_id = "addClient",
    request_body = NewClient,
    responses(
        (status = 201, description = "Let in", body = ClientAnswer),
        (status = 400, description = "Malformed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Nobody known calls", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The name does not fit", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn add(
    State(context): State<Arc<Context>>,
    caller: Caller,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let name = Fields::of(&body.0, "", &["name"])?.text("name")?.to_owned();
    let (by, wanted) = (Arc::clone(caller.permit.principal()?), name.clone());
    let id = context.in_access(move |access| access.add_partner(&by, &wanted, wall_now())).await?;
    Ok((StatusCode::CREATED, axum::Json(ClientAnswer { id: id.to_string(), name })))
}

/// Make an API key for a partner.
///
/// It is shown once; what is kept of it opens nothing.
#[utoipa::path(
    post,
    path = "/v1/clients/{name}/keys",
    tag = "access",
    operation_id = "issueKey",
    params(("name" = String, Path, description = "The partner's name")),
    request_body = NewKey,
    responses(
        (status = 201, description = "Made", body = KeyAnswer),
        (status = 400, description = "Malformed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Nobody known calls", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such partner", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn issue(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    caller: Caller,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let terms = terms(&Fields::of(&body.0, "", &["mode", "expires_at"])?)?;
    let by = Arc::clone(caller.permit.principal()?);
    let issued = context.in_access(move |access| access.issue_key(&by, &name, terms, wall_now())).await?;
    let expires_at = moments::text(terms.expires_at);
    let answer = KeyAnswer { id: issued.id, key: issued.text.expose().to_owned(), expires_at };
    Ok((StatusCode::CREATED, AppendHeaders([(CACHE_CONTROL, "no-store")]), axum::Json(answer)))
}

fn terms(fields: &Fields<'_>) -> Result<KeyTerms, Problem> {
    let mode = match fields.optional_text("mode")? {
        None | Some("test") => KeyMode::Test,
        Some("live") => KeyMode::Live,
        Some(_) => return Err(fields.wrong("mode", "`live` or `test`")),
    };
    let wrong = || fields.wrong("expires_at", "a moment, such as `2027-11-22T09:30:00+08:00`");
    let expires_at: Option<Millis> = match fields.optional_text("expires_at")? {
        Some(text) => Some(moments::parse(text).ok_or_else(wrong)?),
        None => None,
    };
    let expires_at = expires_at.unwrap_or_else(|| wall_now().plus(KEY_LIVES_MS));
    Ok(KeyTerms { mode, scopes: ApiScopes::of(ApiScope::ALL), expires_at })
}

/// End an API key.
///
/// At once: the next request with it is refused.
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    tag = "access",
    operation_id = "revokeKey",
    params(("id" = String, Path, description = "The key's id")),
    responses(
        (status = 204, description = "Ended"),
        (status = 401, description = "Nobody known calls", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such key", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn revoke(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let by = Arc::clone(caller.permit.principal()?);
    context.in_access(move |access| access.revoke_key(&by, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
