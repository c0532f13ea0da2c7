//! However value comes and goes: what statements add up to is what is held.

use std::sync::Arc;

use facts::{
    Admission, Bucket, Day, Fact, Lot, LotUse, Meta, Millis, OpenRecord, OrderId, Product, Provenance, Province,
    Quoted, State, SubscriberId, Terms,
};
use money::Telco;
use views::{MovementKind, Projected, ViewReader, Views};

use crate::history::{Dice, START, person, subscriber};

const NUMBERS: u64 = 4;
const RECORDS: u64 = 300;

/// A random history that the state takes, with what was held at the end of each record.
struct Town {
    state: State,
    orders: Vec<OrderId>,
    records: Vec<Projected>,
    held: Vec<[u64; NUMBERS as usize]>,
}

impl Town {
    fn of(seed: u64) -> Town {
        let mut town = Town { state: State::default(), orders: Vec::new(), records: Vec::new(), held: Vec::new() };
        let (mut dice, mut now) = (Dice(seed), START);
        town.take((0..NUMBERS).map(registered).collect(), now);
        while town.records.len() < usize::try_from(RECORDS).expect("small") {
            now = now.plus([0, 1, 900_000, 40_000_000][usize::try_from(dice.roll(4)).expect("small")]);
            let facts = town.some_facts(&mut dice, now);
            town.take(facts, now);
        }
        town
    }

    fn take(&mut self, facts: Vec<Fact>, now: Millis) {
        let sequence = self.state.sequence() + 1;
        let record = OpenRecord { sequence, shard: 0, epoch: 1, meta: Meta::system(now), facts };
        self.state.apply(&record).expect("fits");
        self.records.push(Projected { record: Arc::new(record), posted: Vec::new() });
        self.held.push(std::array::from_fn(|number| self.holder(number as u64).total()));
    }

    fn holder(&self, number: u64) -> &facts::Subscriber {
        self.state.subscriber(subscriber(number)).expect("registered")
    }

    fn some_facts(&mut self, dice: &mut Dice, now: Millis) -> Vec<Fact> {
        let number = dice.roll(NUMBERS);
        let holder = self.holder(number);
        let telco = if holder.telco == Telco::Cmcc { Telco::Ctcc } else { Telco::Cmcc };
        match dice.roll(9) {
            0 => vec![Fact::NumberPorted { subscriber: subscriber(number), telco }],
            1..=3 => vec![lot(holder, 0, dice, now), lot(holder, 1, dice, now)],
            4..=6 if holder.total() > 0 => vec![self.order(number, dice, now)],
            7 if !self.orders.is_empty() => {
                let place = usize::try_from(dice.roll(self.orders.len() as u64)).expect("small");
                vec![Fact::ValueReturned { order: self.orders.swap_remove(place), released: Vec::new() }]
            }
            _ => Vec::new(),
        }
    }

    fn order(&mut self, number: u64, dice: &mut Dice, now: Millis) -> Fact {
        let order = OrderId::new(now.0, Bucket::of_hash(number), u128::from(dice.roll(u64::MAX)));
        let taken = |lot: &Lot| LotUse { taken: Lot { remaining: 1 + dice.roll(lot.remaining), ..*lot } };
        let lots: Vec<LotUse> = self.holder(number).lots.iter().take(2).map(taken).collect();
        self.orders.push(order);
        let terms = Terms {
            product: Product::Direct,
            amount: 1,
            fee: number + 1,
            fee_lines: Vec::new(),
            payout: 1,
            arrives_on: now.day(),
            policy: facts::PolicyVersion::default(),
            drawn: 1,
            reward: None,
            learned: None,
        };
        Fact::OrderAdmitted(Box::new(Admission {
            order,
            person: person(number),
            parties: vec![subscriber(number)],
            terms,
            requested_at: now,
            steps: Vec::new(),
            lots,
            counts: Vec::new(),
            payment: None,
            quote: Quoted::default(),
            seen_convertible: 0,
        }))
    }
}

fn registered(number: u64) -> Fact {
    Fact::SubscriberRegistered {
        subscriber: subscriber(number),
        person: person(number),
        telco: Telco::Cmcc,
        province: Province::new(33).expect("a province"),
        own_card: None,
        credit_card: None,
    }
}

