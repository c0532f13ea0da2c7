//! Counters: what has been used of a limit, by whom, in which stretch of time.
//!
//! A counter is a key and a sum. The fact that admits an order carries every addition it makes, and the fact
//! that returns its value carries the same again, so that replay needs no limit and a release reaches the
//! very counter it came from, whatever the policy says by then.

use crate::terms::words;
use crate::{Day, Key16, Millis, PersonId, Product, Province, SubscriberId, UnknownWord};
use core::fmt;
use core::str::FromStr;
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
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
///
/// Whoever uses limits uses them day after day, so what is counted of a subject lies together: one more day of one
/// more person is 32 bytes. What campaigns count is found by its meter instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    limits: BTreeMap<Subject, Vec<Used>>,
    campaigns: BTreeMap<Counter, u64>,
}

/// What was used of a limit in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Used {
    limit: u16,
    window: Window,
    amount: u64,
}

impl Used {
    const fn place(&self) -> (u16, Window) {
        (self.limit, self.window)
    }
}

impl Counters {
    /// What a counter stands at.
    pub fn used(&self, counter: &Counter) -> u64 {
        match counter.meter {
            Meter::Limit(limit) => self.used_of(limit, &counter.subject, counter.window),
            Meter::Campaign(..) => self.campaigns.get(counter).copied().unwrap_or(0),
        }
    }

    fn used_of(&self, limit: u16, subject: &Subject, window: Window) -> u64 {
        let rows = self.rows(subject);
        rows.binary_search_by_key(&(limit, window), Used::place).map_or(0, |place| rows[place].amount)
    }

    fn rows(&self, subject: &Subject) -> &[Used] {
        self.limits.get(subject).map_or(&[], Vec::as_slice)
    }

    /// What was counted of a limit at moments from `from` to `to`, both included, earliest first. Campaigns count
    /// nothing by moments.
    pub fn moments(
        &self,
        meter: Meter,
        subject: Subject,
        from: Millis,
        to: Millis,
    ) -> impl Iterator<Item = (Millis, u64)> {
        let (limit, rows) = match meter {
            Meter::Limit(limit) => (limit, self.rows(&subject)),
            Meter::Campaign(..) => (0, &[][..]),
        };
        let first = rows.partition_point(|row| row.place() < (limit, Window::Moment(from)));
        let rest = rows[first..].iter().take_while(move |row| row.place() <= (limit, Window::Moment(to)));
        rest.filter_map(|row| match row.window {
            Window::Moment(at) => Some((at, row.amount)),
            Window::Day(_) | Window::Month(..) | Window::Year(_) | Window::Always => None,
        })
    }

    /// Every counter of a campaign's meter with what it stands at; those of one subject follow each other.
    pub fn of_campaign(&self, number: u16, measure: Measure) -> impl Iterator<Item = (&Counter, u64)> {
        let meter = Meter::Campaign(number, measure);
        let lowest =
            Counter { meter, subject: Subject::Person(PersonId::default()), window: Window::Day(Day::default()) };
        let from = self.campaigns.range(lowest..).take_while(move |(counter, _)| counter.meter == meter);
        from.map(|(counter, used)| (counter, *used))
    }

    /// Every counter with what it stands at.
    pub fn iter(&self) -> impl Iterator<Item = (Counter, u64)> {
        let limits = self.limits.iter().flat_map(|(subject, rows)| {
            rows.iter().map(|row| {
                let counter = Counter { meter: Meter::Limit(row.limit), subject: *subject, window: row.window };
                (counter, row.amount)
            })
        });
        limits.chain(self.campaigns.iter().map(|(counter, used)| (*counter, *used)))
    }

    /// Counts.
    pub fn add(&mut self, counts: &[Count]) {
        for Count { counter, amount } in counts.iter().filter(|count| count.amount > 0) {
            let used = match counter.meter {
                Meter::Limit(limit) => {
                    let rows = self.limits.entry(counter.subject).or_default();
                    row_of(rows, Used { limit, window: counter.window, amount: 0 })
                }
                Meter::Campaign(..) => self.campaigns.entry(*counter).or_default(),
            };
            *used = used.saturating_add(*amount);
        }
    }

    /// Takes back what was counted; a counter at zero is gone.
    pub fn release(&mut self, counts: &[Count]) {
        for Count { counter, amount } in counts {
            let left = self.used(counter).saturating_sub(*amount);
            match counter.meter {
                Meter::Limit(limit) => self.set_used(limit, counter, left),
                Meter::Campaign(..) if left == 0 => drop(self.campaigns.remove(counter)),
                Meter::Campaign(..) => drop(self.campaigns.insert(*counter, left)),
            }
        }
    }

    fn set_used(&mut self, limit: u16, counter: &Counter, amount: u64) {
        let Some(rows) = self.limits.get_mut(&counter.subject) else { return };
        let Ok(place) = rows.binary_search_by_key(&(limit, counter.window), Used::place) else { return };
        rows[place].amount = amount;
        rows.retain(|row| row.amount > 0);
        if rows.is_empty() {
            self.limits.remove(&counter.subject);
        }
    }
}

/// The amount of a row, which is put in its place unless it is there.
fn row_of(rows: &mut Vec<Used>, row: Used) -> &mut u64 {
    let place = match rows.binary_search_by_key(&row.place(), Used::place) {
        Ok(place) => place,
        Err(place) => {
            // Most subjects have few: doubling would be half empty.
            rows.reserve_exact(rows.len() / 4 + 1);
            rows.insert(place, row);
            place
        }
    };
    &mut rows[place].amount
}

impl<C> Encode<C> for Counters {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.map(self.iter().count() as u64)?;
        self.iter().try_for_each(|row| row.0.encode(e, ctx).and_then(|()| row.1.encode(e, ctx)))
    }
}

impl<'b, C> Decode<'b, C> for Counters {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Counters, DecodeError> {
        let mut counters = Counters::default();
        for (counter, amount) in BTreeMap::<Counter, u64>::decode(d, ctx)? {
            counters.add(&[Count { counter, amount }]);
        }
        Ok(counters)
    }
}

#[cfg(test)]
#[path = "counter_tests.rs"]
mod tests;
