//! Hostile files by table: what is rejected, what is malformed, what is echoed, and that nothing panics.

use facts::{Millis, Product};
use orderfile::{Column, Form, Header, Line, Lines, OrderLine, Rejected, read_subscribers};
use proptest::prelude::*;

const ORDERS: &str = "request_id,requested_at,channel_province,id_number,msisdn,product,amount,instrument,target";
const SUBSCRIBERS: &str = "id_number,msisdn,balance_fen,promo_fen,third_party_30d_fen,advance_fen,own_card,credit_card";

fn header(text: &str) -> Result<Header, Rejected> {
    Header::read(Some(Line { number: 1, bytes: text.as_bytes() }))
}

/// What a line of orders is: its request id when it is a row, else what it echoes after a `!`.
fn seen(line: &[u8]) -> String {
    match header(ORDERS).expect("the contract's header").line(line) {
        OrderLine::Row(row) => row.get(Column::RequestId).to_owned(),
        OrderLine::Broken(echo) => format!("!{echo}"),
    }
}

#[test]
fn a_broken_line_echoes_what_can_be_a_request_id() {
    let long = "x".repeat(64);
    let rows: Vec<(Vec<u8>, String)> = vec![
        (b"r1,2,3,4,5,6,7,8,9".to_vec(), "r1".into()),
        (b"\"r,1\",2,3,4,5,6,7,8,9".to_vec(), "r,1".into()),
        (b",,,,,,,,".to_vec(), "".into()),
        (b"r1,2,3,4,5,6,7,8".to_vec(), "!r1".into()),
        (b"r1,2,3,4,5,6,7,8,9,10".to_vec(), "!r1".into()),
        (b"r1".to_vec(), "!r1".into()),
        (b"a_B.9:-".to_vec(), "!a_B.9:-".into()),
        (b"r 1,2".to_vec(), "!".into()),
        (b"\"r1\",2".to_vec(), "!".into()),
        (b"r1,\"2,3,4,5,6,7,8,9".to_vec(), "!r1".into()),
        (b"r1,2\"x\",3,4,5,6,7,8,9".to_vec(), "!r1".into()),
        (b"r1,\"2\"x,3,4,5,6,7,8,9".to_vec(), "!r1".into()),
        (b"r1,\xFF,3,4,5,6,7,8,9".to_vec(), "!r1".into()),
        (b"r\xFF1,2,3,4,5,6,7,8,9".to_vec(), "!".into()),
        (b"r1,\0,3,4,5,6,7,8,9".to_vec(), "!r1".into()),
        (b"r1\0,2,3,4,5,6,7,8,9".to_vec(), "!".into()),
        (b"\r".to_vec(), "!".into()),
        (b",".to_vec(), "!".into()),
        (long.clone().into_bytes(), format!("!{long}")),
        (format!("{long}x").into_bytes(), "!".into()),
        ("编号,2".into(), "!".into()),
        (b"r1,2,3,4,5,6,7,8,9\r".to_vec(), "r1".into()),
    ];
    for (line, expected) in rows {
        assert_eq!(seen(&line), expected, "{:?}", String::from_utf8_lossy(&line));
    }
}

#[test]
fn columns_are_matched_by_name_and_each_is_there_once() {
    assert!(header(ORDERS).is_ok());
    let turned = header("target,instrument,amount,product,msisdn,id_number,channel_province,requested_at,request_id");
    let line = b"t,i,a,p,m,n,c,at,r1";
    let OrderLine::Row(row) = turned.expect("in any order").line(line) else { panic!("a row") };
    assert_eq!((row.get(Column::RequestId), row.get(Column::Target)), ("r1", "t"));
    assert_eq!(row.others(), [&b"at"[..], b"c", b"n", b"m", b"p", b"a", b"i", b"t"]);
    let cases = [
        (ORDERS.replace(",target", ""), (9, "target")),
        (format!("{ORDERS},target"), (10, "target")),
        (format!("{ORDERS},note"), (10, "")),
        (ORDERS.replace("amount", "Amount"), (7, "")),
        (ORDERS.replace("amount", " amount"), (7, "")),
        (ORDERS.replace("amount", "\"amount"), (7, "")),
        (ORDERS.replace("amount", "product"), (7, "product")),
    ];
    for (text, (column, name)) in cases {
        let rejected = header(&text).expect_err(&text);
        assert_eq!((rejected.line, rejected.column, rejected.name), (1, column, name), "{rejected}");
    }
    assert!(header(&ORDERS.replace("amount", "\"amount\"")).is_ok(), "a quoted name is the name");
    assert_eq!(
        Header::read(None).expect_err("no header").to_string(),
        "line 1, column 1: found no header, allowed: a header line"
    );
}

fn form(changed: Column, value: &str) -> Option<Form> {
    let mut fields =
        ["r1", "2025-10-01T00:00:00+08:00", "44", "id", "number", "gift", "10000", "", "target"].map(str::to_owned);
    fields[changed as usize] = value.to_owned();
    let line = fields.map(|field| format!("\"{}\"", field.replace('"', "\"\""))).join(",");
    match header(ORDERS).expect("right").line(line.as_bytes()) {
        OrderLine::Row(row) => row.form(),
        OrderLine::Broken(_) => panic!("a row: {line}"),
    }
}

