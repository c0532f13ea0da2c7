//! The audit trail: who of the staff did what, when, to what, from where and why. Read from the journal's records.

use super::order_list::limit;
use crate::access::Whence;
use crate::caller::Caller;
use crate::context::Context;
use crate::digest::DigestKey;
use crate::moments;
use crate::position::{Awaited, Positioned};
use crate::problem::{Problem, ProblemBody};
use crate::query::Parameters;
use access::{MachineUser, PrincipalId, Role, Roles};
use axum::extract::State;
use facts::{Fact, Key16, Millis, Record};
use serde::Serialize;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use views::{ActFilter, ActRow};

/// How many acts a page has when the caller does not say.
const LIMIT: u32 = 50;
/// The most acts of a page: each is a record that is read.
const LIMIT_MAX: u32 = 200;
const MOMENT: &str = "a moment, such as `2026-11-22T09:30:00+08:00`";
const PARAMETERS: [&str; 7] = ["actor", "act", "from", "until", "limit", "after", "min_position"];

/// Which acts.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub struct AuditQuery {
    /// Only this member's, by id.
    actor: Option<String>,
    /// Only those of this word, such as `revoke_key`, `reveal` or `approve`.
    act: Option<String>,
    /// Not before this moment of node time.
    from: Option<String>,
    /// Before this moment of node time.
    until: Option<String>,
    /// How many at most: 1 to 200, by default 50.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<u64>,
    /// Wait until the list shows this position; also as the header `Tongbao-Position`.
    min_position: Option<u64>,
}

/// Something that a member of staff did.
#[derive(Serialize, ToSchema)]
#[schema(as = Act)]
pub struct ActAnswer {
    /// The place of its record in the journal.
    position: u64,
    /// When, in node time.
    at: String,
    /// Who, by id.
    actor: String,
    /// Their sign-in name, where an account has it now; a user of the node's machine by number, such as `uid 1000`.
    name: Option<String>,
    /// In which roles they did it.
    roles: Vec<&'static str>,
    /// What.
    act: String,
    /// To what: an id, or a name of the institution's own.
    on: String,
    /// Why, in their words; nothing where no reason is asked for.
    why: Option<String>,
    /// From which network address; `command` of a command on the node's machine.
    from: Option<String>,
    /// The code of the refusal, when it could not be done after all.
    refused: Option<String>,
}

/// A page of acts.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub struct AuditAnswer {
    /// What was done, newest first.
    acts: Vec<ActAnswer>,
    /// Where the next page starts; none when this is the last.
    next: Option<u64>,
    /// The journal position that the page shows at least.
    as_of: u64,
}

/// A moment of a query.
struct Moment(Millis);

impl FromStr for Moment {
    type Err = ();

    fn from_str(text: &str) -> Result<Moment, ()> {
        moments::parse(text).map(Moment).ok_or(())
    }
}

/// An id of a principal in a query.
struct ActorId(Key16);

impl FromStr for ActorId {
    type Err = ();

    fn from_str(text: &str) -> Result<ActorId, ()> {
        PrincipalId::parse(text).map(|id| ActorId(Key16(id.0))).ok_or(())
    }
}

