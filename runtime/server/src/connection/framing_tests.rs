use super::*;

const GET: &str = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

/// Reads the bytes at once, and byte by byte: both must come to the same.
#[track_caller]
fn read(text: &[u8]) -> Result<(), Code> {
    let (mut whole, mut dripped) = (Framing::new(), Framing::new());
    let at_once = whole.read(text).map_err(|fault| fault.code);
    let by_byte = text.iter().try_for_each(|byte| dripped.read(&[*byte])).map_err(|fault| fault.code);
    assert_eq!(at_once, by_byte);
    if at_once.is_ok() {
        assert_eq!((whole.at, whole.is_between()), (dripped.at, dripped.is_between()));
    }
    at_once
}

fn head(fields: &str) -> Vec<u8> {
    format!("POST /v1/orders HTTP/1.1\r\nHost: x\r\n{fields}").into_bytes()
}

#[test]
fn requests_one_after_the_other_are_told_apart() {
    let body = "Content-Length: 5\r\n\r\nGET /";
    let chunks = "Transfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n";
    let none = "Content-Length: 0\r\n\r\n";
    for fields in [body, chunks, none, "\r\n", "X-Name: \u{901a}\u{5b9d}\tx\r\n\r\n"] {
        let mut text = head(fields);
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(GET.as_bytes());
        assert_eq!(read(&text), Ok(()), "{fields:?}");
        let mut framing = Framing::new();
        assert!(framing.read(&text).is_ok() && framing.is_between(), "{fields:?}");
    }
}

#[test]
fn whatever_two_readers_may_read_differently_is_refused() {
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
        "Content-Length: 5, 5\r\n\r\nabcde",
        "Content-Length: +5\r\n\r\nabcde",
        "Content-Length: 0x5\r\n\r\nabcde",
        "Content-Length:\r\n\r\n",
        "Content-Length: 99999999999999999999\r\n\r\n",
        "Content-Length : 5\r\n\r\nabcde",
        " Content-Length: 5\r\n\r\nabcde",
        "X: a\r\n Content-Length: 5\r\n\r\nabcde",
        "X: a\r\n\tb\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "Transfer-Encoding: \x0bchunked\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nabcde\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5 \r\nabcde\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nabcdef\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\nabcde\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n",
        "Content-Length: 5\n\r\nabcde",
        "X: a\r\n\nGET / HTTP/1.1\r\n",
        "X: a\rContent-Length: 5\r\n\r\n",
        "X: a\0b\r\n\r\n",
        "Host: y\r\n\r\n",
        "no colon\r\n\r\n",
        ": no name\r\n\r\n",
        "X\u{901a}: a\r\n\r\n",
    ] {
        assert_eq!(read(&head(fields)), Err(Code::RequestAmbiguous), "{fields:?}");
    }
    assert_eq!(read(b"GET / HTTP/1.1\r\nHost: x\r\nX: \xff\xfe\r\n\r\n"), Err(Code::RequestAmbiguous));
}

#[test]
fn a_request_line_has_three_words_and_one_host() {
    for line in [
        "GET  / HTTP/1.1\r\n",
        "GET / HTTP/1.1 x\r\n",
        "GET /\r\n",
        "GET / HTTP/0.9\r\n",
        "GET / HTTP/2.0\r\n",
        "GET /a\0b HTTP/1.1\r\n",
        "GET /\u{901a} HTTP/1.1\r\n",
        "G(T / HTTP/1.1\r\n",
        "GET / HTTP/1.1\n",
        "CONNECT x:443 HTTP/1.1\r\n",
        "GET x HTTP/1.1\r\n",
    ] {
        assert_eq!(read(line.as_bytes()), Err(Code::RequestAmbiguous), "{line:?}");
    }
    assert_eq!(read(b"GET http://other/ HTTP/1.1\r\nHost: x\r\n\r\n"), Err(Code::RequestAmbiguous));
    assert_eq!(read(b"GET http://X/a?b HTTP/1.1\r\nHost: x\r\n\r\n"), Ok(()));
    assert_eq!(read(b"GET / HTTP/1.1\r\n\r\n"), Err(Code::RequestAmbiguous), "no host");
    assert_eq!(read(b"GET / HTTP/1.0\r\n\r\n"), Ok(()));
}

#[test]
fn heads_are_bounded() {
    assert_eq!(read(&head(&"X: y\r\n".repeat(HEAD_LINES_MAX))), Err(Code::HeadTooLarge));
    assert_eq!(read(&head(&format!("X: {}", "y".repeat(HEAD_BYTES_MAX)))), Err(Code::HeadTooLarge));
}

#[test]
fn what_came_before_a_faulty_request_is_good() {
    let mut framing = Framing::new();
    let text = format!("{GET}{GET}GET / HTTP/1.1\n");
    let fault = framing.read(text.as_bytes()).expect_err("a bare line feed");
    assert_eq!(fault, Fault { code: Code::RequestAmbiguous, good: 2 * GET.len() });
}

#[test]
fn http2_is_let_through() {
    let mut framing = Framing::new();
    assert!(framing.read(b"PRI * HTT").is_ok() && !framing.is_http1());
    assert!(framing.read(b"P/2.0\r\n\r\nSM\r\n\r\n\0\0\n\x04").is_ok() && !framing.is_http1());
    let mut other = Framing::new();
    assert!(other.read(b"PUT").is_ok() && other.is_http1());
}
