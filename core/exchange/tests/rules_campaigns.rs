//! Campaigns as rows: who gets what, what is left, what is shared, and every fault of the file.

mod rules_shipped;

use exchange::rules::{Candidate, Policy, reward_counts};
use facts::{Counters, Key16, PersonId, Product, Province, Refusal, Reward, Shared};
use money::Telco;
use rules_shipped::Texts;

const HEAD: &str = "[about]\nsource = \"a test\"\neffective_from = \"2015-01-01\"\n";

/// A campaign of the tests' own: 1% up to 5.00 CNY, for Guangdong and Zhejiang numbers of two telcos in November.
const ROW: &str = r#"
[[campaign]]
number = 7
name = "autumn"
title = { zh = "金秋", en = "Autumn" }
products = ["direct", "gift"]
telcos = ["CTCC", "CMCC"]
provinces = "nationwide"
regions = ["pilot"]
valid_from = "2026-11-01"
valid_to = "2026-11-30"
least_amount = 5_000
gives = { ppm = 10_000, most_fen = 500 }
usable_days_after_arrival = 7
budget_fen = 1_200
person_most_fen = 700
person_most_orders = 2
review_above = 2
"#;

fn with(campaigns: &str) -> Result<Policy, String> {
    let mut texts = Texts::shipped();
    *texts.of("campaigns.toml") = campaigns.to_owned();
    Policy::compile(&texts.files()).map_err(|faults| faults.iter().map(|fault| format!("{fault}\n")).collect())
}

fn policy() -> Policy {
    with(&format!("{HEAD}{ROW}")).expect("it holds")
}

fn province(code: u8) -> Province {
    Province::new(code).expect("two digits")
}

fn candidate() -> Candidate {
    Candidate {
        product: Product::Direct,
        amount: 10_000,
        on: "2026-11-23".parse().expect("a date"),
        arrives_on: "2026-11-24".parse().expect("a date"),
        telco: Telco::Ctcc,
        home: province(44),
        person: PersonId::from_bits(1),
    }
}

#[test]
fn who_is_eligible_is_what_the_row_says() {
    let policy = policy();
    let of = |candidate: &Candidate| policy.reward(candidate, &Counters::default()).map(|reward| reward.amount);
    let (base, day) = (candidate(), |text: &str| text.parse().expect("a date"));
    let rows = [
        ("as asked", base, Some(100)),
        ("rounded down", Candidate { amount: 10_099, ..base }, Some(100)),
        ("the greatest", Candidate { amount: 50_000, ..base }, Some(500)),
        ("above the greatest", Candidate { amount: 500_000, ..base }, Some(500)),
        ("the least amount", Candidate { amount: 5_000, ..base }, Some(50)),
        ("below the least amount", Candidate { amount: 4_999, ..base }, None),
        ("another product of the row", Candidate { product: Product::Gift, ..base }, Some(100)),
        ("a product of no row", Candidate { product: Product::Agent, ..base }, None),
        ("another telco of the row", Candidate { telco: Telco::Cmcc, ..base }, Some(100)),
        ("a telco of no row", Candidate { telco: Telco::Cucc, ..base }, None),
        ("another province of the region", Candidate { home: province(33), ..base }, Some(100)),
        ("a province of another region", Candidate { home: province(41), ..base }, None),
        ("the first day", Candidate { on: day("2026-11-01"), ..base }, Some(100)),
        ("the day before", Candidate { on: day("2026-10-31"), ..base }, None),
        ("the last day", Candidate { on: day("2026-11-30"), ..base }, Some(100)),
        ("the day after", Candidate { on: day("2026-12-01"), ..base }, None),
    ];
    for (what, candidate, amount) in rows {
        assert_eq!(of(&candidate), amount, "{what}");
    }
    let reward = policy.reward(&base, &Counters::default()).expect("offered");
    assert_eq!((reward.campaign, reward.name.as_str(), reward.usable_from), (7, "autumn", day("2026-12-01")));
    let fixed = ROW.replace("{ ppm = 10_000, most_fen = 500 }", "{ fen = 300 }");
    let fixed = with(&format!("{HEAD}{fixed}")).expect("it holds");
    assert_eq!(fixed.reward(&base, &Counters::default()).map(|reward| reward.amount), Some(300));
}

/// Promises the reward of an amount to a person, as admission does; what it came to.
fn promise(policy: &Policy, counters: &mut Counters, person: u128, amount: u64, shared: &[Shared]) -> Option<Reward> {
    let candidate = Candidate { amount, person: PersonId::from_bits(person), ..candidate() };
    let reward = policy.reward(&candidate, counters)?;
    counters.add(&reward_counts(&reward, candidate.person, shared.iter().copied()));
    Some(reward)
}

