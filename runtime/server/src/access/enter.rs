//! The door: finds out who calls, asks the policies, and lets nothing out whose owner nobody looked at.

use super::may::May;
use super::permit::Permit;
use super::whence::Whence;
use crate::alarms::{Whom, attack};
use crate::body;
use crate::connection::Peer;
use crate::context::Context;
use crate::phrases::Code;
use crate::problem::Problem;
use crate::usage::Quota;
use access::{
    AccessError, ApiKeyText, Claim, CsrfToken, Denied, Principal, Session, SignedRequest, is_signature, token_of,
};
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use facts::{Attack, Millis};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use utoipa::openapi::OpenApi;

/// The scheme of API keys.
const BEARER: &str = "Bearer ";
/// What a page sends back with a request that changes something.
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

/// The operation id of each route: the action that policies speak of.
pub struct Actions {
    by_path: HashMap<&'static str, Vec<(Method, &'static str)>>,
    /// Those that must answer however busy the node is: they are not limited.
    always: HashSet<&'static str>,
}

impl Actions {
    /// Those of a description, and of it those that always answer. Kept for ever, once for each server.
    pub fn of(described: &OpenApi, always: &OpenApi) -> Actions {
        let mut actions = Actions { by_path: paths(described), always: HashSet::new() };
        actions.always = paths(always).into_values().flatten().map(|(_, action)| action).collect();
        actions
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &'static str> {
        self.by_path.values().flatten().map(|(_, action)| *action)
    }

    fn action(&self, request: &Request) -> Option<&'static str> {
        let path = request.extensions().get::<MatchedPath>()?;
        // A `HEAD` is a `GET` without its body.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        self.by_path.get(path.as_str())?.iter().find(|(of, _)| of == method).map(|(_, action)| *action)
    }
}

/// The operations of a description, by path.
fn paths(described: &OpenApi) -> HashMap<&'static str, Vec<(Method, &'static str)>> {
    let mut actions = HashMap::<_, Vec<_>>::new();
    for (path, item) in &described.paths.paths {
        let path: &'static str = path.clone().leak();
        let operations = [
            (Method::GET, &item.get),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::DELETE, &item.delete),
        ];
        for (method, operation) in operations {
            if let Some(id) = operation.as_ref().and_then(|operation| operation.operation_id.clone()) {
                actions.entry(path).or_default().push((method, &*id.leak()));
            }
        }
    }
    actions
}

/// Who somebody proved to be, and by which session if it was one.
#[derive(Default)]
struct Proved {
    who: Option<Arc<Principal>>,
    session: Option<Session>,
}

/// Lets a request through to its handler, if its caller may do this.
pub async fn enter(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    // What is no route, or has no such method, is answered as that.
    let Some(action) = context.actions.action(&request) else { return next.run(request).await };
    let is_limited = !context.actions.always.contains(action);
    let (request, proved) = match known(&context, request, is_limited).await {
        Ok(known) => known,
        Err(problem) => return problem.into_response(),
    };
    let quota = proved.who.as_ref().filter(|_| is_limited).map(|who| context.usage.take_client(who, wall_now()));
    let mut response = match quota.as_ref().map_or(Ok(()), Quota::check) {
        Ok(()) => admitted(&context, action, (request, proved), next).await,
        Err(problem) => {
            proved.who.iter().for_each(|who| context.alarm(Attack::Flood, Whom::Known(who.actor())));
            problem.into_response()
        }
    };
    if let Some(quota) = quota {
        quota.tell(response.headers_mut());
    }
    response
}

/// Who calls. How often an address asks is looked at before that, so that guessing is not free.
async fn known(context: &Context, request: Request, is_limited: bool) -> Result<(Request, Proved), Problem> {
    if let Some(Whence(from)) = request.extensions().get().filter(|_| is_limited) {
        context.usage.take_address(*from, wall_now())?;
    }
    prove(context, request).await
}

async fn admitted(
    context: &Context,
    action: &'static str,
    (mut request, proved): (Request, Proved),
    next: Next,
) -> Response {
    let token = proved.session.as_ref().and_then(|session| session.replaced.as_ref());
    let cookie = token.and_then(|token| context.access.cookie(token).try_into().ok());
    let known = proved.who.as_ref().map(|who| who.actor());
    let permit = match permit(&context.may, proved, action) {
        Ok(permit) => permit,
        Err(problem) => {
            known.into_iter().for_each(|who| context.alarm(Attack::NotPermitted, Whom::Known(who)));
            return problem.into_response();
        }
    };
    request.extensions_mut().insert(permit.clone());
    let response = next.run(request).await;
    if let Some(who) = known.filter(|_| permit.is_others() && !response.status().is_success()) {
        context.alarm(Attack::OthersThing, Whom::Known(who));
    }
    with_cookie(if_settled(response, &permit, action), cookie)
}

/// Errors: the policies do not let this caller do this, to anything.
fn permit(may: &May, Proved { who, session }: Proved, action: &'static str) -> Result<Permit, Problem> {
    let roles = who.as_ref().map_or(0, |who| who.roles().number());
    let anybodys = may.permits(roles, action, false);
    if anybodys || may.permits(roles, action, true) {
        return Ok(Permit::new(who, session, anybodys));
    }
    Err(Problem::new(if who.is_some() { Code::NotPermitted } else { Code::CredentialsMissing }))
}

