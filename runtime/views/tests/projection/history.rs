//! Random histories from a seed, and the naive fold that views must equal.

use std::collections::BTreeMap;
use std::sync::Arc;

use facts::{
    Admission, Bucket, Cause, Day, Fact, Key16, KeyUse, Made, Meta, Millis, OpenRecord, Order, OrderId, OrderState,
    PersonId, PolicyVersion, Product, Quoted, Refusal, SignalKind, SubscriberId, Terms,
};
use ledger::{AccountId, Entry};
use views::{OrderFilter, OrderRow, Projected, Total, ViewReader};

pub const START: Millis = Millis(1_795_276_800_000);

/// A small generator (splitmix64): the same seed makes the same history for ever.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.roll(choices.len() as u64)).expect("small")]
    }

    /// A batch's length for so many records left.
    pub fn batch(&mut self, left: usize) -> usize {
        let most = self.pick(&[1, 3, 40, 400]);
        usize::try_from(self.roll(most)).expect("small").min(left - 1) + 1
    }
}

pub fn person(number: u64) -> PersonId {
    PersonId::new(START.0, Bucket::of_hash(number), u128::from(number))
}

pub fn subscriber(number: u64) -> SubscriberId {
    SubscriberId::new(START.0, Bucket::of_hash(number), u128::from(number))
}

/// A history of so many records.
pub fn history(seed: u64, records: u64) -> Vec<Projected> {
    let (mut dice, mut orders, mut now) = (Dice(seed), Vec::new(), START);
    let mut made = |sequence| {
        now = now.plus(dice.pick(&[0, 0, 1, 900, 3_600_000]));
        let facts = facts_of(&mut dice, &mut orders, now);
        let posted = (0..dice.roll(4)).map(|_| posting(&mut dice)).collect();
        let record = OpenRecord { sequence, shard: 0, epoch: 1, meta: Meta::system(now), facts };
        Projected { record: Arc::new(record), posted }
    };
    (1..=records).map(&mut made).collect()
}

fn posting(dice: &mut Dice) -> Entry {
    let mut account = || AccountId::new(u32::try_from(dice.roll(6)).expect("small"));
    let (debit, credit) = (account(), account());
    Entry { debit, credit, amount: 1 + dice.roll(100_000) }
}

fn facts_of(dice: &mut Dice, orders: &mut Vec<OrderId>, now: Millis) -> Vec<Fact> {
    let mut facts = Vec::new();
    if orders.is_empty() || dice.roll(4) == 0 {
        let order = OrderId::new(now.0, Bucket::of_hash(dice.roll(4_096)), u128::from(dice.roll(u64::MAX)));
        orders.push(order);
        let key = Key16([7; 16]);
        facts.push(Fact::KeyTaken { key, used: KeyUse { body: key, made: Made::Order(order) } });
        facts.push(if dice.roll(5) == 0 { declined(dice, order, now) } else { admitted(dice, order, now) });
    }
    for _ in 0..dice.roll(4) {
        let order = dice.pick(orders);
        facts.push(later(dice, order, now));
    }
    if dice.roll(9) == 0 {
        facts.push(Fact::Posted { transfers: Vec::new() });
    }
    facts
}

fn later(dice: &mut Dice, order: OrderId, now: Millis) -> Fact {
    match dice.roll(5) {
        0 => Fact::OrderMoved { order, state: dice.pick(OrderState::ALL), cause: dice.pick(Cause::ALL) },
        1 => Fact::StepQueued { order, step: 0, due_at: now },
        2 => Fact::StepDone { order, step: 0, amount: 1, external: "rsv-1".to_owned(), transfers: Vec::new() },
        3 => Fact::SignalAbsorbed { order, step: 0, attempt: 1, kind: SignalKind::Stale },
        _ => recalled(dice, order, now),
    }
}

fn recalled(dice: &mut Dice, order: OrderId, now: Millis) -> Fact {
    let facts = vec![admitted(dice, order, now)];
    let record = OpenRecord { sequence: 1, shard: 0, epoch: 1, meta: Meta::system(now), facts };
    Fact::OrderRecalled(Box::new(Order::of_records(order, [&record]).expect("admitted")))
}

fn admitted(dice: &mut Dice, order: OrderId, now: Millis) -> Fact {
    let number = dice.roll(5);
    let terms = Terms {
        product: dice.pick(Product::ALL),
        amount: dice.roll(50_000),
        fee: dice.roll(500),
        fee_lines: Vec::new(),
        payout: dice.roll(50_000),
        arrives_on: now.day().next(),
        policy: PolicyVersion::default(),
        drawn: dice.roll(50_000),
        reward: None,
        learned: None,
    };
    Fact::OrderAdmitted(Box::new(Admission {
        order,
        person: person(number),
        parties: vec![subscriber(number * 2 + dice.roll(2))],
        terms,
        requested_at: Millis(now.0 - dice.roll(1_000_000)),
        steps: Vec::new(),
        lots: Vec::new(),
        counts: Vec::new(),
        payment: None,
        quote: Quoted::default(),
        seen_convertible: 0,
    }))
}