#[test]
fn nobody_is_promised_more_than_a_person_or_everybody_may_get() {
    let (policy, mut counters) = (policy(), Counters::default());
    let mut of = |person, amount| promise(&policy, &mut counters, person, amount, &[]).map(|reward| reward.amount);
    assert_eq!(of(1, 50_000), Some(500));
    assert_eq!(of(1, 30_000), None, "700 fen a person: never a part of what is shown");
    assert_eq!(of(1, 20_000), Some(200));
    assert_eq!(of(1, 5_000), None, "two orders a person");
    assert_eq!(of(2, 50_000), Some(500), "exactly the budget");
    assert_eq!(of(3, 5_000), None, "1,200 fen for everybody");
    let campaign = policy.campaign(7).expect("there");
    assert_eq!((campaign.promised(&counters), campaign.orders(&counters), campaign.persons(&counters)), (1_200, 3, 2));
}

#[test]
fn a_shown_reward_stands_while_all_of_it_is_left_and_else_is_refused() {
    let (policy, mut counters) = (policy(), Counters::default());
    let (one, other) = (PersonId::from_bits(1), PersonId::from_bits(2));
    let shown = promise(&policy, &mut counters, 1, 50_000, &[]).expect("shown");
    assert_eq!(policy.check_reward(&shown, other, &counters), Ok(()));
    let refused = policy.check_reward(&shown, one, &counters).expect_err("200 fen are left of what a person gets");
    assert_eq!(refused.refusal, Refusal::RewardUnavailable);
    assert_eq!(refused.to_string(), "reward_unavailable: 5.00 CNY shown, 2.00 CNY left");
    let gone = Reward { campaign: 8, ..shown };
    assert!(policy.check_reward(&gone, other, &counters).is_err(), "the campaign was taken away");
}

#[test]
fn what_rewarded_persons_share_is_told_above_the_threshold_alone() {
    let row = ROW.replace("budget_fen = 1_200", "budget_fen = 100_000");
    let (policy, mut counters) = (with(&format!("{HEAD}{row}")).expect("it holds"), Counters::default());
    let [phone, card, block] = [1, 2, 3].map(|byte| Key16([byte; 16]));
    for person in 1..=4 {
        promise(&policy, &mut counters, person, 5_000, &[Shared::Device(phone)]).expect("left");
    }
    // The same person again is no further person.
    promise(&policy, &mut counters, 1, 5_000, &[Shared::Device(phone), Shared::Card(card)]).expect("left");
    for person in 5..=7 {
        let shared = [Shared::Card(card), Shared::Block(block)];
        let shared = if person == 7 { &shared[..1] } else { &shared[..] };
        promise(&policy, &mut counters, person, 5_000, shared).expect("left");
    }
    let campaign = policy.campaign(7).expect("there");
    let told: Vec<_> =
        campaign.clusters(&counters).iter().map(|cluster| (cluster.shared, cluster.persons, cluster.orders)).collect();
    assert_eq!(told, [(Shared::Device(phone), 4, 5), (Shared::Card(card), 4, 4)], "two of a block are no cluster");
}

