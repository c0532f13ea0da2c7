//! Changes that two people make: proposing a policy, and what others do about it.

use crate::answers::ApprovalAnswer;
use crate::body::Json;
use crate::caller::Caller;
use crate::chance;
use crate::context::Context;
use crate::fields::Fields;
use crate::moments;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use exchange::rules::{Policy, PolicyFiles, changes};
use exchange::{Command, Envelope, Proposal, Reply};
use facts::{ApprovalAct, ApprovalId, ApprovalSubject, Bucket, Key16, Millis};
use node::Lane;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

/// How long a change can be decided when its proposal does not say.
const OPEN_FOR_MS: u64 = 7 * 86_400_000;
const MOMENT: &str = "a moment, such as `2026-12-01T00:00:00+08:00`";

/// A policy to propose.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the fields are read one by one")]
pub struct NewApproval {
    /// Files by name, such as `fees.toml`; a file that is left out stays as it is now.
    #[schema(value_type = Object)]
    policy: Value,
    /// Why.
    #[schema(max_length = 1024)]
    why: String,
    /// When it is to take effect; as soon as it is approved when that is later, or when it is left out.
    effective_at: Option<String>,
    /// Until when it can be decided; a week when it is left out.
    expires_at: Option<String>,
}

/// What to do about a change.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the fields are read one by one")]
pub struct NewAct {
    /// Why.
    #[schema(max_length = 1024)]
    why: String,
    /// When the change is to take effect; for `approve` and `schedule`.
    effective_at: Option<String>,
}

/// Propose a policy.
///
/// The policy is checked as a whole; what changes is shown rule by rule to those who decide. It decides nothing
/// until another person approves it.
#[utoipa::path(
    post,
    path = "/v1/approvals",
    tag = "rules",
    operation_id = "proposePolicy",
    request_body = NewApproval,
    responses(
        (status = 201, description = "Proposed", body = ApprovalAnswer),
        (status = 403, description = "Not by this actor", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The policy does not hold, or changes nothing", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn propose(
    State(context): State<Arc<Context>>,
    caller: Caller,
    body: Json,
) -> Result<(StatusCode, Positioned<ApprovalAnswer>), Problem> {
    let fields = Fields::of(&body.0, "", &["policy", "why", "effective_at", "expires_at"])?;
    let why = fields.text("why")?.to_owned();
    let now = context.now();
    let effective_at = moment(&fields, "effective_at")?.unwrap_or(now);
    let expires_at = moment(&fields, "expires_at")?.unwrap_or(now.plus(OPEN_FOR_MS));
    let current = context.policy();
    let (policy, changes) = read_policy(&fields, &current)?;
    let subject = ApprovalSubject::Policy { version: policy.version(), instead_of: current.version() };
    let approval = ApprovalId::new(now.0, Bucket::of_hash(0), chance::bits()?);
    learn(&context, policy).await?;
    let proposal = Proposal { approval, subject, why, changes, effective_at, expires_at };
    let answer = give(&context, &caller, approval, Command::Propose(Box::new(proposal))).await?;
    Ok((StatusCode::CREATED, answer))
}

fn moment(fields: &Fields<'_>, name: &str) -> Result<Option<Millis>, Problem> {
    let Some(text) = fields.optional_text(name)? else { return Ok(None) };
    moments::parse(text).map(Some).ok_or_else(|| fields.wrong(name, MOMENT))
}

/// The policy that is proposed, and what it changes, rule by rule.
fn read_policy(fields: &Fields<'_>, current: &Policy) -> Result<(Policy, String), Problem> {
    const ALLOWED: &str = "an object of policy files by name, each a text";
    let files = fields.value("policy").and_then(Value::as_object).ok_or_else(|| fields.wrong("policy", ALLOWED))?;
    let known = |name: &String| PolicyFiles::NAMES.contains(&name.as_str());
    if files.is_empty() || !files.keys().all(known) || !files.values().all(Value::is_string) {
        let allowed = format!("policy files by name, each a text: {}", PolicyFiles::NAMES.join(", "));
        return Err(fields.wrong("policy", &allowed));
    }
    let before = current.files();
    let after = before.with(|name| text(files, name));
    let policy = Policy::compile(&after).map_err(|faults| {
        let reasons: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let detail = format!("{} faults", reasons.len());
        Problem::new(Code::PolicyFaulty).at("/policy").detail(detail).reasons(reasons)
    })?;
    let changes: Vec<String> = changes(&before, &after).iter().map(ToString::to_string).collect();
    if changes.is_empty() {
        return Err(Problem::new(Code::PolicyUnchanged).at("/policy"));
    }
    Ok((policy, changes.join("\n")))
}

fn text<'v>(files: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    files.get(name).and_then(Value::as_str)
}

