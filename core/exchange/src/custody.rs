//! Keeping and erasing: legal holds, requests for erasure, and the day on which a person is erased.
//!
//! Identity and transactions are kept for a term after the last of them; until it has run out a request is kept and the
//! person is restricted. A hold keeps everything for as long as it stands.

use crate::approve::check_actor;
use crate::command::{Decision, Denied, Reply, Rules};
use crate::staff::acted;
use facts::{
    AccountName, ActorKind, Fact, Key16, Meta, Millis, PersonId, PersonalItem, Purpose, StaffAct, Standing, State,
};
use ledger::Side;
use money::Asset;

/// How much later an erasure is tried again that something stands against on its day.
const AGAIN_MS: u64 = 86_400_000;

pub(crate) fn place_hold(
    state: &State,
    meta: &Meta,
    person: PersonId,
    authority: &str,
    document: Key16,
    why: &str,
) -> Decision {
    if let Err(reply) = check_staff(state, meta, person, why) {
        return Decision::only(reply);
    }
    let number = state.custody().standing(person).map_or(0, |standing| standing.last_hold).saturating_add(1);
    let (authority, why) = (authority.to_owned(), why.to_owned());
    Decision { facts: vec![Fact::LegalHoldPlaced { person, number, authority, document, why }], reply: Reply::Done }
}

pub(crate) fn lift_hold(state: &State, meta: &Meta, person: PersonId, number: u32, why: &str) -> Decision {
    if let Err(reply) = check_staff(state, meta, person, why) {
        return Decision::only(reply);
    }
    let holds = state.custody().standing(person).map(|standing| standing.holds.as_slice()).unwrap_or_default();
    if !holds.iter().any(|hold| hold.number == number) {
        return Decision::only(Reply::NotFound);
    }
    Decision { facts: vec![Fact::LegalHoldLifted { person, number, why: why.to_owned() }], reply: Reply::Done }
}

fn check_staff(state: &State, meta: &Meta, person: PersonId, why: &str) -> Result<(), Reply> {
    check_person(state, person)?;
    check_actor(meta.actor, why).map_err(Reply::Denied)
}

fn check_person(state: &State, person: PersonId) -> Result<(), Reply> {
    if !state.custody().knows(person) {
        return Err(Reply::NotFound);
    }
    let erased = state.custody().standing(person).is_some_and(Standing::is_erased);
    if erased { Err(Reply::Denied(Denied::Erased)) } else { Ok(()) }
}

pub(crate) fn request(state: &State, rules: &Rules, meta: &Meta, person: PersonId, why: &str) -> Decision {
    if !state.custody().knows(person) {
        return Decision::only(Reply::NotFound);
    }
    let staff = meta.actor.kind == ActorKind::Staff;
    if staff && let Err(denied) = check_actor(meta.actor, why) {
        return Decision::only(Reply::Denied(denied));
    }
    if state.custody().is_restricted(person) {
        return Decision::only(Reply::Nothing);
    }
    if let Err(denied) = check_free(state, person) {
        return Decision::only(Reply::Denied(denied));
    }
    let (now, due_at) = (state.now().max(meta.now), kept_until(state, rules, meta, person));
    let mut facts = vec![Fact::ErasureRequested { person, due_at }];
    facts.extend(staff.then(|| acted(StaffAct::RequestErasure, &person.to_string(), why)));
    // A hold keeps them without a word: whoever asks is not to learn that an authority is looking.
    facts.extend((due_at <= now && !is_held(state, person)).then_some(Fact::PersonErased { person }));
    Decision { facts, reply: Reply::Done }
}

/// What stands against erasing a person, of what they may know.
fn check_free(state: &State, person: PersonId) -> Result<(), Denied> {
    if state.subscribers_of(person).any(|subscriber| subscriber.open_orders > 0) {
        return Err(Denied::OrderOpen);
    }
    if state.subscribers_of(person).any(|subscriber| subscriber.total() > 0) || is_owed(state, person) {
        return Err(Denied::ValueHeld);
    }
    Ok(())
}

fn is_held(state: &State, person: PersonId) -> bool {
    state.custody().standing(person).is_some_and(|standing| !standing.holds.is_empty())
}

/// Whether anything stands on the person's account.
fn is_owed(state: &State, person: PersonId) -> bool {
    let account = state.account(AccountName::Payable(person), Asset::Cny);
    account.and_then(|account| state.ledger().account(account)).is_some_and(|account| {
        let pending = account.pending(Side::Debit) + account.pending(Side::Credit);
        pending > 0 || account.credit_balance() != 0
    })
}

/// The end of the retention term: it runs from the last thing that the person did here.
fn kept_until(state: &State, rules: &Rules, meta: &Meta, person: PersonId) -> Millis {
    let last = state.subscribers_of(person).map(|subscriber| subscriber.active_at).max().unwrap_or_default();
    rules.policy_at(state, meta.requested_at).kept_until(last)
}

/// On its day. What stands against it moves the day; a hold takes it away until it is lifted. Who never asked is erased
/// too when the term has run out, and nothing is said while it has not.
pub(crate) fn erase(state: &State, rules: &Rules, meta: &Meta, person: PersonId) -> Decision {
    let now = state.now().max(meta.now);
    let standing = state.custody().standing(person).cloned().unwrap_or_default();
    let waits = standing.is_erased() || standing.due_at > now || !standing.holds.is_empty();
    if waits || !state.custody().knows(person) {
        return Decision::only(Reply::Nothing);
    }
    let kept_until = kept_until(state, rules, meta, person);
    let fact = match check_free(state, person) {
        Ok(()) if kept_until <= now => Fact::PersonErased { person },
        _ if !standing.is_asked() => return Decision::only(Reply::Nothing),
        Ok(()) => Fact::ErasureRequested { person, due_at: kept_until },
        Err(_) => Fact::ErasureRequested { person, due_at: kept_until.max(now.plus(AGAIN_MS)) },
    };
    Decision { facts: vec![fact], reply: Reply::Done }
}

/// Somebody who looks has a name and a reason; a subject who asks for their own needs neither.
pub(crate) fn reveal(
    state: &State,
    meta: &Meta,
    subject: PersonId,
    what: &[PersonalItem],
    purpose: Purpose,
    why: &str,
) -> Decision {
    if let Err(reply) = check_person(state, subject) {
        return Decision::only(reply);
    }
    let own = purpose == Purpose::SubjectExport && meta.actor.kind == ActorKind::Subscriber;
    if !own && let Err(denied) = check_actor(meta.actor, why) {
        return Decision::only(Reply::Denied(denied));
    }
    let fact = Fact::Revealed { subject, what: what.to_vec(), purpose, why: why.to_owned() };
    Decision { facts: vec![fact], reply: Reply::Done }
}