#[test]
fn every_fault_of_the_campaigns_is_found() {
    let one = "`campaigns.toml`, campaign `autumn`";
    let rows = [
        (
            "valid_to = \"2026-11-30\"",
            "valid_to = \"2026-10-30\"",
            format!("{one}: found 2026-11-01 to 2026-10-30, allowed: `valid_from` to `valid_to`, not backwards\n"),
        ),
        (
            "valid_from = \"2026-11-01\"",
            "valid_from = \"soon\"",
            format!("{one} `valid_from`: found `soon`, allowed: a date such as 2026-01-01\n"),
        ),
        (
            "budget_fen = 1_200",
            "budget_fen = 499",
            format!(
                "{one}: found a reward of 500 fen, allowed: at most the budget, 499 fen\n{one}: found `person_most_fen` 700, allowed: at most the budget, 499 fen\n"
            ),
        ),
        (
            "person_most_fen = 700",
            "person_most_fen = 499",
            format!("{one}: found a reward of 500 fen, allowed: at most what a person gets, 499 fen\n"),
        ),
        (
            "person_most_orders = 2",
            "person_most_orders = 0",
            format!("{one}: found `person_most_orders` 0, allowed: a figure above 0\n"),
        ),
        ("review_above = 2", "review_above = 0", format!("{one}: found `review_above` 0, allowed: a figure above 0\n")),
        ("ppm = 10_000", "ppm = 1_000_001", format!("{one} `gives`: found 1000001 ppm, allowed: 1 to 1000000 ppm\n")),
        (
            "\"gift\"]",
            "\"cash\"]",
            format!(
                "{one} `products`: found `cash`, allowed: one of direct, voucher, agent, card, gift, refund, points, bundle_gift, bundle_sale, market, wealth, recharge\n"
            ),
        ),
        (
            "\"gift\"]",
            "\"points\"]",
            format!("{one}: found `points`, whose amounts are no money, allowed: products in fen\n"),
        ),
        ("[\"direct\", \"gift\"]", "[]", format!("{one}: found no product, allowed: at least one product\n")),
        ("\"CMCC\"]", "\"CMMC\"]", format!("{one} `telcos`: found `CMMC`, allowed: CMCC, CUCC, CTCC or CBN\n")),
        (
            "[\"pilot\"]",
            "[\"pilots\", \"pilot\"]",
            format!("{one} `regions`: found `pilots`, allowed: a region of `regions.toml`\n"),
        ),
        (
            "\"nationwide\"",
            "[\"41\"]",
            format!(
                "{one} `regions`: found regions with none of its provinces, allowed: at least one province in both\n"
            ),
        ),
        (
            "\"nationwide\"",
            "[\"44\", \"98\"]",
            format!("{one} `provinces`: found `98`, allowed: a code of `provinces_cn.csv`\n"),
        ),
        (
            "en = \"Autumn\"",
            "en = \" \"",
            format!("{one}: found a title that is empty, allowed: words in `zh` and in `en`\n"),
        ),
        (
            "least_amount = 5_000",
            "least_amount = 500_001",
            format!(
                "{one}: found `least_amount` 500001, allowed: at most 500000 of `direct`\n{one}: found `least_amount` 500001, allowed: at most 500000 of `gift`\n"
            ),
        ),
        (
            "usable_days_after_arrival = 7",
            "usable_days_after_arrival = 367",
            format!("{one}: found `usable_days_after_arrival` 367, allowed: at most 366 days\n"),
        ),
    ];
    for (from, to, message) in rows {
        assert!(ROW.contains(from), "`{from}` is in the row");
        assert_eq!(with(&format!("{HEAD}{}", ROW.replace(from, to))).expect_err("faults"), message);
    }
    let zero = with(&format!("{HEAD}{}", ROW.replace("budget_fen = 1_200", "budget_fen = 0"))).expect_err("faults");
    assert!(zero.starts_with(&format!("{one}: found `budget_fen` 0, allowed: a figure above 0\n")), "{zero}");
}

#[test]
fn one_campaign_at_most_comes_with_an_order() {
    let other = ROW.replace("number = 7", "number = 8").replace("\"autumn\"", "\"singles\"");
    let overlap = with(&format!("{HEAD}{ROW}{other}")).expect_err("faults");
    assert_eq!(
        overlap,
        "`campaigns.toml`, campaign `singles`: found orders that `autumn` comes with too, allowed: one campaign at most for an order\n"
    );
    let apart = [
        ("[\"CTCC\", \"CMCC\"]", "[\"CUCC\"]"),
        ("[\"direct\", \"gift\"]", "[\"agent\"]"),
        ("[\"pilot\"]", "[\"henan\"]"),
        (
            "valid_from = \"2026-11-01\"\nvalid_to = \"2026-11-30\"",
            "valid_from = \"2026-12-01\"\nvalid_to = \"2026-12-01\"",
        ),
    ];
    for (from, to) in apart {
        assert!(other.contains(from), "`{from}` is in the row");
        with(&format!("{HEAD}{ROW}{}", other.replace(from, to))).expect("they never meet");
    }
    let again = with(&format!("{HEAD}{ROW}{}", ROW.replace("2026-11", "2026-12"))).expect_err("faults");
    assert!(again.contains("found number 7 again") && again.contains("found the name again"), "{again}");
}

#[test]
fn what_a_campaign_gives_never_leaves_as_money() {
    let mut texts = Texts::shipped();
    *texts.of("limits.toml") = texts.of("limits.toml").replace("promotional = \"never\"", "promotional = \"always\"");
    let faults = Policy::compile(&texts.files()).expect_err("faults");
    assert!(faults[0].to_string().starts_with("`campaigns.toml`, `campaign`: found campaigns, and"), "{faults:?}");
}

#[test]
fn a_policy_from_before_campaigns_has_none() {
    let mut texts = Texts::shipped();
    texts.of("campaigns.toml").clear();
    let policy = Policy::compile(&texts.files()).expect("it holds");
    assert!(policy.campaigns().is_empty());
    assert_ne!(policy.version(), rules_shipped::policy().version());
}

#[test]
fn the_shipped_demonstration_is_over() {
    let policy = rules_shipped::policy();
    let last = policy.campaigns().iter().map(|campaign| campaign.valid_to).max().expect("one is shipped");
    assert!(last < "2026-03-01".parse().expect("a date"), "{last}");
}
