//! OpenID Connect for institutions: the relying party without its HTTP, which the server does.
//!
//! Authorisation code flow with PKCE. The state is bound to the browser by a cookie, used once, and remembered in
//! bounded memory: a restart means that whoever was signing in begins again. Sources: OpenID Connect Core 1.0, 3.1;
//! RFC 7636; RFC 9700.

use crate::access::lock;
use crate::id_token::{Claims, KeySet, validate};
use crate::secret::{Digest, PkceVerifier, hex, random_text};
use crate::session::Opened;
use crate::{Access, AccessError, Denied, Principal, PrincipalId, Role, Roles};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use facts::Millis;
use hashlink::LruCache;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

/// How many sign-ins may be under way.
const UNDER_WAY_MAX: usize = 10_000;
/// How long somebody may take at the provider.
const UNDER_WAY_MS: u64 = 600_000;
/// The cookie that binds a sign-in to its browser. `Lax`: the provider sends the browser back from another site.
const STATE_COOKIE: &str = "__Host-tongbao-state";

/// An institution's provider, as configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
    /// The `iss` of its tokens, byte for byte.
    pub issuer: String,
    /// Who we are there: the `aud` of its tokens.
    pub client_id: String,
    /// The environment variable with our secret there, where we have one.
    #[serde(default)]
    pub client_secret_env: Option<String>,
    /// Or the file with it. The secret itself is never among the settings.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// The roots that vouch for its certificate, as PEM; the system's when it is left out.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Where it may be.
    #[serde(default)]
    pub reach: ProviderReach,
    /// Where it sends them back to.
    pub redirect_uri: String,
    /// Where whoever signed in is sent then, on this host.
    #[serde(default = "root")]
    pub return_to: String,
    /// The claim that lists what somebody is there, such as `groups`.
    pub role_claim: String,
    /// Which of our roles each of its words gives.
    pub roles: BTreeMap<String, Vec<String>>,
}

/// Where a provider may be: what it publishes is asked there and nowhere else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderReach {
    /// On the public internet.
    #[default]
    Public,
    /// On a private network too.
    Private,
    /// On this machine alone, plainly too.
    Loopback,
}

/// Why a provider's settings are refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProviderFault {
    /// An address is not over HTTPS.
    #[error(
        "`{key}`: found `{found}`, allowed: an address that begins with `https://`, or `http://` on this machine, of an issuer with `reach = \"loopback\"` alone"
    )]
    Address {
        /// Which one.
        key: &'static str,
        /// What it says.
        found: String,
    },
    /// Where somebody is sent is not on this host.
    #[error("`return_to`: found `{found}`, allowed: a path on this host, such as `/`")]
    ReturnTo {
        /// What it says.
        found: String,
    },
    /// A word gives a role that staff may not hold.
    #[error("`roles.{word}`: found `{found}`, allowed: operator, risk, finance, auditor, admin")]
    Role {
        /// The provider's word.
        word: String,
        /// What it is to give.
        found: String,
    },
}

/// What is remembered of a sign-in under way.
struct UnderWay {
    nonce: String,
    verifier: PkceVerifier,
    until: Millis,
}

/// A provider that institutions' staff sign in with.
pub struct Provider {
    settings: ProviderSettings,
    roles: BTreeMap<String, Roles>,
    under_way: Mutex<LruCache<Digest, UnderWay>>,
}

/// A sign-in that was begun.
#[derive(Debug)]
pub struct Begun {
    /// Where to send the browser.
    pub url: String,
    /// The value of `Set-Cookie` that goes with it.
    pub set_cookie: String,
}

/// What to fetch the tokens with, and to check them against.
#[derive(Debug)]
pub struct Exchange {
    /// For the token endpoint.
    pub verifier: PkceVerifier,
    /// What the ID token must say.
    pub nonce: String,
}

