//! Clients: the partners whose programmes call, and the agents whose tills do.

use super::staff_admin::{Because, because};
use crate::access::wall_now;
use crate::acts::{Act, told};
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::moments;
use crate::problem::{Problem, ProblemBody};
use access::{ClientListed, PrincipalKind};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use facts::StaffAct;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Which partner to let in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
pub struct NewClient {
    /// Its name: 2 to 32 of `a-z 0-9 . _ -`. A partner that sends callbacks has its code, such as `ctcc` or `bank`.
    #[schema(example = "app")]
    name: String,
}

/// A partner that was let in.
#[derive(Serialize, ToSchema)]
#[schema(as = Client)]
pub struct ClientAnswer {
    /// The id that records name.
    id: String,
    /// Its name.
    name: String,
    /// `partner` or `agent`.
    kind: &'static str,
    /// Since when, in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    made_at: Option<String>,
}

impl ClientAnswer {
    fn of(listed: &ClientListed) -> ClientAnswer {
        ClientAnswer {
            id: listed.id.to_string(),
            name: listed.name.clone(),
            kind: listed.kind.text(),
            made_at: Some(moments::text(listed.made_at)),
        }
    }
}

/// List clients.
///
/// Partners and agents, by name.
#[utoipa::path(
    get,
    path = "/v1/clients",
    tag = "access",
    operation_id = "listClients",
    responses(
        (status = 200, description = "Every client", body = Vec<ClientAnswer>),
    )
)]
pub async fn list(State(context): State<Arc<Context>>) -> Result<axum::Json<Vec<ClientAnswer>>, Problem> {
    let clients = context.in_access(access::Access::clients).await?;
    Ok(axum::Json(clients.iter().map(ClientAnswer::of).collect()))
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
    // It can do nothing until it has a key.
    let id = context.in_access(move |access| access.add_partner(&by, &wanted, wall_now())).await?;
    context.note(&caller, Act::of(StaffAct::AddClient, name.as_str())).await?;
    let answer = ClientAnswer { id: id.to_string(), name, kind: PrincipalKind::Partner.text(), made_at: None };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// Let in an agent.
///
/// Its tills then enrol a device each.
#[utoipa::path(
    post,
    path = "/v1/agents",
    tag = "access",
    operation_id = "addAgent",
    request_body = NewClient,
    responses(
        (status = 201, description = "Let in", body = ClientAnswer),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The name does not fit", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn add_agent(
    State(context): State<Arc<Context>>,
    caller: Caller,
    body: Json,
) -> Result<impl IntoResponse, Problem> {
    let name = Fields::of(&body.0, "", &["name"])?.text("name")?.to_owned();
    let (by, wanted) = (Arc::clone(caller.permit.principal()?), name.clone());
    let id = context.in_access(move |access| access.add_agent(&by, &wanted, wall_now())).await?;
    context.note(&caller, Act::of(StaffAct::AddClient, name.as_str())).await?;
    let answer = ClientAnswer { id: id.to_string(), name, kind: PrincipalKind::Agent.text(), made_at: None };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// Shut out a client.
///
/// Every API key, signing key, certificate and device of a partner or an agent ends at once.
#[utoipa::path(
    delete,
    path = "/v1/clients/{name}",
    tag = "access",
    operation_id = "shutOutClient",
    params(("name" = String, Path, description = "The partner's or the agent's name")),
    request_body = Because,
    responses(
        (status = 204, description = "Shut out"),
        (status = 404, description = "No such client", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn shut_out(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    caller: Caller,
    body: Json,
) -> Result<StatusCode, Problem> {
    let act = Act { what: StaffAct::ShutOutClient, on: told(&name).to_owned(), why: because(&body)? };
    let by = Arc::clone(caller.permit.principal()?);
    context.act_on_access(&caller, act, move |access| access.shut_out(&by, &name)).await?;
    Ok(StatusCode::NO_CONTENT)
}
