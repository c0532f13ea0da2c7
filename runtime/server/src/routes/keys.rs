//! API keys: making, listing, rotating and ending them.

use super::staff_admin::{Because, because};
use crate::access::wall_now;
use crate::acts::{Act, told};
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::{Fields, INTEGER_MAX};
use crate::moments;
use crate::problem::{Problem, ProblemBody};
use access::{ApiScope, ApiScopes, KeyListed, KeyMode, KeyTerms, Principal, Role, Scope};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{AppendHeaders, IntoResponse};
use facts::{Millis, StaffAct};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How long a key is good for when nobody says: 90 days.
const KEY_LIVES_MS: u64 = 90 * 86_400_000;
/// How long a rotated key is good for beside the new one when nobody says: a day.
const OVERLAP_S: u64 = 86_400;
/// And at the most: 30 days.
const OVERLAP_S_MAX: u64 = 30 * 86_400;

/// What a key is to be.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewKey {
    /// `live`, or `test` when it is left out.
    mode: Option<String>,
    /// Until when; 90 days from now when it is left out.
    expires_at: Option<String>,
}

/// How a key is to be rotated.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewRotation {
    /// For how many seconds the old one is good beside the new one; a day when it is left out, 30 days at the most.
    #[schema(maximum = 2_592_000)]
    overlap_s: Option<u64>,
    /// Why.
    #[schema(max_length = 1024)]
    reason: String,
}

/// A key, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = IssuedKey)]
pub struct KeyAnswer {
    /// Which one; not a secret.
    id: String,
    /// All of it, for `Authorization: Bearer`.
    key: String,
    /// Until when, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// A key in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedKey)]
pub struct ListedKeyAnswer {
    /// Which one.
    id: String,
    /// Whose: the partner's name, or that of a programme of the house.
    holder: String,
    /// `partner`, or `staff` for a programme of the house.
    kind: &'static str,
    /// In which roles it works.
    roles: Vec<&'static str>,
    /// `live` or `test`.
    mode: &'static str,
    /// Since when.
    made_at: String,
    /// Until when.
    expires_at: String,
    /// Last used, to an hour; nothing when it never was.
    used_at: Option<String>,
    /// Whether it was ended.
    revoked: bool,
}

impl ListedKeyAnswer {
    fn of((holder, key): &(Principal, KeyListed)) -> ListedKeyAnswer {
        let name = match holder.scope() {
            Scope::Staff { name } | Scope::Partner { name } | Scope::Agent { name, .. } => name.clone(),
            Scope::Federated { subject, .. } => subject.clone(),
            Scope::Subscriber { id } => id.to_string(),
        };
        ListedKeyAnswer {
            id: key.id.clone(),
            holder: name,
            kind: holder.kind().text(),
            roles: holder.roles().iter().map(Role::text).collect(),
            mode: key.terms.mode.text(),
            made_at: moments::text(key.made_at),
            expires_at: moments::text(key.terms.expires_at),
            used_at: (key.used_at != Millis(0)).then(|| moments::text(key.used_at)),
            revoked: key.revoked,
        }
    }
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
    let (by, partner) = (Arc::clone(caller.permit.principal()?), name.clone());
    // Nobody has seen it until its record is durable.
    let issued = context.in_access(move |access| access.issue_key(&by, &partner, terms, wall_now())).await?;
    context.note(&caller, Act::of(StaffAct::IssueKey, format!("{name} {}", issued.id))).await?;
    let expires_at = Some(moments::text(terms.expires_at));
    let answer = KeyAnswer { id: issued.id, key: issued.text.expose().to_owned(), expires_at };
    Ok((StatusCode::CREATED, AppendHeaders([(CACHE_CONTROL, "no-store")]), axum::Json(answer)))
}

fn terms(fields: &Fields<'_>) -> Result<KeyTerms, Problem> {
    let mode = match fields.optional_text("mode")? {
        None | Some("test") => KeyMode::Test,
        Some("live") => KeyMode::Live,
        Some(_) => return Err(fields.wrong("mode", "`live` or `test`")),
    };
    let expires_at = expires_at(fields)?.unwrap_or_else(|| wall_now().plus(KEY_LIVES_MS));
    Ok(KeyTerms { mode, scopes: ApiScopes::of(ApiScope::ALL), expires_at })
}

/// Until when something is to be good, if that is said.
pub fn expires_at(fields: &Fields<'_>) -> Result<Option<Millis>, Problem> {
    let wrong = || fields.wrong("expires_at", "a moment, such as `2027-11-22T09:30:00+08:00`");
    fields.optional_text("expires_at")?.map(|text| moments::parse(text).ok_or_else(wrong)).transpose()
}

/// List API keys.
///
/// Those of partners and of the house's own programmes, oldest first. Nothing of what opens a door.
#[utoipa::path(
    get,
    path = "/v1/keys",
    tag = "access",
    operation_id = "listKeys",
    responses(
        (status = 200, description = "Every key", body = Vec<ListedKeyAnswer>),
    )
)]
pub async fn list(State(context): State<Arc<Context>>) -> Result<axum::Json<Vec<ListedKeyAnswer>>, Problem> {
    let keys = context.in_access(access::Access::keys).await?;
    Ok(axum::Json(keys.iter().map(ListedKeyAnswer::of).collect()))
}

/// Rotate an API key.
///
/// The new one is on the same terms, for as long as the old one had; the old one is good for a while beside it.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/rotations",
    tag = "access",
    operation_id = "rotateKey",
    params(("id" = String, Path, description = "The key's id")),
    request_body = NewRotation,
    responses(
        (status = 201, description = "Made", body = KeyAnswer),
        (status = 404, description = "No such key", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn rotate(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    caller: Caller,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let fields = Fields::of(&body.0, "", &["overlap_s", "reason"])?;
    let overlap_s = fields.value("overlap_s").map_or(Ok(OVERLAP_S), |_| fields.amount("overlap_s"))?;
    if overlap_s > OVERLAP_S_MAX.min(INTEGER_MAX) {
        return Err(fields.wrong("overlap_s", "at most 2592000 seconds, which are 30 days"));
    }
    let why = fields.text("reason")?.to_owned();
    let (by, on) = (Arc::clone(caller.permit.principal()?), told(&id).to_owned());
    let rotate = move |access: &access::Access| access.rotate_key(&by, &id, overlap_s * 1_000, wall_now());
    let issued = context.act_on_access(&caller, Act { what: StaffAct::RotateKey, on, why }, rotate).await?;
    let answer = KeyAnswer { id: issued.id, key: issued.text.expose().to_owned(), expires_at: None };
    Ok((StatusCode::CREATED, AppendHeaders([(CACHE_CONTROL, "no-store")]), axum::Json(answer)))
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
    request_body = Because,
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "No such key", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn revoke(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    caller: Caller,
    body: Json,
) -> Result<StatusCode, Problem> {
    let act = Act { what: StaffAct::RevokeKey, on: told(&id).to_owned(), why: because(&body)? };
    let by = Arc::clone(caller.permit.principal()?);
    context.act_on_access(&caller, act, move |access| access.revoke_key(&by, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
