//! Limits: how much of what a subject may do in which stretch of time. A limit is a row of data.
//!
//! What counts where is a function of the row and of the occasion; what was used before is asked of whoever
//! keeps the counters. A limit is passed when the sum would be greater than it: exactly the limit is allowed.

use super::policy::Policy;
use super::refused::{Detail, Refused};
use super::region::ProductSet;
use super::rolling;
use facts::{
    Count, Counter, Counters, Day, Key16, LimitHit, Measure, Meter, Millis, PersonId, Product, Province, Refusal,
    Subject, SubscriberId, Window,
};
use serde::Deserialize;

/// A row of `limits.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Names its counters for ever.
    pub number: u16,
    /// What people call it.
    pub name: String,
    /// Whose doings add up.
    pub subject: LimitSubject,
    /// The products that count.
    pub counts: ProductSet,
    /// How long they add up.
    pub period: Period,
    /// What adds up.
    pub measure: Measure,
    /// The greatest sum.
    pub most: u64,
    /// What is answered when it would be passed.
    pub refusal: Refusal,
}

/// Whose doings a limit adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitSubject {
    /// A person's, over all numbers.
    Person,
    /// One number's.
    Number,
    /// Everybody's, each product for itself.
    Product,
    /// Those of all numbers at home in a region.
    Region,
    /// Those that an agent stands between; an order without an agent counts for none.
    Agent,
    /// Those from one device; an order whose device is unknown counts for none.
    Device,
}

/// How long a limit adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Period {
    /// The calendar day in Asia/Shanghai.
    #[serde(rename = "day")]
    Day,
    /// Any 24 hours.
    #[serde(rename = "rolling_24h")]
    Rolling24h,
    /// The calendar month.
    #[serde(rename = "month")]
    Month,
    /// The calendar year.
    #[serde(rename = "year")]
    Year,
}

/// Who asks, as limits see it; all zero where nobody is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// The person.
    pub person: PersonId,
    /// The number.
    pub number: SubscriberId,
    /// The agent in between.
    pub agent: Key16,
    /// The device.
    pub device: Key16,
}

/// What limits look at: who does what, where and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// What.
    pub product: Product,
    /// How much, in the product's unit.
    pub amount: u64,
    /// Business time.
    pub at: Millis,
    /// Where the number is at home.
    pub home: Province,
    /// Who.
    pub who: Subjects,
}

/// How a limit stands for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What has been used of it; for any 24 hours, in the fullest that hold the moment.
    pub used: u64,
    /// When its counter begins anew, or the next of it is given back; the moment itself when nothing is used.
    pub anew_at: Millis,
}

impl Limit {
    /// The counter that an occasion adds to; `None` when the limit does not count it.
    pub fn counter(&self, policy: &Policy, occasion: &Occasion) -> Option<Counter> {
        if !self.counts.contains(occasion.product) {
            return None;
        }
        Some(self.counter_of(self.subject_of(policy, occasion)?, occasion.at))
    }

    /// The counter of a subject at a moment.
    pub fn counter_of(&self, subject: Subject, at: Millis) -> Counter {
        Counter { meter: Meter::Limit(self.number), subject, window: self.period.window(at) }
    }

    fn subject_of(&self, policy: &Policy, occasion: &Occasion) -> Option<Subject> {
        let who = &occasion.who;
        match self.subject {
            LimitSubject::Person => Some(Subject::Person(who.person)),
            LimitSubject::Number => Some(Subject::Number(who.number)),
            LimitSubject::Product => Some(Subject::Product(occasion.product)),
            LimitSubject::Region => policy.region(occasion.home)?.lowest.map(Subject::Region),
            LimitSubject::Agent => (!who.agent.is_empty()).then_some(Subject::Agent(who.agent)),
            LimitSubject::Device => (!who.device.is_empty()).then_some(Subject::Device(who.device)),
        }
    }

    /// What an occasion adds.
    pub const fn measured(&self, amount: u64) -> u64 {
        match self.measure {
            Measure::Fen => amount,
            Measure::Orders => 1,
        }
    }

    /// How the limit stands on a counter of it.
    pub fn standing(&self, counters: &Counters, counter: &Counter) -> Standing {
        match counter.window {
            Window::Moment(at) => rolling::standing(counters, counter, at),
            Window::Day(_) | Window::Month(..) | Window::Year(_) | Window::Always => {
                Standing { used: counters.used(counter), anew_at: ends(counter.window) }
            }
        }
    }

    fn check(&self, policy: &Policy, occasion: &Occasion, counters: &Counters) -> Result<(), Refused> {
        let Some(counter) = self.counter(policy, occasion) else { return Ok(()) };
        let (used, asked) = (self.standing(counters, &counter).used, self.measured(occasion.amount));
        if u128::from(used) + u128::from(asked) <= u128::from(self.most) {
            return Ok(());
        }
        let frees_at = self.frees_at(counters, &counter, asked);
        let hit = LimitHit { number: self.number, name: self.name.clone(), measure: self.measure, frees_at };
        let detail = Detail::Limit { used, limit: self.most, asked, hit: Box::new(hit) };
        Err(Refused { refusal: self.refusal, detail })
    }

    /// When what is asked would pass; when the counter begins anew, if it is more than the limit ever lets pass.
    fn frees_at(&self, counters: &Counters, counter: &Counter, asked: u64) -> Millis {
        let room = self.most.checked_sub(asked);
        if let Window::Moment(at) = counter.window {
            return rolling::frees_at(counters, counter, at, room.unwrap_or(0));
        }
        let mut at = ends(counter.window);
        // Business time may have been there before, so that the next stretch may be full too.
        while let Some(room) = room
            && counters.used(&self.counter_of(counter.subject, at)) > room
        {
            at = ends(self.period.window(at));
        }
        at
    }
}

impl Period {
    /// The stretch of this kind that a moment lies in.
    pub const fn window(self, at: Millis) -> Window {
        let day = at.day();
        let (year, month, _) = day.date();
        // A moment of 64 bits of milliseconds can lie beyond year 65,535; no published calendar does.
        match self {
            Period::Day => Window::Day(day),
            Period::Rolling24h => Window::Moment(at),
            Period::Month => Window::Month(year as u16, month as u8),
            Period::Year => Window::Year(year as u16),
        }
    }
}

/// The first moment after a calendar stretch.
fn ends(window: Window) -> Millis {
    let first = |year: u32, month| Day::from_date(year, month, 1).map_or(Millis(u64::MAX), Day::start);
    match window {
        Window::Day(day) => day.next().start(),
        Window::Month(year, 12) => first(u32::from(year) + 1, 1),
        Window::Month(year, month) => first(u32::from(year), u32::from(month) + 1),
        Window::Year(year) => first(u32::from(year) + 1, 1),
        Window::Moment(at) => at,
        Window::Always => Millis(u64::MAX),
    }
}

/// Checks the limits that give one refusal, in the order of the file.
pub(super) fn check(
    policy: &Policy,
    refusal: Refusal,
    occasion: &Occasion,
    counters: &Counters,
) -> Result<(), Refused> {
    let mut rows = policy.limits().rows.iter().filter(|limit| limit.refusal == refusal);
    rows.try_for_each(|limit| limit.check(policy, occasion, counters))
}

/// What an admitted occasion adds to the counters of every limit that counts it.
pub fn counts(policy: &Policy, occasion: &Occasion) -> Vec<Count> {
    let rows = policy.limits().rows.iter();
    let counted = rows.filter_map(|limit| {
        let counter = limit.counter(policy, occasion)?;
        Some(Count { counter, amount: limit.measured(occasion.amount) })
    });
    counted.collect()
}
