//! Recorded and hostile bodies of a programme.

use std::sync::Arc;

use exchange::Answer;
use facts::{Action, CallRef, Millis, Partner, Programme};

use super::{posted, programme_callback, recorded, statement, transaction};
use crate::line::Reply;
use crate::record::inquired;
use crate::statement::page;
use crate::words::refused;
use crate::{Movement, Request};

const REFERENCE: &str = "01K9Z8Q40001M0000000000002-1-1";
const ORIGINAL: &str = "01K9Z8Q40001M0000000000002-0-2";
const MEMBER: &str = "6222000000000000";

const REDEEMED: &str = r#"{"reference":"REF","@type":"Redemption","transaction":"BANK-1","status":"redeemed","points":960,
 "lots":[{"lot":"L1","points":960,"expires_on":"2027-01-01"}]}"#;
const REVERSED: &str = r#"{"reference":"REF","@type":"Reversal","redemption":"ORG","transaction":"BANK-2",
 "status":"reversed","points":960}"#;
const REFUSED: &str = r#"{"reference":"REF","@type":"Redemption","transaction":"BANK-1","status":"refused",
 "reason":"insufficientPoints","points":960}"#;
const ENTRY: &str = r#"{"sequence":1,"reference":"REF","kind":"redeemed","transaction":"BANK-1","points":960,
 "booked_at":"2026-11-22T09:00:00.000Z"}"#;

fn reference() -> CallRef {
    REFERENCE.parse().expect("a reference")
}

fn request(action: Action) -> Request {
    Request {
        call: reference(),
        partner: Partner::Programme(Programme::Bank),
        action,
        amount: 960,
        account: Arc::from(MEMBER),
        from: None,
        acts_on: String::new(),
        about: Some(ORIGINAL.parse().expect("a reference")),
        now: Millis(0),
    }
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.replace("REF", REFERENCE).replace("ORG", ORIGINAL).into_bytes() }
}

fn done() -> Answer {
    Answer::Done { amount: 960, external: "BANK-1".to_owned() }
}

#[test]
fn a_reversal_names_its_redemption_and_no_member() {
    let (path, body) = posted(&request(Action::RedeemPoints)).expect("asked");
    assert_eq!((path.as_str(), &body["member"], &body["points"]), ("/redemptions", &MEMBER.into(), &960.into()));
    let (path, body) = posted(&request(Action::ReverseRedemption)).expect("asked");
    assert_eq!((path, body["reference"].as_str()), (format!("/redemptions/{ORIGINAL}/reversal"), Some(REFERENCE)));
    assert!(!body.to_string().contains(MEMBER), "{body}");
    assert_eq!(
        posted(&Request { about: None, ..request(Action::ReverseRedemption) }),
        None,
        "of nothing, nothing goes back"
    );
}

#[test]
fn a_programme_is_asked_about_points_alone() {
    for action in Action::ALL {
        let of_points = matches!(action, Action::RedeemPoints | Action::ReverseRedemption | Action::AccruePoints);
        let request = request(*action);
        assert_eq!((posted(&request).is_some(), recorded(&request).is_some()), (of_points, of_points), "{action}");
    }
}

#[test]
fn recorded_transactions_are_understood() {
    for (body, answer) in [
        (REDEEMED, done()),
        (&REDEEMED.replace("redeemed", "reversed"), done()),
        (&REDEEMED.replace("redeemed", "pending"), Answer::Pending),
        (&REDEEMED.replace("Redemption", "Accrual").replace("redeemed", "accrued"), done()),
        (&REVERSED.replace("BANK-2", "BANK-1"), done()),
        (REFUSED, refused("insufficientPoints")),
        (&REFUSED.replace("reason", "other"), refused("refused")),
        (&REFUSED.replace("insufficientPoints", MEMBER), refused("refused")),
        (&REDEEMED.replace("redeemed", "spent"), Answer::Silence),
        (&REDEEMED.replace("960", "0"), Answer::Silence),
        (&REDEEMED.replace("960", "-960"), Answer::Silence),
        (&REDEEMED.replace("960", "9.6e2"), Answer::Silence),
        (&REDEEMED.replace("960", "960.0"), Answer::Silence),
        (&REDEEMED.replace("960", "\"960\""), Answer::Silence),
        (&REDEEMED.replace("960", &"9".repeat(400)), Answer::Silence),
        (&REDEEMED.replace("960", "10000000000000001"), Answer::Silence),
        (&REDEEMED.replace("REF", ORIGINAL), Answer::Silence),
        (&REDEEMED.replace("BANK-1", MEMBER), Answer::Silence),
        (&REDEEMED.replace("BANK-1", "../books"), Answer::Silence),
        (&REDEEMED.replace("transaction", "other"), Answer::Silence),
        ("", Answer::Silence),
        ("[]", Answer::Silence),
    ] {
        let request = request(Action::RedeemPoints);
        assert_eq!(transaction::called(&request, &reply(201, body)), answer, "{body}");
        assert_eq!(inquired(&request, &reply(200, body), transaction::read), answer, "{body}");
    }
}

