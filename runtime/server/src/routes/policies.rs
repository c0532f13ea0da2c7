//! The policies: which one decides now, which did and which will.

use crate::context::Context;
use crate::moments;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::{Path, State};
use exchange::rules::Policy;
use facts::{ApprovalId, Millis, PolicyVersion};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The policies of a node.
#[derive(Serialize, ToSchema)]
#[schema(as = Policies)]
pub struct PoliciesAnswer {
    /// The version that decides requests of now.
    in_force: String,
    /// The version the node came with, which decides what no adopted one does.
    shipped: String,
    /// The adopted ones, the latest last.
    adopted: Vec<AdoptedAnswer>,
}

/// A policy that two people adopted.
#[derive(Serialize, ToSchema)]
#[schema(as = AdoptedPolicy)]
pub struct AdoptedAnswer {
    /// Its version: the hash of its files.
    version: String,
    /// From when on it decides requests, until the next one does.
    decides_from: String,
    /// The approval that brought it.
    approval: String,
}

/// Look at the policies.
#[utoipa::path(
    get,
    path = "/v1/policies",
    tag = "rules",
    operation_id = "listPolicies",
    responses((status = 200, description = "The policies", body = PoliciesAnswer))
)]
pub async fn list(State(context): State<Arc<Context>>) -> Result<Positioned<PoliciesAnswer>, Problem> {
    type Adopted = Vec<(Millis, ApprovalId, PolicyVersion)>;
    let (adopted, position) = context.read(|state| state.approvals().policies().collect::<Adopted>()).await?;
    let answer = |(from, approval, version): (Millis, ApprovalId, PolicyVersion)| AdoptedAnswer {
        version: version.to_string(),
        decides_from: moments::text(from),
        approval: approval.to_string(),
    };
    let body = PoliciesAnswer {
        in_force: context.policy().version().to_string(),
        shipped: context.node.rules().policy.version().to_string(),
        adopted: adopted.into_iter().map(answer).collect(),
    };
    Ok(Positioned { body, position })
}

/// A policy with its files.
#[derive(Serialize, ToSchema)]
#[schema(as = Policy)]
pub struct PolicyAnswer {
    /// Its version: the hash of its files.
    version: String,
    /// The first day on which all of its files hold.
    effective_from: String,
    /// Its files by name.
    files: BTreeMap<&'static str, String>,
}

impl From<&Policy> for PolicyAnswer {
    fn from(policy: &Policy) -> PolicyAnswer {
        let files = policy.files().named();
        PolicyAnswer {
            version: policy.version().to_string(),
            effective_from: policy.effective_from().to_string(),
            files: files.map(|(name, text)| (name, text.to_owned())).collect(),
        }
    }
}

/// Look at a policy.
#[utoipa::path(
    get,
    path = "/v1/policies/{version}",
    tag = "rules",
    operation_id = "getPolicy",
    params(("version" = String, Path, description = "The policy's version, or `current`")),
    responses(
        (status = 200, description = "The policy", body = PolicyAnswer),
        (status = 404, description = "No such policy", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(context): State<Arc<Context>>,
    Path(version): Path<String>,
) -> Result<axum::Json<PolicyAnswer>, Problem> {
    if version == "current" {
        return Ok(axum::Json(PolicyAnswer::from(context.policy().as_ref())));
    }
    let rules = context.node.rules();
    let mut known = rules.proposed.values().chain([&rules.policy]);
    let policy = known.find(|policy| policy.version().to_string() == version);
    policy
        .map(|policy| axum::Json(PolicyAnswer::from(policy.as_ref())))
        .ok_or_else(|| Problem::new(Code::PolicyUnknown))
}
