//! Prices: figures by hand, then what holds for every amount.

mod rules_shipped;

use exchange::rules::{Charge, Policy, PriceError, Priced, Sale};
use facts::{Day, FeeLine, FeeRule, LearnedPrice, Product};
use money::Telco;
use proptest::prelude::*;
use std::sync::LazyLock;

static POLICY: LazyLock<Policy> = LazyLock::new(rules_shipped::policy);

const ORDINARY: &str = "2025-09-26";
/// National Day; a Wednesday.
const HOLIDAY: &str = "2025-10-01";
/// A Saturday that is no public holiday.
const WEEKEND: &str = "2025-09-20";
/// A Sunday worked in place of a holiday.
const MADE_UP: &str = "2025-09-28";

/// A price of the list.
fn price(policy: &Policy, product: Product, telco: Telco, on: Day, amount: u64) -> Result<Priced, PriceError> {
    exchange::rules::price(policy, &Sale { product, telco, on, amount, learned: None })
}

fn day(text: &str) -> Day {
    text.parse().expect("a date")
}

#[test]
fn fees_by_hand() {
    use Product::{Agent, Card, Direct, Gift, Points, Refund, Voucher};
    use Telco::{Cbn, Cmcc, Ctcc, Cucc};
    let rows = [
        // product, telco, date, amount, fee, payout
        (Direct, Ctcc, ORDINARY, 10_000, 400, 9_600),
        (Direct, Cmcc, ORDINARY, 10_000, 300, 9_700),
        (Direct, Cucc, ORDINARY, 10_000, 300, 9_700),
        (Direct, Cbn, ORDINARY, 10_000, 200, 9_800),
        (Direct, Ctcc, HOLIDAY, 10_000, 450, 9_550),
        (Direct, Ctcc, WEEKEND, 10_000, 400, 9_600),
        (Direct, Ctcc, MADE_UP, 10_000, 400, 9_600),
        (Direct, Ctcc, ORDINARY, 1_012, 40, 972),
        (Direct, Ctcc, ORDINARY, 1_013, 41, 972),
        (Direct, Cmcc, ORDINARY, 1_250, 38, 1_212),
        (Voucher, Cbn, ORDINARY, 1_000, 10, 990),
        (Voucher, Cbn, HOLIDAY, 100_000, 1_500, 98_500),
        (Voucher, Ctcc, ORDINARY, 100_000, 3_000, 97_000),
        (Agent, Ctcc, ORDINARY, 100_000, 5_000, 95_000),
        // 4 + 0.5 + 1 points, clamped to 5.
        (Agent, Ctcc, HOLIDAY, 100_000, 5_000, 95_000),
        (Agent, Cmcc, HOLIDAY, 100_000, 4_500, 95_500),
        (Card, Cucc, ORDINARY, 3_000, 90, 2_910),
        (Gift, Ctcc, HOLIDAY, 10_000, 100, 10_000),
        (Gift, Ctcc, ORDINARY, 10_049, 100, 10_049),
        (Gift, Ctcc, ORDINARY, 10_050, 101, 10_050),
        (Refund, Ctcc, HOLIDAY, 50_000, 0, 50_000),
        (Points, Ctcc, HOLIDAY, 1_000, 0, 1_500),
        (Points, Ctcc, ORDINARY, 1_001, 0, 1_501),
    ];
    for (product, telco, on, amount, fee, payout) in rows {
        let priced = price(&POLICY, product, telco, day(on), amount).expect("in range");
        assert_eq!((priced.fee, priced.payout), (fee, payout), "{product} {telco} {on} {amount}");
        assert_eq!(priced.drawn, amount + if product == Gift { fee } else { 0 }, "{product}");
    }
}

#[test]
fn a_fee_explains_itself() {
    let lines =
        |product, telco, on, amount| price(&POLICY, product, telco, day(on), amount).expect("in range").fee_lines;
    let line = |rule, ppm, fen| FeeLine { rule, ppm, fen };
    assert_eq!(
        lines(Product::Agent, Telco::Ctcc, HOLIDAY, 100_000),
        [
            line(FeeRule::TelcoRate, 40_000, 0),
            line(FeeRule::Holiday, 5_000, 0),
            line(FeeRule::Product, 10_000, 0),
            line(FeeRule::Clamp, -5_000, 0)
        ]
    );
    // Below the shipped least amount, so that the least fee shows.
    assert_eq!(
        lines(Product::Direct, Telco::Cbn, ORDINARY, 100),
        [line(FeeRule::TelcoRate, 20_000, 0), line(FeeRule::Minimum, 0, 8)]
    );
    assert_eq!(lines(Product::Gift, Telco::Cbn, HOLIDAY, 10_000), [line(FeeRule::Product, 10_000, 0)]);
    assert_eq!(lines(Product::Refund, Telco::Cbn, HOLIDAY, 100), []);
}

