//! Complaints: filing one, and ending it.

use crate::approve::check_actor;
use crate::command::{ClientKey, Decision, Denied, Reply, Rules};
use crate::place::key_taken;
use facts::{
    ActorKind, ComplaintAbout, ComplaintId, ComplaintOutcome, Fact, Made, Meta, OrderId, Standing, State, SubscriberId,
};

/// A complaint to file. What is said is in the vault already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewComplaint {
    /// Its fresh id.
    pub complaint: ComplaintId,
    /// Whose.
    pub subscriber: SubscriberId,
    /// About which order of theirs, if about one.
    pub order: Option<OrderId>,
    /// About what.
    pub about: ComplaintAbout,
}

/// Whoever asked to be erased may still complain; who was erased is nobody here any more.
pub(crate) fn file(state: &State, rules: &Rules, meta: &Meta, key: Option<ClientKey>, new: &NewComplaint) -> Decision {
    let Some(subscriber) = state.subscriber(new.subscriber) else { return Decision::only(Reply::NotFound) };
    if state.custody().standing(subscriber.person).is_some_and(Standing::is_erased) {
        return Decision::only(Reply::Denied(Denied::Erased));
    }
    let NewComplaint { complaint, subscriber, order, about } = *new;
    let filed_on = state.now().max(meta.now).day();
    let due_on = rules.policy_at(state, meta.requested_at).complaint_due_on(filed_on);
    let made = Made::Complaint(complaint);
    let mut facts = vec![Fact::ComplaintFiled { complaint, subscriber, order, about, due_on }];
    facts.extend(key_taken(key, made));
    Decision { facts, reply: Reply::Made(made) }
}

/// Whoever filed it withdraws it; a member of staff says how it ended otherwise, and why.
pub(crate) fn close(state: &State, meta: &Meta, id: ComplaintId, outcome: ComplaintOutcome, why: &str) -> Decision {
    let Some(complaint) = state.complaints().get(id) else { return Decision::only(Reply::NotFound) };
    let withdrawn = outcome == ComplaintOutcome::Withdrawn;
    let by = (meta.actor.kind, meta.actor.id);
    if withdrawn && by != (complaint.filed_by.kind, complaint.filed_by.id) {
        return Decision::only(Reply::Denied(Denied::NotTheFiler));
    }
    if (!withdrawn || meta.actor.kind == ActorKind::Staff)
        && let Err(denied) = check_actor(meta.actor, why)
    {
        return Decision::only(Reply::Denied(denied));
    }
    if complaint.closing.is_some() {
        return Decision::only(Reply::NotNow);
    }
    let (order, why) = (complaint.order, why.to_owned());
    Decision { facts: vec![Fact::ComplaintClosed { complaint: id, order, outcome, why }], reply: Reply::Done }
}
