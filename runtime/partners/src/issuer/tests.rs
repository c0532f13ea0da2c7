//! Recorded and hostile bodies of the issuer.

use std::sync::Arc;

use exchange::Answer;
use facts::{Action, CallRef, Millis, Partner};

use super::{collect, issuer_callback, statement, voucher};
use crate::line::Reply;
use crate::record::inquired;
use crate::statement::page;
use crate::words::refused;
use crate::{Collected, Movement, Request};

const REFERENCE: &str = "01K9Z8Q40001M0000000000002-2-1";

const ISSUED: &str = r#"{"reference":"REF","voucher":"vch-1","status":"issued","face_value":"96.00","currency":"CNY",
 "expires_on":"2029-11-21"}"#;
const REFUSED: &str = r#"{"reference":"REF","voucher":"vch-1","status":"refused","reason":"holderBlocked",
 "face_value":"96.00","currency":"CNY"}"#;
const ENTRY: &str = r#"{"sequence":1,"reference":"REF","kind":"issued","voucher":"vch-1","amount":"96.00",
 "currency":"CNY","booked_at":"2026-11-22T09:00:00.000Z"}"#;
const CODE: &str = r#"{"code":"7K2M-PQ4R-99AB-XY3Z","collected_at":"2026-11-22T09:00:00.000Z"}"#;

fn reference() -> CallRef {
    REFERENCE.parse().expect("a reference")
}

fn request() -> Request {
    Request {
        call: reference(),
        partner: Partner::Issuer,
        action: Action::IssueVoucher,
        amount: 9_600,
        account: Arc::from("13300007777"),
        from: None,
        acts_on: String::new(),
        about: None,
        now: Millis(0),
    }
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.replace("REF", REFERENCE).into_bytes() }
}

fn issued() -> Answer {
    Answer::Done { amount: 9_600, external: "vch-1".to_owned() }
}

fn asked(status: u16, body: &str) -> Answer {
    inquired(&request(), &reply(status, body), voucher::read)
}

#[test]
fn recorded_vouchers_are_understood() {
    for (body, answer) in [
        (ISSUED, issued()),
        (&ISSUED.replace("issued", "cancelled"), issued()),
        (&ISSUED.replace("issued", "pending"), Answer::Pending),
        (REFUSED, refused("holderBlocked")),
        (&REFUSED.replace("reason", "other"), refused("refused")),
        (&REFUSED.replace("holderBlocked", "13300007777"), refused("refused")),
        (&ISSUED.replace("96.00", "96"), issued()),
        (&ISSUED.replace("issued", "spent"), Answer::Silence),
        (&ISSUED.replace("96.00", "9.6e1"), Answer::Silence),
        (&ISSUED.replace("96.00", "-96.00"), Answer::Silence),
        (&ISSUED.replace("96.00", "0.00"), Answer::Silence),
        (&ISSUED.replace("\"96.00\"", "96.00"), Answer::Silence),
        (&ISSUED.replace("96.00", &"9".repeat(400)), Answer::Silence),
        (&ISSUED.replace("CNY", "USD"), Answer::Silence),
        (&ISSUED.replace("REF", "01K9Z8Q40001M0000000000003-2-1"), Answer::Silence),
        (&ISSUED.replace("vch-1", "vch-13300007777"), Answer::Silence),
        (&ISSUED.replace("vch-1", "../books"), Answer::Silence),
        (&ISSUED.replace("voucher", "other"), Answer::Silence),
        ("", Answer::Silence),
        ("[]", Answer::Silence),
    ] {
        for status in [200, 201] {
            assert_eq!(voucher::called(&request(), &reply(status, body)), answer, "{body}");
        }
        assert_eq!(asked(200, body), answer, "{body}");
    }
}

