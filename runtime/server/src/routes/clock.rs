//! The test clock: moving node time, and reading partners' statements at once. Only where the operator allows it.

use crate::acts::Act;
use crate::body::{Json, NoBody};
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::moments;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use facts::{Millis, StaffAct};
use node::{Idle, NodeError};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The most by which the clock is moved at once: a century.
const BY_MOST_MS: u64 = 100 * 366 * 86_400_000;

/// Where to move the clock: exactly one of the two.
#[derive(ToSchema)]
pub struct ClockMove {
    /// `next_due`: to the next moment at which something is due.
    #[schema(value_type = Option<String>, example = "next_due")]
    to: Option<NextDue>,
    /// Milliseconds.
    #[schema(minimum = 1, example = 3_600_000)]
    by_ms: Option<u64>,
}

/// The word for the next moment at which something is due.
struct NextDue;

impl std::str::FromStr for NextDue {
    type Err = ();

    fn from_str(text: &str) -> Result<NextDue, ()> {
        if text == "next_due" { Ok(NextDue) } else { Err(()) }
    }
}

impl ClockMove {
    fn read(body: &Json) -> Result<ClockMove, Problem> {
        let fields = Fields::of(&body.0, "", &["to", "by_ms"])?;
        let to = fields.optional_word("to", "`next_due`")?;
        let by_ms = fields.value("by_ms").map(|_| fields.amount("by_ms")).transpose()?;
        if by_ms.is_some_and(|by_ms| by_ms > BY_MOST_MS) {
            return Err(fields.wrong("by_ms", "at most a century"));
        }
        if to.is_some() == by_ms.is_some() {
            return Err(Problem::malformed("", "exactly one of `to` and `by_ms`"));
        }
        Ok(ClockMove { to, by_ms })
    }

    fn target(&self, now: Millis, next_due: Option<Millis>) -> Option<Millis> {
        match (&self.to, self.by_ms) {
            (Some(NextDue), _) => next_due,
            (None, by_ms) => by_ms.map(|by_ms| now.plus(by_ms)),
        }
    }
}

/// The clock.
#[derive(Serialize, ToSchema)]
#[schema(as = Clock)]
pub struct ClockAnswer {
    /// Node time in milliseconds since 1970.
    now_ms: u64,
    /// Node time.
    now: String,
    /// Whether time is acted upon.
    trusted: bool,
    /// Whether nothing waits, is under way or is due.
    idle: bool,
    /// The next moment at which something is due, in milliseconds since 1970.
    next_due_ms: Option<u64>,
}

/// What came of moving the clock.
#[derive(Serialize, ToSchema)]
#[schema(as = ClockMoved)]
pub struct MovedAnswer {
    /// Whether the node was idle: only then the clock is moved.
    idle: bool,
    /// Node time in milliseconds since 1970.
    now_ms: u64,
    /// The next moment at which something was due before the move, in milliseconds since 1970.
    next_due_ms: Option<u64>,
    /// Whether the clock was moved.
    advanced: bool,
}

/// How many partners' statements were read.
#[derive(Serialize, ToSchema)]
#[schema(as = Swept)]
pub struct SweptAnswer {
    /// How many could be read to their ends.
    read: usize,
}

async fn idle(context: &Context) -> Result<Idle, Problem> {
    let asked = tokio::time::timeout(context.bounds.outcome_time, context.node.idle()).await;
    let idle: Option<Result<Idle, NodeError>> = asked.ok();
    idle.and_then(Result::ok).ok_or_else(|| Problem::new(Code::NodeStopped))
}

/// Look at the clock.
#[utoipa::path(
    get,
    path = "/v1/clock",
    tag = "test clock",
    operation_id = "getClock",
    responses(
        (status = 200, description = "The clock", body = ClockAnswer),
        (status = 404, description = "There is no test clock here", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn look(State(context): State<Arc<Context>>) -> Result<axum::Json<ClockAnswer>, Problem> {
    let idle = idle(&context).await?;
    let now = context.now();
    Ok(axum::Json(ClockAnswer {
        now_ms: now.0,
        now: moments::text(now),
        trusted: context.node.clock().is_trusted(),
        idle: idle.idle,
        next_due_ms: idle.next_due.map(|due| due.0),
    }))
}

/// Move the clock.
///
/// Only while the node is idle, so that nothing under way is overtaken.
#[utoipa::path(
    post,
    path = "/v1/clock/advance",
    tag = "test clock",
    operation_id = "advanceClock",
    request_body = ClockMove,
    responses(
        (status = 200, description = "What came of it", body = MovedAnswer),
        (status = 404, description = "There is no test clock here", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn advance(
    State(context): State<Arc<Context>>,
    caller: Caller,
    body: Json,
) -> Result<axum::Json<MovedAnswer>, Problem> {
    let wanted = ClockMove::read(&body)?;
    let rest = idle(&context).await?;
    let target = wanted.target(context.now(), rest.next_due).filter(|_| rest.idle);
    if let Some(target) = target {
        context.note(&caller, Act::of(StaffAct::AdvanceClock, moments::text(target))).await?;
        context.node.clock().advance_to(target);
    }
    Ok(axum::Json(MovedAnswer {
        idle: rest.idle,
        now_ms: context.now().0,
        next_due_ms: rest.next_due.map(|due| due.0),
        advanced: target.is_some(),
    }))
}

/// Read all partners' statements to their ends, once.
#[utoipa::path(
    post,
    path = "/v1/sweep",
    tag = "test clock",
    operation_id = "sweep",
    responses(
        (status = 200, description = "How many were read", body = SweptAnswer),
        (status = 404, description = "There is no test clock here", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn sweep(
    State(context): State<Arc<Context>>,
    caller: Caller,
    _body: NoBody,
) -> Result<axum::Json<SweptAnswer>, Problem> {
    context.note(&caller, Act::of(StaffAct::Sweep, "statements")).await?;
    Ok(axum::Json(SweptAnswer { read: context.node.sweep().await }))
}
