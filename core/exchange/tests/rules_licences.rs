//! Licences as data: what they cover and when they end, gaps that no licence covers, and faults in the file.

mod rules_shipped;

use exchange::rules::{Notice, Policy};
use facts::{Day, Product, Province};
use rules_shipped::Texts;

fn day(text: &str) -> Day {
    text.parse().expect("a date")
}

fn province(code: u8) -> Province {
    Province::new(code).expect("two digits")
}

/// The shipped policy with a piece of its licences replaced.
fn changed(from: &str, to: &str) -> Result<Policy, String> {
    let mut texts = Texts::shipped();
    let licences = texts.of("licences.toml");
    assert!(licences.contains(from), "`{from}` is in the shipped file");
    *licences = licences.replacen(from, to, 1);
    Policy::compile(&texts.files()).map_err(|faults| faults.iter().map(|fault| format!("{fault}\n")).collect())
}

#[test]
fn the_shipped_licences_cover_every_offer_on_every_day_of_the_calendar() {
    let policy = rules_shipped::policy();
    assert_eq!(policy.unlicensed(day("2015-01-01"), day("2026-12-31")), []);
    assert_ne!(policy.unlicensed(day("2015-01-01"), day("2027-01-01")), []);
}

#[test]
fn a_gap_is_told_from_its_first_day_to_its_last() {
    let two = r#"valid_to = "2019-12-31"
document_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"

[[licence]]
number = "second"
kind = "payment"
holder = "somebody"
products = ["direct"]
provinces = ["41", "44"]
valid_from = "2020-02-01"
valid_to = "2026-12-30"#;
    let policy = changed(r#"valid_to = "2026-12-31"#, two).expect("no fault");
    let gaps = policy.unlicensed(day("2015-01-01"), day("2026-12-31"));
    let found = |product, code| -> Vec<String> {
        let here = gaps.iter().filter(|gap| (gap.product, gap.home) == (product, province(code)));
        here.map(|gap| format!("{} to {}", gap.from, gap.to)).collect()
    };
    assert_eq!(found(Product::Direct, 41), ["2020-01-01 to 2020-01-31", "2026-12-31 to 2026-12-31"]);
    assert_eq!(found(Product::Direct, 11), ["2020-01-01 to 2026-12-31"]);
    assert_eq!(found(Product::Agent, 41), ["2020-01-01 to 2026-12-31"]);
    // Not offered there, so nothing is missing.
    assert_eq!(found(Product::Agent, 11), Vec::<String>::new());
    assert_eq!(found(Product::Gift, 41), Vec::<String>::new());
    assert!(policy.licence(Product::Direct, province(41), day("2020-02-01")).is_some());
    assert!(policy.licence(Product::Direct, province(41), day("2020-01-31")).is_none());
}

#[test]
fn a_licence_that_ends_is_told_90_30_and_7_days_before() {
    let policy = rules_shipped::policy();
    let rows = [
        ("2026-10-01", None),
        ("2026-10-02", Some((90, Notice::Within90Days))),
        ("2026-11-30", Some((31, Notice::Within90Days))),
        ("2026-12-01", Some((30, Notice::Within30Days))),
        ("2026-12-23", Some((8, Notice::Within30Days))),
        ("2026-12-24", Some((7, Notice::Within7Days))),
        ("2026-12-31", Some((0, Notice::Within7Days))),
        ("2027-01-01", None),
        ("2014-12-31", None),
    ];
    for (on, expected) in rows {
        let found = policy.licences_expiring(day(on));
        assert_eq!(found.first().map(|soon| (soon.days_left, soon.notice)), expected, "{on}");
        assert_eq!(found.len(), if expected.is_some() { policy.licences().len() } else { 0 }, "{on}");
    }
}

#[test]
fn every_fault_of_the_licences_is_found() {
    let rows = [
        (
            "DEMO-CARD-0002",
            "DEMO-PAY-0001",
            "licence `DEMO-PAY-0001`: found the number again, allowed: each number once",
        ),
        (
            "Tongbao Demonstration Co., Ltd.",
            " ",
            "licence `DEMO-PAY-0001` `holder`: found nothing, allowed: what the document says",
        ),
        (r#""direct", "#, r#""cash", "#, "licence `DEMO-PAY-0001` `products`: found `cash`, allowed: one of direct, "),
        (
            r#"["direct", "agent", "refund", "recharge"]"#,
            "[]",
            "licence `DEMO-PAY-0001` `products`: found no product, allowed: at least one product",
        ),
        (
            r#""nationwide""#,
            "[]",
            "licence `DEMO-PAY-0001` `provinces`: found no province, allowed: at least one province, or `nationwide`",
        ),
        (
            r#""nationwide""#,
            r#"["98"]"#,
            "licence `DEMO-PAY-0001` `provinces`: found `98`, allowed: a code of `provinces_cn.csv`",
        ),
        (
            r#""nationwide""#,
            r#"["44", "44"]"#,
            "licence `DEMO-PAY-0001` `provinces`: found `44` again, allowed: each once",
        ),
        (
            r#"valid_to = "2026-12-31""#,
            r#"valid_to = "2026-02-30""#,
            "licence `DEMO-PAY-0001` `valid_to`: found `2026-02-30`, allowed: a date such as 2026-01-01",
        ),
        (
            r#"valid_to = "2026-12-31""#,
            r#"valid_to = "2014-12-31""#,
            "licence `DEMO-PAY-0001`: found 2015-01-01 to 2014-12-31, allowed: `valid_from` to `valid_to`, not backwards",
        ),
        (r#"document_sha256 = ""#, r#"document_sha256 = "X"#, "licence `DEMO-PAY-0001` `document_sha256`: found `X"),
        (r#"kind = "payment""#, r#"kind = "banking""#, "line 14: found unknown variant `banking`"),
        (r#""nationwide""#, r#""worldwide""#, "line 17: found data did not match any variant"),
        ("holder = ", "owner = ", "found unknown field `owner`"),
    ];
    for (from, to, expected) in rows {
        let faults = changed(from, to).expect_err("a fault");
        assert!(faults.starts_with("`licences.toml`, ") && faults.contains(expected), "{from} -> {to}: {faults}");
    }
}
