//! The policy as files: the shipped one compiles, a fault in it is found, and its version is its content.

mod rules_shipped;

use exchange::rules::{CodeBy, Evidence, Policy, PolicyFiles, Use, Verdict};
use facts::{Millis, Product, Provenance, Province};
use rules_shipped::Texts;

fn province(code: u8) -> Province {
    Province::new(code).expect("two digits")
}

fn faults(texts: &Texts) -> String {
    let faults = Policy::compile(&texts.files()).expect_err("faults");
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

/// Replaces a piece of one file and returns the faults found.
fn faults_with(name: &str, from: &str, to: &str) -> String {
    let mut texts = Texts::shipped();
    let text = texts.of(name);
    assert!(text.contains(from), "`{from}` is in the shipped file");
    *text = text.replacen(from, to, 1);
    faults(&texts)
}

#[test]
fn every_fault_of_the_regions_is_found() {
    let rows = [
        (
            r#"["33", "44"]"#,
            r#"["33", "44", "98"]"#,
            "`regions.toml`, region `pilot`: found province `98`, allowed: a code of `provinces_cn.csv`\n",
        ),
        (
            r#"["33", "44"]"#,
            r#"["33", "44", "41"]"#,
            "`regions.toml`, region `henan`: found province `41` again, allowed: every province in one region\n",
        ),
        (
            r#"["33", "44"]"#,
            r#"["44"]"#,
            "`regions.toml`, province 33: found no region, allowed: every province in one region\n",
        ),
        (
            "name = \"tibet\"",
            "name = \"henan\"",
            "`regions.toml`, region `henan`: found the name again, allowed: each name once\n",
        ),
        (
            "gift_reach = \"anywhere\"\n",
            "",
            "`regions.toml`, region `pilot`: found `gift` and `gift_reach` apart, allowed: both or none\n",
        ),
        (
            "direct_arrives_after = 3\n",
            "",
            "`regions.toml`, region `tibet`: found `direct` and `direct_arrives_after` apart, allowed: both or none\n",
        ),
        (
            "witnesses_needed = 2",
            "witnesses_needed = 4",
            "`regions.toml`, region `pilot` `evidence`: found witnesses that do not fit, allowed: `operator_signature` alone, or `witnesses` and from 1 to all of them needed\n",
        ),
        (
            r#"products = ["direct", "voucher"]"#,
            r#"products = ["direct", "direct"]"#,
            "`regions.toml`, region `tibet` `products`: found `direct` again, allowed: each once\n",
        ),
        (
            r#"products = ["direct", "voucher"]"#,
            r#"products = ["direct", "cash"]"#,
            "`regions.toml`, region `tibet` `products`: found `cash`, allowed: one of direct, voucher, agent, card, gift, refund, points, bundle_gift, bundle_sale, market, wealth, recharge\n",
        ),
    ];
    for (from, to, message) in rows {
        assert_eq!(faults_with("regions.toml", from, to), message);
    }
}

#[test]
fn every_fault_of_the_fees_is_found() {
    let rows = [
        (
            "CBN = 20_000",
            "CBN = 9_999",
            "`fees.toml`, `card` at CBN: found 9999 ppm, allowed: a sum from 10000 to 50000 ppm\n`fees.toml`, `direct` at CBN: found 9999 ppm, allowed: a sum from 10000 to 50000 ppm\n`fees.toml`, `voucher` at CBN: found -1 ppm, allowed: a sum from 10000 to 50000 ppm\n`fees.toml`, `wealth` at CBN: found 9999 ppm, allowed: a sum from 10000 to 50000 ppm\n",
        ),
        (
            "agent = 10_000",
            "agent = 10_001",
            "`fees.toml`, `agent` at CTCC: found 50001 ppm, allowed: a sum from 10000 to 50000 ppm\n",
        ),
        (
            "CBN = 20_000",
            "CBM = 20_000",
            "`fees.toml`, `telco_ppm.CBN`: found nothing, allowed: a rate for every telco\n`fees.toml`, `telco_ppm.CBM`: found `CBM`, allowed: CMCC, CUCC, CTCC or CBN\n",
        ),
        (
            "least = 10_000, most = 50_000",
            "least = 50_000, most = 10_000",
            "`fees.toml`, `telco_rate.band_ppm`: found 50000 to 10000 ppm, allowed: 0 to 1000000 ppm, ascending\n",
        ),
        (
            "least_fen = 10",
            "least_fen = 1_001",
            "`fees.toml`, `telco_rate.least_fen`: found 1001, allowed: at most the least amount of a product\n",
        ),
        (
            "card = 0",
            "card = 0\ngift = 0",
            "`fees.toml`, `own_rate.gift`: found a second charge for `gift`, allowed: one charge a product\n",
        ),
        ("card = 0\n", "", "`fees.toml`, `card`: found no charge, allowed: a charge for every product\n"),
        (
            "added_ppm = 5_000",
            "added_ppm = -1",
            "`fees.toml`, `holiday.added_ppm`: found -1 ppm, allowed: 0 to 1000000 ppm\n",
        ),
        (
            "taken = \"on_top\"",
            "taken = \"from_amount\"",
            "`products.toml`, `gift.pays`: found a fee from the amount, which is paid whole, allowed: `amount_less_fee`, or a fee `on_top`\n",
        ),
    ];
    for (from, to, message) in rows {
        assert_eq!(faults_with("fees.toml", from, to), message);
    }
}

#[test]
fn every_fault_of_the_products_is_found() {
    let rows = [
        (
            "[direct]",
            "[dirrect]",
            "`products.toml`, `dirrect`: found `dirrect`, allowed: one of direct, voucher, agent, card, gift, refund, points, bundle_gift, bundle_sale, market, wealth, recharge\n`products.toml`, `direct`: found nothing, allowed: a row for every product\n",
        ),
        (
            "least = 1_000\n",
            "least = 500_001\n",
            "`products.toml`, `direct`: found 500001 to 500000, allowed: `least` to `most`, ascending, from 1 to fifteen digits\n",
        ),
        (
            "only = [3_000, ",
            "only = [",
            "`products.toml`, `card.only`: found [5000, 10000, 20000, 50000], allowed: amounts ascending from `least` to `most`\n",
        ),
        (
            "for_points = 2",
            "for_points = 0",
            "`products.toml`, `points.pays.for_points`: found 0, allowed: at least 1 point\n",
        ),
        (
            "arrives = \"same_day\"",
            "arrives = \"region\"",
            "`products.toml`, `voucher.arrives`: found `region`, allowed: `same_day` or working days; regions say it for direct alone\n",
        ),
        (
            "most_a_month = 10_485_760",
            "most_a_month = 10_485_759",
            "`products.toml`, `bundle_gift.most_a_month`: found 10485759, allowed: at least `most`\n",
        ),
        (
            "draws_on = \"data_allowance\"",
            "draws_on = \"programme\"",
            "`products.toml`, `bundle_gift.draws_on`: found data from elsewhere, allowed: `data_allowance`\n",
        ),
        (
            "price_band_ppm = { least = 800_000, most = 1_000_000 }\n",
            "",
            "`products.toml`, `bundle_sale`: found `both_legs_final` and `price_band_ppm` apart, allowed: both or none\n",
        ),
        (
            "least = 800_000, most = 1_000_000",
            "least = 800_000, most = 1_000_001",
            "`products.toml`, `bundle_sale.price_band_ppm`: found 800000 to 1000001 ppm, allowed: 1 to 1000000 ppm of the face, ascending\n",
        ),
        (
            "draws_on = \"programme\"",
            "draws_on = \"recharge\"",
            "`products.toml`, `points.draws_on`: found points from elsewhere, allowed: `programme`\n",
        ),
    ];
    for (from, to, message) in rows {
        assert_eq!(faults_with("products.toml", from, to), message);
    }
}

#[test]
fn every_fault_of_the_limits_times_and_data_is_found() {
    let rows: [(&str, &str, &str, &str); 14] = [
        (
            "limits.toml",
            "bought = {",
            "bougth = {",
            "`limits.toml`, `leaves.bought`: found nothing, allowed: a word on every provenance\n`limits.toml`, `leaves.bougth`: found `bougth`, allowed: one of self_paid, third_party, promotional, advanced, points, bought\n",
        ),
        (
            "limits.toml",
            "points = \"never\"",
            "points = \"always\"",
            "`limits.toml`, `leaves.points`: found airtime from points that leaves as money, allowed: `never`\n",
        ),
        (
            "limits.toml",
            "\"wealth\"]",
            "\"wealth\", \"cash\"]",
            "`limits.toml`, limit `day` `counts`: found `cash`, allowed: one of direct, voucher, agent, card, gift, refund, points, bundle_gift, bundle_sale, market, wealth, recharge\n",
        ),
        (
            "limits.toml",
            "most = 50_000\n",
            "most = 5_000_001\n",
            "`limits.toml`, limit `refund_day`: found `most` 5000001, allowed: at most 5000000, the most of `day`, which counts the same too\n",
        ),
        (
            "limits.toml",
            "most = 5_000_000",
            "most = 0",
            "`limits.toml`, limit `day`: found `most` 0, allowed: a limit above 0\n`limits.toml`, limit `refund_day`: found `most` 50000, allowed: at most 0, the most of `day`, which counts the same too\n",
        ),
        (
            "limits.toml",
            "adult_from_years = 18",
            "adult_from_years = 0",
            "`limits.toml`, `person.adult_from_years`: found 0, allowed: 1 to 150 years\n",
        ),
        (
            "limits.toml",
            "effective_from = \"2015-01-01\"",
            "effective_from = \"soon\"",
            "`limits.toml`, `about.effective_from`: found `soon`, allowed: a date such as 2026-01-01\n",
        ),
        (
            "timings.toml",
            "hour = 17",
            "hour = 24",
            "`timings.toml`, `cut_off`: found 24:0:0, allowed: a time of day from 0:0:0 to 23:59:59\n",
        ),
        (
            "timings.toml",
            "kept_days = 30",
            "kept_days = 367",
            "`timings.toml`, `order_files.kept_days`: found 367, allowed: 1 to 366 days\n",
        ),
        (
            "timings.toml",
            "answer_days = 15",
            "answer_days = 16",
            "`timings.toml`, `complaints.answer_days`: found 16, allowed: 1 to 15 days\n",
        ),
        (
            "timings.toml",
            "source = \"shipped default\"",
            "source = \"\"",
            "`timings.toml`, `about.source`: found nothing, allowed: where the figures come from\n",
        ),
        (
            "workdays_cn.csv",
            "2015-01-01,holiday",
            "2015-01-01,hollyday",
            "`workdays_cn.csv`, line 2: found `hollyday`, allowed: `holiday` or `makeup_workday`\n",
        ),
        (
            "provinces_cn.csv",
            "12,",
            "1x,",
            "`provinces_cn.csv`, line 3: found `1x`, allowed: a code of two digits\n`regions.toml`, region `standard`: found province `12`, allowed: a code of `provinces_cn.csv`\n",
        ),
        (
            "provinces_cn.csv",
            "12,",
            "11,",
            "`provinces_cn.csv`, line 3: found `11` again, allowed: each code once\n`regions.toml`, region `standard`: found province `12`, allowed: a code of `provinces_cn.csv`\n",
        ),
    ];
    for (name, from, to, message) in rows {
        assert_eq!(faults_with(name, from, to), message);
    }
}

#[test]
fn a_file_of_another_shape_is_refused_with_its_line() {
    let rows = [
        (
            "most = 5_000_000",
            "most = 5e6",
            "`limits.toml`, line 18: found invalid type: floating point `5000000.0`, expected u64",
        ),
        (
            "most = 5_000_000",
            "moste = 5_000_000",
            "`limits.toml`, line 18: found unknown field `moste`, expected one of `number`, `name`, `subject`, `counts`, `period`, `measure`, `most`, `refusal`",
        ),
        ("most = 5_000_000", "most = -1", "`limits.toml`, line 18: found invalid value: integer `-1`, expected u64"),
    ];
    for (from, to, message) in rows {
        assert_eq!(
            faults_with("limits.toml", from, to),
            format!("{message}, allowed: the shape in `policies/README.md`\n")
        );
    }
}

#[test]
fn faults_of_several_files_are_told_together() {
    let mut texts = Texts::shipped();
    *texts.of("limits.toml") = texts.of("limits.toml").replace("most = 5_000_000", "most = true");
    *texts.of("timings.toml") = texts.of("timings.toml").replace("hour", "hours");
    texts.of("workdays_cn.csv").clear();
    assert_eq!(faults(&texts).lines().count(), 3);
}

#[test]
fn a_version_is_the_content_of_every_file() {
    let shipped = Policy::compile(&Texts::shipped().files()).expect("shipped").version();
    assert_eq!(shipped, rules_shipped::policy().version());
    let mut versions = vec![shipped];
    for name in PolicyFiles::NAMES {
        let mut texts = Texts::shipped();
        texts.of(name).push('\n');
        versions.push(Policy::compile(&texts.files()).expect("the same rules").version());
    }
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), 1 + PolicyFiles::NAMES.len());
}

