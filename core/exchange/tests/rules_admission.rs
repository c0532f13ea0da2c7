//! Admission: the order of precedence for every pair of refusals, limits to the fen, and the messages.

mod rules_shipped;

use exchange::rules::{
    Holder, Identity, Instrument, Line, NumberRefusal, PRECEDENCE, Policy, Receiver, Refused, Request, Subjects, admit,
};
use facts::{Count, Counters, Day, Product, Province, Refusal, Subject, Terms};
use money::Telco;
use proptest::prelude::*;
use std::sync::LazyLock;

static POLICY: LazyLock<Policy> = LazyLock::new(rules_shipped::policy);

/// The shipped policy of an operator that holds no licence.
static UNLICENSED: LazyLock<Policy> = LazyLock::new(|| {
    let mut texts = rules_shipped::Texts::shipped();
    let rows = texts.of("licences.toml").find("[[licence]]").expect("a licence");
    texts.of("licences.toml").truncate(rows);
    Policy::compile(&texts.files()).unwrap_or_else(|faults| panic!("{faults:?}"))
});
/// What was used of the person's two limits on the day of the request, in fen.
#[derive(Clone, Copy, Default)]
struct Usage {
    total: u64,
    refund: u64,
}

impl Usage {
    fn counters(self, request: &Request) -> Counters {
        let used = [(Refusal::DailyLimitExceeded, self.total), (Refusal::RefundCapExceeded, self.refund)];
        let mut counters = Counters::default();
        for (refusal, amount) in used {
            let limit = POLICY.limits().giving(refusal).expect("shipped");
            let counter = limit.counter_of(Subject::Person(request.who.person), request.requested_at);
            counters.add(&[Count { counter, amount }]);
        }
        counters
    }
}

/// All that admission looks at. The home is Henan, which offers every product but those of the pilots.
#[derive(Clone, Copy)]
struct Case {
    policy: &'static Policy,
    request: Request,
    usage: Usage,
    convertible: i128,
}

fn province(code: u8) -> Province {
    Province::new(code).expect("two digits")
}

fn start_of(text: &str) -> facts::Millis {
    text.parse::<Day>().expect("a date").start()
}

impl Case {
    fn good(product: Product) -> Case {
        let home = province(if piloted(product) { 44 } else { 41 });
        let request = Request {
            product,
            amount: if product == Product::BundleGift { 102_400 } else { 10_000 },
            requested_at: start_of("2025-09-26"),
            channel_province: home,
            identity: Identity::Valid,
            number: Ok(Line { province: home, telco: Telco::Ctcc }),
            holder: Holder::Registered,
            instrument: Instrument::Own,
            receiver: if product == Product::Gift { Receiver::AtHomeIn(province(41)) } else { Receiver::NotAsked },
            who: Subjects::default(),
        };
        Case { policy: &POLICY, request, usage: Usage::default(), convertible: 1_000_000 }
    }

    fn admit(&self) -> Result<Terms, Refused> {
        admit(self.policy, &self.request, &self.usage.counters(&self.request), self.convertible, None)
    }
}

/// Spoils one part of a case.
type Spoil = fn(&mut Case);

/// One way for a refusal to apply: which part of the case it spoils, and for which products it can.
struct Defect {
    refusal: Refusal,
    part: &'static str,
    spoil: Spoil,
    can: fn(Product) -> bool,
}

fn piloted(product: Product) -> bool {
    matches!(product, Product::BundleGift | Product::BundleSale | Product::Market | Product::Wealth)
}

fn any(_: Product) -> bool {
    true
}

fn at_home(product: Product) -> bool {
    matches!(product, Product::Direct | Product::Voucher | Product::Agent)
}

fn has_instrument(product: Product) -> bool {
    matches!(product, Product::Direct | Product::Agent | Product::Refund | Product::Points | Product::Recharge)
}

fn limited(product: Product) -> bool {
    !matches!(product, Product::Points | Product::BundleGift | Product::Recharge)
}

fn from_balance(product: Product) -> bool {
    !matches!(
        product,
        Product::Refund | Product::Recharge | Product::Points | Product::BundleGift | Product::BundleSale
    )
}

const fn defect(refusal: Refusal, part: &'static str, spoil: Spoil, can: fn(Product) -> bool) -> Defect {
    Defect { refusal, part, spoil, can }
}

