//! Recharges: airtime of one origin that came in.

use crate::answers::Kept;
use crate::body::Json;
use crate::caller::Caller;
use crate::context::Context;
use crate::fields::Fields;
use crate::idempotency::IdempotencyKey;
use crate::moments;
use crate::phrases::Code;
use crate::problem::{Problem, ProblemBody};
use crate::routes::subscribers::SubscriberPath;
use axum::extract::State;
use axum::http::StatusCode;
use exchange::{Command, Envelope, Opening, Reply};
use facts::{Made, Millis, Provenance, SubscriberId};
use node::Lane;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

const ROUTE: &str = "POST /v1/subscribers/{id}/recharges";
const PROVENANCE: &str = "`self_paid`, `third_party`, `promotional`, `advanced`, `points` or `bought`";

/// Airtime of one origin.
#[derive(ToSchema)]
pub struct NewLot {
    /// Where it came from: `self_paid`, `third_party`, `promotional`, `advanced`, `points` or `bought`.
    #[schema(value_type = String, example = "self_paid")]
    provenance: Provenance,
    /// Fen.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_992_u64, example = 50_000)]
    amount_fen: u64,
    /// When it was recharged; now when it is left out.
    #[schema(value_type = Option<String>, example = "2026-11-22T09:30:00+08:00")]
    at: Option<Millis>,
}

impl NewLot {
    pub const FIELDS: [&'static str; 3] = ["provenance", "amount_fen", "at"];

    pub fn read(fields: &Fields<'_>, now: Millis) -> Result<NewLot, Problem> {
        Ok(NewLot {
            provenance: fields.word("provenance", PROVENANCE)?,
            amount_fen: fields.amount("amount_fen")?,
            at: fields.optional_moment("at", now)?,
        })
    }

    pub fn opening(&self, now: Millis) -> Opening {
        Opening { provenance: self.provenance, amount: self.amount_fen, at: self.at.unwrap_or(now) }
    }
}

/// A recharge that was taken in. Nothing here changes later.
#[derive(Serialize, ToSchema)]
#[schema(as = Recharge)]
pub struct RechargeAnswer {
    /// Whose.
    subscriber: String,
    /// The number of the lot within the subscriber, from 0.
    lot: u32,
    /// Where it came from.
    provenance: &'static str,
    /// Fen.
    amount_fen: u64,
    /// When it was recharged, if the request said so.
    at: Option<String>,
}

impl RechargeAnswer {
    /// A replay has the same body as the first request, so what was asked for is what was made.
    fn of(subscriber: SubscriberId, lot: u32, new: &NewLot) -> RechargeAnswer {
        RechargeAnswer {
            subscriber: subscriber.to_string(),
            lot,
            provenance: new.provenance.code(),
            amount_fen: new.amount_fen,
            at: new.at.map(moments::text),
        }
    }
}

/// Take in a recharge.
///
/// Opens a lot of airtime of one origin; the policy says whether and when it may leave as money.
#[utoipa::path(
    post,
    path = "/v1/subscribers/{id}/recharges",
    tag = "subscribers",
    operation_id = "recharge",
    params(
        ("id" = String, Path, description = "The subscriber's id"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters; kept for ever"),
    ),
    request_body = NewLot,
    responses(
        (status = 201, description = "Taken in", body = RechargeAnswer, headers(
            ("Location" = String, description = "Where to look it up"),
            ("Tongbao-Position" = u64, description = "The journal position from which on it can be seen"),
            ("Idempotent-Replayed" = String, description = "`true` when the answer was given before"),
        )),
        (status = 404, description = "No such subscriber", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The key is under way", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The key was used with another body", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn recharge(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: SubscriberPath,
    key: IdempotencyKey,
    body: Json,
) -> Result<Kept<RechargeAnswer>, Problem> {
    let (subscriber, now) = (id.0, context.now());
    let new = NewLot::read(&Fields::of(&body.0, "", &NewLot::FIELDS)?, now)?;
    let key = key.scoped(&context, &caller, &subscriber.bits().to_be_bytes(), ROUTE, &body.canonical());
    let _running = context.under_way.begin(key)?;
    context.check_subscriber(&caller.permit, subscriber).await?;
    let command = Command::OpenLot { subscriber, opening: new.opening(now) };
    let envelope = Envelope { meta: caller.meta(None, key.key), key: Some(key), command };
    let (reply, position) = context.outcome(context.node.submit(Lane::Orders, envelope, |_, reply| reply)).await?;
    context.lag.note(&context.node);
    let (made, replayed) = match reply {
        Reply::Made(made) => (made, false),
        Reply::Replayed(used) => (used.made, true),
        Reply::KeyConflict => return Err(Problem::new(Code::KeyConflict).at("Idempotency-Key")),
        Reply::NotFound => return Err(Problem::new(Code::SubscriberUnknown)),
        Reply::Denied(denied) => return Err(denied.into()),
        Reply::Done | Reply::Nothing | Reply::NotNow | Reply::Exists(_) => {
            return Err(Problem::new(Code::Internal));
        }
    };
    let Made::Lot(_, lot) = made else { return Err(Problem::new(Code::Internal)) };
    let location = format!("/v1/subscribers/{subscriber}/holdings");
    let outcome = Ok(RechargeAnswer::of(subscriber, lot, &new));
    Ok(Kept { outcome, status: StatusCode::CREATED, location, replayed, position })
}
