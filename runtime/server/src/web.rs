//! What every answer tells a browser: load nothing, guess nothing, show it in no frame, keep nothing.
//!
//! There is no page yet, so that nothing at all may be loaded. A page that comes brings a policy of its own, without
//! inline script; what an answer says itself stands. No answer names another origin: CORS is closed.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const ALWAYS: [(&str, &str); 7] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];
/// Two years. Source: RFC 6797; over plain HTTP it must not be said (7.2).
const HSTS: (&str, &str) = ("strict-transport-security", "max-age=63072000; includeSubDomains");

/// Adds what an answer does not say itself.
pub fn protect(headers: &mut HeaderMap, is_secure: bool) {
    for (name, value) in ALWAYS.into_iter().chain(is_secure.then_some(HSTS)) {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
}