#[test]
fn a_status_means_different_things_to_a_call_and_to_an_inquiry() {
    let not_found = r#"{"code":"notFound","reason":"no such voucher"}"#;
    let malformed = r#"{"code":"invalidAmount","reason":"0.00"}"#;
    let blocked = r#"{"code":"holderBlocked","reason":"x"}"#;
    let in_use = r#"{"code":"referenceInUse","reason":"another body"}"#;
    for (status, body, called, of_record) in [
        (404, not_found, refused("notFound"), Answer::NotFound),
        (404, r#"{"code":"unknownRoute","reason":"x"}"#, refused("unknownRoute"), Answer::Silence),
        (404, "gone", Answer::Silence, Answer::Silence),
        (400, malformed, refused("invalidAmount"), Answer::Silence),
        (409, blocked, refused("holderBlocked"), Answer::Silence),
        (409, in_use, Answer::Silence, Answer::Silence),
        (409, "", Answer::Silence, Answer::Silence),
        (202, "", Answer::Pending, Answer::Silence),
        (307, ISSUED, Answer::Silence, Answer::Silence),
        (503, ISSUED, Answer::Silence, Answer::Silence),
    ] {
        assert_eq!(voucher::called(&request(), &reply(status, body)), called, "{status} {body}");
        assert_eq!(asked(status, body), of_record, "{status} {body}");
    }
}

#[test]
fn a_body_cut_anywhere_is_silence() {
    for end in 0..ISSUED.len() {
        assert_eq!(voucher::called(&request(), &reply(201, &ISSUED[..end])), Answer::Silence, "{end}");
    }
    for end in 0..CODE.len() {
        assert!(matches!(collect::collected(&reply(200, &CODE[..end])), Collected::Silence), "{end}");
    }
}

/// Every byte of a voucher is replaced by each of some that matter to a parser; nothing panics, and what is taken as
/// done stands under our reference, for an amount that its text names.
#[test]
fn a_garbled_body_is_done_under_our_reference_alone() {
    let whole = ISSUED.replace("REF", REFERENCE).into_bytes();
    for position in 0..whole.len() {
        for byte in [0, b'"', b'{', b'9', b'-', b'\\', 0xff] {
            let mut body = whole.clone();
            body[position] = byte;
            let answer = voucher::called(&request(), &Reply { status: 201, body: body.clone() });
            if let Answer::Done { amount, .. } = answer {
                let text = String::from_utf8_lossy(&body);
                assert!(
                    text.contains(REFERENCE) && text.contains(money::yuan(amount).to_string().trim_end_matches(".00")),
                    "{text}"
                );
            }
            let _ = issuer_callback(&body);
            let _ = page(0, &Reply { status: 200, body }, &statement::SHAPE);
        }
    }
}

#[test]
fn a_code_is_read_and_never_shown() {
    let Collected::Code(code) = collect::collected(&reply(200, CODE)) else { panic!("a code") };
    assert_eq!(code.expose(), "7K2M-PQ4R-99AB-XY3Z");
    assert_eq!(format!("{:?}", Collected::Code(code)), "Code(VoucherCode(..))");
    for body in [
        CODE.replace("7K2M", "7K 2M"),
        CODE.replace("7K2M", "<b>"),
        CODE.replace("7K2M", &"7".repeat(65)),
        CODE.replace("\"7K2M-PQ4R-99AB-XY3Z\"", "\"\""),
        CODE.replace("\"7K2M-PQ4R-99AB-XY3Z\"", "7"),
        CODE.replace("code", "other"),
    ] {
        assert!(matches!(collect::collected(&reply(200, &body)), Collected::Silence), "{body}");
    }
}

#[test]
fn only_clear_words_say_that_there_is_no_code() {
    let body = |code: &str| format!(r#"{{"code":"{code}","reason":"x"}}"#);
    let shown = |status, code: &str| format!("{:?}", collect::collected(&reply(status, &body(code))));
    for (status, code, read) in [
        (410, "collected", "Gone"),
        (404, "notFound", "NotYet"),
        (409, "notIssued", "NotYet"),
        (404, "unknownRoute", "Silence"),
        (409, "collected", "Silence"),
        (410, "other", "Silence"),
        (201, "7K2M", "Silence"),
        (503, "serverError", "Silence"),
    ] {
        assert_eq!(shown(status, code), read, "{status} {code}");
    }
}

#[test]
fn a_statement_reads_vouchers_and_their_cancelling() {
    let back = ENTRY.replace(":1,", ":2,").replace("issued", "cancelled");
    let foreign = r#"{"sequence":3,"reference":"RENT-11"}"#;
    let body = format!(r#"{{"entries":[{ENTRY},{back},{foreign}],"next_after":999}}"#);
    let page = page(0, &reply(200, &body), &statement::SHAPE).expect("readable");
    assert_eq!(page.next, 3, "the cursor is the last line's, whatever is said about it");
    let told: Vec<_> = page.items.iter().map(|item| (item.movement, item.answer_for(Action::IssueVoucher))).collect();
    assert_eq!(told, [(Movement::Taken, Some(issued())), (Movement::GivenBack, None)]);
}

#[test]
fn a_statement_that_could_lose_a_line_of_ours_is_unreadable() {
    for entries in [
        ENTRY.replace(":1,", ":0,"),
        ENTRY.replace("\"sequence\":1,", ""),
        ENTRY.replace("96.00", "96.000"),
        ENTRY.replace("issued", "spent"),
        ENTRY.replace("CNY", "USD"),
        format!("{ENTRY},{ENTRY}"),
    ] {
        let body = format!(r#"{{"entries":[{entries}],"next_after":1}}"#);
        assert!(page(0, &reply(200, &body), &statement::SHAPE).is_err(), "{entries}");
    }
    for body in ["", "[]", "{}", r#"{"entries":{}}"#] {
        assert!(page(0, &reply(200, body), &statement::SHAPE).is_err(), "{body}");
    }
}

#[test]
fn a_callback_is_a_voucher() {
    let read = |body: &str| issuer_callback(body.replace("REF", REFERENCE).as_bytes());
    let item = read(ISSUED).expect("final");
    assert_eq!((item.call, item.movement, item.answer), (reference(), Movement::Taken, issued()));
    assert_eq!(read(REFUSED).expect("final").answer_for(Action::IssueVoucher), Some(refused("holderBlocked")));
    let cancelled = read(&ISSUED.replace("issued", "cancelled")).expect("final");
    assert_eq!((cancelled.movement, cancelled.answer_for(Action::IssueVoucher)), (Movement::GivenBack, None));
    for body in ["", "{}", &ISSUED.replace("issued", "pending"), &ISSUED.replace("REF", "P1")] {
        assert_eq!(read(body), None, "{body}");
    }
}
