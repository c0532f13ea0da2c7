//! Who is told of what: derived from the facts of a record alone, so that the same record says the same again.
//!
//! A notice is about an order that came to stand somewhere, or about a complaint that was answered. Whom it reaches and what it says is looked up when it is
//! sent; here is neither a number nor a name.

mod file;
mod sql;

use std::fmt;
use std::str::FromStr;

use facts::{ComplaintId, ComplaintOutcome, Fact, OpenRecord, OrderId, OrderState, ParseIdError, Product};

pub use file::{NoticeCounts, NoticeFile, Outcome, Stand, Then, Waiting};

/// The file of the notices in a node's directory.
pub const NOTICES: &str = "notices.sqlite";

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// An order.
    Order(OrderId),
    /// A complaint.
    Complaint(ComplaintId),
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            About::Order(id) => id.fmt(f),
            About::Complaint(id) => id.fmt(f),
        }
    }
}

impl FromStr for About {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<About, ParseIdError> {
        text.parse().map(About::Order).or_else(|_| text.parse().map(About::Complaint))
    }
}

/// What came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An order came to stand there.
    Stands(OrderState),
    /// A complaint was answered.
    Answered,
}

/// Somebody is to be told something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The record that tells of it.
    pub sequence: u64,
    /// What it is about.
    pub about: About,
    /// What is told, and to whom.
    pub kind: NoticeKind,
}

/// When a kind of notice is sent, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// When this comes about.
    pub on: Event,
    /// The party of the order that is told: 0 is its subscriber, 1 the other party.
    pub party: u8,
    /// Only of orders for these; of all when there are none.
    pub products: &'static [Product],
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $on:expr, $party:literal, $products:expr;)*) => {
        /// What is told, and to whom: one row each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum NoticeKind {
            $($(#[$doc])* $name,)*
        }

        impl NoticeKind {
            /// Every kind.
            pub const ALL: &'static [NoticeKind] = &[$(NoticeKind::$name,)*];

            /// Its word, in the file and in the references of messages.
            pub const fn code(self) -> &'static str {
                match self { $(NoticeKind::$name => $code,)* }
            }

            /// When it is sent, and to whom.
            pub const fn occasion(self) -> Occasion {
                match self {
                    $(NoticeKind::$name => Occasion { on: $on, party: $party, products: $products },)*
                }
            }
        }
    };
}

/// What one gives and another gets.
const GIVEN: &[Product] = &[Product::Gift, Product::BundleGift];

kinds! {
    /// Whoever asked gets what they asked for.
    Settled = "settled", Event::Stands(OrderState::Settled), 0, &[];
    /// What was taken was given back.
    Refunded = "refunded", Event::Stands(OrderState::Refunded), 0, &[];
    /// It came to nothing after it had been admitted, and nothing was taken.
    Declined = "declined", Event::Stands(OrderState::Declined), 0, &[];
    /// A reviewer looks at it before anything is taken.
    InReview = "in_review", Event::Stands(OrderState::InReview), 0, &[];
    /// It waits for a person.
    Suspended = "suspended", Event::Stands(OrderState::Suspended), 0, &[];
    /// Something is on its way to the other party, who may decline it.
    Offered = "offered", Event::Stands(OrderState::Created), 1, GIVEN;
    /// The other party got what was given.
    Received = "received", Event::Stands(OrderState::Settled), 1, GIVEN;
    /// What the complainant said was answered.
    ComplaintAnswered = "complaint_answered", Event::Answered, 0, &[];
}

/// The notices that a record tells of, in the order of its facts.
pub fn notices_of(record: &OpenRecord) -> impl Iterator<Item = Notice> {
    let sequence = record.sequence;
    record.facts.iter().filter_map(came_to).flat_map(move |(about, event)| {
        let kinds = NoticeKind::ALL.iter().filter(move |kind| kind.occasion().on == event);
        kinds.map(move |kind| Notice { sequence, about, kind: *kind })
    })
}