#[test]
fn a_status_means_different_things_to_a_call_and_to_an_inquiry() {
    let not_found = r#"{"code":"notFound","reason":"no such redemption"}"#;
    let no_points = r#"{"code":"insufficientPoints","reason":"x"}"#;
    let in_use = r#"{"code":"referenceInUse","reason":"another body"}"#;
    for (status, body, called, of_record) in [
        (404, not_found, refused("notFound"), Answer::NotFound),
        (404, r#"{"code":"unknownRoute","reason":"x"}"#, refused("unknownRoute"), Answer::Silence),
        (404, "gone", Answer::Silence, Answer::Silence),
        (409, no_points, refused("insufficientPoints"), Answer::Silence),
        (409, in_use, Answer::Silence, Answer::Silence),
        (409, "", Answer::Silence, Answer::Silence),
        (202, "", Answer::Pending, Answer::Silence),
        (307, REDEEMED, Answer::Silence, Answer::Silence),
        (503, REDEEMED, Answer::Silence, Answer::Silence),
    ] {
        let request = request(Action::RedeemPoints);
        assert_eq!(transaction::called(&request, &reply(status, body)), called, "{status} {body}");
        assert_eq!(inquired(&request, &reply(status, body), transaction::read), of_record, "{status} {body}");
    }
}

#[test]
fn a_transaction_cut_anywhere_is_silence() {
    for whole in [REDEEMED, REVERSED] {
        for end in 0..whole.len() {
            let answer = transaction::called(&request(Action::RedeemPoints), &reply(201, &whole[..end]));
            assert_eq!(answer, Answer::Silence, "{end}");
        }
    }
}

/// Every byte of a redemption is replaced by each of some that matter to a parser; nothing panics, and what is taken as
/// done stands under our reference, for as many points as its text names.
#[test]
fn a_garbled_body_is_done_under_our_reference_alone() {
    let whole = reply(201, REDEEMED).body;
    for position in 0..whole.len() {
        for byte in [0, b'"', b'{', b'9', b'-', b'\\', 0xff] {
            let mut body = whole.clone();
            body[position] = byte;
            let reply = Reply { status: 201, body: body.clone() };
            let answer = transaction::called(&request(Action::RedeemPoints), &reply);
            if let Answer::Done { amount, .. } = answer {
                let text = String::from_utf8_lossy(&body);
                assert!(text.contains(REFERENCE) && text.contains(&amount.to_string()), "{text}");
            }
            let _ = programme_callback(&body);
            let _ = page(0, &Reply { status: 200, body }, &statement::SHAPE);
        }
    }
}

#[test]
fn a_statement_reads_what_points_went_which_way() {
    let back = ENTRY.replace(":1,", ":2,").replace("redeemed", "reversed");
    let accrued = ENTRY.replace(":1,", ":3,").replace("redeemed", "accrued");
    let foreign = r#"{"sequence":4,"reference":"RENT-11"}"#;
    let body = format!(r#"{{"entries":[{ENTRY},{back},{accrued},{foreign}],"next_after":999}}"#);
    let page = page(0, &reply(200, &body), &statement::SHAPE).expect("readable");
    assert_eq!(page.next, 4, "the cursor is the last line's, whatever is said about it");
    let told = |action| page.items.iter().map(|item| item.answer_for(action)).collect::<Vec<_>>();
    assert_eq!(told(Action::RedeemPoints), [Some(done()), None, None]);
    for action in [Action::ReverseRedemption, Action::AccruePoints] {
        assert_eq!(told(action), [None, Some(done()), Some(done())], "of whose reference it is, the reference says");
    }
}

#[test]
fn a_statement_that_could_lose_a_line_of_ours_is_unreadable() {
    for entries in [
        ENTRY.replace(":1,", ":0,"),
        ENTRY.replace("\"sequence\":1,", ""),
        ENTRY.replace("960", "9.60"),
        ENTRY.replace("redeemed", "spent"),
        ENTRY.replace("BANK-1", ""),
        format!("{ENTRY},{ENTRY}"),
    ] {
        let body = format!(r#"{{"entries":[{entries}],"next_after":1}}"#);
        assert!(page(0, &reply(200, &body), &statement::SHAPE).is_err(), "{entries}");
    }
}

#[test]
fn a_callback_is_a_transaction() {
    let read = |body: &str| programme_callback(&reply(200, body).body);
    let item = read(REDEEMED).expect("final");
    assert_eq!((item.call, item.movement, item.answer), (reference(), Movement::Taken, done()));
    assert_eq!(read(REFUSED).expect("final").answer_for(Action::RedeemPoints), Some(refused("insufficientPoints")));
    let refused_accrual = REFUSED.replace("Redemption", "Accrual");
    let item = read(&refused_accrual).expect("final");
    assert_eq!(item.answer_for(Action::AccruePoints), Some(refused("insufficientPoints")));
    assert_eq!(read(REVERSED).expect("final").movement, Movement::GivenBack);
    let given_back = read(&REDEEMED.replace("redeemed", "reversed")).expect("final");
    assert_eq!((given_back.movement, given_back.answer_for(Action::RedeemPoints)), (Movement::GivenBack, None));
    for body in [
        "",
        "{}",
        &REDEEMED.replace("redeemed", "pending"),
        &REDEEMED.replace("REF", "P1"),
        &REDEEMED.replace("Redemption", "Gift"),
    ] {
        assert_eq!(read(body), None, "{body}");
    }
}
