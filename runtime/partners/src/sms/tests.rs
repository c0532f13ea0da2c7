//! Recorded and hostile answers of a messaging partner.

use super::words::{inquired, page, sent};
use super::{Message, SentItem, SmsAnswer};
use crate::line::Reply;

const TAKEN: &str = r#"{"reference":"m-1","messageId":"SMS-7","status":"accepted","code":null}"#;

fn message() -> Message {
    Message { reference: "m-1".to_owned(), to: "13300007777".into(), text: "your code is 123456".into() }
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.as_bytes().to_vec() }
}

fn refused(code: &str) -> SmsAnswer {
    SmsAnswer::Refused { code: code.to_owned() }
}

#[test]
fn recorded_answers_are_understood_and_hostile_ones_are_silence() {
    let taken = SmsAnswer::Taken { external: "SMS-7".to_owned() };
    let with = |from: &str, to: &str| TAKEN.replace(from, to);
    for (status, body, answer) in [
        (201, TAKEN.to_owned(), taken.clone()),
        (200, TAKEN.to_owned(), taken.clone()),
        (201, with("accepted", "queued"), SmsAnswer::Pending),
        (201, with("accepted", "refused"), refused("refused")),
        (201, with("accepted", "refused").replace("null", "\"blocked\""), refused("blocked")),
        // A code that carries a number is not kept.
        (201, with("accepted", "refused").replace("null", "\"13300007777\""), refused("refused")),
        (201, with("m-1", "m-2"), SmsAnswer::Silence),
        (201, with("SMS-7", "SMS-13300007777"), SmsAnswer::Silence),
        (201, with("accepted", "delivered"), SmsAnswer::Silence),
        (201, "{".to_owned(), SmsAnswer::Silence),
        (400, r#"{"code":"invalidText"}"#.to_owned(), refused("invalidText")),
        (400, "no".to_owned(), SmsAnswer::Silence),
        (409, r#"{"code":"referenceReused"}"#.to_owned(), SmsAnswer::Silence),
        (503, r#"{"code":"serverError"}"#.to_owned(), SmsAnswer::Silence),
    ] {
        assert_eq!(sent(&message(), &reply(status, &body)), answer, "{status} {body}");
    }
    assert_eq!(inquired(&message(), &reply(200, TAKEN)), taken);
    assert_eq!(inquired(&message(), &reply(404, r#"{"code":"notFound"}"#)), SmsAnswer::NotFound);
    assert_eq!(inquired(&message(), &reply(404, r#"{"code":"unknownRoute"}"#)), SmsAnswer::Silence);
}

#[test]
fn a_statement_goes_forward_and_has_no_broken_line() {
    let line = r#"{"sequence":3,"reference":"m-1","messageId":"SMS-7"}"#;
    let of = |lines: &str| page(2, &reply(200, &format!("{{\"messages\":[{lines}]}}")));
    let read = of(line).expect("a page");
    assert_eq!(read.items, [SentItem { reference: "m-1".to_owned(), external: "SMS-7".to_owned() }]);
    assert_eq!((read.next, of("").expect("a page").next), (3, 2));
    for broken in
        [line.replace('3', "2"), line.replace("m-1", "../x"), line.replace("SMS-7", ""), format!("{line},{line}")]
    {
        assert!(of(&broken).is_err(), "{broken}");
    }
    assert!(page(0, &reply(503, "{}")).is_err() && page(0, &reply(200, "{}")).is_err());
}

#[test]
fn a_message_does_not_print_what_it_says_or_to_whom() {
    assert_eq!(format!("{:?}", message()), "message m-1");
}
