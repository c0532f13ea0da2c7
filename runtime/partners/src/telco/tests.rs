//! Recorded and hostile bodies of telcos.

use std::sync::Arc;

use exchange::Answer;
use facts::{Action, Bucket, CallRef, Millis, OrderId, Partner};
use money::Telco;
use serde_json::Value;

use super::{history, reply, statement, telco_callback};
use crate::line::Reply;
use crate::words::refused;
use crate::{Movement, Request};

const REFERENCE: &str = "01K9Z8Q40001M0000000000002-0-1";

const RESERVED: &str = r#"{"id":"rsv-1","href":"/tmf-api/prepayBalanceManagement/v4/reserveBalance/rsv-1",
 "@type":"ReserveBalance","status":"created","usageType":"monetary","amount":{"amount":100.00,"units":"CNY"},
 "bucket":{"id":"bkt-13300000001"},"logicalResource":[{"id":"13300000001","@referredType":"MSISDN"}],
 "partyAccount":{"id":"pa-1"},"relatedParty":[{"id":"CTCC","role":"provider","@referredType":"Organization"}],
 "requestor":{"id":"R1","@referredType":"correlation"},
 "requestedDate":"2026-11-22T09:00:00.000Z","confirmationDate":"2026-11-22T09:00:00.000Z"}"#;

const DEDUCTED: &str = r#"{"id":"adj-1","@type":"AdjustBalance","status":"completed","adjustType":"oneTime",
 "amount":{"amount":-100.00,"units":"CNY"}}"#;

const CAPTURED_ITEM: &str = r#"{"id":"7","sequence":7,"@type":"CaptureBalance","status":"completed",
 "actionId":"rsv-1","amount":{"amount":-100.00,"units":"CNY"},"usageType":"monetary",
 "bucket":{"id":"bkt-13300000001"},"logicalResource":[{"id":"13300000001","@referredType":"MSISDN"}],
 "requestor":{"id":"REF","@referredType":"correlation"},"confirmationDate":"2026-11-22T09:00:00.000Z"}"#;

fn reference() -> CallRef {
    REFERENCE.parse().expect("a reference")
}

fn request(action: Action) -> Request {
    Request {
        call: reference(),
        partner: Partner::Telco(Telco::Ctcc),
        action,
        amount: 10_000,
        account: Arc::from("13300000001"),
        from: None,
        acts_on: "rsv-1".to_owned(),
        about: None,
        now: Millis(0),
    }
}

fn done(amount: u64, external: &str) -> Answer {
    Answer::Done { amount, external: external.to_owned() }
}

fn replied(action: Action, status: u16, body: &str) -> Answer {
    reply::answer(&request(action), &Reply { status, body: body.as_bytes().to_vec() })
}

fn told(action: Action, body: &str) -> Answer {
    let body = body.replace("REF", REFERENCE).into_bytes();
    history::answer(action, reference(), &Reply { status: 200, body })
}

/// A history item of the reference.
fn item(kind: &str, status: &str, amount: &str) -> String {
    format!(
        r#"{{"@type":"{kind}","status":"{status}","actionId":"act-1","amount":{{"amount":{amount},"units":"CNY"}},
            "requestor":{{"id":"REF"}},"reason":"bucketClosed"}}"#
    )
}

fn items(items: &[(&str, &str, &str)]) -> String {
    let items: Vec<String> = items.iter().map(|(kind, status, amount)| item(kind, status, amount)).collect();
    format!("[{}]", items.join(","))
}

#[test]
fn a_reference_reads_back() {
    let order = OrderId::new(1, Bucket::of_hash(1), 1);
    let call = CallRef { order, step: 3, attempt: 2 };
    assert_eq!(call.to_string().parse(), Ok(call));
    assert_eq!(reference().to_string(), REFERENCE);
}