/// A province that offers none of the product: the north-east for money, Tibet for the rest; Guangdong for agents.
fn move_home(case: &mut Case) {
    let code = match case.request.product {
        Product::Direct | Product::Voucher => 21,
        Product::Gift | Product::Refund | Product::Points | Product::Recharge => 54,
        Product::Agent | Product::Card => 44,
        Product::BundleGift | Product::BundleSale | Product::Market | Product::Wealth => 41,
    };
    case.request.number = Ok(Line { province: province(code), telco: Telco::Ctcc });
}

/// In the order of precedence.
fn defects() -> Vec<Defect> {
    vec![
        defect(Refusal::MalformedRequest, "channel", |case| case.request.channel_province = province(99), any),
        defect(Refusal::IdentityInvalid, "identity", |case| case.request.identity = Identity::Invalid, any),
        defect(Refusal::IdentityUnderage, "identity", |case| case.request.identity = Identity::Underage, any),
        defect(Refusal::NumberUnknown, "number", |case| case.request.number = Err(NumberRefusal::Unknown), any),
        defect(Refusal::TelcoNotConnected, "number", |case| case.request.number = Err(NumberRefusal::Virtual), any),
        defect(Refusal::NotTheHolder, "holder", |case| case.request.holder = Holder::Other, any),
        defect(
            Refusal::InstrumentNotOwn,
            "instrument",
            |case| case.request.instrument = Instrument::NotOwn,
            has_instrument,
        ),
        defect(Refusal::ProductNotOffered, "number", move_home, any),
        defect(
            Refusal::ReceiverNotEligible,
            "receiver",
            |case| case.request.receiver = Receiver::AtHomeIn(province(54)),
            |product| product == Product::Gift,
        ),
        defect(Refusal::OutOfProvince, "channel", |case| case.request.channel_province = province(11), at_home),
        defect(
            Refusal::OutOfProvince,
            "receiver",
            |case| case.request.receiver = Receiver::AtHomeIn(province(11)),
            |product| product == Product::Gift,
        ),
        defect(Refusal::AmountTooSmall, "amount", |case| case.request.amount = 1, any),
        defect(Refusal::AmountTooLarge, "amount", |case| case.request.amount = 10_485_761, any),
        defect(
            Refusal::RefundCapExceeded,
            "refunds",
            |case| case.usage.refund = 50_000,
            |product| product == Product::Refund,
        ),
        defect(Refusal::DailyLimitExceeded, "day", |case| case.usage.total = 5_000_000, limited),
        defect(Refusal::BalanceInsufficient, "balance", |case| case.convertible = -1, from_balance),
        defect(
            Refusal::CalendarUnpublished,
            "time",
            |case| case.request.requested_at = start_of("2026-12-31"),
            |product| matches!(product, Product::Direct | Product::Points | Product::Wealth),
        ),
        defect(Refusal::LicenceMissing, "licence", |case| case.policy = &UNLICENSED, any),
    ]
}

#[test]
fn of_two_refusals_that_apply_the_first_is_given() {
    let defects = defects();
    let mut order: Vec<Refusal> = defects.iter().map(|defect| defect.refusal).collect();
    order.dedup();
    // A limit of an operator's own has none in the shipped policy.
    assert_eq!(order, PRECEDENCE.into_iter().filter(|one| *one != Refusal::LimitExceeded).collect::<Vec<_>>());
    let mut pairs = 0;
    for product in Product::ALL {
        let applicable: Vec<&Defect> = defects.iter().filter(|defect| (defect.can)(*product)).collect();
        assert!(Case::good(*product).admit().is_ok(), "{product}");
        for (place, first) in applicable.iter().enumerate() {
            let mut case = Case::good(*product);
            (first.spoil)(&mut case);
            assert_eq!(case.admit().map_err(|refused| refused.refusal), Err(first.refusal), "{product}");
            // Two defects of one part cannot apply together.
            for second in applicable[place + 1..].iter().filter(|second| second.part != first.part) {
                let mut both = case;
                (second.spoil)(&mut both);
                let answer = both.admit().map_err(|refused| refused.refusal);
                assert_eq!(answer, Err(first.refusal), "{product}: {} and {}", first.refusal, second.refusal);
                pairs += 1;
            }
        }
    }
    assert_eq!(pairs, 810, "a new refusal brings its pairs");
}

#[test]
fn every_way_to_be_no_receiver_is_refused() {
    for receiver in
        [Receiver::NotAsked, Receiver::Unknown, Receiver::Virtual, Receiver::Giver, Receiver::AtHomeIn(province(54))]
    {
        let mut case = Case::good(Product::Gift);
        case.request.receiver = receiver;
        assert_eq!(case.admit().map_err(|refused| refused.refusal), Err(Refusal::ReceiverNotEligible), "{receiver:?}");
    }
}