impl Provider {
    /// A provider of these settings.
    ///
    /// Errors: an address is not over HTTPS, or a word gives a role that staff may not hold.
    pub fn new(settings: ProviderSettings) -> Result<Provider, ProviderFault> {
        let plain = settings.reach == ProviderReach::Loopback;
        let addresses = [("issuer", &settings.issuer, plain), ("redirect_uri", &settings.redirect_uri, true)];
        for (key, found, plain) in addresses {
            if !is_safe(found, plain) {
                return Err(ProviderFault::Address { key, found: found.clone() });
            }
        }
        let ProviderSettings { return_to, .. } = &settings;
        if !return_to.starts_with('/')
            || return_to.starts_with("//")
            || !return_to.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(ProviderFault::ReturnTo { found: return_to.clone() });
        }
        let roles = settings.roles.iter().map(|(word, given)| Ok((word.clone(), roles_of(word, given)?)));
        let roles = roles.collect::<Result<_, _>>()?;
        Ok(Provider { settings, roles, under_way: Mutex::new(LruCache::new(UNDER_WAY_MAX)) })
    }

    /// Begins a sign-in, at the address where the provider asks people to.
    pub fn begin(&self, authorization_endpoint: &str, now: Millis) -> Result<Begun, AccessError> {
        let (state, nonce, verifier) = (random_text()?, random_text()?, random_text()?);
        let challenge = challenge(&verifier);
        let ProviderSettings { client_id, redirect_uri, .. } = &self.settings;
        let query = [
            ("response_type", "code"),
            ("scope", "openid"),
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let joint = if authorization_endpoint.contains('?') { '&' } else { '?' };
        let url = format!("{authorization_endpoint}{joint}{}", query.join("&"));
        let age_s = UNDER_WAY_MS / 1_000;
        let set_cookie =
            format!("{STATE_COOKIE}={}; Max-Age={age_s}; Path=/; HttpOnly; Secure; SameSite=Lax", state.as_str());
        let verifier = PkceVerifier::new(verifier.as_str());
        let under_way = UnderWay { nonce: nonce.to_string(), verifier, until: now.plus(UNDER_WAY_MS) };
        lock(&self.under_way).insert(Digest::of(&state), under_way);
        Ok(Begun { url, set_cookie })
    }

    /// Takes up a sign-in that comes back, once: with the `state` of the query and the request's `Cookie` header.
    ///
    /// Errors: it was not begun here, by this browser, lately, or it came back before.
    pub fn take_up(&self, state: &str, cookies: &str, now: Millis) -> Result<Exchange, Denied> {
        let digest = Digest::of(state);
        let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        let of_browser = pairs.find(|(name, _)| *name == STATE_COOKIE).map(|(_, value)| Digest::of(value));
        if !of_browser.is_some_and(|browser| browser.is(&digest)) {
            return Err(Denied::StateUnknown);
        }
        let found = lock(&self.under_way).remove(&digest).filter(|known| now < known.until);
        let UnderWay { nonce, verifier, .. } = found.ok_or(Denied::StateUnknown)?;
        Ok(Exchange { verifier, nonce })
    }

    /// Who an ID token speaks of, when it is the provider's, for us, for this sign-in, and good now.
    ///
    /// Errors: it is none of that, or gives no role.
    pub fn principal(&self, token: &str, keys: &KeySet, nonce: &str, now: Millis) -> Result<Principal, Denied> {
        let ProviderSettings { issuer, client_id, role_claim, .. } = &self.settings;
        let claims = validate(token, keys, (issuer, client_id), nonce, now)?;
        let roles = self.roles_in(&claims, role_claim);
        if !roles.fit_staff() {
            return Err(Denied::NotPermitted { needed: "a role" });
        }
        let digest = Sha256::digest(format!("{}:{issuer}{}", issuer.len(), claims.sub));
        let id = PrincipalId(*digest.first_chunk().expect("a digest has more than 16 bytes"));
        Ok(Principal::federated(id, issuer, &claims.sub, roles))
    }

    /// The roles that the words of a claim give: one word, or a list of them. Unknown words give none.
    fn roles_in(&self, claims: &Claims, role_claim: &str) -> Roles {
        let words: Vec<&str> = match claims.others.get(role_claim) {
            Some(serde_json::Value::String(word)) => vec![word],
            Some(serde_json::Value::Array(words)) => words.iter().filter_map(|word| word.as_str()).collect(),
            _ => Vec::new(),
        };
        let given: Vec<Role> = words.iter().filter_map(|word| self.roles.get(*word)).flat_map(|r| r.iter()).collect();
        Roles::of(&given)
    }
}

impl Access {
    /// Opens a session for somebody whom a provider vouches for.
    pub fn sign_in_federated(&self, principal: &Principal, now: Millis) -> Result<Opened, AccessError> {
        self.store.write(|rows| self.open_in(rows, principal, now))
    }
}

fn root() -> String {
    "/".to_owned()
}

/// Whether nobody else can read what goes to an address: it goes over TLS, or does not leave this machine.
/// Whether nobody can listen in: over TLS, or, where that will do, plainly on this machine.
fn is_safe(address: &str, plain: bool) -> bool {
    let here = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
    let ends = |rest: &str| rest.is_empty() || rest.starts_with([':', '/']);
    address.starts_with("https://") || plain && here.iter().any(|host| address.strip_prefix(host).is_some_and(ends))
}

fn roles_of(word: &str, given: &[String]) -> Result<Roles, ProviderFault> {
    let mut roles = Vec::new();
    for text in given {
        let role = Role::parse(text).filter(|role| Roles::of(&[*role]).fit_staff());
        roles.push(role.ok_or_else(|| ProviderFault::Role { word: word.to_owned(), found: text.clone() })?);
    }
    Ok(Roles::of(&roles))
}

/// The challenge of a verifier. Source: RFC 7636, 4.2, `S256`.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// A value for a query. Source: RFC 3986, 2.3: what is not unreserved is escaped.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(byte.into()),
            _ => text.push_str(&format!("%{}", hex(&[byte]).to_uppercase())),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let challenge = challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_query_value_is_escaped() {
        assert_eq!(escaped("https://a.example/b?c=d&e 中"), "https%3A%2F%2Fa.example%2Fb%3Fc%3Dd%26e%20%E4%B8%AD");
    }
}
