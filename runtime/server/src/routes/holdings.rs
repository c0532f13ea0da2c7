//! Holdings: what a subscriber holds, what of it may leave now, and what is left of today's limits.

use crate::access::Owner;
use crate::caller::Caller;
use crate::context::Context;
use crate::moments;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use crate::routes::subscribers::SubscriberPath;
use axum::extract::State;
use exchange::convertible;
use exchange::rules::{Limit, Policy};
use facts::{Counters, Lot, Millis, PersonId, Provenance, Refusal, Subject, Subscriber};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What a subscriber holds.
#[derive(Serialize, ToSchema)]
#[schema(as = Holdings)]
pub struct HoldingsAnswer {
    /// Whose.
    subscriber: String,
    /// Fen, of any origin.
    total_fen: u64,
    /// Fen that may leave now.
    convertible_fen: u64,
    /// By origin; origins that nothing is held of are left out.
    by_provenance: Vec<OriginAnswer>,
    /// The limits of the person's day, over all numbers.
    today: TodayAnswer,
}

/// What is held of one origin.
#[derive(Serialize, ToSchema)]
#[schema(as = HeldOfOrigin)]
pub struct OriginAnswer {
    /// Where it came from.
    provenance: &'static str,
    /// Fen.
    amount_fen: u64,
    /// Fen that may leave now.
    convertible_fen: u64,
    /// The lots, oldest first.
    lots: Vec<LotAnswer>,
}

/// A lot of airtime.
#[derive(Serialize, ToSchema)]
#[schema(as = Lot)]
pub struct LotAnswer {
    /// Its number within the subscriber.
    lot: u32,
    /// Fen left.
    amount_fen: u64,
    /// When it was recharged.
    recharged_at: String,
    /// Whether it may leave now.
    convertible: bool,
}

/// What is used and left of the two limits of a day that have refusals of their own, in fen; left out where the
/// policy has no such limit. All limits are at `/v1/limits/{person}`.
#[derive(Serialize, ToSchema)]
#[schema(as = Today)]
pub struct TodayAnswer {
    /// The day in Asia/Shanghai.
    day: String,
    /// The limit over everything that leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_fen: Option<u64>,
    /// Used of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_fen: Option<u64>,
    /// Left of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_fen: Option<u64>,
    /// The limit over refunds alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_limit_fen: Option<u64>,
    /// Used of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_used_fen: Option<u64>,
    /// Left of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_left_fen: Option<u64>,
}

/// Look at holdings.
#[utoipa::path(
    get,
    path = "/v1/subscribers/{id}/holdings",
    tag = "subscribers",
    operation_id = "getHoldings",
    params(("id" = String, Path, description = "The subscriber's id")),
    responses(
        (status = 200, description = "The holdings", body = HoldingsAnswer),
        (status = 404, description = "No such subscriber", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: SubscriberPath,
) -> Result<Positioned<HoldingsAnswer>, Problem> {
    let now = context.now();
    let policy = context.policy();
    let of_now = Arc::clone(&policy);
    let read = context.read(move |state| {
        let subscriber = state.subscriber(id.0)?.clone();
        let today = today(&of_now, state.counters(), subscriber.person, now);
        Some((subscriber, today))
    });
    let (found, position) = read.await?;
    let (subscriber, today) = found.ok_or_else(|| Problem::new(Code::SubscriberUnknown))?;
    caller.permit.check(Owner::of(&subscriber), Code::SubscriberUnknown)?;
    Ok(Positioned { body: holdings(&policy, &subscriber, today, now), position })
}

fn holdings(policy: &Policy, subscriber: &Subscriber, today: TodayAnswer, now: Millis) -> HoldingsAnswer {
    let origins = Provenance::ALL.iter().map(|provenance| origin(policy, subscriber, *provenance, now));
    HoldingsAnswer {
        subscriber: subscriber.id.to_string(),
        total_fen: subscriber.total(),
        convertible_fen: convertible(policy, subscriber, now),
        by_provenance: origins.filter(|origin| origin.amount_fen > 0).collect(),
        today,
    }
}

fn origin(policy: &Policy, subscriber: &Subscriber, provenance: Provenance, now: Millis) -> OriginAnswer {
    let of_origin = subscriber.lots.iter().filter(|lot| lot.provenance == provenance);
    let lots: Vec<LotAnswer> = of_origin.map(|lot| held(policy, lot, now)).collect();
    let sum =
        |lots: &mut dyn Iterator<Item = &LotAnswer>| lots.fold(0, |sum: u64, lot| sum.saturating_add(lot.amount_fen));
    OriginAnswer {
        provenance: provenance.code(),
        amount_fen: sum(&mut lots.iter()),
        convertible_fen: sum(&mut lots.iter().filter(|lot| lot.convertible)),
        lots,
    }
}

fn held(policy: &Policy, lot: &Lot, now: Millis) -> LotAnswer {
    LotAnswer {
        lot: lot.number,
        amount_fen: lot.remaining,
        recharged_at: moments::text(lot.opened_at),
        convertible: policy.leaves(lot.provenance).allows(lot.opened_at, now),
    }
}

fn today(policy: &Policy, counters: &Counters, person: PersonId, now: Millis) -> TodayAnswer {
    let stands = |limit: &Limit| {
        let counter = limit.counter_of(Subject::Person(person), now);
        (limit.most, limit.standing(counters, &counter).used)
    };
    let day = policy.limits().giving(Refusal::DailyLimitExceeded).map(stands);
    let refund = policy.limits().giving(Refusal::RefundCapExceeded).map(stands);
    let most = |stands: Option<(u64, u64)>| stands.map(|(most, _)| most);
    let used = |stands: Option<(u64, u64)>| stands.map(|(_, used)| used);
    let left = |stands: Option<(u64, u64)>| stands.map(|(most, used)| most.saturating_sub(used));
    TodayAnswer {
        day: now.day().to_string(),
        limit_fen: most(day),
        used_fen: used(day),
        left_fen: left(day),
        refund_limit_fen: most(refund),
        refund_used_fen: used(refund),
        refund_left_fen: left(refund),
    }
}