/// What came about, and with what. What is refused at the door is told by the answer to whoever
/// asked, and that an order was recalled moves it nowhere.
fn came_to(fact: &Fact) -> Option<(About, Event)> {
    match fact {
        Fact::OrderAdmitted(admission) => Some((About::Order(admission.order), Event::Stands(OrderState::Created))),
        Fact::OrderMoved { order, state, .. } => Some((About::Order(*order), Event::Stands(*state))),
        // Whoever took it back knows.
        Fact::ComplaintClosed { complaint, outcome, .. } if *outcome != ComplaintOutcome::Withdrawn => {
            Some((About::Complaint(*complaint), Event::Answered))
        }
        Fact::ComplaintFiled { .. }
        | Fact::ComplaintClosed { .. }
        | Fact::OrderDeclined { .. }
        | Fact::OrderRecalled(_)
        | Fact::OrderUnwound { .. }
        | Fact::OrderReviewed { .. }
        | Fact::StepPlanned { .. }
        | Fact::StepQueued { .. }
        | Fact::StepSent { .. }
        | Fact::StepUnknown { .. }
        | Fact::InquiryDeferred { .. }
        | Fact::StepDone { .. }
        | Fact::StepFailed { .. }
        | Fact::StepCompensated { .. }
        | Fact::StrayFound { .. }
        | Fact::SignalAbsorbed { .. }
        | Fact::ValueReturned { .. }
        | Fact::RewardWithdrawn { .. }
        | Fact::CodeHandedOut { .. }
        | Fact::AccountOpened { .. }
        | Fact::Posted { .. }
        | Fact::CreditsGranted { .. }
        | Fact::SubscriberRegistered { .. }
        | Fact::LotOpened { .. }
        | Fact::KeyTaken { .. }
        | Fact::ApprovalProposed(_)
        | Fact::ApprovalActed { .. }
        | Fact::EndedLeaveAfter { .. }
        | Fact::NumberPorted { .. }
        | Fact::LegalHoldPlaced { .. }
        | Fact::LegalHoldLifted { .. }
        | Fact::ErasureRequested { .. }
        | Fact::PersonErased { .. }
        | Fact::Revealed { .. }
        | Fact::StaffActed { .. }
        | Fact::StaffActRefused { .. }
        | Fact::AttackNoted { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use facts::{Cause, Meta, Millis};

    fn told(facts: Vec<Fact>) -> Vec<(&'static str, u8)> {
        let record = OpenRecord { sequence: 7, shard: 0, epoch: 1, meta: Meta::system(Millis(0)), facts };
        notices_of(&record).map(|notice| (notice.kind.code(), notice.kind.occasion().party)).collect()
    }

    fn moved(state: OrderState) -> Fact {
        Fact::OrderMoved { order: OrderId::default(), state, cause: Cause::Planned }
    }

    #[test]
    fn an_order_that_comes_to_an_end_or_to_a_person_is_told_and_no_other() {
        let expected = |state| match state {
            OrderState::Settled => vec![("settled", 0), ("received", 1)],
            OrderState::Refunded => vec![("refunded", 0)],
            OrderState::Declined => vec![("declined", 0)],
            OrderState::InReview => vec![("in_review", 0)],
            OrderState::Suspended => vec![("suspended", 0)],
            // Whoever withdrew it knows; nothing else of these is of use to anybody.
            OrderState::Created => vec![("offered", 1)],
            OrderState::Challenged
            | OrderState::Executing
            | OrderState::Clearing
            | OrderState::Paying
            | OrderState::Expired
            | OrderState::Cancelled => vec![],
        };
        for state in OrderState::ALL {
            assert_eq!(told(vec![moved(*state)]), expected(*state), "{state}");
        }
    }

    #[test]
    fn a_complaint_that_is_answered_is_told_and_one_that_is_withdrawn_is_not() {
        let closed = |outcome| {
            let complaint = ComplaintId::default();
            told(vec![Fact::ComplaintClosed { complaint, order: None, outcome, why: String::new() }])
        };
        for outcome in ComplaintOutcome::ALL {
            let withdrawn = *outcome == ComplaintOutcome::Withdrawn;
            assert_eq!(closed(*outcome).is_empty(), withdrawn, "{outcome}");
        }
    }

    #[test]
    fn a_record_of_many_orders_tells_of_each() {
        assert_eq!(
            told(vec![moved(OrderState::Refunded), moved(OrderState::Executing), moved(OrderState::Declined)]),
            [("refunded", 0), ("declined", 0)]
        );
        assert!(told(vec![Fact::EndedLeaveAfter { stay_ms: 1 }]).is_empty());
    }
}
