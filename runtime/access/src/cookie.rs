//! The cookie that carries a session's token.
//!
//! `__Host-` makes browsers take it over HTTPS alone, for this host and its root. Sources: RFC 6265bis, 4.1.3.2;
//! OWASP Session Management Cheat Sheet.

use crate::secret::SessionToken;

/// The cookie's name.
pub const COOKIE: &str = "__Host-tongbao";

/// The value of `Set-Cookie` that gives a browser its token, for at most so long.
pub fn set_cookie(token: &SessionToken, max_age_s: u64) -> String {
    format!("{COOKIE}={}; Max-Age={max_age_s}; Path=/; HttpOnly; Secure; SameSite=Strict", token.expose())
}

/// The value of `Set-Cookie` that takes the token away.
pub fn clear_cookie() -> String {
    format!("{COOKIE}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict")
}

/// The token in a request's `Cookie` header. Two of them are none: one may have been planted.
pub fn token_of(header: &str) -> Option<SessionToken> {
    let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut tokens = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value);
    match (tokens.next(), tokens.next()) {
        (Some(token), None) if !token.is_empty() => Some(SessionToken::new(token)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_this_host_over_https_and_for_no_script() {
        let set = set_cookie(&SessionToken::new("abc"), 43_200);
        assert_eq!(set, "__Host-tongbao=abc; Max-Age=43200; Path=/; HttpOnly; Secure; SameSite=Strict");
        assert!(clear_cookie().starts_with("__Host-tongbao=; Max-Age=0; Path=/;"));
    }

    #[test]
    fn a_token_is_found_among_cookies_and_two_are_none() {
        let found = |header: &str| token_of(header).map(|token| token.expose().to_owned());
        assert_eq!(found("a=1; __Host-tongbao=xyz; b=2").as_deref(), Some("xyz"));
        for header in ["", "a=1", "__Host-tongbao=", "tongbao=xyz", "__Host-tongbao=x; __Host-tongbao=y"] {
            assert_eq!(found(header), None, "{header}");
        }
    }
}
