//! Signing in through an institution's identity provider: going there, and coming back.

use super::sessions::note_sign_in;
use crate::access::{Whence, denied, wall_now};
use crate::caller::Caller;
use crate::context::Context;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use crate::providers::{Institution, SignInError};
use crate::query::Parameters;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};
use std::sync::Arc;

/// Sign in through an institution's provider.
///
/// Sends the browser there. It comes back to the callback, once, and only the browser that went.
#[utoipa::path(
    get,
    path = "/v1/providers/{name}/sign_in",
    tag = "access",
    operation_id = "beginProviderSignIn",
    params(("name" = String, Path, description = "The provider's name in `access.toml`")),
    responses(
        (status = 303, description = "To the provider", headers(("Location" = String, description = "Where to"), ("Set-Cookie" = String, description = "Binds the sign-in to the browser"))),
        (status = 404, description = "No such provider", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "The provider gives no usable answer", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn begin(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    Whence(from): Whence,
) -> Result<impl IntoResponse, Problem> {
    let now = wall_now();
    let provider = find(&context, &name)?;
    context.in_access(move |access| access.admit_from(from, now)).await?;
    let begun = provider.begin(now).await.map_err(|error| told(&name, error))?.map_err(|error| denied(&error))?;
    let headers = [(LOCATION, begun.url), (SET_COOKIE, begun.set_cookie), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::SEE_OTHER, AppendHeaders(headers)))
}

/// Come back from an institution's provider.
///
/// Exchanges the code for an ID token, opens a session in the roles that the provider's words give, and sends the
/// browser on.
#[utoipa::path(
    get,
    path = "/v1/providers/{name}/callback",
    tag = "access",
    operation_id = "endProviderSignIn",
    params(
        ("name" = String, Path, description = "The provider's name in `access.toml`"),
        ("code" = Option<String>, Query, description = "The provider's code"),
        ("state" = Option<String>, Query, description = "The state of the sign-in"),
    ),
    responses(
        (status = 303, description = "Signed in", headers(("Location" = String, description = "Where to"), ("Set-Cookie" = String, description = "The session"))),
        (status = 401, description = "Not begun here, or the provider's token is not good", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The provider gives no role", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such provider", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "The provider gives no usable answer", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn end(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    caller: Caller,
    from: Whence,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<impl IntoResponse, Problem> {
    let now = wall_now();
    let provider = find(&context, &name)?;
    let address = from.0;
    context.in_access(move |access| access.admit_from(address, now)).await?;
    let needed = |name: &'static str| {
        let found: Option<String> = parameters.word(name, "a text")?;
        found.ok_or_else(|| Problem::malformed(name, "what the provider sends"))
    };
    let (state, code) = (needed("state")?, needed("code")?);
    let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
    let who = provider.end(&state, &code, cookies, now).await.map_err(|error| told(&name, error))?;
    let opened = context.in_access(move |access| access.sign_in_federated(&who, now)).await?;
    note_sign_in(&context, &caller, from, &opened).await?;
    let location = HeaderValue::try_from(provider.return_to()).map_err(|_| Problem::new(Code::Internal))?;
    let cookie =
        HeaderValue::try_from(context.access.cookie(&opened.token)).map_err(|_| Problem::new(Code::Internal))?;
    let no_store = HeaderValue::from_static("no-store");
    Ok((StatusCode::SEE_OTHER, AppendHeaders([(LOCATION, location), (SET_COOKIE, cookie), (CACHE_CONTROL, no_store)])))
}

fn find<'c>(context: &'c Context, name: &str) -> Result<&'c Institution, Problem> {
    context.providers.get(name).ok_or_else(|| Problem::new(Code::ProviderUnknown))
}

fn told(name: &str, error: SignInError) -> Problem {
    let why = match error {
        SignInError::Denied(denied) => return Problem::denied(&denied),
        SignInError::Provider(error) => error.to_string(),
        SignInError::Published(why) => why.to_owned(),
    };
    tracing::warn!(provider = name, why, "an identity provider gives no usable answer");
    Problem::new(Code::ProviderUnavailable).detail(why)
}
