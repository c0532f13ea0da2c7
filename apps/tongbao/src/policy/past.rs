//! Past decisions, read back from the journal with everything that they looked at.
//!
//! What a decision saw is in the journal: the state before its record, the province it entered in, and the answer.
//! What an identity number and an instrument said is not written down a second time: by the order of precedence an
//! answer says that every check before it passed.

use crate::failure::Failure;
use crate::operate::replay;
use crate::output::Output;
use exchange::rules::{Holder, Identity, Instrument, Line, Occasion, Policy, Receiver, Request, Subjects};
use facts::{
    Admission, Counters, Fact, Millis, OrderId, PolicyVersion, Product, Province, Record, Refusal, State, Subscriber,
    SubscriberId, Terms,
};
use std::path::Path;

/// What was answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Admitted on these terms.
    Admitted(Box<Terms>),
    /// Refused.
    Declined(Refusal),
}

/// Which price an admitted order got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priced {
    /// That of the moment.
    AtOnce,
    /// That of a quote taken before.
    ByQuote,
}

/// A past decision about an order.
#[derive(Clone, Debug)]
pub struct Past {
    pub sequence: u64,
    pub order: OrderId,
    pub product: Product,
    pub amount: u64,
    pub requested_at: Millis,
    pub channel: String,
    pub channel_province: Province,
    pub policy: PolicyVersion,
    pub priced: Priced,
    pub answer: Answer,
    /// The number, as it was before.
    pub subscriber: Subscriber,
    /// Where a gift's receiver is at home, when the answer tells.
    receiver: Option<Province>,
    who: Subjects,
}

/// Calls `each` with every past decision of a node, in order, and what had been used of limits before it.
///
/// Errors: there is no journal, or it does not hold.
pub fn decisions(dir: &Path, output: &Output, mut each: impl FnMut(Past, &Counters)) -> Result<(), Failure> {
    replay::replay(dir, output, |record, state| {
        for fact in &record.open.facts {
            if let Some(past) = Past::of(record, state, fact) {
                each(past, state.counters());
            }
        }
    })?;
    Ok(())
}

/// The province that a gift was refused for: its receiver's.
fn receiver_found(product: Product, refusal: Refusal, found: u64) -> Option<Province> {
    let refused = product == Product::Gift && refusal == Refusal::OutOfProvince;
    u8::try_from(found).ok().filter(|_| refused).and_then(Province::new)
}

impl Past {
    fn of(record: &Record, state: &State, fact: &Fact) -> Option<Past> {
        match fact {
            Fact::OrderAdmitted(admission) => Past::admitted(record, state, admission),
            Fact::OrderDeclined { order, subscriber, product, amount, refusal, found, policy, .. } => {
                let answer = Answer::Declined(*refusal);
                let past = Past::start(record, state, *order, (*subscriber)?)?;
                let receiver = receiver_found(*product, *refusal, *found);
                Some(Past { product: *product, amount: *amount, policy: *policy, answer, receiver, ..past })
            }
            _ => None,
        }
    }

    fn admitted(record: &Record, state: &State, admission: &Admission) -> Option<Past> {
        let past = Past::start(record, state, admission.order, *admission.parties.first()?)?;
        let other = admission.parties.get(1).and_then(|other| state.subscriber(*other));
        let quoted = admission.quote.expires_at != Millis(0);
        Some(Past {
            product: admission.terms.product,
            amount: admission.terms.amount,
            policy: admission.terms.policy,
            priced: if quoted { Priced::ByQuote } else { Priced::AtOnce },
            answer: Answer::Admitted(Box::new(admission.terms.clone())),
            receiver: other.map(|other| other.province),
            ..past
        })
    }

    /// What does not depend on the answer; `None` for a number that is not known to be the asker's.
    fn start(record: &Record, state: &State, order: OrderId, subscriber: SubscriberId) -> Option<Past> {
        let subscriber = state.subscriber(subscriber)?.clone();
        let meta = &record.open.meta;
        Some(Past {
            sequence: record.open.sequence,
            order,
            product: Product::Direct,
            amount: 0,
            requested_at: meta.requested_at,
            channel: meta.channel.to_string(),
            channel_province: meta.province.unwrap_or(subscriber.province),
            policy: PolicyVersion::default(),
            priced: Priced::AtOnce,
            answer: Answer::Declined(Refusal::MalformedRequest),
            receiver: None,
            who: Subjects { person: subscriber.person, number: subscriber.id, agent: meta.agent, device: meta.device },
            subscriber,
        })
    }

    /// Why it was refused; none when it was admitted.
    pub fn refusal(&self) -> Option<Refusal> {
        match self.answer {
            Answer::Admitted(_) => None,
            Answer::Declined(refusal) => Some(refusal),
        }
    }

    /// The request with its facts established.
    pub fn request(&self) -> Request {
        let refusal = self.refusal();
        Request {
            product: self.product,
            amount: self.amount,
            requested_at: self.requested_at,
            channel_province: self.channel_province,
            identity: match refusal {
                Some(Refusal::IdentityInvalid) => Identity::Invalid,
                Some(Refusal::IdentityUnderage) => Identity::Underage,
                _ => Identity::Valid,
            },
            number: Ok(Line { province: self.subscriber.province, telco: self.subscriber.telco }),
            holder: if refusal == Some(Refusal::NotTheHolder) { Holder::Other } else { Holder::Registered },
            instrument: if refusal == Some(Refusal::InstrumentNotOwn) { Instrument::NotOwn } else { Instrument::Own },
            receiver: self.receiver(),
            who: self.who,
        }
    }

    /// The request as limits see it.
    pub const fn occasion(&self) -> Occasion {
        let (product, amount, at) = (self.product, self.amount, self.requested_at);
        Occasion { product, amount, at, home: self.subscriber.province, who: self.who }
    }

    fn receiver(&self) -> Receiver {
        if self.product != Product::Gift {
            return Receiver::NotAsked;
        }
        match self.refusal() {
            Some(Refusal::ReceiverNotEligible) => Receiver::Unknown,
            // A gift that was refused for another reason, or admitted to a number that is not registered, does not
            // say where its receiver is at home: taken for the giver's own province.
            _ => Receiver::AtHomeIn(self.receiver.unwrap_or(self.subscriber.province)),
        }
    }

    /// What of the number could leave under a policy, in fen.
    pub fn convertible(&self, policy: &Policy) -> u64 {
        exchange::convertible(policy, &self.subscriber, self.requested_at)
    }
}
