//! Prices: figures by hand, then what holds for every amount.

mod rules_shipped;

use exchange::rules::{Charge, Policy, PriceError, price};
use facts::{Day, FeeLine, FeeRule, Product};
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
