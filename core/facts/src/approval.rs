//! A change that two people make: what is proposed, who did what about it and why, and when it takes effect.
//!
//! One aggregate for everything that nobody may do alone. Today a policy; what else needs two people becomes
//! another subject here and another effect of an approval, never another procedure.

use crate::terms::words;
use crate::{Actor, ApprovalId, Fact, Millis, PolicyVersion, UnknownWord};
use core::fmt;
use core::str::FromStr;
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// Where a change stands.
    ApprovalState {
        /// Waiting to be looked at.
        Proposed = 0, "proposed";
        /// Looked at by another person, who had nothing against it.
        Reviewed = 1, "reviewed";
        /// Agreed to; it takes effect at its time.
        Approved = 2, "approved";
        /// Refused. An end.
        Rejected = 3, "rejected";
        /// Taken back before it took effect. An end.
        Withdrawn = 4, "withdrawn";
        /// Nobody decided in time. An end.
        Expired = 5, "expired";
    }
}

words! {
    /// What somebody does about a change.
    ApprovalAct {
        /// Says that it was looked at.
        Review = 0, "review";
        /// Agrees.
        Approve = 1, "approve";
        /// Refuses.
        Reject = 2, "reject";
        /// Sets another time for what was agreed to.
        Schedule = 3, "schedule";
        /// Takes it back.
        Withdraw = 4, "withdraw";
        /// Its time to be decided ran out.
        Expire = 5, "expire";
    }
}

/// What is to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ApprovalSubject {
    /// The policy that decides requests from a moment on.
    #[n(0)]
    Policy {
        /// The policy to adopt, which may have been in force before.
        #[n(0)]
        version: PolicyVersion,
        /// The policy it was compared with when it was proposed.
        #[n(1)]
        instead_of: PolicyVersion,
    },
}

/// What somebody did about a change.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Acted {
    /// What.
    #[n(0)]
    pub act: ApprovalAct,
    /// Who.
    #[n(1)]
    pub by: Actor,
    /// Why, in their words.
    #[n(2)]
    pub why: String,
    /// Node time.
    #[n(3)]
    pub at: Millis,
}

/// A change that two people make.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Approval {
    /// Its identity.
    #[n(0)]
    pub id: ApprovalId,
    /// What is to be changed.
    #[n(1)]
    pub subject: ApprovalSubject,
    /// Who proposed it, and so may not decide about it.
    #[n(2)]
    pub maker: Actor,
    /// Why, in their words.
    #[n(3)]
    pub why: String,
    /// What changes, rule by rule, as those who decide are shown it.
    #[n(4)]
    pub changes: String,
    /// When it was proposed.
    #[n(5)]
    pub proposed_at: Millis,
    /// When it takes effect: as wished until it is approved, then as it holds. Never before its approval.
    #[n(6)]
    pub effective_at: Millis,
    /// Until when it can be decided.
    #[n(7)]
    pub expires_at: Millis,
    /// Where it stands.
    #[n(8)]
    pub state: ApprovalState,
    /// What was done about it, in order.
    #[n(9)]
    pub acts: Vec<Acted>,
}

impl Approval {
    /// The first moment at which it can be decided no more.
    pub const fn runs_out_at(&self) -> Millis {
        self.expires_at.plus(1)
    }
}

impl ApprovalState {
    /// Where an act leads; `None` where it cannot be done.
    pub const fn after(self, act: ApprovalAct) -> Option<ApprovalState> {
        match (self, act) {
            (ApprovalState::Proposed, ApprovalAct::Review) => Some(ApprovalState::Reviewed),
            (ApprovalState::Proposed | ApprovalState::Reviewed, ApprovalAct::Approve)
            | (ApprovalState::Approved, ApprovalAct::Schedule) => Some(ApprovalState::Approved),
            (ApprovalState::Proposed | ApprovalState::Reviewed, ApprovalAct::Reject) => Some(ApprovalState::Rejected),
            (ApprovalState::Proposed | ApprovalState::Reviewed | ApprovalState::Approved, ApprovalAct::Withdraw) => {
                Some(ApprovalState::Withdrawn)
            }
            (ApprovalState::Proposed | ApprovalState::Reviewed, ApprovalAct::Expire) => Some(ApprovalState::Expired),
            (ApprovalState::Reviewed | ApprovalState::Approved, ApprovalAct::Review)
            | (ApprovalState::Approved, ApprovalAct::Approve | ApprovalAct::Reject | ApprovalAct::Expire)
            | (ApprovalState::Proposed | ApprovalState::Reviewed, ApprovalAct::Schedule)
            | (ApprovalState::Rejected | ApprovalState::Withdrawn | ApprovalState::Expired, _) => None,
        }
    }
}

/// All changes that two people make or made, and what they brought into force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Approvals {
    #[n(0)]
    all: BTreeMap<ApprovalId, Approval>,
    /// The policies that were adopted, by the moment from which they decide and the record that says so: of two
    /// for one moment the later decision counts.
    #[n(1)]
    policies: BTreeMap<(Millis, u64), (ApprovalId, PolicyVersion)>,
    /// Those that can still be decided, by the moment at which they cannot any more.
    #[n(2)]
    open: BTreeSet<(Millis, ApprovalId)>,
}

impl Approvals {
    /// A change.
    pub fn get(&self, id: ApprovalId) -> Option<&Approval> {
        self.all.get(&id)
    }

    /// Every change, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Approval> {
        self.all.values()
    }

    /// The policy that decides requests of a moment; `None` while none was adopted for it.
    pub fn policy_at(&self, at: Millis) -> Option<PolicyVersion> {
        self.policies.range(..=(at, u64::MAX)).next_back().map(|(_, (_, version))| *version)
    }

    /// The policies that were adopted, with the moments from which they decide.
    pub fn policies(&self) -> impl DoubleEndedIterator<Item = (Millis, ApprovalId, PolicyVersion)> {
        self.policies.iter().map(|((from, _), (approval, version))| (*from, *approval, *version))
    }

    /// The change whose time to be decided runs out first, and the moment at which it has.
    pub fn next_expiry(&self) -> Option<(Millis, ApprovalId)> {
        self.open.first().copied()
    }

    /// Whether the fact fits what is known.
    pub(crate) fn evolve(&mut self, fact: &Fact, sequence: u64, at: Millis) -> bool {
        match fact {
            Fact::ApprovalProposed(approval) => {
                self.open.insert((approval.runs_out_at(), approval.id));
                self.all.insert(approval.id, Approval::clone(approval)).is_none()
            }
            Fact::ApprovalActed { approval, act, by, why, effective_at } => {
                let acted = Acted { act: *act, by: *by, why: why.clone(), at };
                self.act(*approval, acted, sequence, *effective_at)
            }
            _ => true,
        }
    }

    fn act(&mut self, id: ApprovalId, acted: Acted, sequence: u64, effective_at: Millis) -> bool {
        let Some(approval) = self.all.get_mut(&id) else { return false };
        let Some(state) = approval.state.after(acted.act) else { return false };
        if state.after(ApprovalAct::Expire).is_none() {
            self.open.remove(&(approval.runs_out_at(), id));
        }
        self.policies.retain(|_, (by, _)| *by != id);
        if state == ApprovalState::Approved {
            match approval.subject {
                ApprovalSubject::Policy { version, .. } => {
                    self.policies.insert((effective_at, sequence), (id, version))
                }
            };
        }
        approval.state = state;
        approval.effective_at = effective_at;
        approval.acts.push(acted);
        true
    }
}
