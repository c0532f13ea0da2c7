//! The last word on a connection that no request came out of: a whole answer, written by hand.

use crate::language::Language;
use crate::phrases::{Code, phrase};
use serde_json::json;

/// The answer. Nobody has said which language they read: the title is in both.
pub fn answer(code: Code) -> Vec<u8> {
    let words = phrase(code.text());
    let both = |word: fn(&crate::phrases::Phrase, Language) -> &'static str| {
        format!("{} / {}", word(words, Language::English), word(words, Language::Chinese))
    };
    let status = code.status();
    let body = json!({
        "type": format!("/problems/{}", code.text()),
        "title": both(|words, language| words.title(language)),
        "status": status.as_u16(),
        "code": code.text(),
        "hint": both(|words, language| words.hint(language)),
    })
    .to_string();
    let head = format!(
        "HTTP/1.1 {} {}\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        body.len()
    );
    (head + &body).into_bytes()
}
