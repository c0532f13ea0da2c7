//! What members of staff did: which records tell of it, and by which word.

use facts::{ActorKind, ApprovalAct, Fact, Key16, Millis, OpenRecord};

/// Something that a member of staff did, as lists show it. What it was done to, and why, is in the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActRow {
    /// The record's place in the journal.
    pub sequence: u64,
    /// Who, in hexadecimal digits.
    pub actor: String,
    /// What, in one word.
    pub act: String,
    /// When, in node time.
    pub at: Millis,
    /// The code of the refusal, when it could not be done after all.
    pub refused: Option<String>,
}

/// Which acts a list shows; all of them by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActFilter {
    /// Only this actor's.
    pub actor: Option<Key16>,
    /// Only those of this word.
    pub act: Option<String>,
    /// Not before.
    pub from: Option<Millis>,
    /// Before.
    pub until: Option<Millis>,
}

/// What a record says that a member of staff did; nothing when none did, or when it only follows from what was done.
pub fn act_of(record: &OpenRecord) -> Option<&'static str> {
    let staff = record.meta.actor.kind == ActorKind::Staff;
    if staff { record.facts.iter().find_map(word) } else { None }
}

fn word(fact: &Fact) -> Option<&'static str> {
    match fact {
        Fact::StaffActed { act, .. } => Some(act.code()),
        Fact::Revealed { .. } => Some("reveal"),
        Fact::LegalHoldPlaced { .. } => Some("place_legal_hold"),
        Fact::LegalHoldLifted { .. } => Some("lift_legal_hold"),
        Fact::ApprovalProposed(_) => Some("propose"),
        Fact::ApprovalActed { act, .. } => approval_word(*act),
        Fact::SubscriberRegistered { .. } => Some("register_subscriber"),
        Fact::LotOpened { .. } => Some("recharge"),
        Fact::OrderAdmitted(_) | Fact::OrderDeclined { .. } => Some("place_order"),
        Fact::OrderReviewed { .. } => Some("review_order"),
        Fact::OrderUnwound { .. } => Some("cancel_order"),
        Fact::ComplaintFiled { .. } => Some("file_complaint"),
        Fact::ComplaintClosed { .. } => Some("close_complaint"),
        _ => None,
    }
}

const fn approval_word(act: ApprovalAct) -> Option<&'static str> {
    match act {
        ApprovalAct::Review => Some("review"),
        ApprovalAct::Approve => Some("approve"),
        ApprovalAct::Reject => Some("reject"),
        ApprovalAct::Schedule => Some("schedule"),
        ApprovalAct::Withdraw => Some("withdraw"),
        // Only the clock does that.
        ApprovalAct::Expire => None,
    }
}
