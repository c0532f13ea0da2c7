//! Looking at a person, and what erasure and legal holds share.

use crate::answers::PersonAnswer;
use crate::caller::Caller;
use crate::context::Context;
use crate::phrases::Code;
use crate::position::Positioned;
use crate::problem::{Problem, ProblemBody};
use ::access::{Principal, Role};
use axum::extract::FromRequestParts;
use axum::extract::State;
use axum::http::request::Parts;
use exchange::{Command, Envelope, Reply};
use facts::{Key16, PersonId};
use node::Lane;
use std::sync::Arc;

/// The person that a path names.
pub struct PersonPath(pub PersonId);

impl<S: Send + Sync> FromRequestParts<S> for PersonPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<PersonPath, Problem> {
        let id = crate::query::path_word(parts, state).await;
        id.map(PersonPath).ok_or_else(|| Problem::new(Code::PersonUnknown))
    }
}

/// Look at a person.
///
/// How long they are kept, whether they are restricted or erased, and which legal holds stand. Nothing personal.
#[utoipa::path(
    get,
    path = "/v1/persons/{id}",
    tag = "persons",
    operation_id = "getPerson",
    params(("id" = String, Path, description = "The person's id")),
    responses(
        (status = 200, description = "The person", body = PersonAnswer),
        (status = 404, description = "No such person", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(context): State<Arc<Context>>,
    caller: Caller,
    id: PersonPath,
) -> Result<Positioned<PersonAnswer>, Problem> {
    context.check_person(&caller.permit, id.0).await?;
    let policy = context.policy();
    let (found, position) = context.read(move |state| PersonAnswer::of(state, &policy, id.0)).await?;
    let found = found.ok_or_else(|| Problem::new(Code::PersonUnknown))?;
    let body = seen_by(&caller, found);
    Ok(Positioned { body, position })
}

/// A person as a caller may see one. Legal holds are for those who judge risk or audit: whoever serves the person could
/// let it out that an authority is looking.
pub fn seen_by(caller: &Caller, person: PersonAnswer) -> PersonAnswer {
    let judges = |who: &Arc<Principal>| [Role::Risk, Role::Auditor].iter().any(|role| who.roles().has(*role));
    let sees = caller.permit.anybodys && caller.permit.who.as_ref().is_some_and(judges);
    if sees { person } else { person.without_holds() }
}

/// Gives a command about a person and answers how they stand after it.
pub async fn give(
    context: &Context,
    caller: &Caller,
    person: PersonId,
    command: Command,
    unknown: Code,
) -> Result<Positioned<PersonAnswer>, Problem> {
    let policy = context.policy();
    let envelope = Envelope { meta: caller.meta(None, Key16::default()), key: None, command };
    let told = move |state: &facts::State, reply: Reply| match reply {
        Reply::Done | Reply::Nothing => {
            PersonAnswer::of(state, &policy, person).ok_or_else(|| Problem::new(Code::Internal))
        }
        Reply::NotFound if state.custody().knows(person) => Err(Problem::new(unknown)),
        Reply::NotFound => Err(Problem::new(Code::PersonUnknown)),
        Reply::Denied(denied) => Err(denied.into()),
        Reply::Made(_) | Reply::Replayed(_) | Reply::KeyConflict | Reply::NotNow | Reply::Exists(_) => {
            Err(Problem::new(Code::Internal))
        }
    };
    let (answer, position) = context.outcome(context.node.submit(Lane::Operators, envelope, told)).await?;
    let answer = answer?;
    let body = seen_by(caller, answer);
    Ok(Positioned { body, position })
}