#[test]
fn what_others_paid_is_held_back_for_thirty_days() {
    let policy = rules_shipped::policy();
    let (opened, thirty_days) = (Millis(1_750_000_000_000), 30 * 86_400_000);
    for (provenance, at_once, on_the_last_moment, after) in [
        (Provenance::SelfPaid, true, true, true),
        (Provenance::ThirdParty, false, false, true),
        (Provenance::Bought, false, false, true),
        (Provenance::Promotional, false, false, false),
        (Provenance::Advanced, false, false, false),
        (Provenance::Points, false, false, false),
    ] {
        let leaves = policy.leaves(provenance);
        let allowed = [0, thirty_days, thirty_days + 1].map(|later| leaves.allows(opened, opened.plus(later)));
        assert_eq!(allowed, [at_once, on_the_last_moment, after], "{provenance}");
    }
}

#[test]
fn the_shipped_regions_say_what_is_proved_and_what_makes_a_receipt_final() {
    let policy = rules_shipped::policy();
    let pilot = policy.region(province(44)).expect("a province");
    assert_eq!(pilot.verification.face_check_from, Some(100_000));
    assert_eq!((pilot.verification.device_signals, pilot.verification.risk_decision), (Use::Always, Verdict::RealTime));
    assert_eq!(pilot.evidence, Evidence::Witnesses { needed: 2, named: 3, anchored_daily: Use::Always });
    let henan = policy.region(province(41)).expect("a province");
    assert_eq!(henan.verification.person_reviews_from, Some(200_000));
    assert_eq!(henan.verification.agent_sees_document, Use::Always);
    let tibet = policy.region(province(54)).expect("a province");
    assert_eq!((tibet.verification.one_time_code_by, tibet.evidence), (CodeBy::Sms, Evidence::OperatorSignature));
    let standard = policy.region(province(11)).expect("a province");
    assert_eq!(standard.verification.face_check_from, Some(300_000));
    assert_eq!(standard.evidence, Evidence::Witnesses { needed: 1, named: 1, anchored_daily: Use::Never });
    assert_eq!(policy.region(province(99)), None);
    assert_eq!(policy.effective_from().to_string(), "2015-01-01");
    let offered =
        |code| Product::ALL.iter().filter(move |product| rules_shipped::policy().offers(province(code), **product));
    let words = |code| offered(code).map(|product| product.code()).collect::<Vec<_>>().join(" ");
    assert_eq!(words(44), "direct voucher gift refund points bundle_gift bundle_sale market wealth recharge");
    assert_eq!(words(33), words(44));
    assert_eq!(words(41), "direct voucher agent card gift refund points recharge");
    assert_eq!(words(54), "direct voucher");
    assert!([21, 22, 23, 61, 62, 63, 64, 65].iter().all(|code| words(*code) == "gift refund points recharge"));
    assert!([11, 31, 50, 53].iter().all(|code| words(*code) == "direct voucher gift refund points recharge"));
}
