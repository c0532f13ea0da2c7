//! Limits of a person: what is used, what is left, and when each begins anew.

use crate::access::Owner;
use crate::caller::Caller;
use crate::context::Context;
use crate::moments;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use exchange::rules::{Limit, LimitSubject, Period, Policy};
use facts::{Counters, Millis, PersonId, Subject};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How the limits of a person stand.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonLimits)]
pub struct LimitsAnswer {
    /// Whose.
    person: String,
    /// Every limit that counts per person, over all numbers, in the policy's order.
    limits: Vec<LimitAnswer>,
}

/// How a limit stands.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonLimit)]
pub struct LimitAnswer {
    /// The name that refusals give.
    limit: String,
    /// How long it adds up: `day`, `rolling_24h`, `month` or `year`.
    period: &'static str,
    /// What it adds up: `fen` or `orders`.
    measure: &'static str,
    /// The refusal that passing it would meet.
    refusal: &'static str,
    /// The greatest sum.
    most: u64,
    /// Counted by open and settled orders; an open order counts in full.
    used: u64,
    /// What may still be asked for.
    left: u64,
    /// When it begins anew; of any 24 hours, when the first of what is counted is given back.
    begins_anew_at: String,
}

/// Look at a person's limits.
///
/// A person of whom nothing is counted has used nothing, whether they are known here or not.
#[utoipa::path(
    get,
    path = "/v1/limits/{person}",
    tag = "limits",
    operation_id = "getLimits",
    params(("person" = String, Path, description = "The person's id")),
    responses(
        (status = 200, description = "The limits", body = LimitsAnswer),
        (status = 400, description = "Not a person's id", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: PersonPath,
) -> Result<Positioned<LimitsAnswer>, Problem> {
    let (now, policy) = (context.now(), context.policy());
    let read = context.read(move |state| {
        let numbers = state.subscribers_of(id.0).map(|number| (number.id, number.partner));
        (of_person(&policy, state.counters(), id.0, now), numbers.collect::<Vec<_>>())
    });
    let ((limits, numbers), position) = read.await?;
    // They are the person's, over all numbers; one number of the caller's opens them.
    let is_theirs = |(id, partner)| caller.permit.covers(Owner::Subscriber { id, partner });
    let theirs = numbers.into_iter().any(is_theirs);
    caller.permit.check_own(theirs, Code::SubscriberUnknown)?;
    Ok(Positioned { body: LimitsAnswer { person: id.0.to_string(), limits }, position })
}

fn of_person(policy: &Policy, counters: &Counters, person: PersonId, now: Millis) -> Vec<LimitAnswer> {
    let rows = policy.limits().rows.iter().filter(|limit| limit.subject == LimitSubject::Person);
    rows.map(|limit| stands(limit, counters, person, now)).collect()
}

fn stands(limit: &Limit, counters: &Counters, person: PersonId, now: Millis) -> LimitAnswer {
    let standing = limit.standing(counters, &limit.counter_of(Subject::Person(person), now));
    LimitAnswer {
        limit: limit.name.clone(),
        period: word(limit.period),
        measure: limit.measure.code(),
        refusal: limit.refusal.code(),
        most: limit.most,
        used: standing.used,
        left: limit.most.saturating_sub(standing.used),
        begins_anew_at: moments::text(standing.anew_at),
    }
}

const fn word(period: Period) -> &'static str {
    match period {
        Period::Day => "day",
        Period::Rolling24h => "rolling_24h",
        Period::Month => "month",
        Period::Year => "year",
    }
}

/// The person that a path names.
pub struct PersonPath(PersonId);

impl<S: Send + Sync> FromRequestParts<S> for PersonPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<PersonPath, Problem> {
        let id = crate::query::path_word(parts, state).await;
        id.map(PersonPath).ok_or_else(|| Problem::malformed("person", "a person's id, `per_` and 26 characters"))
    }
}
