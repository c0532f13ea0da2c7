//! Callbacks: what partners tell us unasked.

use crate::access::Owner;
use crate::body::RawJson;
use crate::caller::Caller;
use crate::context::Context;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use facts::Partner;
use std::sync::Arc;

/// The partner that a path names.
pub struct PartnerPath(Partner);

impl<S: Send + Sync> FromRequestParts<S> for PartnerPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<PartnerPath, Problem> {
        let partner = crate::query::path_word::<String, S>(parts, state).await;
        let partner = partner.and_then(|code| code.to_ascii_uppercase().parse().ok());
        partner.map(PartnerPath).ok_or_else(|| Problem::new(Code::PartnerUnknown))
    }
}

/// Take in a partner's callback.
///
/// The body is the partner's own. What says nothing final about a request of ours, and what is known already, is
/// taken in without a trace.
#[utoipa::path(
    post,
    path = "/v1/callbacks/{partner}",
    tag = "partners",
    operation_id = "takeCallback",
    params(("partner" = String, Path, description = "`CMCC`, `CUCC`, `CTCC`, `CBN`, `BANK`, `ISSUER`, `ACQUIRER`, `PROGRAMME_BANK` or `PROGRAMME_AIRLINE`")),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses(
        (status = 204, description = "Taken in"),
        (status = 400, description = "No JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such partner", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Not taken in: send it again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn take(
    State(context): State<Arc<Context>>,
    caller: Caller,
    partner: PartnerPath,
    body: RawJson,
) -> Result<StatusCode, Problem> {
    caller.permit.check(Owner::Client(&partner.0.to_string().to_ascii_lowercase()), Code::PartnerUnknown)?;
    if let Some(item) = partners::callback(partner.0, &body.0) {
        context.outcome(context.node.callback(partner.0, item)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
