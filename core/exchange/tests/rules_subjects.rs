//! Who asks and on whose number: identity numbers, segments, instruments.

mod rules_shipped;

use exchange::rules::{
    Cards, Identity, IdentityNumber, Instrument, InstrumentRule, NumberRefusal, NumberTable, Receiver,
    VirtualOperators, refund_origin,
};
use facts::Day;

fn day(text: &str) -> Day {
    text.parse().expect("a date")
}

/// The check character as GB 11643 prints it: a table of weights.
fn with_check(seventeen: &str) -> String {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = seventeen.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{seventeen}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][sum as usize % 11])
}

#[test]
fn the_check_character_is_that_of_the_standard() {
    for serial in 0..1_000 {
        let seventeen = format!("44010319900307{serial:03}");
        let right = with_check(&seventeen);
        for last in "0123456789X".chars() {
            let text = format!("{seventeen}{last}");
            assert_eq!(IdentityNumber::parse(&text).is_ok(), text == right, "{text}");
        }
    }
}

#[test]
fn other_shapes_and_dates_are_no_identity_number() {
    for seventeen in
        ["44010319900230001", "44010319901301001", "44010300000101001", "44010319000229001", "00000018991231001"]
    {
        let exists = seventeen.starts_with("00000018991231");
        assert_eq!(IdentityNumber::parse(&with_check(seventeen)).is_ok(), exists, "{seventeen}");
    }
    for text in
        ["", "44010319900307001", "44010319900307002x", "4401031990030７0", " 11010519491231002X", "11010519491231002x"]
    {
        assert!(IdentityNumber::parse(text).is_err(), "{text}");
    }
    assert!(IdentityNumber::parse("11010519491231002X").is_ok());
}

#[test]
fn a_person_is_of_age_on_the_eighteenth_birthday() {
    let rows = [
        ("20070310", "2025-03-09", Identity::Underage),
        ("20070310", "2025-03-10", Identity::Valid),
        ("20080229", "2026-02-28", Identity::Underage),
        ("20080229", "2026-03-01", Identity::Valid),
        ("20040229", "2022-02-28", Identity::Underage),
        ("20250310", "2025-03-10", Identity::Underage),
        ("20250311", "2025-03-10", Identity::Invalid),
        ("19500101", "2025-03-10", Identity::Valid),
    ];
    let policy = rules_shipped::policy();
    for (born, on, outcome) in rows {
        let text = with_check(&format!("440103{born}123"));
        assert_eq!(policy.identity(&text, day(on)), outcome, "{born} on {on}");
    }
    assert_eq!(Identity::of(&with_check("44010320080229123"), day("2024-02-28"), 16), Identity::Underage);
    assert_eq!(Identity::of(&with_check("44010320080229123"), day("2024-02-29"), 16), Identity::Valid);
}

#[test]
fn an_identity_number_is_not_printed() {
    let number = IdentityNumber::parse("11010519491231002X").expect("valid");
    assert_eq!(format!("{number:?}"), "IdentityNumber(hidden)");
    assert!(!IdentityNumber::parse("110105194912310021").expect_err("wrong").to_string().contains("1949"));
}

#[test]
fn every_shipped_segment_is_found_and_no_other() {
    let table = rules_shipped::numbers();
    let csv = String::from_utf8(rules_shipped::segments()).expect("UTF-8");
    let mut expected: Vec<Option<String>> = vec![None; 10_000_000];
    for row in csv.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let own = ["162", "165", "167", "170", "171"].contains(&&fields[0][..3]) || fields[5].ends_with("_MVNO");
        let line = if own { "Virtual".to_owned() } else { format!("{} {}", fields[1], fields[5]) };
        expected[fields[0].parse::<usize>().expect("seven digits")] = Some(line);
    }
    assert_eq!(table.segments(), 499_527);
    assert!(table.bytes() <= 4 * 1_024 * 1_024, "{} bytes", table.bytes());
    for (prefix7, expected) in expected.iter().enumerate().skip(1_000_000).take(1_000_000) {
        let found = match table.lookup(&format!("{prefix7:07}0042")) {
            Ok(line) => Some(format!("{} {}", line.province, line.telco)),
            Err(NumberRefusal::Virtual) => Some("Virtual".to_owned()),
            Err(NumberRefusal::Unknown) => None,
        };
        assert_eq!(&found, expected, "{prefix7}");
    }
}

