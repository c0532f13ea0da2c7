//! Limits against a naive model that knows only a list of orders, and the profile of the regulator's figures.
//!
//! The model shares no code with the rules: it adds up the list anew for each question.

#![allow(clippy::disallowed_methods, reason = "a test reads the shipped files")]

mod rules_shipped;

use exchange::rules::{
    Detail, Holder, Identity, Instrument, Line, Occasion, Policy, Receiver, Refused, Request, Subjects, admit, counts,
};
use facts::{Count, Counters, Key16, Millis, PersonId, Product, Province, Refusal, SubscriberId};
use money::Telco;
use proptest::prelude::*;
use std::sync::LazyLock;

/// 2026-01-01 00:00 in Shanghai: a day, a month and a year begin.
const NEW_YEAR: u64 = 1_767_196_800_000;
const HOUR: u64 = 3_600_000;

const ROWS: [(&str, &str, &str, &str, u64); 8] = [
    ("person", "day", "fen", "direct,voucher,agent", 30_000),
    ("person", "rolling_24h", "fen", "direct,voucher,agent", 35_000),
    ("number", "rolling_24h", "orders", "direct,agent", 3),
    ("person", "month", "fen", "direct", 40_000),
    ("person", "year", "orders", "voucher,agent", 6),
    ("product", "day", "fen", "voucher", 25_000),
    ("region", "rolling_24h", "fen", "direct,voucher,agent", 60_000),
    ("agent", "day", "orders", "direct,voucher,agent", 3),
];

fn policy(times: u64) -> Policy {
    let mut texts = rules_shipped::Texts::shipped();
    let limits = texts.of("limits.toml");
    let cut = limits.find("# 50,000.00 CNY a person").expect("the limits");
    let leaves = limits.split_off(limits.find("# Which airtime").expect("the lots"));
    limits.truncate(cut);
    for (number, (subject, period, measure, products, most)) in (10..).zip(ROWS) {
        let counts = products.replace(',', "\", \"");
        *limits += &format!(
            "[[limit]]\nnumber = {number}\nname = \"l{number}\"\nsubject = \"{subject}\"\ncounts = [\"{counts}\"]\n\
             period = \"{period}\"\nmeasure = \"{measure}\"\nmost = {}\n\n",
            most * times
        );
    }
    *limits += &leaves;
    Policy::compile(&texts.files()).unwrap_or_else(|faults| panic!("{faults:?}"))
}

static TIGHT: LazyLock<Policy> = LazyLock::new(|| policy(1));
static LOOSE: LazyLock<Policy> = LazyLock::new(|| policy(2));

#[derive(Clone, Copy, Debug)]
struct Ordered {
    at: u64,
    product: Product,
    amount: u64,
    person: u8,
    /// One of a person's two numbers.
    number: u8,
    /// No agent is 0.
    agent: u8,
}

fn ordered() -> impl Strategy<Value = Ordered> {
    let product = proptest::sample::select(vec![Product::Direct, Product::Voucher, Product::Agent]);
    // Whole hours meet the ends of windows, and a millisecond more or less meets their edges.
    let at = (0u64..96, 0u64..3).prop_map(|(hour, edge)| NEW_YEAR + hour * HOUR + edge - 48 * HOUR - 1);
    let amount = prop_oneof![Just(10_000u64), Just(5_000), 1_000u64..=20_000];
    (at, product, amount, 0u8..2, 0u8..2, 0u8..2).prop_map(|(at, product, amount, person, number, agent)| Ordered {
        at,
        product,
        amount,
        person,
        number,
        agent,
    })
}

impl Ordered {
    fn who(&self) -> Subjects {
        let number = SubscriberId::from_bits(u128::from(self.person * 2 + self.number));
        let person = PersonId::from_bits(u128::from(self.person));
        Subjects { person, number, agent: Key16([self.agent; 16]), device: Key16::default() }
    }

    fn admit(&self, policy: &Policy, counters: &Counters) -> Result<(), Refused> {
        let home = Province::new(41).expect("two digits");
        let request = Request {
            product: self.product,
            amount: self.amount,
            requested_at: Millis(self.at),
            channel_province: home,
            identity: Identity::Valid,
            number: Ok(Line { province: home, telco: Telco::Ctcc }),
            holder: Holder::Registered,
            instrument: Instrument::Own,
            receiver: Receiver::NotAsked,
            who: self.who(),
        };
        admit(policy, &request, counters, 1_000_000, None).map(|_| ())
    }

    fn counts(&self, policy: &Policy) -> Vec<Count> {
        let home = Province::new(41).expect("two digits");
        let (product, amount, at) = (self.product, self.amount, Millis(self.at));
        counts(policy, &Occasion { product, amount, at, home, who: self.who() })
    }

    fn measured(&self, row: usize) -> u64 {
        if ROWS[row].2 == "fen" { self.amount } else { 1 }
    }
}

fn same_subject(row: usize, one: &Ordered, other: &Ordered) -> bool {
    match ROWS[row].0 {
        "person" => one.person == other.person,
        "number" => (one.person, one.number) == (other.person, other.number),
        "product" => one.product == other.product,
        "agent" => one.agent == other.agent && one.agent != 0,
        _ => true,
    }
}

fn counted(row: usize, order: &Ordered) -> bool {
    ROWS[row].3.split(',').any(|word| word == order.product.code()) && (ROWS[row].0 != "agent" || order.agent != 0)
}

