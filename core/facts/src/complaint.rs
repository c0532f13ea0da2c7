//! Complaints: who complained about what, until when an answer is due, and how it ended. What was said, and what was
//! answered, is personal: it is in the vault.

use crate::terms::words;
use crate::{Actor, ComplaintId, Day, Fact, Millis, OrderId, SubscriberId, UnknownWord};
use core::fmt;
use core::str::FromStr;
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

words! {
    /// What a complaint is about.
    ComplaintAbout {
        /// More was taken than should have been, or twice.
        Charged = 0, "charged";
        /// What was ordered did not come, or came late.
        NotArrived = 1, "not_arrived";
        /// It was not the subscriber who ordered.
        NotOrdered = 2, "not_ordered";
        /// The fee, or how it was told.
        Fee = 3, "fee";
        /// A refusal, or a review that lasts.
        Refused = 4, "refused";
        /// How personal data is handled.
        Privacy = 5, "privacy";
        /// How somebody was served.
        Service = 6, "service";
        /// Anything else.
        Other = 7, "other";
    }
}

words! {
    /// How a complaint ended.
    ComplaintOutcome {
        /// The complainant is right.
        Upheld = 0, "upheld";
        /// The complainant is right in part.
        PartlyUpheld = 1, "partly_upheld";
        /// The complainant is not right.
        Rejected = 2, "rejected";
        /// Whoever filed it took it back.
        Withdrawn = 3, "withdrawn";
    }
}

/// Where a complaint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComplaintState {
    /// It waits for an answer.
    Open,
    /// It ended.
    Ended(ComplaintOutcome),
}

impl ComplaintState {
    /// The public word.
    pub const fn code(self) -> &'static str {
        match self {
            ComplaintState::Open => "open",
            ComplaintState::Ended(outcome) => outcome.code(),
        }
    }
}

impl FromStr for ComplaintState {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<ComplaintState, UnknownWord> {
        if text == "open" { Ok(ComplaintState::Open) } else { text.parse().map(ComplaintState::Ended) }
    }
}

/// How and when a complaint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Closing {
    /// How.
    #[n(0)]
    pub outcome: ComplaintOutcome,
    /// By whom.
    #[n(1)]
    pub by: Actor,
    /// When, in node time.
    #[n(2)]
    pub at: Millis,
}

/// A complaint.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Complaint {
    /// Its identity.
    #[n(0)]
    pub id: ComplaintId,
    /// Whose.
    #[n(1)]
    pub subscriber: SubscriberId,
    /// About which order; none when it is about none.
    #[n(2)]
    pub order: Option<OrderId>,
    /// About what.
    #[n(3)]
    pub about: ComplaintAbout,
    /// Who filed it, who alone may withdraw it.
    #[n(4)]
    pub filed_by: Actor,
    /// When, in node time.
    #[n(5)]
    pub filed_at: Millis,
    /// The last day on which an answer is in time.
    #[n(6)]
    pub due_on: Day,
    /// How it ended; none while it is open.
    #[n(7)]
    pub closing: Option<Closing>,
}

impl Complaint {
    /// Where it stands.
    pub fn state(&self) -> ComplaintState {
        self.closing.map_or(ComplaintState::Open, |closing| ComplaintState::Ended(closing.outcome))
    }

    /// Its place in the list of all.
    pub fn place(&self) -> ComplaintPlace {
        if self.state() == ComplaintState::Open {
            ComplaintPlace::Open(self.due_on, self.id)
        } else {
            ComplaintPlace::Ended(self.id)
        }
    }

    /// Whether an answer is late on a day.
    pub fn is_overdue(&self, today: Day) -> bool {
        self.closing.is_none() && self.due_on < today
    }
}

/// A place in the list of all complaints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComplaintPlace {
    /// That of one that is open, by the last day of an answer.
    Open(Day, ComplaintId),
    /// That of one that ended.
    Ended(ComplaintId),
}

/// Which complaints a list shows; all of them by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ComplaintFilter {
    /// Only those that stand so.
    pub state: Option<ComplaintState>,
    /// Only this subscriber's.
    pub subscriber: Option<SubscriberId>,
    /// Only those whose answer is due before this day.
    pub due_before: Option<Day>,
}

impl ComplaintFilter {
    /// Whether it is shown.
    pub fn takes(&self, complaint: &Complaint) -> bool {
        self.state.is_none_or(|wanted| wanted == complaint.state())
            && self.subscriber.is_none_or(|wanted| wanted == complaint.subscriber)
            && self.due_before.is_none_or(|day| complaint.due_on < day)
    }
}

/// All complaints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Complaints {
    #[n(0)]
    all: BTreeMap<ComplaintId, Complaint>,
    /// Those that are open, by the last day of an answer.
    #[n(1)]
    open: BTreeSet<(Day, ComplaintId)>,
}

impl Complaints {
    /// A complaint.
    pub fn get(&self, id: ComplaintId) -> Option<&Complaint> {
        self.all.get(&id)
    }

    /// All of them behind a place: those that are open, the first due before the others, and then those that ended, the
    /// latest filed first.
    pub fn after(&self, place: Option<ComplaintPlace>) -> impl Iterator<Item = &Complaint> {
        let (open, ended) = match place {
            None => (Bound::Unbounded, Bound::Unbounded),
            Some(ComplaintPlace::Open(due_on, id)) => (Bound::Excluded((due_on, id)), Bound::Unbounded),
            Some(ComplaintPlace::Ended(id)) => (Bound::Excluded((Day::from_count(u32::MAX), id)), Bound::Excluded(id)),
        };
        let open = self.open.range((open, Bound::Unbounded)).filter_map(|(_, id)| self.all.get(id));
        let ended = self.all.range((Bound::Unbounded, ended)).rev().map(|(_, complaint)| complaint);
        open.chain(ended.filter(|complaint| complaint.closing.is_some()))
    }

    /// How many are open, and how many of those are overdue on a day.
    pub fn open_and_overdue(&self, today: Day) -> (u64, u64) {
        let overdue = self.open.range(..(today, ComplaintId::default())).count();
        (self.open.len() as u64, overdue as u64)
    }

    /// Takes a fact by somebody at a moment. Says whether it fits.
    pub(crate) fn evolve(&mut self, fact: &Fact, by: &Actor, now: Millis) -> bool {
        match fact {
            Fact::ComplaintFiled { complaint, subscriber, order, about, due_on } => {
                let (id, filed_by) = (*complaint, *by);
                let filed = Complaint {
                    id,
                    subscriber: *subscriber,
                    order: *order,
                    about: *about,
                    filed_by,
                    filed_at: now,
                    due_on: *due_on,
                    closing: None,
                };
                self.open.insert((*due_on, id));
                self.all.insert(id, filed).is_none()
            }
            Fact::ComplaintClosed { complaint, outcome, .. } => {
                let Some(open) = self.all.get_mut(complaint).filter(|found| found.closing.is_none()) else {
                    return false;
                };
                open.closing = Some(Closing { outcome: *outcome, by: *by, at: now });
                self.open.remove(&(open.due_on, *complaint))
            }
            _ => false,
        }
    }
}
