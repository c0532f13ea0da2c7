//! Changes that two people make: who may do what about them, and when they take effect.
//!
//! The maker proposes and may take back; another person reviews, agrees, refuses, sets the time. Nothing takes
//! effect before it was agreed to, so that a price is published before it applies.

use crate::command::{Decision, Denied, Proposal, Reply, Rules};
use facts::{
    Actor, ActorKind, Approval, ApprovalAct, ApprovalId, ApprovalState, ApprovalSubject, Fact, Key16, Meta, Millis,
    State,
};

pub(crate) fn propose(state: &State, rules: &Rules, meta: &Meta, proposal: &Proposal) -> Decision {
    let now = state.now().max(meta.now);
    if state.approvals().get(proposal.approval).is_some() {
        return Decision::only(Reply::NotNow);
    }
    if let Err(denied) = check_proposal(rules, meta, now, proposal) {
        return Decision::only(Reply::Denied(denied));
    }
    let approval = Approval {
        id: proposal.approval,
        subject: proposal.subject,
        maker: meta.actor,
        why: proposal.why.clone(),
        changes: proposal.changes.clone(),
        proposed_at: now,
        effective_at: proposal.effective_at.max(now),
        expires_at: proposal.expires_at,
        state: ApprovalState::Proposed,
        acts: Vec::new(),
    };
    Decision { facts: vec![Fact::ApprovalProposed(Box::new(approval))], reply: Reply::Done }
}

fn check_proposal(rules: &Rules, meta: &Meta, now: Millis, proposal: &Proposal) -> Result<(), Denied> {
    check_actor(meta.actor, &proposal.why)?;
    if proposal.expires_at <= now {
        return Err(Denied::NoTime);
    }
    match proposal.subject {
        ApprovalSubject::Policy { version, .. } if rules.policy_of(version).is_none() => Err(Denied::PolicyUnknown),
        ApprovalSubject::Policy { .. } => Ok(()),
    }
}

/// Two people are two names: who has none cannot be told from the maker.
pub(crate) fn check_actor(actor: Actor, why: &str) -> Result<(), Denied> {
    if actor.kind != ActorKind::Staff || actor.id == Key16::default() {
        return Err(Denied::Unnamed);
    }
    if why.trim().is_empty() { Err(Denied::NoReason) } else { Ok(()) }
}

pub(crate) fn act(
    state: &State,
    meta: &Meta,
    id: ApprovalId,
    act: ApprovalAct,
    why: &str,
    effective_at: Option<Millis>,
) -> Decision {
    let now = state.now().max(meta.now);
    let Some(approval) = state.approvals().get(id) else { return Decision::only(Reply::NotFound) };
    if has_run_out(approval, now) {
        let expired = acted(approval, ApprovalAct::Expire, Actor::SYSTEM, "", approval.effective_at);
        let reply = match act {
            ApprovalAct::Expire => Reply::Done,
            ApprovalAct::Review
            | ApprovalAct::Approve
            | ApprovalAct::Reject
            | ApprovalAct::Schedule
            | ApprovalAct::Withdraw => Reply::Denied(Denied::NotIn(ApprovalState::Expired)),
        };
        return Decision { facts: vec![expired], reply };
    }
    if let Err(denied) = check_act(approval, act, meta.actor, why, now) {
        return Decision::only(Reply::Denied(denied));
    }
    let wished = effective_at.unwrap_or(approval.effective_at);
    let effective_at = match act {
        ApprovalAct::Approve | ApprovalAct::Schedule => wished.max(now),
        ApprovalAct::Review | ApprovalAct::Reject | ApprovalAct::Withdraw | ApprovalAct::Expire => {
            approval.effective_at
        }
    };
    Decision { facts: vec![acted(approval, act, meta.actor, why, effective_at)], reply: Reply::Done }
}

fn acted(approval: &Approval, act: ApprovalAct, by: Actor, why: &str, effective_at: Millis) -> Fact {
    Fact::ApprovalActed { approval: approval.id, act, by, why: why.to_owned(), effective_at }
}

/// Nobody decided in time.
fn has_run_out(approval: &Approval, now: Millis) -> bool {
    approval.state.after(ApprovalAct::Expire).is_some() && now >= approval.runs_out_at()
}

fn check_act(approval: &Approval, act: ApprovalAct, by: Actor, why: &str, now: Millis) -> Result<(), Denied> {
    check_actor(by, why)?;
    let is_maker = by == approval.maker;
    let approved = approval.state == ApprovalState::Approved;
    if approval.state.after(act).is_none() {
        return Err(Denied::NotIn(approval.state));
    }
    match act {
        // Only the clock ends what nobody decides.
        ApprovalAct::Expire => Err(Denied::NotIn(approval.state)),
        ApprovalAct::Withdraw | ApprovalAct::Schedule if approved && approval.effective_at <= now => {
            Err(Denied::InEffect)
        }
        ApprovalAct::Withdraw if approved || is_maker => Ok(()),
        ApprovalAct::Withdraw => Err(Denied::OnlyMakerWithdraws),
        ApprovalAct::Review | ApprovalAct::Approve | ApprovalAct::Reject | ApprovalAct::Schedule if is_maker => {
            Err(Denied::MakerCannotCheck)
        }
        ApprovalAct::Review | ApprovalAct::Approve | ApprovalAct::Reject | ApprovalAct::Schedule => Ok(()),
    }
}