async fn learn(context: &Arc<Context>, policy: Policy) -> Result<(), Problem> {
    let node = context.node.clone();
    let kept = tokio::task::spawn_blocking(move || node.learn(policy)).await;
    kept.map_err(|_| Problem::new(Code::Internal))?.map_err(|error| {
        tracing::error!(%error, "a policy could not be kept");
        Problem::new(Code::Internal)
    })
}

/// Do something about a change.
///
/// `review`, `approve`, `reject` and `schedule` are for another person than who proposed it; `withdraw` is for who
/// proposed it, and for anyone once it is approved and not in effect yet.
#[utoipa::path(
    post,
    path = "/v1/approvals/{id}/{act}",
    tag = "rules",
    operation_id = "actOnApproval",
    params(
        ("id" = String, Path, description = "The approval's id"),
        ("act" = String, Path, description = "`review`, `approve`, `reject`, `schedule` or `withdraw`"),
    ),
    request_body = NewAct,
    responses(
        (status = 200, description = "Done", body = ApprovalAnswer),
        (status = 403, description = "Not by this actor", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such approval", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It stands where this cannot be done", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn act(
    State(context): State<Arc<Context>>,
    Path((id, act)): Path<(String, String)>,
    caller: Caller,
    body: Json,
) -> Result<Positioned<ApprovalAnswer>, Problem> {
    let approval = read_id(&id)?;
    let act: Option<ApprovalAct> = act.parse().ok().filter(|act| *act != ApprovalAct::Expire);
    let act = act.ok_or_else(|| Problem::new(Code::RouteUnknown))?;
    let fields = Fields::of(&body.0, "", &["why", "effective_at"])?;
    let (why, effective_at) = (fields.text("why")?.to_owned(), moment(&fields, "effective_at")?);
    let answer = give(&context, &caller, approval, Command::ActOnApproval { approval, act, why, effective_at }).await?;
    context.node.note_adopted().await?;
    Ok(answer)
}

fn read_id(id: &str) -> Result<ApprovalId, Problem> {
    id.parse().map_err(|_| Problem::new(Code::ApprovalUnknown))
}

async fn give(
    context: &Context,
    caller: &Caller,
    approval: ApprovalId,
    command: Command,
) -> Result<Positioned<ApprovalAnswer>, Problem> {
    let envelope = Envelope { meta: caller.meta(None, Key16::default()), key: None, command };
    let told = move |state: &facts::State, reply: Reply| {
        let answer = state.approvals().get(approval).map(ApprovalAnswer::from);
        match reply {
            Reply::Done => answer.ok_or_else(|| Problem::new(Code::Internal)),
            Reply::Denied(denied) => Err(denied.into()),
            Reply::NotFound => Err(Problem::new(Code::ApprovalUnknown)),
            Reply::Made(_) | Reply::Replayed(_) | Reply::KeyConflict | Reply::Nothing => {
                Err(Problem::new(Code::Internal))
            }
            Reply::NotNow | Reply::Exists(_) => Err(Problem::new(Code::Internal)),
        }
    };
    let (answer, position) = context.outcome(context.node.submit(Lane::Operators, envelope, told)).await?;
    Ok(Positioned { body: answer?, position })
}

/// Look at a change.
#[utoipa::path(
    get,
    path = "/v1/approvals/{id}",
    tag = "rules",
    operation_id = "getApproval",
    params(("id" = String, Path, description = "The approval's id")),
    responses(
        (status = 200, description = "The change", body = ApprovalAnswer),
        (status = 404, description = "No such approval", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
) -> Result<Positioned<ApprovalAnswer>, Problem> {
    let id = read_id(&id)?;
    let read = move |state: &facts::State| state.approvals().get(id).map(ApprovalAnswer::from);
    let (answer, position) = context.read(read).await?;
    Ok(Positioned { body: answer.ok_or_else(|| Problem::new(Code::ApprovalUnknown))?, position })
}

/// Look at all changes, the latest first.
#[utoipa::path(
    get,
    path = "/v1/approvals",
    tag = "rules",
    operation_id = "listApprovals",
    responses((status = 200, description = "Every change", body = Vec<ApprovalAnswer>))
)]
pub async fn list(State(context): State<Arc<Context>>) -> Result<impl IntoResponse, Problem> {
    let read = |state: &facts::State| -> Vec<ApprovalAnswer> {
        state.approvals().iter().rev().map(ApprovalAnswer::from).collect()
    };
    let (body, position) = context.read(read).await?;
    Ok(Positioned { body, position })
}
