//! What a look-up on the hot path costs: a live session, an API key, a CSRF token, a signed request.
//!
//! `cargo run --release -p access --example lookup` prints nanoseconds for each, the median of rounds over 1,000
//! sessions of as many subscribers.

use access::{
    Access, AccessKey, ApiKeyText, ApiScope, ApiScopes, CodeAction, CodeFor, CodeMessage, CodeSender, Credentials,
    KeyMode, KeyTerms, OneTimeCode, Password, Principal, SessionToken, Settings, SignedRequest, SignerName, five_lines,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use facts::{Millis, SubscriberId};
use hmac::{Hmac, KeyInit, Mac};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::time::Instant;

const NOW: Millis = Millis(1_800_000_000_000);
const SESSIONS: u32 = 1_000;
const ROUNDS: usize = 21;

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let directory = tempfile::TempDir::new()?;
    let file = directory.path().join("access.sqlite");
    let settings = Settings::parse(Settings::SHIPPED)?;
    let access = Access::open(&file, &AccessKey::from_bytes([7; 32]), settings)?;
    let admin = administrator(&access)?;
    let tokens = subscribers(&access)?;
    let later = NOW.plus(60_000);
    let session = access.session(&tokens[0], later)?;
    let csrf = access.csrf_token(&session);
    let key = api_key(&access, &admin)?;

    print("session", tokens.len(), || tokens.iter().all(|token| access.session(token, later).is_ok()));
    print("api key", 10_000, || (0..10_000).all(|_| access.api_key(&key, later).is_ok()));
    print("csrf token", 10_000, || (0..10_000).all(|_| access.check_csrf(&session, Some(&csrf)).is_ok()));
    let headers = signed_headers(&access, &admin)?;
    let start = Instant::now();
    assert!(headers.iter().all(|header| access.signed(header, &REQUEST, NOW).is_ok()));
    println!("{:<12} {:>6} ns", "signed, HMAC", start.elapsed().as_nanos() / headers.len() as u128);
    Ok(())
}

/// Prints the median of rounds over so many look-ups.
fn print(what: &str, count: usize, mut round: impl FnMut() -> bool) {
    let mut took: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            assert!(round(), "{what} failed");
            start.elapsed().as_nanos() / count as u128
        })
        .collect();
    took.sort_unstable();
    println!("{what:<12} {:>6} ns", took[ROUNDS / 2]);
}

fn administrator(access: &Access) -> Result<Principal, Failed> {
    let (password, here) = (Password::new("correct horse battery"), IpAddr::V4(Ipv4Addr::LOCALHOST));
    let invitation = access.bootstrap("admin", NOW)?;
    let seed = access.enrol(&invitation.token, &password, here, NOW)?.seed;
    access.confirm(&invitation.token, &seed.code_at(NOW), here, NOW)?;
    let later = NOW.plus(30_000);
    let credentials = Credentials { name: "admin", password: &password, code: &seed.code_at(later) };
    Ok((*access.sign_in(&credentials, here, later)?.session.principal).clone())
}

/// Keeps the last code.
struct Last(Mutex<Option<OneTimeCode>>);

impl CodeSender for Last {
    fn send(&self, message: CodeMessage) {
        *self.0.lock().expect("no panic holds it") = Some(message.code);
    }
}

fn subscribers(access: &Access) -> Result<Vec<SessionToken>, Failed> {
    let last = Last(Mutex::new(None));
    (0..SESSIONS)
        .map(|number| {
            let from = IpAddr::V4(Ipv4Addr::from(number));
            let owner = Some(SubscriberId::from_bits(number.into()));
            let text = format!("138{number:08}");
            let wanted = CodeFor { number: &text, owner, action: CodeAction::SignIn, amount: None };
            access.send_code(&wanted, &last, from, NOW)?;
            let code = last.0.lock().expect("no panic holds it").take().ok_or("no code")?;
            Ok(access.sign_in_by_code(&wanted, &code, from, NOW)?.token)
        })
        .collect()
}

fn api_key(access: &Access, admin: &Principal) -> Result<ApiKeyText, Failed> {
    access.add_partner(admin, "mall", NOW)?;
    let scopes = ApiScopes::of(&[ApiScope::OrdersWrite]);
    let terms = KeyTerms { mode: KeyMode::Live, scopes, expires_at: NOW.plus(86_400_000) };
    Ok(access.issue_key(admin, "mall", terms, NOW)?.text)
}

const REQUEST: SignedRequest<'_> = SignedRequest { method: "POST", target: "/v1/orders", body: &[b'x'; 400] };

fn signed_headers(access: &Access, admin: &Principal) -> Result<Vec<String>, Failed> {
    let name = SignerName { client: "mall", serial: "h1" };
    let key = STANDARD.decode(access.add_shared_key(admin, name, NOW.plus(86_400_000), NOW)?.expose())?;
    let seconds = (NOW.0 / 1_000).to_string();
    let header = |number: u32| {
        let nonce = format!("nonce-{number:016}");
        let mut mac = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(&key)?;
        mac.update(&five_lines(&REQUEST, &seconds, &nonce));
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        Ok(format!("TONGBAO-HMAC-SHA256 client=mall,nonce={nonce},timestamp={seconds},serial=h1,signature={signature}"))
    };
    (0..100_000).map(header).collect()
}