#[test]
fn a_request_outside_the_calendar_or_of_nothing_is_malformed() {
    let mut nothing = Case::good(Product::Direct);
    nothing.request.amount = 0;
    let mut early = Case::good(Product::Gift);
    early.request.requested_at = facts::Millis(start_of("2015-01-01").0 - 1);
    let mut late = Case::good(Product::Gift);
    late.request.requested_at = start_of("2027-01-01");
    for case in [nothing, early, late] {
        assert_eq!(case.admit().map_err(|refused| refused.refusal), Err(Refusal::MalformedRequest));
    }
}

#[test]
fn provinces_decide_what_is_offered_and_when_it_arrives() {
    // A Friday morning before National Day; the Sunday after it is worked.
    let rows = [
        (44, Product::Direct, Ok("2025-09-28")),
        (33, Product::Direct, Ok("2025-09-28")),
        (41, Product::Direct, Ok("2025-09-29")),
        (11, Product::Direct, Ok("2025-09-29")),
        (54, Product::Direct, Ok("2025-09-30")),
        (21, Product::Direct, Err(Refusal::ProductNotOffered)),
        (44, Product::Voucher, Ok("2025-09-26")),
        (65, Product::Voucher, Err(Refusal::ProductNotOffered)),
        (41, Product::Agent, Ok("2025-09-26")),
        (44, Product::Card, Err(Refusal::ProductNotOffered)),
        (54, Product::Refund, Err(Refusal::ProductNotOffered)),
        (21, Product::Refund, Ok("2025-09-26")),
        (61, Product::Points, Ok("2025-09-28")),
    ];
    for (home, product, expected) in rows {
        let mut case = Case::good(product);
        case.request.number = Ok(Line { province: province(home), telco: Telco::Cmcc });
        case.request.channel_province = province(home);
        let found = case.admit().map(|terms| terms.arrives_on.to_string()).map_err(|refused| refused.refusal);
        assert_eq!(found, expected.map(str::to_owned), "{product} in {home}");
    }
}

#[test]
fn exactly_a_limit_is_allowed() {
    let rows = [
        (Product::Direct, 10_000, (4_990_000, 0), None),
        (Product::Direct, 10_000, (4_990_001, 0), Some(Refusal::DailyLimitExceeded)),
        (Product::Refund, 10_000, (40_000, 40_000), None),
        (Product::Refund, 10_000, (40_001, 40_001), Some(Refusal::RefundCapExceeded)),
        (Product::Refund, 10_000, (4_990_001, 0), Some(Refusal::DailyLimitExceeded)),
        (Product::Points, 10_000, (5_000_000, 50_000), None),
        (Product::Direct, u64::MAX, (u64::MAX, 0), Some(Refusal::AmountTooLarge)),
        (Product::Direct, 10_000, (u64::MAX, 0), Some(Refusal::DailyLimitExceeded)),
    ];
    for (product, amount, (total, refund), refusal) in rows {
        let mut case = Case::good(product);
        case.request.amount = amount;
        case.usage = Usage { total, refund };
        assert_eq!(case.admit().err().map(|refused| refused.refusal), refusal, "{product} {amount} after {total}");
    }
}

#[test]
fn a_balance_covers_the_amount_and_the_fee_of_a_gift() {
    let rows = [
        (Product::Direct, 10_000, None),
        (Product::Direct, 9_999, Some(Refusal::BalanceInsufficient)),
        (Product::Gift, 10_100, None),
        (Product::Gift, 10_099, Some(Refusal::BalanceInsufficient)),
        (Product::Refund, -1, None),
        (Product::Points, -1, None),
    ];
    for (product, convertible, refusal) in rows {
        let case = Case { convertible, ..Case::good(product) };
        assert_eq!(case.admit().err().map(|refused| refused.refusal), refusal, "{product} of {convertible}");
    }
}

