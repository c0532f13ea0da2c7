//! A person as callers see one: how they stand, and nothing personal.

use crate::moments;
use facts::{LegalHold, PersonId, Standing, State, Subscriber};
use serde::Serialize;
use utoipa::ToSchema;

/// How a person stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonAnswer {
    /// Their identity.
    id: String,
    /// `active`; `restricted` when erasure was asked for; `erased`.
    state: &'static str,
    /// Their numbers, as subscribers.
    subscribers: Vec<String>,
    /// When they were last registered, recharged, or had an order that began or ended: the retention term runs from here.
    last_active_at: String,
    /// Until when they are kept at least.
    kept_until: String,
    /// When erasure was asked for; none when it was not.
    erasure_asked_at: Option<String>,
    /// When they are erased; none when nobody asked, or a hold stands that the caller is told of.
    erasure_due_at: Option<String>,
    /// The same as if no hold stood.
    #[serde(skip)]
    due_without_holds: Option<String>,
    /// When they were erased.
    erased_at: Option<String>,
    /// The legal holds that stand; told to risk and audit alone.
    legal_holds: Vec<HoldAnswer>,
}

/// A legal hold.
#[derive(Serialize, ToSchema)]
#[schema(as = LegalHold)]
pub struct HoldAnswer {
    /// Its number within the person.
    number: u32,
    /// The authority.
    authority: String,
    /// Keyed digest of the document's number.
    document: String,
    /// Why.
    why: String,
    /// When it was placed.
    placed_at: String,
}

impl From<&LegalHold> for HoldAnswer {
    fn from(hold: &LegalHold) -> HoldAnswer {
        HoldAnswer {
            number: hold.number,
            authority: hold.authority.clone(),
            document: hold.document.to_string(),
            why: hold.why.clone(),
            placed_at: moments::text(hold.placed_at),
        }
    }
}

impl PersonAnswer {
    /// A person, unless they never had a number here.
    pub fn of(state: &State, policy: &exchange::rules::Policy, id: PersonId) -> Option<PersonAnswer> {
        let subscribers: Vec<&Subscriber> = state.subscribers_of(id).collect();
        let last = subscribers.iter().map(|subscriber| subscriber.active_at).max()?;
        let standing = state.custody().standing(id).cloned().unwrap_or_default();
        let waits = standing.is_asked() && !standing.is_erased();
        let due = waits.then(|| moments::text(standing.due_at));
        Some(PersonAnswer {
            id: id.to_string(),
            state: word(&standing),
            subscribers: subscribers.iter().map(|subscriber| subscriber.id.to_string()).collect(),
            last_active_at: moments::text(last),
            kept_until: moments::text(policy.kept_until(last)),
            erasure_asked_at: standing.asked_at.map(moments::text),
            erasure_due_at: due.clone().filter(|_| standing.holds.is_empty()),
            due_without_holds: due,
            erased_at: standing.erased_at.map(moments::text),
            legal_holds: standing.holds.iter().map(HoldAnswer::from).collect(),
        })
    }

    /// The same as if no legal hold stood, for its subject and whoever serves them: an authority may be looking.
    pub fn without_holds(self) -> PersonAnswer {
        PersonAnswer { legal_holds: Vec::new(), erasure_due_at: self.due_without_holds.clone(), ..self }
    }
}

const fn word(standing: &Standing) -> &'static str {
    if standing.is_erased() {
        "erased"
    } else if standing.is_asked() {
        "restricted"
    } else {
        "active"
    }
}
