//! A change that two people make, as callers see it.

use crate::moments;
use facts::{Acted, Actor, Approval, ApprovalSubject};
use serde::Serialize;
use utoipa::ToSchema;

/// A change that two people make.
#[derive(Serialize, ToSchema)]
#[schema(as = Approval)]
pub struct ApprovalAnswer {
    /// Its identity.
    id: String,
    /// What kind of thing changes: `policy`.
    subject: &'static str,
    /// The policy to adopt.
    policy: String,
    /// The policy it was compared with.
    instead_of: String,
    /// `proposed`, `reviewed`, `approved`, `rejected`, `withdrawn` or `expired`.
    state: &'static str,
    /// Why.
    why: String,
    /// What changes, one rule each.
    changes: Vec<String>,
    /// Who proposed it.
    maker: String,
    /// When it was proposed.
    proposed_at: String,
    /// When it takes effect once it is approved.
    effective_at: String,
    /// Until when it can be decided.
    expires_at: String,
    /// What was done about it, in order.
    acts: Vec<ActAnswer>,
}

/// What somebody did about a change.
#[derive(Serialize, ToSchema)]
#[schema(as = ApprovalAct)]
pub struct ActAnswer {
    /// `review`, `approve`, `reject`, `schedule`, `withdraw` or `expire`.
    act: &'static str,
    /// Who.
    by: String,
    /// Why.
    why: String,
    /// When.
    at: String,
}

impl From<&Approval> for ApprovalAnswer {
    fn from(approval: &Approval) -> ApprovalAnswer {
        let ApprovalSubject::Policy { version, instead_of } = approval.subject;
        ApprovalAnswer {
            id: approval.id.to_string(),
            subject: "policy",
            policy: version.to_string(),
            instead_of: instead_of.to_string(),
            state: approval.state.code(),
            why: approval.why.clone(),
            changes: approval.changes.lines().map(str::to_owned).collect(),
            maker: name(approval.maker),
            proposed_at: moments::text(approval.proposed_at),
            effective_at: moments::text(approval.effective_at),
            expires_at: moments::text(approval.expires_at),
            acts: approval.acts.iter().map(ActAnswer::from).collect(),
        }
    }
}

impl From<&Acted> for ActAnswer {
    fn from(acted: &Acted) -> ActAnswer {
        let Acted { act, by, why, at } = acted;
        ActAnswer { act: act.code(), by: name(*by), why: why.clone(), at: moments::text(*at) }
    }
}

/// An actor's kind and the digest of its name: the name itself never enters a record.
fn name(actor: Actor) -> String {
    let digest: String = actor.id.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}:{digest}", actor.kind)
}