fn declined(dice: &mut Dice, order: OrderId, now: Millis) -> Fact {
    Fact::OrderDeclined {
        order,
        person: person(dice.roll(5)),
        // Now and then somebody asks for a number that is not his.
        subscriber: Some(subscriber(dice.roll(10))).filter(|_| dice.roll(4) > 0),
        product: dice.pick(Product::ALL),
        amount: dice.roll(50_000),
        refusal: dice.pick(Refusal::ALL),
        found: 0,
        allowed: 0,
        policy: PolicyVersion::default(),
        requested_at: now,
        limit: None,
    }
}

/// Everything that views can say.
#[derive(Debug, Default, PartialEq)]
pub struct Picture {
    pub orders: BTreeMap<OrderId, (OrderRow, Vec<u64>)>,
    pub totals: BTreeMap<(AccountId, Day), (u64, u64)>,
    pub counts: BTreeMap<OrderState, u64>,
    pub position: u64,
}

impl Picture {
    /// The naive fold: one fact after the other.
    pub fn of(records: &[Projected]) -> Picture {
        let mut picture = Picture::default();
        for projected in records {
            let record = &projected.record;
            picture.position = record.sequence;
            for fact in &record.facts {
                picture.take(fact, record);
            }
            for entry in &projected.posted {
                let day = record.meta.now.day();
                picture.totals.entry((entry.debit, day)).or_default().0 += entry.amount;
                picture.totals.entry((entry.credit, day)).or_default().1 += entry.amount;
            }
        }
        for (row, _) in picture.orders.values() {
            *picture.counts.entry(row.state).or_default() += 1;
        }
        picture
    }

    fn take(&mut self, fact: &Fact, record: &OpenRecord) {
        if let Some(row) = new_row(fact, record) {
            self.orders.insert(row.id, (row, Vec::new()));
        }
        let key_taken = matches!(fact, Fact::KeyTaken { .. });
        let Some(order) = fact.order().filter(|_| !key_taken) else { return };
        let (row, positions) = self.orders.get_mut(&order).expect("admitted before");
        if let Fact::OrderMoved { state, cause, .. } = fact {
            (row.state, row.cause) = (*state, *cause);
        }
        // What left and was looked for is as it was.
        if !matches!(fact, Fact::OrderRecalled(_)) {
            (row.changed_in, row.changed_at) = (record.sequence, record.meta.now);
        }
        positions.push(record.sequence);
        positions.dedup();
    }

    /// What a reader shows.
    pub fn shown(reader: &ViewReader) -> Picture {
        let rows = reader.orders(OrderFilter::default(), None, 1_000_000).expect("reads");
        let with_positions = |row: OrderRow| {
            assert_eq!(reader.order_row(row.id).expect("reads").as_ref(), Some(&row));
            let positions = reader.positions_of(row.id).expect("reads");
            (row.id, (row, positions))
        };
        let totals = (0..6).flat_map(|number| {
            let account = AccountId::new(number);
            reader.totals(account, Day::from_count(0), Day::from_count(u32::MAX)).expect("reads")
        });
        Picture {
            orders: rows.into_iter().map(with_positions).collect(),
            totals: totals.map(|Total { account, day, debits, credits }| ((account, day), (debits, credits))).collect(),
            counts: reader.counts().expect("reads").into_iter().map(|count| (count.state, count.orders)).collect(),
            position: reader.position(),
        }
    }
}

fn new_row(fact: &Fact, record: &OpenRecord) -> Option<OrderRow> {
    let blank = OrderRow {
        id: OrderId::default(),
        person: PersonId::default(),
        subscriber: None,
        product: Product::Direct,
        amount: 0,
        fee: 0,
        payout: 0,
        arrives_on: record.meta.now.day(),
        state: OrderState::Created,
        cause: Cause::Planned,
        refusal: None,
        requested_at: Millis(0),
        admitted_at: record.meta.now,
        changed_at: record.meta.now,
        admitted_in: record.sequence,
        changed_in: record.sequence,
    };
    match fact {
        Fact::OrderAdmitted(admission) => Some(OrderRow {
            id: admission.order,
            person: admission.person,
            subscriber: admission.parties.first().copied(),
            product: admission.terms.product,
            amount: admission.terms.amount,
            fee: admission.terms.fee,
            payout: admission.terms.payout,
            arrives_on: admission.terms.arrives_on,
            requested_at: admission.requested_at,
            ..blank
        }),
        Fact::OrderDeclined { order, person, subscriber, product, amount, refusal, requested_at, .. } => {
            Some(OrderRow {
                id: *order,
                person: *person,
                subscriber: *subscriber,
                product: *product,
                amount: *amount,
                arrives_on: requested_at.day(),
                state: OrderState::Declined,
                cause: Cause::Refused,
                refusal: Some(*refusal),
                requested_at: *requested_at,
                ..blank
            })
        }
        _ => None,
    }
}