#[test]
fn what_is_not_eleven_digits_is_unknown() {
    let table = rules_shipped::numbers();
    assert!(table.lookup("13000000000").is_ok());
    for text in [
        "",
        "1300000000",
        "130000000000",
        "1300000000x",
        "+8613000000",
        "１３０００００００００",
        "03000000000",
        "1300000-000",
    ] {
        assert_eq!(table.lookup(text), Err(NumberRefusal::Unknown), "{text}");
    }
}

#[test]
fn a_receiver_is_looked_up_by_the_target() {
    let table = rules_shipped::numbers();
    let home = table.lookup("13000000000").expect("known").province;
    for (target, receiver) in [
        ("13000000000", Receiver::Giver),
        ("13000000001", Receiver::AtHomeIn(home)),
        ("17000000000", Receiver::Virtual),
        ("1300000000", Receiver::Unknown),
    ] {
        assert_eq!(Receiver::of(&table, "13000000000", target), receiver, "{target}");
    }
}

#[test]
fn a_wrong_segment_table_is_refused_with_its_line() {
    let virtual_operators = VirtualOperators::parse(&rules_shipped::text("policies/numbers.toml")).expect("shipped");
    let header = "prefix7,province_code,city,city_code,area_code,operator";
    for (rows, message) in [
        ("", "line 0: found `no segments`, allowed: at least one segment"),
        ("130000,37,a,1,2,CUCC", "line 2: found `130000`, allowed: seven digits"),
        ("1300000,7,a,1,2,CUCC", "line 2: found `7`, allowed: a province code of two digits"),
        ("1300000,37,a,1,2,XX", "line 2: found `XX`, allowed: CMCC, CUCC, CTCC, CBN or a virtual operator"),
        ("1300000,37,a,1,2", "line 2: found `1300000,37,a,1,2`, allowed: six fields"),
        ("1300000,37,a,1,2,CUCC\n1300000,37,a,1,2,CUCC", "line 3: found `1300000`, allowed: each segment once"),
    ] {
        let csv = format!("{header}\n{rows}\n");
        let error = NumberTable::parse(csv.as_bytes(), &virtual_operators).expect_err("wrong");
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn the_table_and_its_policy_have_a_version() {
    let header = "prefix7,province_code,city,city_code,area_code,operator";
    let policy = rules_shipped::text("policies/numbers.toml");
    let version = |row: &str, policy: &str| {
        let virtual_operators = VirtualOperators::parse(policy).expect("of its shape");
        NumberTable::parse(format!("{header}\n{row}\n").as_bytes(), &virtual_operators).expect("right").version()
    };
    let first = version("1300000,37,a,1,2,CUCC", &policy);
    assert_eq!(first, version("1300000,37,a,1,2,CUCC", &policy));
    assert_ne!(first, version("1300000,37,b,1,2,CUCC", &policy));
    assert_ne!(first, version("1300000,37,a,1,2,CUCC", &policy.replace("\"162\", ", "")));
    assert!(VirtualOperators::parse(&policy.replace("\"162\"", "\"16\"")).is_err());
    assert!(VirtualOperators::parse(&policy.replace("prefixes", "prefix")).is_err());
}

#[test]
fn an_instrument_is_the_one_the_product_asks_for() {
    use InstrumentRule::{CreditCard, None, OwnCard, PaidAndToSame};
    let cards = Cards { own: "card_1", credit: "" };
    for (rule, given, outcome) in [
        (None, "", Instrument::Own),
        (None, "card_9", Instrument::Own),
        (OwnCard, "card_1", Instrument::Own),
        (OwnCard, "card_2", Instrument::NotOwn),
        (OwnCard, "", Instrument::NotOwn),
        (CreditCard, "", Instrument::NotOwn),
        (CreditCard, "card_1", Instrument::NotOwn),
        (PaidAndToSame, "paid:a_1;to:a_1", Instrument::Own),
    ] {
        assert_eq!(rule.check(given, cards), outcome, "{rule:?} {given}");
    }
}

#[test]
fn a_refund_names_one_token_twice() {
    assert_eq!(refund_origin("paid:wx_1;to:wx_1"), Some("wx_1"));
    let others = [
        "",
        "paid:;to:",
        "paid:a;to:b",
        "paid:a;to:a;",
        "paid:a;to:a ",
        "Paid:a;to:a",
        "paid:a-b;to:a-b",
        "paid:a;to:a;to:a",
        "paid:é;to:é",
    ];
    for text in others {
        assert_eq!(refund_origin(text), None, "{text}");
    }
}
