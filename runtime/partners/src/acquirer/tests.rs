//! Recorded and hostile bodies of the acquirer.

use std::sync::Arc;

use exchange::Answer;
use facts::{Action, CallRef, Millis, Partner};

use super::{acquirer_callback, body, resource, statement};
use crate::iso20022;
use crate::line::Reply;
use crate::record::inquired;
use crate::statement::page;
use crate::words::refused;
use crate::{Movement, Request};

const REFERENCE: &str = "01K9Z8Q40001M0000000000002-0-1";
const ORIGINAL: &str = "01K9Z8Q40001M0000000000001-0-2";

const PAID: &str = r#"{"EndToEndId":"REF","TxSts":"ACSC","AcctSvcrRef":"ACQUIRER-1","InstdAmt":"96.00","Ccy":"CNY"}"#;
const REFUNDED: &str = r#"{"EndToEndId":"REF","OrgnlEndToEndId":"ORG","TxSts":"ACSC","AcctSvcrRef":"ACQUIRER-1",
 "InstdAmt":"96.00","Ccy":"CNY"}"#;
const REFUSED: &str = r#"{"EndToEndId":"REF","OrgnlEndToEndId":"ORG","TxSts":"RJCT","StsRsnInf":{"Rsn":{"Cd":"AM02"}},
 "AcctSvcrRef":"ACQUIRER-1","InstdAmt":"96.00","Ccy":"CNY"}"#;
const ENTRY: &str = r#"{"sequence":1,"EndToEndId":"REF","Amt":"96.00","Ccy":"CNY","CdtDbtInd":"CRDT",
 "AcctSvcrRef":"ACQUIRER-1","booked_at":"2026-11-22T09:00:00.000Z"}"#;

fn reference() -> CallRef {
    REFERENCE.parse().expect("a reference")
}