#[test]
fn what_cannot_be_priced_is_said() {
    let on = day(ORDINARY);
    assert_eq!(price(&POLICY, Product::Direct, Telco::Cbn, on, 9), Err(PriceError::FeeExceedsAmount));
    assert_eq!(price(&POLICY, Product::Gift, Telco::Cbn, on, u64::MAX), Err(PriceError::Overflow));
    assert_eq!(price(&POLICY, Product::Points, Telco::Cbn, on, u64::MAX), Err(PriceError::Overflow));
}

/// The shipped policy with rows after its fees.
fn with_fees(rows: &str) -> Result<Policy, String> {
    let mut texts = rules_shipped::Texts::shipped();
    let fees = texts.of("fees.toml");
    let off = "[learned]\nsource = \"\"\nwithin_ppm = 0\n";
    assert!(fees.contains(off), "shipped off");
    *fees = fees.replace(off, "") + rows;
    Policy::compile(&texts.files()).map_err(|faults| faults.iter().map(|fault| format!("{fault}\n")).collect())
}

const TIERS: &str = r#"
[[tier]]
name = "small"
products = ["direct"]
from_fen = 1_000
to_fen = 9_999
added_ppm = 5_000

[[tier]]
name = "large"
products = ["direct", "card"]
from_fen = 100_000
to_fen = 500_000
added_ppm = -10_000
"#;

#[test]
fn a_tier_adds_to_the_rate_of_amounts_between_its_ends() {
    let policy = with_fees(TIERS).expect("it holds");
    let rows = [
        (Product::Direct, 9_999, Some(5_000)),
        (Product::Direct, 10_000, None),
        (Product::Direct, 99_999, None),
        (Product::Direct, 100_000, Some(-10_000)),
        (Product::Direct, 500_000, Some(-10_000)),
        (Product::Card, 5_000, None),
        (Product::Agent, 100_000, None),
        (Product::Gift, 100_000, None),
    ];
    for (product, amount, added) in rows {
        let priced = price(&policy, product, Telco::Ctcc, day(ORDINARY), amount).expect("in range");
        let tier = priced.fee_lines.iter().find(|line| line.rule == FeeRule::Tier).map(|line| line.ppm);
        assert_eq!(tier, added, "{product} {amount}");
    }
    assert_eq!(price(&policy, Product::Direct, Telco::Ctcc, day(ORDINARY), 100_000).expect("in range").fee, 3_000);
}

#[test]
fn every_fault_of_tiers_and_learned_prices_is_found() {
    let rows = [
        (
            "to_fen = 9_999",
            "to_fen = 999",
            "`fees.toml`, tier `small`: found 1000 to 999 fen, allowed: `from_fen` to `to_fen`, not backwards\n",
        ),
        (
            "to_fen = 9_999",
            "to_fen = 100_000",
            "`fees.toml`, tier `large`: found amounts of `small` too, allowed: one tier at most for an order\n",
        ),
        (
            "\"card\"]",
            "\"gift\"]",
            "`fees.toml`, tier `large`: found `gift`, which has a rate of its own, allowed: products of `telco_rate`\n",
        ),
        (
            "name = \"large\"",
            "name = \"small\"",
            "`fees.toml`, tier `small`: found no name, or the name again, allowed: each name once\n",
        ),
        (
            "added_ppm = 5_000",
            "added_ppm = 10_001",
            "`fees.toml`, tier `small`: `direct` at CTCC: found 50001 ppm, allowed: a sum from 10000 to 50000 ppm\n",
        ),
    ];
    for (from, to, message) in rows {
        assert_eq!(with_fees(&TIERS.replacen(from, to, 1)).expect_err("faults"), message);
    }
    let learned =
        |source: &str, within: &str| with_fees(&format!("[learned]\nsource = \"{source}\"\nwithin_ppm = {within}\n"));
    assert!(learned("", "1").expect_err("faults").contains("`learned.source`: found nothing"));
    assert!(learned("x", "1_000_001").expect_err("faults").contains("`learned.within_ppm`: found 1000001 ppm"));
    assert!(learned("x", "-1").expect_err("faults").contains("`learned.within_ppm`: found -1 ppm"));
}

fn learned_by(source: &str, ppm: i32) -> LearnedPrice {
    LearnedPrice { source: source.to_owned(), version: "7".to_owned(), ppm }
}

