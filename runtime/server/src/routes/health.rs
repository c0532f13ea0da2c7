//! Whether the node lives, and whether it should get requests.

use crate::context::Context;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// How far views may be behind while the node is still ready.
const LAG_MOST: Duration = Duration::from_secs(10);

/// A good state of health.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthAnswer {
    /// Always `ok`.
    status: &'static str,
}

/// Is the process alive?
#[utoipa::path(
    get,
    path = "/livez",
    tag = "health",
    operation_id = "isAlive",
    responses((status = 200, description = "It is", body = HealthAnswer))
)]
pub async fn alive() -> Json<HealthAnswer> {
    Json(HealthAnswer { status: "ok" })
}

/// Should the node get requests?
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    operation_id = "isReady",
    responses(
        (status = 200, description = "It should", body = HealthAnswer),
        (status = 503, description = "It should not, for these `reasons`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn ready(State(context): State<Arc<Context>>) -> Result<Json<HealthAnswer>, Problem> {
    let reasons = reasons(&context);
    if reasons.is_empty() {
        return Ok(Json(HealthAnswer { status: "ok" }));
    }
    Err(Problem::new(Code::NotReady).reasons(reasons))
}

fn reasons(context: &Context) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(why) = context.node.stopped() {
        reasons.push(format!("the node stopped: {why}"));
    }
    if !context.node.clock().is_trusted() {
        reasons.push("the clock jumped and is not trusted until a person has looked".to_owned());
    }
    let lag = context.lag.note(&context.node);
    if lag > LAG_MOST {
        reasons.push(format!("the views are {} s behind, {} s allowed", lag.as_secs(), LAG_MOST.as_secs()));
    }
    reasons
}
