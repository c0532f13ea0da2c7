//! What surrounds every route: request id, language, load, panics, counting.

use crate::access::{Permit, Whence};
use crate::caller::Trace;
use crate::chance;
use crate::connection::Peer;
use crate::context::Context;
use crate::language::Language;
use crate::phrases::Code;
use crate::problem::Problem;
use crate::web;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use facts::Key16;
use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

/// The route of requests that have none.
const NO_ROUTE: &str = "unknown";

/// Gives every request an id and every problem its words; counts answers.
pub async fn wrap(State(context): State<Arc<Context>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|peer| peer.0.clone());
    let _busy = peer.as_ref().map(|peer| peer.busy.begin());
    let is_secure = peer.as_ref().is_some_and(|peer| context.usage.is_secure(peer, request.headers()));
    if let Some(peer) = &peer {
        let from = context.usage.whence(peer.address, request.headers());
        request.extensions_mut().insert(Whence(from));
    }
    let trace = trace_of(request.headers());
    request.extensions_mut().insert(trace);
    let request_id = trace.0.to_string();
    let language = Language::of(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);

    let response = next.run(request).await;
    let mut response = spoken(response, language, &request_id);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(&request_id) {
        headers.insert("x-request-id", id);
    }
    if peer.is_some_and(|peer| peer.busy.begun() >= context.bounds.requests_per_connection) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    web::protect(headers, is_secure);
    let replayed = headers.contains_key("idempotent-replayed");
    let status = response.status();
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(request_id, method = %method, route, "a request failed");
    }
    context.meter.answered(&method, route, status.as_u16(), replayed, started.elapsed());
    response
}

fn trace_of(headers: &HeaderMap) -> Trace {
    Trace::of(headers).unwrap_or_else(|| Trace(Key16(chance::bits().unwrap_or_default().to_be_bytes())))
}

/// Writes the problem that an answer carries; keeps its headers.
fn spoken(mut response: Response, language: Language, request_id: &str) -> Response {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        // An extractor of the framework that nobody translated.
        None if is_bare_error(&response) => Problem::new(Code::of_status(response.status())),
        None => return response,
    };
    let mut written = problem.render(language, request_id);
    for (name, value) in response.headers() {
        if name != "content-type" && name != "content-length" {
            written.headers_mut().append(name, value.clone());
        }
    }
    if is_body_left(written.status()) {
        written.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    written
}

fn is_bare_error(response: &Response) -> bool {
    let plain = response.headers().get("content-type").is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    plain && response.status().as_u16() >= 400
}

/// Whether the caller may still be sending: nobody reads the rest.
fn is_body_left(status: StatusCode) -> bool {
    status == StatusCode::REQUEST_TIMEOUT || status == StatusCode::PAYLOAD_TOO_LARGE
}

/// Turns requests away while too many are here, and lets clients take turns.
pub async fn admit(
    State(context): State<Arc<Context>>,
    Whence(from): Whence,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_here) = Arc::clone(&context.places).try_acquire_owned() else {
        return Problem::new(Code::Busy).into_response();
    };
    match context.usage.place(request.extensions().get::<Permit>(), from).await {
        Ok(_place) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// The answer when a handler panicked. What it said is not repeated: it may hold anything.
pub fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    Problem::new(Code::Internal).into_response()
}

/// The answer where there is no route.
pub async fn no_route() -> Problem {
    Problem::new(Code::RouteUnknown)
}

/// The answer where the route has other methods.
pub async fn no_method() -> Problem {
    Problem::new(Code::MethodNotAllowed)
}