#[test]
fn a_learned_price_moves_the_rate_as_far_as_the_policy_lets_it() {
    let policy = with_fees("[learned]\nsource = \"elasticity\"\nwithin_ppm = 4_000\n").expect("it holds");
    let ppm_of = |learned: &LearnedPrice, telco| {
        let sale = Sale { product: Product::Direct, telco, on: day(ORDINARY), amount: 100_000, learned: Some(learned) };
        let lines = exchange::rules::price(&policy, &sale).expect("in range").fee_lines;
        let of = |rule| lines.iter().find(|line| line.rule == rule).map_or(0, |line| line.ppm);
        (of(FeeRule::Learned), lines.iter().map(|line| line.ppm).sum::<i32>())
    };
    assert_eq!(ppm_of(&learned_by("elasticity", -2_500), Telco::Ctcc), (-2_500, 37_500));
    assert_eq!(ppm_of(&learned_by("elasticity", 9_000), Telco::Ctcc), (4_000, 44_000));
    assert_eq!(ppm_of(&learned_by("elasticity", i32::MIN), Telco::Cbn), (-4_000, 16_000));
    assert_eq!(ppm_of(&learned_by("another", -2_500), Telco::Ctcc), (0, 40_000), "not the source of the policy");
}

static WIDE: LazyLock<Policy> =
    LazyLock::new(|| with_fees("[learned]\nsource = \"elasticity\"\nwithin_ppm = 1_000_000\n").expect("it holds"));

fn any_day() -> impl Strategy<Value = Day> {
    let count = |date: &str| day(date).count();
    (count("2015-01-01")..=count("2026-12-31")).prop_map(Day::from_count)
}

proptest! {
    #[test]
    fn a_fee_is_the_sum_of_its_lines_and_stays_in_its_band(
        product in proptest::sample::select(Product::ALL),
        telco in proptest::sample::select(&Telco::ALL[..]),
        on in any_day(),
        amount in 1_000u64..=999_999_999_999_999,
    ) {
        let priced = price(&POLICY, product, telco, on, amount).expect("in range");
        let ppm: i64 = priced.fee_lines.iter().map(|line| i64::from(line.ppm)).sum();
        let fen: u64 = priced.fee_lines.iter().map(|line| line.fen).sum();
        let by_rate = (u128::from(amount) * u128::try_from(ppm).expect("not negative") * 2 + 1_000_000) / 2_000_000;
        prop_assert_eq!(u128::from(priced.fee), by_rate + u128::from(fen));
        if matches!(POLICY.product(product).charge, Charge::TelcoRate { .. }) {
            prop_assert!((10_000..=50_000).contains(&ppm), "{} ppm", ppm);
            prop_assert!(priced.fee >= 10);
            prop_assert_eq!(priced.fee + priced.payout, amount);
        }
    }

    #[test]
    fn no_learned_price_leaves_the_band_or_is_heard_where_it_is_off(
        product in proptest::sample::select(Product::ALL),
        telco in proptest::sample::select(&Telco::ALL[..]),
        on in any_day(),
        amount in 1_000u64..=999_999_999_999_999,
        ppm in any::<i32>(),
    ) {
        let learned = learned_by("elasticity", ppm);
        let sale = Sale { product, telco, on, amount, learned: Some(&learned) };
        let moved = exchange::rules::price(&WIDE, &sale).expect("in range");
        let sum: i64 = moved.fee_lines.iter().map(|line| i64::from(line.ppm)).sum();
        match WIDE.product(product).charge {
            Charge::TelcoRate { .. } => prop_assert!((10_000..=50_000).contains(&sum), "{} ppm", sum),
            Charge::OwnRate { .. } => prop_assert!(moved.fee_lines.iter().all(|line| line.rule != FeeRule::Learned)),
        }
        let listed = price(&POLICY, product, telco, on, amount).expect("in range");
        prop_assert_eq!(exchange::rules::price(&POLICY, &sale).expect("in range"), listed, "shipped off");
    }

    #[test]
    fn a_holiday_never_makes_it_cheaper_and_only_its_own_date_counts(
        product in proptest::sample::select(Product::ALL),
        telco in proptest::sample::select(&Telco::ALL[..]),
        on in any_day(),
        amount in 1_000u64..=1_000_000,
    ) {
        let priced = price(&POLICY, product, telco, on, amount).expect("in range");
        let ordinary = price(&POLICY, product, telco, day(ORDINARY), amount).expect("in range");
        let holiday = price(&POLICY, product, telco, day(HOLIDAY), amount).expect("in range");
        prop_assert!(holiday.fee >= ordinary.fee);
        let same = if POLICY.calendar().is_public_holiday(on) { holiday } else { ordinary };
        prop_assert_eq!(priced, same);
    }

    #[test]
    fn more_never_costs_less(
        product in proptest::sample::select(Product::ALL),
        telco in proptest::sample::select(&Telco::ALL[..]),
        on in any_day(),
        amount in 1_000u64..=1_000_000,
        more in 0u64..=1_000,
    ) {
        let less = price(&POLICY, product, telco, on, amount).expect("in range");
        let more = price(&POLICY, product, telco, on, amount + more).expect("in range");
        prop_assert!(less.fee <= more.fee && less.payout <= more.payout && less.drawn <= more.drawn);
    }
}