/// Finds out who calls: by API key, by signature, by session, by client certificate, or nobody known.
///
/// Errors: what they show does not hold. It is never passed over: a caller who means to be somebody is told.
async fn prove(context: &Context, request: Request) -> Result<(Request, Proved), Problem> {
    let now = wall_now();
    let headers = request.headers();
    match headers.get(AUTHORIZATION).map(HeaderValue::to_str) {
        Some(Ok(shown)) if is_signature(shown) => {
            let shown = shown.to_owned();
            signed(context, request, &shown, now).await
        }
        Some(Ok(shown)) if shown.starts_with(BEARER) => {
            let key = ApiKeyText::new(&shown[BEARER.len()..]);
            let told = |error| refused(context, &error, || Claim::of_key(&key).map(Whom::Claimed));
            let holder = context.access.api_key(&key, now).map_err(told)?;
            Ok((request, Proved { who: Some(holder.principal), session: None }))
        }
        Some(_) => Err(Problem::new(Code::CredentialsUnreadable)),
        None => {
            let proved = match by_session(context, headers, request.method(), now)? {
                Proved { who: None, .. } => by_certificate(context, &request, now)?,
                proved => proved,
            };
            Ok((request, proved))
        }
    }
}

/// A signature covers the body: it is read here and given on.
async fn signed(context: &Context, request: Request, shown: &str, now: Millis) -> Result<(Request, Proved), Problem> {
    let (parts, body) = request.into_parts();
    let body = body::whole(&parts.headers, body, context).await?;
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let said = SignedRequest { method: parts.method.as_str(), target, body: &body };
    let told = |error| refused(context, &error, || Claim::of_signature(shown).map(Whom::Claimed));
    let who = context.access.signed(shown, &said, now).map_err(told)?;
    Ok((Request::from_parts(parts, Body::from(body)), Proved { who: Some(who), session: None }))
}

/// Who has the session of the cookie. A request that changes something must come from a page of ours.
fn by_session(context: &Context, headers: &HeaderMap, method: &Method, now: Millis) -> Result<Proved, Problem> {
    let cookie = headers.get(COOKIE).and_then(|cookie| cookie.to_str().ok()).and_then(token_of);
    let Some(token) = cookie else { return Ok(Proved::default()) };
    let session = context.access.session(&token, now).map_err(|error| denied(&error))?;
    if !method.is_safe() {
        let given = headers.get(CSRF).and_then(|given| given.to_str().ok()).map(CsrfToken::new);
        let told = |error: Denied| refused(context, &error.into(), || Some(Whom::Known(session.principal.actor())));
        context.access.check_csrf(&session, given.as_ref()).map_err(told)?;
    }
    Ok(Proved { who: Some(Arc::clone(&session.principal)), session: Some(session) })
}

/// Who the connection's client certificate is of. What a request shows itself goes before it.
fn by_certificate(context: &Context, request: &Request, now: Millis) -> Result<Proved, Problem> {
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    let Some(certificate) = peer.and_then(|peer| peer.0.certificate.get()) else { return Ok(Proved::default()) };
    let told = |error| refused(context, &error, || None);
    let who = context.access.certificate(certificate, now).map_err(told)?;
    Ok(Proved { who: Some(who), session: None })
}

/// Nothing leaves that only its owner may have, and whose owner nobody looked at: that is a fault of ours.
fn if_settled(response: Response, permit: &Permit, action: &str) -> Response {
    if permit.is_settled() || !response.status().is_success() {
        return response;
    }
    tracing::error!(action, "an answer whose owner nobody looked at was held back");
    Problem::new(Code::Internal).into_response()
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The same, and that somebody may have tried to be somebody else is noted.
pub fn refused(context: &Context, error: &AccessError, whom: impl FnOnce() -> Option<Whom>) -> Problem {
    if let Some(what) = error.denied().and_then(attack) {
        context.alarm(what, whom().unwrap_or(Whom::Nobody));
    }
    denied(error)
}

/// What a caller is told of a no, and of a failure of ours.
pub fn denied(error: &AccessError) -> Problem {
    match error.denied() {
        Some(denied) => Problem::denied(denied),
        None => {
            tracing::error!(%error, "who calls could not be found out");
            Problem::new(Code::AccessUnavailable)
        }
    }
}

/// Sessions, keys and codes run out by the wall, whatever node time does.
pub fn wall_now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl Context {
    /// Asks who somebody is where blocking is allowed: it may wait for the disk, or hash a password.
    ///
    /// Errors: a no, or identities cannot be read now.
    pub async fn in_access<T: Send + 'static>(
        &self,
        work: impl FnOnce(&access::Access) -> Result<T, AccessError> + Send + 'static,
    ) -> Result<T, Problem> {
        let access = Arc::clone(&self.access);
        let done = tokio::task::spawn_blocking(move || work(&access)).await;
        done.map_err(|_| Problem::new(Code::Internal))?.map_err(|error| denied(&error))
    }
}