fn request(action: Action) -> Request {
    Request {
        call: reference(),
        partner: Partner::Acquirer,
        action,
        amount: 9_600,
        account: Arc::from("6222000000000000"),
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
    Answer::Done { amount: 9_600, external: "ACQUIRER-1".to_owned() }
}

#[test]
fn a_refund_names_its_payment_and_no_instrument() {
    let payment = body(&request(Action::CollectPayment)).expect("a body");
    assert_eq!((&payment["DbtrAcct"], payment.get("OrgnlEndToEndId")), (&"6222000000000000".into(), None));
    let refund = body(&request(Action::RefundPayment)).expect("a body");
    assert_eq!((&refund["OrgnlEndToEndId"], refund["InstdAmt"].as_str()), (&ORIGINAL.into(), Some("96.00")));
    assert!(!refund.to_string().contains("6222"), "{refund}");
    assert_eq!(body(&Request { about: None, ..request(Action::RefundPayment) }), None, "of nothing, nothing goes back");
}

#[test]
fn an_acquirer_is_asked_to_collect_and_to_give_back_alone() {
    for action in Action::ALL {
        let asked = resource(&request(*action));
        let expected = match action {
            Action::CollectPayment => Some("/payments"),
            Action::RefundPayment | Action::PayBack => Some("/refunds"),
            _ => None,
        };
        assert_eq!(asked, expected, "{action}");
        assert_eq!(resource(&Request { partner: Partner::Bank, ..request(*action) }), None, "{action}");
    }
}

#[test]
fn recorded_transactions_are_understood() {
    for (body, answer) in [
        (PAID, done()),
        (&PAID.replace("\"Ccy\"", r#""RtrInf":{"Rsn":{"Cd":"MD06"}},"Ccy""#), done()),
        (&PAID.replace("ACSC", "PDNG"), Answer::Pending),
        (REFUNDED, done()),
        (REFUSED, refused("AM02")),
        (&REFUSED.replace("StsRsnInf", "Other"), refused("RJCT")),
        (&REFUSED.replace("AM02", "6222000000000000"), refused("RJCT")),
        (&PAID.replace("ACSC", "ACSP"), Answer::Silence),
        (&PAID.replace("96.00", "-96.00"), Answer::Silence),
        (&PAID.replace("96.00", &"9".repeat(400)), Answer::Silence),
        (&PAID.replace("CNY", "USD"), Answer::Silence),
        (&PAID.replace("REF", ORIGINAL), Answer::Silence),
        (&PAID.replace("ACQUIRER-1", "6222000000000000"), Answer::Silence),
        ("[]", Answer::Silence),
    ] {
        let request = request(Action::CollectPayment);
        assert_eq!(iso20022::called(&request, &reply(201, body)), answer, "{body}");
        assert_eq!(inquired(&request, &reply(200, body), iso20022::read), answer, "{body}");
    }
}

#[test]
fn a_transaction_cut_anywhere_is_silence() {
    for whole in [PAID, REFUNDED] {
        for end in 0..whole.len() {
            let answer = iso20022::called(&request(Action::RefundPayment), &reply(201, &whole[..end]));
            assert_eq!(answer, Answer::Silence, "{end}");
        }
    }
}

/// Every byte of a refund is replaced by each of some that matter to a parser; nothing panics, and what is taken as done
/// stands under our reference, for an amount that its text names.
#[test]
fn a_garbled_body_is_done_under_our_reference_alone() {
    let whole = reply(201, REFUNDED).body;
    for position in 0..whole.len() {
        for byte in [0, b'"', b'{', b'9', b'-', b'\\', 0xff] {
            let mut body = whole.clone();
            body[position] = byte;
            let answer = iso20022::called(&request(Action::RefundPayment), &Reply { status: 201, body: body.clone() });
            if let Answer::Done { amount, .. } = answer {
                let text = String::from_utf8_lossy(&body);
                let named = text.contains(money::yuan(amount).to_string().trim_end_matches(".00"));
                assert!(text.contains(REFERENCE) && named, "{text}");
            }
            let _ = acquirer_callback(&body);
            let _ = page(0, &Reply { status: 200, body }, &statement::SHAPE);
        }
    }
}

#[test]
fn a_statement_reads_payments_and_what_went_back() {
    let refund =
        ENTRY.replace(":1,", ":2,").replace("CRDT", "DBIT").replace("\"Ccy\"", "\"OrgnlEndToEndId\":\"ORG\",\"Ccy\"");
    let foreign = r#"{"sequence":3,"EndToEndId":"RENT-11"}"#;
    let body = format!(r#"{{"Ntry":[{ENTRY},{refund},{foreign}],"next_after":999}}"#);
    let page = page(0, &reply(200, &body), &statement::SHAPE).expect("readable");
    assert_eq!(page.next, 3, "the cursor is the last line's, whatever is said about it");
    let told = |action| page.items.iter().map(|item| item.answer_for(action)).collect::<Vec<_>>();
    assert_eq!(told(Action::CollectPayment), [Some(done()), None], "what went back was collected all the same");
    assert_eq!(told(Action::RefundPayment), [None, Some(done())]);
}

#[test]
fn a_statement_that_could_lose_a_line_of_ours_is_unreadable() {
    for entries in [
        ENTRY.replace(":1,", ":0,"),
        ENTRY.replace("\"sequence\":1,", ""),
        ENTRY.replace("96.00", "96.000"),
        ENTRY.replace("CRDT", "BOTH"),
        ENTRY.replace("CNY", "USD"),
        format!("{ENTRY},{ENTRY}"),
    ] {
        let body = format!(r#"{{"Ntry":[{entries}],"next_after":1}}"#);
        assert!(page(0, &reply(200, &body), &statement::SHAPE).is_err(), "{entries}");
    }
}

#[test]
fn a_callback_is_a_payment_or_a_refund() {
    let read = |body: &str| acquirer_callback(&reply(200, body).body);
    let item = read(PAID).expect("final");
    assert_eq!((item.call, item.movement, item.answer), (reference(), Movement::Taken, done()));
    let item = read(REFUNDED).expect("final");
    assert_eq!((item.movement, item.answer_for(Action::RefundPayment)), (Movement::GivenBack, Some(done())));
    assert_eq!(read(REFUSED).expect("final").answer_for(Action::RefundPayment), Some(refused("AM02")));
    for body in ["", "{}", &PAID.replace("ACSC", "PDNG"), &PAID.replace("REF", "P1")] {
        assert_eq!(read(body), None, "{body}");
    }
}
