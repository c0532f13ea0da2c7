//! The list of complaints: those that are open first, the first due before the others, then those that ended.

use super::order_list::limit;
use crate::answers::ComplaintAnswer;
use crate::caller::Caller;
use crate::context::Context;
use crate::position::Positioned;
use crate::problem::Problem;
use crate::query::Parameters;
use axum::extract::State;
use facts::{Complaint, ComplaintFilter, ComplaintId, ComplaintPlace, Day};
use serde::Serialize;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// How many complaints a page has when the caller does not say.
const LIMIT: u32 = 50;
/// The most complaints of a page.
const LIMIT_MAX: u32 = 1_000;
const STATES: &str = "`open`, `upheld`, `partly_upheld`, `rejected` or `withdrawn`";

/// Which complaints.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub struct ComplaintQuery {
    /// Only those that are `open`, or that ended so.
    state: Option<String>,
    /// Only this subscriber's.
    subscriber: Option<String>,
    /// Only those whose answer is due before this day, as `2026-12-01`.
    due_before: Option<String>,
    /// How many at most: 1 to 1000, by default 50.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

const PARAMETERS: [&str; 5] = ["state", "subscriber", "due_before", "limit", "after"];

/// A page of complaints.
#[derive(Serialize, ToSchema)]
#[schema(as = ComplaintPage)]
pub struct ComplaintPageAnswer {
    /// The complaints, without what was said.
    complaints: Vec<ComplaintAnswer>,
    /// Where the next page starts; none when this is the last.
    next: Option<String>,
}

/// List complaints.
///
/// Open ones first, overdue before the others; then those that ended, the latest first. What was said is shown by
/// `GET /v1/complaints/{id}` alone.
#[utoipa::path(
    get,
    path = "/v1/complaints",
    tag = "complaints",
    operation_id = "listComplaints",
    params(ComplaintQuery),
    responses((status = 200, description = "A page", body = ComplaintPageAnswer))
)]
pub async fn list(
    State(context): State<Arc<Context>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Positioned<ComplaintPageAnswer>, Problem> {
    let parameters = parameters.only(&PARAMETERS)?;
    // A subscriber's list is their own; others whose things are not everything name whose list they want.
    let subscriber = parameters.word("subscriber", "an id that was given here")?.or(caller.permit.subscriber());
    match subscriber {
        Some(subscriber) => context.check_subscriber(&caller.permit, subscriber).await?,
        None if caller.permit.anybodys => {}
        None => return Err(Problem::malformed("subscriber", "one of the caller's own subscribers")),
    }
    let state = parameters.word("state", STATES)?;
    let due_before: Option<Day> = parameters.word("due_before", "a day, such as `2026-12-01`")?;
    let filter = ComplaintFilter { state, subscriber, due_before };
    let after: Option<Cursor> = parameters.word("after", "the `next` of a page")?;
    let most = limit(&parameters, LIMIT, LIMIT_MAX)? as usize;
    let today = context.now().day();
    let page = move |state: &facts::State| -> (Vec<ComplaintAnswer>, Option<Cursor>) {
        let found = state.complaints().after(after.map(|cursor| cursor.0)).filter(|complaint| filter.takes(complaint));
        let found: Vec<&Complaint> = found.take(most).collect();
        let next = found.last().filter(|_| found.len() == most).map(|last| Cursor(last.place()));
        (found.into_iter().map(|complaint| ComplaintAnswer::of(complaint, today)).collect(), next)
    };
    let ((complaints, next), position) = context.read(page).await?;
    Ok(Positioned { body: ComplaintPageAnswer { complaints, next: next.map(|next| next.to_string()) }, position })
}

/// A place in the list: `open.` or `ended.`, the day that is due, and the id.
#[derive(Clone, Copy)]
struct Cursor(ComplaintPlace);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ComplaintPlace::Open(due_on, id) => write!(f, "open.{}.{id}", due_on.count()),
            ComplaintPlace::Ended(id) => write!(f, "ended.{id}"),
        }
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Cursor, ()> {
        let id = |text: &str| text.parse::<ComplaintId>().map_err(drop);
        if let Some(ended) = text.strip_prefix("ended.") {
            return id(ended).map(|id| Cursor(ComplaintPlace::Ended(id)));
        }
        let (due_on, open) = text.strip_prefix("open.").and_then(|open| open.split_once('.')).ok_or(())?;
        let due_on = due_on.parse().map_err(drop).map(Day::from_count)?;
        id(open).map(|id| Cursor(ComplaintPlace::Open(due_on, id)))
    }
}