#[test]
fn a_card_has_a_face_value() {
    let rows = [
        (3_000, Ok(())),
        (50_000, Ok(())),
        (2_999, Err("amount_too_small: 29.99 CNY asked, 30.00 CNY allowed")),
        (4_000, Err("amount_too_large: 40.00 CNY asked, 30.00 CNY allowed")),
        (50_001, Err("amount_too_large: 500.01 CNY asked, 500.00 CNY allowed")),
    ];
    for (amount, expected) in rows {
        let mut case = Case::good(Product::Card);
        case.request.amount = amount;
        let found = case.admit().map(|_| ()).map_err(|refused| refused.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{amount}");
    }
}

#[test]
fn a_refusal_says_what_was_found_and_what_is_allowed() {
    let spoiled = |product, spoil: Spoil| {
        let mut case = Case::good(product);
        spoil(&mut case);
        let refused = case.admit().expect_err("refused");
        format!("{refused}\nhint: {}", refused.hint().unwrap_or_else(|| "none".to_owned()))
    };
    let rows: [(Product, Spoil, &str); 9] = [
        (
            Product::Direct,
            |case| {
                case.usage.total = 4_990_000;
                case.request.amount = 20_000;
            },
            "daily_limit_exceeded: limit `day`: 49,900.00 CNY of 50,000.00 CNY used, 100.00 CNY left, 200.00 CNY asked
hint: ask for at most 100.00 CNY, or try again from 2025-09-27 00:00:00 (Asia/Shanghai) on",
        ),
        (
            Product::Refund,
            |case| case.usage.refund = 50_000,
            "refund_cap_exceeded: limit `refund_day`: 500.00 CNY of 500.00 CNY used, 0.00 CNY left, 100.00 CNY asked
hint: try again from 2025-09-27 00:00:00 (Asia/Shanghai) on",
        ),
        (
            Product::Gift,
            |case| case.convertible = 10_000,
            "balance_insufficient: 100.00 CNY convertible, 101.00 CNY needed
hint: at most 100.00 CNY can leave, any fee on top included",
        ),
        (
            Product::Direct,
            |case| case.convertible = -5,
            "balance_insufficient: -0.05 CNY convertible, 100.00 CNY needed
hint: only a balance that its holder paid for can leave",
        ),
        (
            Product::Points,
            |case| case.request.amount = 999,
            "amount_too_small: 999 points asked, 1000 points allowed\nhint: ask for 1000 points",
        ),
        (
            Product::Direct,
            |case| case.request.channel_province = province(11),
            "out_of_province: province 11 found, 41 allowed\nhint: use province 41",
        ),
        (
            Product::Direct,
            |case| case.request.identity = Identity::Underage,
            "identity_underage: under 18 years\nhint: ask again from the 18th birthday on",
        ),
        (
            Product::Direct,
            |case| case.request.requested_at = start_of("2026-12-31"),
            "calendar_unpublished: the calendar is published up to 2026
hint: ask again when the next year's holidays are published",
        ),
        (Product::Direct, |case| case.request.holder = Holder::Other, "not_the_holder\nhint: none"),
    ];
    for (product, spoil, message) in rows {
        assert_eq!(spoiled(product, spoil), message);
    }
}

#[test]
fn terms_name_the_policy_that_gave_them() {
    let terms = Case::good(Product::Direct).admit().expect("admitted");
    assert_eq!(terms.policy, POLICY.version());
    assert_eq!((terms.fee, terms.payout), (400, 9_600));
}

proptest! {
    #[test]
    fn limits_and_balances_are_monotone(
        product in proptest::sample::select(Product::ALL),
        amount in 1u64..=1_100_000,
        total in 0u64..=5_200_000,
        refund in 0u64..=60_000,
        convertible in -1_000i128..=1_100_000,
        less in 0u64..=100_000,
    ) {
        let mut case = Case { usage: Usage { total, refund }, convertible, ..Case::good(product) };
        case.request.amount = amount;
        if case.admit().is_ok() {
            case.usage = Usage { total: total.saturating_sub(less), refund: refund.saturating_sub(less) };
            case.convertible += i128::from(less);
            prop_assert!(case.admit().is_ok(), "less used and more held");
        }
    }

    #[test]
    fn what_is_admitted_keeps_within_every_limit(
        product in proptest::sample::select(Product::ALL),
        amount in 1u64..=1_100_000,
        total in 0u64..=5_200_000,
        refund in 0u64..=60_000,
        convertible in -1_000i128..=1_100_000,
    ) {
        let mut case = Case { usage: Usage { total, refund }, convertible, ..Case::good(product) };
        case.request.amount = amount;
        let Ok(terms) = case.admit() else { return Ok(()) };
        prop_assert!(!limited(product) || total + amount <= 5_000_000);
        prop_assert!(product != Product::Refund || refund + amount <= 50_000);
        let drawn = amount + if product == Product::Gift { terms.fee } else { 0 };
        prop_assert!(!from_balance(product) || i128::from(drawn) <= convertible);
    }
}