#[test]
fn a_row_is_read_only_when_each_of_its_words_is_one() {
    let read = form(Column::Instrument, "ignored here").expect("well formed");
    assert_eq!((read.product, read.amount, read.requested_at), (Product::Gift, 10_000, Millis(1_759_248_000_000)));
    assert_eq!(form(Column::Amount, "999999999999999").map(|form| form.amount), Some(999_999_999_999_999));
    let malformed = [
        (Column::RequestId, vec![""]),
        (Column::RequestedAt, vec!["", "2025-10-01", "2025-10-01 00:00:00+08:00"]),
        (Column::ChannelProvince, vec!["", "4", "044", "4a", "４４", " 44", "广东"]),
        (Column::IdNumber, vec![""]),
        (Column::Msisdn, vec![""]),
        (Column::Product, vec!["", "Gift", "GIFT", "gift ", "loan", "voucher", "card", "market"]),
        (Column::Amount, vec!["", "0", "01", "+1", "-1", "1.0", "1e3", " 1", "１００", "1000000000000000"]),
        (Column::Target, vec![""]),
    ];
    for (column, values) in malformed {
        for value in values {
            assert_eq!(form(column, value), None, "{column:?} {value:?}");
        }
    }
    for product in ["direct", "agent", "refund", "points"] {
        let line = format!("r1,2025-10-01T00:00:00+08:00,44,id,number,{product},10000,,");
        let OrderLine::Row(row) = header(ORDERS).expect("right").line(line.as_bytes()) else { panic!("a row") };
        assert!(row.form().is_some(), "{product} needs no target");
    }
}

#[test]
fn a_wrong_file_of_subscribers_is_rejected_with_line_and_column() {
    let row = "id,13300000000,100,0,-5,-0,card,";
    let file = |rest: &str| format!("{SUBSCRIBERS}\r\n\r\n{row}\n{rest}");
    let read = read_subscribers(format!("\u{feff}{}", file("")).as_bytes()).expect("right");
    assert_eq!((read.len(), read[0].third_party_30d_fen, read[0].advance_fen), (1, -5, 0));
    assert_eq!(read_subscribers(SUBSCRIBERS.as_bytes()), Ok(Vec::new()), "a header alone is a file of nobody");
    type Named = (u64, usize, &'static str);
    let cases: Vec<(Vec<u8>, Named)> = vec![
        (Vec::new(), (1, 1, "")),
        (b"\n\r\n".to_vec(), (1, 1, "")),
        (row.into(), (1, 1, "")),
        (SUBSCRIBERS.replace(",advance_fen", "").into(), (1, 8, "advance_fen")),
        (format!("{SUBSCRIBERS},x").into(), (1, 9, "")),
        (file(row).into(), (4, 2, "msisdn")),
        (file("id,1,100,0,0").into(), (4, 6, "")),
        (file("id,1,100,0,0,0,a,b,c").into(), (4, 9, "")),
        (file("id,1,100,0,0,0,\"a,b").into(), (4, 7, "")),
        (file("id,1,1.5,0,0,0,a,b").into(), (4, 3, "balance_fen")),
        (file("id,1,,0,0,0,a,b").into(), (4, 3, "balance_fen")),
        (file("id,1,100,007,0,0,a,b").into(), (4, 4, "promo_fen")),
        (file("id,1,100,0,+1,0,a,b").into(), (4, 5, "third_party_30d_fen")),
        (file("id,1,100,0,0,1000000000000000,a,b").into(), (4, 6, "advance_fen")),
        ([file("id,1,100,0,0,0,").into_bytes(), vec![0xFF, b',', b'b']].concat(), (4, 7, "")),
        (file("id,1,100,0,0,0,\0,b").into(), (4, 7, "")),
    ];
    for (bytes, expected) in cases {
        let rejected = read_subscribers(&bytes).expect_err("rejected");
        assert_eq!((rejected.line, rejected.column, rejected.name), expected, "{rejected}");
    }
}

#[test]
fn a_message_shows_no_number_and_nothing_a_terminal_obeys() {
    let twice = format!("{SUBSCRIBERS}\nid,13300000000,0,0,0,0,,\nid,13300000000,0,0,0,0,,\n");
    let said = read_subscribers(twice.as_bytes()).expect_err("rejected").to_string();
    assert_eq!(said, "line 3, column 2 `msisdn`: found the number of line 2, allowed: each number once");
    let said = header(&format!("{ORDERS},\u{1b}[31m{}", "x".repeat(100))).expect_err("rejected").to_string();
    assert!(!said.contains('\u{1b}') && said.len() < 200, "{said}");
}

proptest! {
    #[test]
    fn no_bytes_panic_and_every_line_is_one_row(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r')], 0..400)
    ) {
        // Said a second time, as the contract says it: lines end with LF, and a CR before it is part of the end.
        let bare = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let expected = bare.split(|byte| *byte == b'\n').filter(|line| !matches!(line, [] | [b'\r'])).count()
            + usize::from(bare.split(|byte| *byte == b'\n').next_back() == Some(b"\r"));
        let header = header(ORDERS).expect("right");
        let mut lines = Lines::new(&bytes[..]);
        let mut rows = 0;
        while let Some(line) = lines.read().expect("a slice reads") {
            rows += 1;
            match header.line(line.bytes) {
                OrderLine::Row(row) => { let _ = row.form(); }
                OrderLine::Broken(echo) => prop_assert!(echo.len() <= 64),
            }
        }
        prop_assert_eq!(rows, expected);
        let _ = read_subscribers(&bytes);
        let _ = read_subscribers(&[SUBSCRIBERS.as_bytes(), b"\n", &bytes].concat());
        let _ = Header::read(Lines::new(&bytes[..]).read().expect("a slice reads"));
    }

    #[test]
    fn no_text_panics_as_a_moment(text in "\\PC{0,40}", near in "2025-1[0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,12})?([zZ]|[+-][0-2][0-9]:[0-6][0-9])?") {
        let _ = orderfile::moment(&text);
        let _ = orderfile::moment(&near);
    }
}
