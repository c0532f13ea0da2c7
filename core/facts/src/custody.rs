//! What is held about persons, and until when: legal holds, requests for erasure, and who was erased.
//!
//! Names and numbers are in the vault. Here is what the law says about keeping them: a hold keeps everything, a
//! request is kept until the retention term has run out, and a person who asked is restricted until then.

use crate::terms::words;
use crate::{Fact, Key16, Millis, PersonId, SubscriberId, UnknownWord};
use core::fmt;
use core::ops::Bound;
use core::str::FromStr;
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// What personal data is looked at for.
    Purpose {
        /// A bank pays out to a card.
        Payout = 0, "payout";
        /// A partner that knows people by their number is asked about it.
        PartnerRequest = 1, "partner_request";
        /// A number is registered.
        Registration = 2, "registration";
        /// An order or a quote is checked: age, card, receiver.
        OrderCheck = 3, "order_check";
        /// The rows of an order file are checked.
        OrderFile = 4, "order_file";
        /// A telco's register is asked who serves a number.
        Portability = 5, "portability";
        /// A reward is not given twice to one who is two.
        Reward = 6, "reward";
        /// It is shown masked.
        MaskedAnswer = 7, "masked_answer";
        /// Its subject gets everything that is held about them.
        SubjectExport = 8, "subject_export";
        /// A member of staff handles a case.
        StaffEnquiry = 9, "staff_enquiry";
        /// An authority asks by law.
        LegalRequest = 10, "legal_request";
        /// A one-time code is sent to a number.
        OneTimeCode = 11, "one_time_code";
        /// A subscriber is told what became of an order.
        Notice = 12, "notice";
        /// What was complained of, and answered, is shown.
        Complaint = 13, "complaint";
    }
}

impl Purpose {
    /// Whether somebody looks: then it is a fact before it is shown. What programmes look at is counted.
    pub const fn is_recorded(self) -> bool {
        matches!(self, Purpose::SubjectExport | Purpose::StaffEnquiry | Purpose::LegalRequest)
    }
}

words! {
    /// What of a person's data is shown.
    PersonalItem {
        /// The name on the identity document.
        Name = 0, "name";
        /// The identity number.
        IdNumber = 1, "id_number";
        /// The mobile numbers.
        Msisdn = 2, "msisdn";
        /// The bank cards.
        Card = 3, "card";
    }
}

/// An authority's order to keep everything about a person.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LegalHold {
    /// Its number within the person, from 1.
    #[n(0)]
    pub number: u32,
    /// The authority.
    #[n(1)]
    pub authority: String,
    /// Keyed digest of the document's number.
    #[n(2)]
    pub document: Key16,
    /// Why, in the words of whoever placed it.
    #[n(3)]
    pub why: String,
    /// When it was placed.
    #[n(4)]
    pub placed_at: Millis,
}

/// How a person stands who is not like everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Standing {
    /// The holds that stand.
    #[n(0)]
    pub holds: Vec<LegalHold>,
    /// The number of the last hold.
    #[n(1)]
    pub last_hold: u32,
    /// When erasure was asked for first.
    #[n(2)]
    pub asked_at: Option<Millis>,
    /// When erasure is due, if it was asked for.
    #[n(3)]
    pub due_at: Millis,
    /// When the person was erased.
    #[n(4)]
    pub erased_at: Option<Millis>,
}

impl Standing {
    /// Whether erasure was asked for.
    pub const fn is_asked(&self) -> bool {
        self.asked_at.is_some()
    }

    /// Whether nothing is left of the person but ids.
    pub const fn is_erased(&self) -> bool {
        self.erased_at.is_some()
    }

    /// Whether the person's data may only be stored.
    pub const fn is_restricted(&self) -> bool {
        self.is_asked() || self.is_erased()
    }

    fn waits(&self) -> bool {
        self.is_asked() && !self.is_erased() && self.holds.is_empty()
    }
}

/// What is held about whom, and until when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Custody {
    #[n(0)]
    numbers: BTreeSet<(PersonId, SubscriberId)>,
    /// Those who are not like everybody.
    #[n(1)]
    standings: BTreeMap<PersonId, Standing>,
    /// Those whose erasure comes, by when.
    #[n(2)]
    due: BTreeSet<(Millis, PersonId)>,
    /// Those who were erased, by the record that says so.
    #[n(3)]
    erased: BTreeMap<u64, PersonId>,
}

impl Custody {
    /// Whether a person ever had a number here.
    pub fn knows(&self, person: PersonId) -> bool {
        self.numbers_of(person).next().is_some()
    }

    /// Persons after one, in the order of their ids, as often as they have numbers.
    pub fn persons_after(&self, person: PersonId) -> impl Iterator<Item = PersonId> {
        let after = Bound::Excluded((person, SubscriberId::from_bits(u128::MAX)));
        self.numbers.range((after, Bound::Unbounded)).map(|(person, _)| *person)
    }

    /// A person's numbers.
    pub fn numbers_of(&self, person: PersonId) -> impl Iterator<Item = SubscriberId> {
        let all = (person, SubscriberId::from_bits(0))..=(person, SubscriberId::from_bits(u128::MAX));
        self.numbers.range(all).map(|(_, subscriber)| *subscriber)
    }

    /// How a person stands who is not like everybody.
    pub fn standing(&self, person: PersonId) -> Option<&Standing> {
        self.standings.get(&person)
    }

    /// Whether a person's data may only be stored.
    pub fn is_restricted(&self, person: PersonId) -> bool {
        self.standing(person).is_some_and(Standing::is_restricted)
    }

    /// The person whose erasure is due first, and when.
    pub fn next_due(&self) -> Option<(Millis, PersonId)> {
        self.due.first().copied()
    }

    /// Who was erased by the records after `sequence`.
    pub fn erased_after(&self, sequence: u64) -> impl Iterator<Item = PersonId> {
        self.erased.range(sequence.saturating_add(1)..).map(|(_, person)| *person)
    }

    pub(crate) fn register(&mut self, person: PersonId, subscriber: SubscriberId) {
        self.numbers.insert((person, subscriber));
    }

    /// Whether the fact fits what is known.
    pub(crate) fn evolve(&mut self, fact: &Fact, sequence: u64, at: Millis) -> bool {
        match fact {
            Fact::LegalHoldPlaced { person, number, authority, document, why } => self.change(*person, |standing| {
                let (authority, why) = (authority.clone(), why.clone());
                standing.last_hold = *number;
                standing.holds.push(LegalHold { number: *number, authority, document: *document, why, placed_at: at });
                true
            }),
            Fact::LegalHoldLifted { person, number, .. } => self.change(*person, |standing| {
                let before = standing.holds.len();
                standing.holds.retain(|hold| hold.number != *number);
                standing.holds.len() < before
            }),
            Fact::ErasureRequested { person, due_at } => self.change(*person, |standing| {
                standing.asked_at.get_or_insert(at);
                standing.due_at = *due_at;
                true
            }),
            Fact::PersonErased { person } => {
                self.erased.insert(sequence, *person);
                self.change(*person, |standing| {
                    standing.erased_at = Some(at);
                    true
                })
            }
            _ => true,
        }
    }

    fn change(&mut self, person: PersonId, change: impl FnOnce(&mut Standing) -> bool) -> bool {
        if !self.knows(person) {
            return false;
        }
        let standing = self.standings.entry(person).or_default();
        self.due.remove(&(standing.due_at, person));
        let fits = change(standing);
        if standing.waits() {
            self.due.insert((standing.due_at, person));
        }
        fits
    }
}
