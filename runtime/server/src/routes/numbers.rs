//! The numbering plan: what is in use, and putting the files' present content in its place.

use crate::acts::Act;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use axum::extract::State;
use facts::StaffAct;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The numbering plan in use.
#[derive(Serialize, ToSchema)]
#[schema(as = Numbers)]
pub struct NumbersAnswer {
    /// What it was read from, as a hash.
    version: String,
    /// How many segments of seven digits it has.
    segments: usize,
    /// What they take in memory, in bytes.
    bytes: usize,
    /// How long a telco's answer about a ported number is kept, in hours of node time.
    ported_kept_hours: u64,
    /// How many such answers are kept now.
    ported_known: usize,
}

/// Which numbering plan is to be used.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body")]
pub struct ReplaceNumbers {
    /// The hash that `tongbao doctor` shows for the files: no other content is taken.
    version: String,
    /// Why.
    #[schema(max_length = 1024)]
    reason: Option<String>,
}

impl NumbersAnswer {
    fn of(context: &Context) -> NumbersAnswer {
        let table = context.numbers.table();
        NumbersAnswer {
            version: table.version().to_string(),
            segments: table.segments(),
            bytes: table.bytes(),
            ported_kept_hours: context.policy().ported_kept_ms() / 3_600_000,
            ported_known: context.portability.len(),
        }
    }
}

/// Look at the numbering plan in use.
#[utoipa::path(
    get,
    path = "/v1/numbers",
    tag = "rules",
    operation_id = "getNumbers",
    responses((status = 200, description = "The numbering plan", body = NumbersAnswer))
)]
pub async fn get(State(context): State<Arc<Context>>) -> axum::Json<NumbersAnswer> {
    axum::Json(NumbersAnswer::of(&context))
}

/// Use the numbering plan that the files hold now.
///
/// Numbers registered from then on are looked up there; those that are registered stay as they are.
#[utoipa::path(
    put,
    path = "/v1/numbers",
    tag = "rules",
    operation_id = "replaceNumbers",
    request_body = ReplaceNumbers,
    responses(
        (status = 200, description = "In use", body = NumbersAnswer),
        (status = 403, description = "Nobody's name", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The files hold another", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The files are faulty", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn replace(
    State(context): State<Arc<Context>>,
    caller: Caller,
    body: Json,
) -> Result<axum::Json<NumbersAnswer>, Problem> {
    let fields = Fields::of(&body.0, "", &["version", "reason"])?;
    let version: String = fields.word("version", "the hash of the files")?;
    let why = fields.optional_text("reason")?.unwrap_or_default().to_owned();
    let reading = Arc::clone(&context);
    let read = tokio::task::spawn_blocking(move || reading.numbers.read()).await;
    let table = read.map_err(|_| Problem::new(Code::Internal))?;
    let table = table.map_err(|error| Problem::new(Code::NumbersFaulty).detail(error))?;
    if table.version().to_string() != version {
        let found = format!("the files hold {}, which is not the one asked for", table.version());
        return Err(Problem::new(Code::NumbersOther).detail(found).at("version"));
    }
    context.note(&caller, Act { what: StaffAct::ReplaceNumbers, on: version.clone(), why }).await?;
    tracing::info!(version, segments = table.segments(), actor = %caller.actor.id, "the numbering plan is replaced");
    context.numbers.replace(table);
    Ok(axum::Json(NumbersAnswer::of(&context)))
}
