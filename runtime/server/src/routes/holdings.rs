//! Holdings: what a subscriber holds, what of it may leave now, and what is left of today's limits.

use crate::context::Context;
use crate::moments;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use crate::routes::subscribers::SubscriberPath;
use axum::extract::State;
use exchange::convertible;
use exchange::rules::Policy;
use facts::{Lot, Millis, Provenance, Subscriber, Usage};
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

/// What is used and left of a day's limits, in fen.
#[derive(Serialize, ToSchema)]
#[schema(as = Today)]
pub struct TodayAnswer {
    /// The day in Asia/Shanghai.
    day: String,
    /// The limit over everything that leaves.
    limit_fen: u64,
    /// Used of it.
    used_fen: u64,
    /// Left of it.
    left_fen: u64,
    /// The limit over refunds alone.
    refund_limit_fen: u64,
    /// Used of it.
    refund_used_fen: u64,
    /// Left of it.
    refund_left_fen: u64,
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
    id: SubscriberPath,
) -> Result<Positioned<HoldingsAnswer>, Problem> {
    let now = context.now();
    let read = context.read(move |state| {
        let subscriber = state.subscriber(id.0)?.clone();
        let usage = state.usage(subscriber.person, now.day());
        Some((subscriber, usage))
    });
    let (found, position) = read.await?;
    let (subscriber, usage) = found.ok_or_else(|| Problem::new(Code::SubscriberUnknown))?;
    Ok(Positioned { body: holdings(context.policy(), &subscriber, usage, now), position })
}

fn holdings(policy: &Policy, subscriber: &Subscriber, usage: Usage, now: Millis) -> HoldingsAnswer {
    let origins = Provenance::ALL.iter().map(|provenance| origin(policy, subscriber, *provenance, now));
    HoldingsAnswer {
        subscriber: subscriber.id.to_string(),
        total_fen: subscriber.total(),
        convertible_fen: convertible(policy, subscriber, now),
        by_provenance: origins.filter(|origin| origin.amount_fen > 0).collect(),
        today: today(policy, usage, now),
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

fn today(policy: &Policy, usage: Usage, now: Millis) -> TodayAnswer {
    let limits = policy.limits();
    TodayAnswer {
        day: now.day().to_string(),
        limit_fen: limits.day_fen,
        used_fen: usage.total,
        left_fen: limits.day_fen.saturating_sub(usage.total),
        refund_limit_fen: limits.refund_day_fen,
        refund_used_fen: usage.refund,
        refund_left_fen: limits.refund_day_fen.saturating_sub(usage.refund),
    }
}