fn lot(holder: &facts::Subscriber, offset: u32, dice: &mut Dice, at: Millis) -> Fact {
    let (number, amount) = (holder.next_lot + offset, dice.roll(50_000));
    Fact::LotOpened { subscriber: holder.id, number, provenance: Provenance::SelfPaid, amount, at, payment: None }
}

/// What a statement ends with.
fn closing(reader: &ViewReader, of: SubscriberId, days: (Day, Day), position: u64) -> u64 {
    let shown = reader.movements(of, days, position, u32::MAX).expect("reads");
    let moved =
        |held: u64, row: &views::MovementRow| (held + row.came).checked_sub(row.went).expect("never below zero");
    shown.rows.iter().fold(shown.held_before, moved)
}

#[test]
fn every_statement_ends_with_what_was_held_then() {
    let mut kinds = Vec::new();
    for seed in 0..6 {
        let town = Town::of(seed);
        let dir = tempfile::tempdir().expect("a directory");
        let mut views = Views::open(&dir.path().join("views.db")).expect("opens");
        let mut dice = Dice(seed + 3_000);
        let mut rest = &town.records[..];
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(dice.batch(rest.len()));
            views.apply(batch).expect("applies");
            rest = later;
        }
        let reader = views.reader();
        let last = town.records.last().expect("records").record.meta.now.day();
        for (position, held) in (1u64..).zip(&town.held) {
            // Wherever the days are cut, before and after add up.
            let cut = Day::from_count(START.day().count() + dice.roll(20) as u32);
            for (number, held) in (0u64..).zip(held) {
                let found = closing(&reader, subscriber(number), (cut.min(last), last), position);
                assert_eq!(found, *held, "seed {seed}, number {number}, record {position}");
            }
        }
        let all = (0..NUMBERS).flat_map(|number| {
            reader.movements(subscriber(number), (START.day(), last), RECORDS, u32::MAX).expect("reads").rows
        });
        kinds.extend(all.map(|row| row.kind));
    }
    assert!(MovementKind::ALL.iter().all(|kind| kinds.contains(kind)), "every kind of movement happened");
}

#[test]
fn the_books_of_one_day_open_with_those_of_the_day_before() {
    let town = Town::of(77);
    let dir = tempfile::tempdir().expect("a directory");
    let mut views = Views::open(&dir.path().join("views.db")).expect("opens");
    views.apply(&town.records).expect("applies");
    let (reader, first) = (views.reader(), START.day().count());
    let last = town.records.last().expect("records").record.meta.now.day().count();
    for number in 0..NUMBERS {
        let mut held = 0;
        for day in (first..=last).map(Day::from_count) {
            let shown = reader.movements(subscriber(number), (day, day), RECORDS, u32::MAX).expect("reads");
            assert_eq!(shown.held_before, held, "number {number}, {day}");
            assert!(shown.rows.iter().all(|row| row.day == day));
            held = closing(&reader, subscriber(number), (day, day), RECORDS);
        }
        assert_eq!(held, town.holder(number).total());
    }
}

#[test]
fn what_is_returned_comes_back_with_its_fee() {
    let town = Town::of(5);
    let dir = tempfile::tempdir().expect("a directory");
    let mut views = Views::open(&dir.path().join("views.db")).expect("opens");
    views.apply(&town.records).expect("applies");
    let days = (START.day(), Day::from_count(u32::MAX));
    let rows: Vec<_> = (0..NUMBERS)
        .flat_map(|number| views.reader().movements(subscriber(number), days, RECORDS, u32::MAX).expect("reads").rows)
        .collect();
    let returned: Vec<_> = rows.iter().filter(|row| row.kind == MovementKind::Returned).collect();
    assert!(!returned.is_empty());
    for row in returned {
        let ordered = |other: &&views::MovementRow| other.kind == MovementKind::Ordered && other.order == row.order;
        let taken = rows.iter().find(ordered).expect("it was taken before");
        assert_eq!((row.came, row.fee), (taken.went, taken.fee));
        assert!(row.fee > 0 && taken.sequence < row.sequence);
    }
}