#[test]
fn recorded_replies_are_understood() {
    use Action::{CaptureAirtime, CreditAirtime, DeductAirtime, ReleaseAirtime, ReserveAirtime};
    let captured = RESERVED.replace("created", "completed");
    let queued = DEDUCTED.replace("completed", "created");
    let credited = DEDUCTED.replace("-100.00", "100.00");
    for (action, status, body, answer) in [
        (ReserveAirtime, 201, RESERVED, done(10_000, "rsv-1")),
        (ReserveAirtime, 202, RESERVED, Answer::Pending),
        (CaptureAirtime, 200, &captured, done(10_000, "rsv-1")),
        (ReleaseAirtime, 204, "", done(10_000, "rsv-1")),
        (DeductAirtime, 201, DEDUCTED, done(10_000, "adj-1")),
        (CreditAirtime, 201, &credited, done(10_000, "adj-1")),
        (DeductAirtime, 201, &queued, Answer::Pending),
        (ReserveAirtime, 409, r#"{"code":"bucketClosed","reason":"closed"}"#, refused("bucketClosed")),
        (ReserveAirtime, 400, r#"{"code":"invalidAmount","reason":"0"}"#, refused("invalidAmount")),
        (CaptureAirtime, 404, r#"{"code":"notFound","reason":"rsv-1"}"#, refused("notFound")),
        (ReserveAirtime, 405, r#"{"code":"profileUnsupported","reason":"x"}"#, refused("profileUnsupported")),
        (ReserveAirtime, 201, &RESERVED.replace("created", "failed"), refused("failed")),
    ] {
        assert_eq!(replied(action, status, body), answer, "{action} {status} {body}");
    }
}

#[test]
fn unclear_replies_are_silence() {
    use Action::{CaptureAirtime, CreditAirtime, DeductAirtime, ReleaseAirtime, ReserveAirtime};
    let captured = RESERVED.replace("created", "completed");
    let huge = RESERVED.replace("100.00", &format!("1{}", "0".repeat(400)));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (action, status, body) in [
        (ReserveAirtime, 201, ""),
        (ReserveAirtime, 201, "null"),
        (ReserveAirtime, 201, "<html>"),
        (ReserveAirtime, 201, deep.as_str()),
        (ReserveAirtime, 201, huge.as_str()),
        (ReserveAirtime, 201, &RESERVED.replace("100.00", "1e2")),
        (ReserveAirtime, 201, &RESERVED.replace("100.00", "100.001")),
        (ReserveAirtime, 201, &RESERVED.replace("100.00", "-100.00")),
        (ReserveAirtime, 201, &RESERVED.replace("100.00", "\"100.00\"")),
        (ReserveAirtime, 201, &RESERVED.replace("CNY", "USD")),
        (ReserveAirtime, 201, &RESERVED.replace("created", "held")),
        (ReserveAirtime, 201, &RESERVED.replace("created", "completed")),
        (ReserveAirtime, 201, &RESERVED.replace("\"id\":\"rsv-1\"", "\"id\":\"../x\"")),
        (ReserveAirtime, 201, &RESERVED.replace("\"id\":\"rsv-1\"", "\"id\":\"13300000001\"")),
        (ReserveAirtime, 204, ""),
        (ReserveAirtime, 302, ""),
        (CaptureAirtime, 200, RESERVED),
        (CaptureAirtime, 200, &captured.replace("\"id\":\"rsv-1\"", "\"id\":\"rsv-2\"")),
        (DeductAirtime, 201, &DEDUCTED.replace("-100.00", "100.00")),
        (CreditAirtime, 201, DEDUCTED),
        (ReleaseAirtime, 200, &captured),
        (ReserveAirtime, 400, "bad request"),
        (ReserveAirtime, 404, "{}"),
        (ReserveAirtime, 409, r#"{"code":"tryLater","reason":"?"}"#),
        (ReserveAirtime, 400, r#"{"code":"no 13300000001"}"#),
        (ReserveAirtime, 408, r#"{"code":"bodyTimeout"}"#),
        (ReserveAirtime, 429, r#"{"code":"slowDown"}"#),
        (ReserveAirtime, 503, r#"{"code":"serverError"}"#),
    ] {
        assert_eq!(replied(action, status, body), Answer::Silence, "{action} {status}");
    }
}

#[test]
fn a_reply_cut_anywhere_is_silence() {
    for end in 0..RESERVED.len() {
        assert_eq!(replied(Action::ReserveAirtime, 201, &RESERVED[..end]), Answer::Silence, "{end}");
        let line = format!("[{}", &CAPTURED_ITEM[..end.min(CAPTURED_ITEM.len())]);
        assert_eq!(told(Action::CaptureAirtime, &line), Answer::Silence, "{end}");
    }
}

/// Hypothesis: no single missing or replaced field turns an answer into another clear answer.
#[test]
fn a_reply_without_a_field_says_the_same_or_nothing() {
    let whole = replied(Action::ReserveAirtime, 201, RESERVED);
    let fields: Value = serde_json::from_str(RESERVED).expect("JSON");
    for key in fields.as_object().expect("an object").keys() {
        for hostile in [None, Some(Value::Null), Some(Value::from(-1)), Some(Value::from(vec![Value::Null]))] {
            let mut altered = fields.clone();
            let object = altered.as_object_mut().expect("an object");
            object.remove(key);
            object.extend(hostile.map(|value| (key.clone(), value)));
            let answer = replied(Action::ReserveAirtime, 201, &altered.to_string());
            assert!(answer == whole || answer == Answer::Silence, "{key}: {answer:?}");
        }
    }
}

#[test]
fn the_history_of_a_reference_is_one_answer() {
    use Action::{CaptureAirtime, ConfirmBilling, CreditAirtime, DeductAirtime, ReleaseAirtime, ReserveAirtime};
    let opposite = |amount| Answer::Opposite { amount, external: "act-1".to_owned() };
    let reserved = ("ReserveBalance", "completed", "-100.00");
    let released = ("ReleaseBalance", "completed", "100.00");
    let captured = ("CaptureBalance", "completed", "-100.00");
    let deducted = ("AdjustBalance", "completed", "-100.00");
    let credited = ("AdjustBalance", "completed", "100.00");
    let topped_up = ("TopupBalance", "completed", "100.00");
    let queued = ("AdjustBalance", "created", "-100.00");
    let failed = ("AdjustBalance", "failed", "-100.00");
    for (action, found, answer) in [
        (ReserveAirtime, vec![], Answer::NotFound),
        (ReserveAirtime, vec![reserved], done(10_000, "act-1")),
        (ReserveAirtime, vec![reserved, released], refused("expired")),
        (ReserveAirtime, vec![reserved, reserved], Answer::Silence),
        (ReserveAirtime, vec![captured], Answer::Silence),
        (CaptureAirtime, vec![captured], done(10_000, "act-1")),
        (CaptureAirtime, vec![captured, released], done(10_000, "act-1")),
        (CaptureAirtime, vec![released], Answer::Silence),
        (ReleaseAirtime, vec![released], done(10_000, "act-1")),
        (ReleaseAirtime, vec![captured], opposite(10_000)),
        (ReleaseAirtime, vec![deducted], opposite(10_000)),
        (ReleaseAirtime, vec![released, captured], opposite(10_000)),
        (ReleaseAirtime, vec![captured, released], opposite(10_000)),
        (ReleaseAirtime, vec![reserved], Answer::Silence),
        // Refused because the bucket is closed: the value may still be held.
        (ReleaseAirtime, vec![("ReleaseBalance", "failed", "100.00")], Answer::Silence),
        (DeductAirtime, vec![queued], Answer::Pending),
        (DeductAirtime, vec![queued, deducted], done(10_000, "act-1")),
        (DeductAirtime, vec![queued, failed], refused("bucketClosed")),
        (DeductAirtime, vec![failed, deducted], done(10_000, "act-1")),
        (DeductAirtime, vec![deducted, failed], done(10_000, "act-1")),
        (DeductAirtime, vec![deducted, deducted], done(20_000, "act-1")),
        (DeductAirtime, vec![deducted, credited], Answer::Silence),
        (CreditAirtime, vec![credited], done(10_000, "act-1")),
        (CreditAirtime, vec![topped_up], done(10_000, "act-1")),
        (CreditAirtime, vec![deducted], Answer::Silence),
        (ConfirmBilling, vec![], Answer::NotFound),
        (ConfirmBilling, vec![queued], Answer::Pending),
        (ConfirmBilling, vec![failed], Answer::NotFound),
        (ConfirmBilling, vec![deducted], done(10_000, "act-1")),
        (DeductAirtime, vec![("AdjustBalance", "cancelled", "-1.00")], Answer::Silence),
        (DeductAirtime, vec![("TransferBalance", "completed", "-1.00")], Answer::Silence),
        (CaptureAirtime, vec![("CaptureBalance", "completed", "100.00")], Answer::Silence),
    ] {
        assert_eq!(told(action, &items(&found)), answer, "{action} {found:?}");
    }
}

#[test]
fn an_amount_beyond_any_balance_is_silence() {
    let most = ("AdjustBalance", "completed", "-100000000000000.00");
    let more = ("AdjustBalance", "completed", "-100000000000000.01");
    let wide = ("AdjustBalance", "completed", "-184467440737095516.15");
    assert_eq!(told(Action::DeductAirtime, &items(&[most])), done(10_000_000_000_000_000, "act-1"));
    assert_eq!(told(Action::DeductAirtime, &items(&[more])), Answer::Silence);
    assert_eq!(told(Action::DeductAirtime, &items(&[wide])), Answer::Silence);
}

#[test]
fn a_history_that_may_not_be_ours_or_whole_is_silence() {
    let ours = item("AdjustBalance", "completed", "-100.00");
    let others = ours.replace("REF", "01K9Z8Q40001M0000000000003-0-1");
    let many = vec![ours.clone(); history::ITEMS_MAX].join(",");
    for body in [
        "{}".to_owned(),
        format!("[{others}]"),
        format!("[{ours},{others}]"),
        format!("[{ours},null]"),
        format!("[{many}]"),
        format!("[{}]", ours.replace("act-1", "no name")),
        format!("[{}]", ours.replace("\"actionId\":\"act-1\",", "")),
    ] {
        assert_eq!(told(Action::DeductAirtime, &body), Answer::Silence, "{body}");
    }
    let reply = Reply { status: 404, body: b"[]".to_vec() };
    assert_eq!(history::answer(Action::DeductAirtime, reference(), &reply), Answer::Silence);
}

#[test]
fn a_statement_reads_ours_and_passes_the_rest() {
    let ours = CAPTURED_ITEM.replace("REF", REFERENCE);
    let foreign = r#"{"sequence":8,"requestor":{"id":"billing-3"},"amount":{"amount":1e400}}"#;
    let unknown = ours.replace(":7,", ":9,").replace("CaptureBalance", "DonateBalance");
    let body = format!("[{ours},{foreign},{unknown}]");
    let page = statement::page(3, &Reply { status: 200, body: body.into_bytes() }).expect("readable");
    assert_eq!((page.items.len(), page.next), (1, 9));
    assert_eq!(page.items[0].movement, Movement::Taken);
    assert_eq!(page.items[0].answer_for(Action::CaptureAirtime), Some(done(10_000, "rsv-1")));
}

#[test]
fn a_statement_that_could_lose_a_line_of_ours_is_unreadable() {
    let ours = CAPTURED_ITEM.replace("REF", REFERENCE);
    for body in [
        "".to_owned(),
        "{}".to_owned(),
        "[null]".to_owned(),
        format!("[{}]", ours.replace(":7,", ":-7,")),
        format!("[{}]", ours.replace(":7,", ":7.5,")),
        format!("[{}]", ours.replace(":7,", ":18446744073709551615,")),
        format!("[{ours},{ours}]"),
        format!("[{}]", ours.replace("-100.00", "-1e2")),
        format!("[{}]", ours.replace("rsv-1", "13300000001")),
    ] {
        let reply = Reply { status: 200, body: body.clone().into_bytes() };
        assert!(statement::page(3, &reply).is_err(), "{body}");
    }
    assert!(statement::page(7, &Reply { status: 200, body: format!("[{ours}]").into_bytes() }).is_err(), "goes back");
    assert!(statement::page(0, &Reply { status: 503, body: b"[]".to_vec() }).is_err());
}

#[test]
fn a_callback_is_a_line_of_the_history() {
    let line = CAPTURED_ITEM.replace("REF", REFERENCE);
    let event = |line: &str| format!(r#"{{"eventId":"CTCC-7","event":{{"reserveBalance":{line}}}}}"#);
    let item = telco_callback(event(&line).as_bytes()).expect("a final line");
    assert_eq!((item.call, item.movement), (reference(), Movement::Taken));
    let failed = telco_callback(event(&line.replace("completed", "failed")).as_bytes()).expect("a final line");
    assert_eq!(failed.answer, refused("failed"));
    for body in ["", "{}", "[]", r#"{"event":{}}"#, &event("null"), &event(&line.replace("completed", "created"))] {
        assert_eq!(telco_callback(body.as_bytes()), None, "{body}");
    }
}
