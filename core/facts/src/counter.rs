//! Counters: what has been used of a limit, by whom, in which stretch of time.
//!
//! A counter is a key and a sum. The fact that admits an order carries every addition it makes, and the fact
//! that returns its value carries the same again, so that replay needs no limit and a release reaches the
//! very counter it came from, whatever the policy says by then.

use crate::terms::words;
use crate::{Day, Key16, Millis, PersonId, Product, Province, SubscriberId, UnknownWord};
use core::fmt;
use core::str::FromStr;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// What is counted: a row of the policy, by its number, which is never given to another row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Meter {
    /// A limit.
    #[n(0)]
    Limit(#[n(0)] u16),
    /// What the rewards of a campaign come to, in fen or in orders.
    #[n(1)]
    Campaign(#[n(0)] u16, #[n(1)] Measure),
}

/// Whose counter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Subject {
    /// A person, over all numbers.
    #[n(0)]
    Person(#[n(0)] PersonId),
    /// One number.
    #[n(1)]
    Number(#[n(0)] SubscriberId),
    /// Everybody together, for one product.
    #[n(2)]
    Product(#[n(0)] Product),
    /// Every number at home in a region, which goes by the lowest of its provinces.
    #[n(3)]
    Region(#[n(0)] Province),
    /// An agent.
    #[n(4)]
    Agent(#[n(0)] Key16),
    /// A device, by keyed digest.
    #[n(5)]
    Device(#[n(0)] Key16),
    /// Everybody together.
    #[n(6)]
    Everybody,
    /// A person among those who share something.
    #[n(7)]
    Sharer(#[n(0)] Shared, #[n(1)] PersonId),
}

/// What people share who may be one: always by keyed digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Shared {
    /// A device.
    #[n(0)]
    Device(#[n(0)] Key16),
    /// An agent.
    #[n(1)]
    Agent(#[n(0)] Key16),
    /// A bank card, whoever registered it.
    #[n(2)]
    Card(#[n(0)] Key16),
    /// A block of numbers: their first seven digits.
    #[n(3)]
    Block(#[n(0)] Key16),
}

/// The stretch of business time that a counter counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Window {
    /// A calendar day in Asia/Shanghai.
    #[n(0)]
    Day(#[n(0)] Day),
    /// A calendar month: year and month.
    #[n(1)]
    Month(#[n(0)] u16, #[n(1)] u8),
    /// A calendar year.
    #[n(2)]
    Year(#[n(0)] u16),
    /// One moment, of which a window that moves with time adds up as many as it holds.
    #[n(3)]
    Moment(#[n(0)] Millis),
    /// As long as anything is counted at all.
    #[n(4)]
    Always,
}

/// Names a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Counter {
    /// What is counted.
    #[n(0)]
    pub meter: Meter,
    /// Whose.
    #[n(1)]
    pub subject: Subject,
    /// When.
    #[n(2)]
    pub window: Window,
}

/// An addition to a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Count {
    /// Which counter.
    #[n(0)]
    pub counter: Counter,
    /// How much, in what the limit measures.
    #[n(1)]
    pub amount: u64,
}

words! {
    /// What a limit measures.
    Measure {
        /// The fen of orders' amounts.
        Fen = 0, "fen";
        /// How many orders.
        Orders = 1, "orders";
    }
}

/// The limit that refused an order, as it was then: a later policy does not change what was said.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LimitHit {
    /// Its number in the policy.
    #[n(0)]
    pub number: u16,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// What it measures.
    #[n(2)]
    pub measure: Measure,
    /// From when on what was asked may be asked again, as far as it was known.
    #[n(3)]
    pub frees_at: Millis,
}

/// All counters that stand above zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Counters(#[n(0)] BTreeMap<Counter, u64>);

impl Counters {
    /// What a counter stands at.
    pub fn used(&self, counter: &Counter) -> u64 {
        self.0.get(counter).copied().unwrap_or(0)
    }

    /// What was counted at moments from `from` to `to`, both included, earliest first.
    pub fn moments(
        &self,
        meter: Meter,
        subject: Subject,
        from: Millis,
        to: Millis,
    ) -> impl Iterator<Item = (Millis, u64)> {
        let key = |at| Counter { meter, subject, window: Window::Moment(at) };
        let found = self.0.range(key(from)..=key(to.max(from)));
        found.filter_map(|(counter, used)| match counter.window {
            Window::Moment(at) => Some((at, *used)),
            Window::Day(_) | Window::Month(..) | Window::Year(_) | Window::Always => None,
        })
    }

    /// Every counter of a meter with what it stands at; those of one subject follow each other.
    pub fn of(&self, meter: Meter) -> impl Iterator<Item = (&Counter, u64)> {
        let lowest =
            Counter { meter, subject: Subject::Person(PersonId::default()), window: Window::Day(Day::default()) };
        let from = self.0.range(lowest..).take_while(move |(counter, _)| counter.meter == meter);
        from.map(|(counter, used)| (counter, *used))
    }

    /// Every counter with what it stands at.
    pub fn iter(&self) -> impl Iterator<Item = (&Counter, u64)> {
        self.0.iter().map(|(counter, used)| (counter, *used))
    }

    /// Counts.
    pub fn add(&mut self, counts: &[Count]) {
        for Count { counter, amount } in counts.iter().filter(|count| count.amount > 0) {
            let used = self.0.entry(*counter).or_default();
            *used = used.saturating_add(*amount);
        }
    }

    /// Takes back what was counted; a counter at zero is gone.
    pub fn release(&mut self, counts: &[Count]) {
        for Count { counter, amount } in counts {
            let Some(used) = self.0.get_mut(counter) else { continue };
            *used = used.saturating_sub(*amount);
            if *used == 0 {
                self.0.remove(counter);
            }
        }
    }
}
