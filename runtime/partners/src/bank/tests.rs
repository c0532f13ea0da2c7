//! Recorded and hostile bodies of the bank.

use std::sync::Arc;

use exchange::Answer;
use facts::{Action, CallRef, Millis, Partner};

use super::{bank_callback, statement};
use crate::iso20022;
use crate::line::Reply;
use crate::record::inquired;
use crate::statement::page;
use crate::words::refused;
use crate::{Movement, Request};

const REFERENCE: &str = "01K9Z8Q40001M0000000000002-4-1";

const PAID: &str = r#"{"EndToEndId":"REF","TxSts":"ACSC","AcctSvcrRef":"BANK-1","InstdAmt":"96.00","Ccy":"CNY",
 "CdtrAcct":"6222000000000000"}"#;
const REFUSED: &str = r#"{"EndToEndId":"REF","TxSts":"RJCT","StsRsnInf":{"Rsn":{"Cd":"AC04"}},"InstdAmt":"96.00",
 "Ccy":"CNY","CdtrAcct":"6222000000000000"}"#;
const ENTRY: &str = r#"{"sequence":1,"EndToEndId":"REF","Amt":"96.00","Ccy":"CNY","CdtDbtInd":"DBIT",
 "CdtrAcct":"6222000000000000","AcctSvcrRef":"BANK-1","booked_at":"2026-11-22T09:00:00.000Z"}"#;

fn reference() -> CallRef {
    REFERENCE.parse().expect("a reference")
}

fn request() -> Request {
    Request {
        call: reference(),
        partner: Partner::Bank,
        action: Action::PayOut,
        amount: 9_600,
        account: Arc::from("6222000000000000"),
        from: None,
        acts_on: String::new(),
        about: None,
        now: Millis(0),
    }
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.replace("REF", REFERENCE).into_bytes() }
}

fn paid() -> Answer {
    Answer::Done { amount: 9_600, external: "BANK-1".to_owned() }
}

#[test]
fn recorded_payouts_are_understood() {
    let pending = PAID.replace("ACSC", "PDNG");
    let returned = PAID.replace("\"Ccy\"", r#""RtrInf":{"Rsn":{"Cd":"AC04"}},"Ccy""#);
    for (body, answer) in [
        (PAID, paid()),
        (&returned, paid()),
        (&pending, Answer::Pending),
        (REFUSED, refused("AC04")),
        (&REFUSED.replace("StsRsnInf", "Other"), refused("RJCT")),
        (&PAID.replace("96.00", "96"), paid()),
        (&PAID.replace("ACSC", "ACSP"), Answer::Silence),
        (&PAID.replace("96.00", "9.6e1"), Answer::Silence),
        (&PAID.replace("96.00", "-96.00"), Answer::Silence),
        (&PAID.replace("96.00", "0.00"), Answer::Silence),
        (&PAID.replace("\"96.00\"", "96.00"), Answer::Silence),
        (&PAID.replace("96.00", &"9".repeat(400)), Answer::Silence),
        (&PAID.replace("CNY", "USD"), Answer::Silence),
        (&PAID.replace("REF", "01K9Z8Q40001M0000000000003-4-1"), Answer::Silence),
        (&PAID.replace("BANK-1", "6222000000000000"), Answer::Silence),
        (&PAID.replace("AcctSvcrRef", "Other"), Answer::Silence),
        ("", Answer::Silence),
        ("[]", Answer::Silence),
    ] {
        for status in [200, 201] {
            assert_eq!(iso20022::called(&request(), &reply(status, body)), answer, "{body}");
        }
        assert_eq!(inquired(&request(), &reply(200, body), iso20022::read), answer, "{body}");
    }
}

#[test]
fn a_status_means_different_things_to_a_call_and_to_an_inquiry() {
    let not_found = r#"{"code":"notFound","reason":"no such payout"}"#;
    let malformed = r#"{"code":"invalidAmount","reason":"0.00"}"#;
    let reused = r#"{"code":"endToEndIdReused","reason":"another body"}"#;
    for (status, body, called, of_record) in [
        (404, not_found, refused("notFound"), Answer::NotFound),
        (404, r#"{"code":"unknownRoute","reason":"x"}"#, refused("unknownRoute"), Answer::Silence),
        (404, "gone", Answer::Silence, Answer::Silence),
        (400, malformed, refused("invalidAmount"), Answer::Silence),
        (409, reused, Answer::Silence, Answer::Silence),
        (202, "", Answer::Pending, Answer::Silence),
        (307, PAID, Answer::Silence, Answer::Silence),
        (503, PAID, Answer::Silence, Answer::Silence),
    ] {
        assert_eq!(iso20022::called(&request(), &reply(status, body)), called, "{status} {body}");
        assert_eq!(inquired(&request(), &reply(status, body), iso20022::read), of_record, "{status} {body}");
    }
}

#[test]
fn a_payout_cut_anywhere_is_silence() {
    for end in 0..PAID.len() {
        assert_eq!(iso20022::called(&request(), &reply(201, &PAID[..end])), Answer::Silence, "{end}");
    }
}

#[test]
fn a_statement_reads_payouts_and_their_returns() {
    let back = ENTRY.replace(":1,", ":2,").replace("DBIT", "CRDT");
    let foreign = r#"{"sequence":3,"EndToEndId":"RENT-11"}"#;
    let body = format!(r#"{{"Ntry":[{ENTRY},{back},{foreign}],"next_after":999}}"#);
    let page = page(0, &reply(200, &body), &statement::SHAPE).expect("readable");
    assert_eq!(page.next, 3, "the cursor is the last line's, whatever is said about it");
    let told: Vec<_> = page.items.iter().map(|item| (item.movement, item.answer_for(Action::PayOut))).collect();
    assert_eq!(told, [(Movement::Taken, Some(paid())), (Movement::GivenBack, None)]);
}

#[test]
fn a_statement_that_could_lose_a_line_of_ours_is_unreadable() {
    for entries in [
        ENTRY.replace(":1,", ":0,"),
        ENTRY.replace("\"sequence\":1,", ""),
        ENTRY.replace("96.00", "96.000"),
        ENTRY.replace("DBIT", "BOTH"),
        ENTRY.replace("CNY", "USD"),
        format!("{ENTRY},{ENTRY}"),
    ] {
        let body = format!(r#"{{"Ntry":[{entries}],"next_after":1}}"#);
        assert!(page(0, &reply(200, &body), &statement::SHAPE).is_err(), "{entries}");
    }
    for body in ["", "[]", "{}", r#"{"Ntry":{}}"#] {
        assert!(page(0, &reply(200, body), &statement::SHAPE).is_err(), "{body}");
    }
}

#[test]
fn a_callback_is_a_payout() {
    let read = |body: &str| bank_callback(body.replace("REF", REFERENCE).as_bytes());
    let item = read(PAID).expect("final");
    assert_eq!((item.call, item.movement, item.answer), (reference(), Movement::Taken, paid()));
    assert_eq!(read(REFUSED).expect("final").answer_for(Action::PayOut), Some(refused("AC04")));
    for body in ["", "{}", &PAID.replace("ACSC", "PDNG"), &PAID.replace("REF", "P1")] {
        assert_eq!(read(body), None, "{body}");
    }
}