/// The greatest sum of a row's windows that hold the order, which is in the list.
fn naive(row: usize, list: &[Ordered], order: &Ordered) -> u64 {
    let alike = || list.iter().filter(|other| counted(row, other) && same_subject(row, order, other));
    let sum = |held: &dyn Fn(&Ordered) -> bool| alike().filter(|other| held(other)).map(|o| o.measured(row)).sum();
    match ROWS[row].1 {
        "day" => sum(&|o| (o.at + 8 * HOUR) / (24 * HOUR) == (order.at + 8 * HOUR) / (24 * HOUR)),
        // All of the moments lie within four days around the new year.
        "month" | "year" => sum(&|o| (o.at < NEW_YEAR) == (order.at < NEW_YEAR)),
        _ => alike()
            .map(|end| end.at)
            .filter(|end| *end >= order.at && *end < order.at + 24 * HOUR)
            .map(|end| sum(&|o| o.at <= end && o.at + 24 * HOUR > end))
            .max()
            .unwrap_or(0),
    }
}

fn naive_allows(list: &[Ordered], order: &Ordered, times: u64) -> bool {
    let with: Vec<Ordered> = list.iter().chain([order]).copied().collect();
    (0..ROWS.len()).all(|row| !counted(row, order) || naive(row, &with, order) <= ROWS[row].4 * times)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Orders come in any order of business time, and some give their value back.
    #[test]
    fn a_limit_admits_what_a_list_of_orders_says(
        steps in proptest::collection::vec((ordered(), proptest::option::weighted(0.2, 0usize..20)), 1..60),
    ) {
        let (mut list, mut counters): (Vec<Ordered>, Counters) = (Vec::new(), Counters::default());
        for (order, gives_back) in steps {
            if let Some(place) = gives_back.filter(|place| *place < list.len()) {
                counters.release(&list.remove(place).counts(&TIGHT));
            }
            let answer = order.admit(&TIGHT, &counters);
            prop_assert_eq!(answer.is_ok(), naive_allows(&list, &order, 1), "{:?} after {:?}", order, list);
            match answer {
                Ok(()) => {
                    counters.add(&order.counts(&TIGHT));
                    list.push(order);
                }
                Err(refused) => {
                    prop_assert_eq!(refused.refusal, Refusal::LimitExceeded);
                    let Detail::Limit { used, limit, asked, hit } = refused.detail else { panic!("a limit") };
                    prop_assert!(used + asked > limit, "{} of {} and {}", used, limit, asked);
                    // Later, with nothing else asked, this limit lets it pass; another may not.
                    let later = Ordered { at: hit.frees_at.0, ..order };
                    prop_assert!(later.at > order.at);
                    if later.at < NEW_YEAR + 60 * HOUR && asked <= limit {
                        let again = later.admit(&TIGHT, &counters).err().map(|refused| refused.detail);
                        let same = matches!(again, Some(Detail::Limit { hit: other, .. }) if other.number == hit.number);
                        prop_assert!(!same, "limit {} again", hit.name);
                    }
                }
            }
        }
        for order in std::mem::take(&mut list) {
            counters.release(&order.counts(&TIGHT));
        }
        prop_assert_eq!(counters, Counters::default(), "all is given back to where it came from");
    }

    #[test]
    fn less_is_never_refused_where_more_is_admitted(
        before in proptest::collection::vec(ordered(), 0..30),
        order in ordered(),
        less in 1_000u64..=20_000,
    ) {
        let mut counters = Counters::default();
        for order in before {
            if order.admit(&TIGHT, &counters).is_ok() {
                counters.add(&order.counts(&TIGHT));
            }
        }
        if order.admit(&TIGHT, &counters).is_ok() {
            let smaller = Ordered { amount: less.min(order.amount), ..order };
            prop_assert!(smaller.admit(&TIGHT, &counters).is_ok(), "a smaller amount");
            prop_assert!(order.admit(&LOOSE, &counters).is_ok(), "a higher limit");
        }
    }
}

#[test]
fn the_regulators_profile_adds_its_limits_to_the_shipped_ones() {
    let mut texts = rules_shipped::Texts::shipped();
    let shipped = rules_shipped::policy();
    *texts.of("limits.toml") = rules_shipped::text("policies/profiles/cn_reg/limits.toml");
    let policy = Policy::compile(&texts.files()).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!(policy.limits().rows[..2], shipped.limits().rows[..]);
    let order = Ordered { at: NEW_YEAR, product: Product::Voucher, amount: 200_000, person: 0, number: 0, agent: 0 };
    let mut counters = Counters::default();
    for _ in 0..2 {
        order.admit(&policy, &counters).expect("5,000.00 CNY a day");
        counters.add(&order.counts(&policy));
    }
    let refused = order.admit(&policy, &counters).expect_err("more than 5,000.00 CNY a day");
    assert_eq!(
        format!("{refused}\nhint: {}", refused.hint().expect("a hint")),
        "limit_exceeded: limit `cn_reg_auth_2`: 4,000.00 CNY of 5,000.00 CNY used, 1,000.00 CNY left, 2,000.00 CNY asked
hint: ask for at most 1,000.00 CNY, or try again from 2026-01-02 00:00:00 (Asia/Shanghai) on"
    );
    assert!(order.admit(&shipped, &counters).is_ok(), "the profile is off unless its file is in place");
}

#[test]
fn every_row_of_the_regulators_figures_is_a_limit_or_is_left_out_with_its_reason() {
    let profile = rules_shipped::text("policies/profiles/cn_reg/limits.toml");
    let figures = rules_shipped::text("data/cn_reg_limits.csv");
    let rules: Vec<&str> = figures.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(rules.len(), 20);
    assert_eq!(rules.iter().filter(|rule| !profile.contains(**rule)).collect::<Vec<_>>(), Vec::<&&str>::new());
}