/// Look at the audit trail.
///
/// What members of staff did, newest first, in pages. Whoever looks cannot change it: it is read from the journal.
#[utoipa::path(
    get,
    path = "/v1/audit",
    tag = "access",
    operation_id = "getAudit",
    params(AuditQuery),
    responses(
        (status = 200, description = "A page", body = AuditAnswer),
        (status = 503, description = "The list does not show that position yet", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(context): State<Arc<Context>>,
    _caller: Caller,
    awaited: Awaited,
    parameters: Parameters,
) -> Result<Positioned<AuditAnswer>, Problem> {
    let parameters = parameters.only(&PARAMETERS)?;
    let moment = |name: &str| Ok::<_, Problem>(parameters.word::<Moment>(name, MOMENT)?.map(|moment| moment.0));
    let actor: Option<ActorId> = parameters.word("actor", "an id of 32 hexadecimal digits")?;
    let filter = ActFilter {
        actor: actor.map(|actor| actor.0),
        act: parameters.word("act", "a word")?,
        from: moment("from")?,
        until: moment("until")?,
    };
    let limit = limit(&parameters, LIMIT, LIMIT_MAX)?;
    let after: Option<u64> = parameters.word("after", "the `next` of a page")?;
    let named: Option<u64> = parameters.word("min_position", "a journal position")?;
    context.shown(named.or(awaited.0).unwrap_or(0)).await?;

    let as_of = context.views.position();
    let rows = context.in_views(move |views| views.acts(&filter, after, limit)).await?;
    let next = rows.last().filter(|_| rows.len() as u64 == u64::from(limit)).map(|row| row.sequence);
    let records = context.records(rows.iter().map(|row| row.sequence).collect()).await?;
    let members = context.in_access(access::Access::members).await?;
    let names: BTreeMap<String, String> =
        members.into_iter().map(|member| (member.id.to_string(), member.name)).collect();
    let told = rows.into_iter().zip(&records).map(|(row, record)| tell(row, record, &names, &context.digests));
    Ok(Positioned { body: AuditAnswer { acts: told.collect(), next, as_of }, position: as_of })
}

fn tell(row: ActRow, record: &Record, names: &BTreeMap<String, String>, key: &DigestKey) -> ActAnswer {
    let meta = &record.open.meta;
    let (on, why) = record.open.facts.iter().find_map(what).unwrap_or_default();
    ActAnswer {
        position: row.sequence,
        at: moments::text(row.at),
        name: names.get(&row.actor).cloned().or_else(|| machine_user(meta.actor.id)),
        actor: row.actor,
        roles: Roles::of_number(meta.actor.role).iter().map(Role::text).collect(),
        act: row.act,
        on,
        why: Some(why).filter(|why| !why.is_empty()),
        from: meta.whence.map(|block| Whence::of_block(block, key).to_string()),
        refused: row.refused,
    }
}

fn machine_user(id: Key16) -> Option<String> {
    MachineUser::of(id).map(|MachineUser(number)| format!("uid {number}"))
}

/// What something was done to, and why.
fn what(fact: &Fact) -> Option<(String, String)> {
    let none = String::new;
    match fact {
        Fact::StaffActed { on, why, .. } => Some((on.clone(), why.clone())),
        Fact::Revealed { subject, what, purpose, why } => {
            let items: Vec<&str> = what.iter().map(|item| item.code()).collect();
            Some((format!("{subject} {} {purpose}", items.join(",")), why.clone()))
        }
        Fact::LegalHoldPlaced { person, number, why, .. } | Fact::LegalHoldLifted { person, number, why } => {
            Some((format!("{person} {number}"), why.clone()))
        }
        Fact::ApprovalProposed(approval) => Some((approval.id.to_string(), approval.why.clone())),
        Fact::ApprovalActed { approval, why, .. } => Some((approval.to_string(), why.clone())),
        Fact::SubscriberRegistered { subscriber, .. } | Fact::LotOpened { subscriber, .. } => {
            Some((subscriber.to_string(), none()))
        }
        Fact::OrderReviewed { order, verdict, why } => Some((format!("{order} {verdict}"), why.clone())),
        Fact::ComplaintFiled { complaint, .. } => Some((complaint.to_string(), none())),
        Fact::ComplaintClosed { complaint, outcome, why, .. } => Some((format!("{complaint} {outcome}"), why.clone())),
        Fact::OrderAdmitted(admission) => Some((admission.order.to_string(), none())),
        Fact::OrderDeclined { order, .. } | Fact::OrderUnwound { order, .. } => Some((order.to_string(), none())),
        _ => None,
    }
}
