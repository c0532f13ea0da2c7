//! OpenID Connect: what is taken of a provider, and every forgery that is not.
//!
//! The private keys in `keys_for_tests` were made for these tests and open nothing.

mod common;

use access::{
    Denied, KeySet, Principal, PrincipalKind, Provider, ProviderFault, ProviderReach, ProviderSettings, Role, Roles,
    Scope,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::{NOW, Place, denied};
use facts::Millis;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::sync::LazyLock;

const ISSUER: &str = "https://id.bank.example";
const NONCE: &str = "the-nonce";
const AUTHORIZE: &str = "https://id.bank.example/authorize";

fn settings() -> ProviderSettings {
    let text = format!(
        r#"
        issuer = "{ISSUER}"
        client_id = "tongbao"
        redirect_uri = "https://tongbao.example/v1/sign_in/back"
        role_claim = "groups"
        [roles]
        tb-risk = ["risk", "auditor"]
        tb-admin = ["admin"]
        "#
    );
    toml::from_str(&text).unwrap()
}

fn der(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64.replace(char::is_whitespace, "")).unwrap()
}

/// A key of the provider with the algorithm that it serves.
struct Signing {
    kid: &'static str,
    algorithm: Algorithm,
    key: EncodingKey,
}

static KEYS: LazyLock<[Signing; 3]> = LazyLock::new(|| {
    [
        Signing {
            kid: "rsa-1",
            algorithm: Algorithm::RS256,
            key: EncodingKey::from_rsa_der(&der(include_str!("keys_for_tests/rsa.b64"))),
        },
        Signing {
            kid: "ec-1",
            algorithm: Algorithm::ES256,
            key: EncodingKey::from_ec_der(&der(include_str!("keys_for_tests/ec.b64"))),
        },
        Signing {
            kid: "ed-1",
            algorithm: Algorithm::EdDSA,
            key: EncodingKey::from_ed_der(&der(include_str!("keys_for_tests/ed.b64"))),
        },
    ]
});

fn jwks() -> JwkSet {
    let jwk = |signing: &Signing| {
        let mut jwk = Jwk::from_encoding_key(&signing.key, signing.algorithm).unwrap();
        jwk.common.key_id = Some(signing.kid.to_owned());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk
    };
    JwkSet { keys: KEYS.iter().map(jwk).collect() }
}

fn key_set(jwks: &JwkSet) -> KeySet {
    KeySet::parse(&serde_json::to_string(jwks).unwrap()).unwrap()
}

fn claims() -> Value {
    let now_s = NOW.0 / 1_000;
    json!({
        "iss": ISSUER, "aud": "tongbao", "sub": "wang-7", "nonce": NONCE,
        "iat": now_s - 5, "exp": now_s + 300, "groups": ["tb-risk", "staff"],
    })
}

/// The claims with one changed, or taken away.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let object = claims.as_object_mut().unwrap();
    if value.is_null() {
        object.remove(name)
    } else {
        object.insert(name.to_owned(), value)
    };
    claims
}

fn signed(signing: &Signing, claims: &Value) -> String {
    let header = Header { kid: Some(signing.kid.to_owned()), ..Header::new(signing.algorithm) };
    encode(&header, claims, &signing.key).unwrap()
}

fn principal(token: &str, now: Millis) -> Result<Principal, Denied> {
    Provider::new(settings()).unwrap().principal(token, &key_set(&jwks()), NONCE, now)
}

#[test]
fn a_good_token_of_each_algorithm_says_who_somebody_is() {
    for signing in KEYS.iter() {
        let token = signed(signing, &claims());
        assert!(key_set(&jwks()).knows_key_of(&token));
        let who = principal(&token, NOW).unwrap();
        assert_eq!((who.kind(), who.roles()), (PrincipalKind::Staff, Roles::of(&[Role::Risk, Role::Auditor])));
        assert_eq!(who.scope(), &Scope::Federated { issuer: ISSUER.into(), subject: "wang-7".into() });
        assert_eq!(who.id(), principal(&signed(signing, &claims()), NOW).unwrap().id(), "the same person each time");
    }
}

#[test]
fn claims_that_are_not_ours_are_refused() {
    let now_s = NOW.0 / 1_000;
    let rows = [
        ("iss", json!("https://id.bank.example/"), "another issuer"),
        ("iss", json!("https://evil.example"), "another issuer"),
        ("aud", json!("another"), "another audience"),
        ("aud", json!(["tongbao", "another"]), "another audience"),
        ("aud", json!([]), "another audience"),
        ("azp", json!("another"), "another audience"),
        ("nonce", json!("another"), "another nonce"),
        ("nonce", Value::Null, "another nonce"),
        ("exp", json!(now_s - 61), "it has expired"),
        ("iat", json!(now_s + 61), "it is not good yet"),
        ("nbf", json!(now_s + 61), "it is not good yet"),
        ("iat", json!(now_s - 601), "it is too old"),
        ("sub", json!(""), "a subject of 1 to 255 characters is allowed"),
        ("sub", Value::Null, "its signature or its claims do not fit"),
        ("exp", Value::Null, "its signature or its claims do not fit"),
        ("exp", json!("never"), "its signature or its claims do not fit"),
    ];
    for (name, value, why) in rows {
        let token = signed(&KEYS[0], &with(name, value.clone()));
        assert_eq!(principal(&token, NOW).err(), Some(Denied::IdTokenInvalid(why)), "{name} = {value}");
    }
    for (name, value) in [("aud", json!(["tongbao"])), ("exp", json!(now_s - 59)), ("azp", json!("tongbao"))] {
        principal(&signed(&KEYS[0], &with(name, value)), NOW).unwrap();
    }
}

/// A token put together by hand.
fn forged(header: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(&claims()))
}

#[test]
fn forgeries_are_refused() {
    let refused = |token: &str| assert!(matches!(principal(token, NOW), Err(Denied::IdTokenInvalid(_))), "{token}");
    // No algorithm at all.
    for none in ["none", "None", "NONE", "nOnE", ""] {
        for signature in ["", "AAAA"] {
            refused(&forged(&json!({ "alg": none, "kid": "rsa-1", "typ": "JWT" }), signature));
        }
    }
    // The public key, which everybody has, as the secret of an HMAC.
    let jwks = jwks();
    for (number, jwk) in jwks.keys.iter().enumerate() {
        let public = serde_json::to_value(jwk).unwrap();
        let modulus = public["n"].as_str().or(public["x"].as_str()).unwrap();
        let secrets =
            [modulus.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(modulus).unwrap(), public.to_string().into()];
        for secret in secrets {
            let header = Header { kid: Some(KEYS[number].kid.to_owned()), ..Header::new(Algorithm::HS256) };
            refused(&encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap());
        }
    }
    // Another's key under the provider's id, an unknown id, no id.
    let other = EncodingKey::from_rsa_der(&der(include_str!("keys_for_tests/rsa_other.b64")));
    for kid in [Some("rsa-1"), Some("rsa-2"), None] {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::RS256) };
        refused(&encode(&header, &claims(), &other).unwrap());
    }
    // A key that the token brings along.
    let brought = Jwk::from_encoding_key(&other, Algorithm::RS256).unwrap();
    let header = Header { kid: Some("rsa-1".into()), jwk: Some(brought), ..Header::new(Algorithm::RS256) };
    refused(&encode(&header, &claims(), &other).unwrap());
    // The right key under another key's id, and with another hash.
    let swapped = Signing { kid: "rsa-1", algorithm: Algorithm::ES256, key: KEYS[1].key.clone() };
    refused(&signed(&swapped, &claims()));
    let stronger = Signing { kid: "rsa-1", algorithm: Algorithm::RS384, key: KEYS[0].key.clone() };
    refused(&signed(&stronger, &claims()));
    for text in ["", ".", "..", "a.b.c", &"a".repeat(20_000)] {
        refused(text);
    }
}

#[test]
fn a_signature_is_over_the_claims_that_came() {
    for signing in KEYS.iter() {
        let (good, other) = (signed(signing, &claims()), signed(signing, &with("sub", json!("li-8"))));
        let parts: Vec<&str> = good.split('.').collect();
        let payload = other.split('.').nth(1).unwrap();
        let mixed = format!("{}.{payload}.{}", parts[0], parts[2]);
        assert!(matches!(principal(&mixed, NOW), Err(Denied::IdTokenInvalid(_))));
        assert!(matches!(principal(&format!("{}.{}.", parts[0], parts[1]), NOW), Err(Denied::IdTokenInvalid(_))));
    }
}

#[test]
fn a_key_for_encryption_and_a_symmetric_one_verify_nothing() {
    let token = signed(&KEYS[0], &claims());
    let provider = Provider::new(settings()).unwrap();
    let mut for_encryption = jwks();
    for_encryption.keys[0].common.public_key_use = Some(PublicKeyUse::Encryption);
    let refused = provider.principal(&token, &key_set(&for_encryption), NONCE, NOW);
    assert!(matches!(refused, Err(Denied::IdTokenInvalid(_))));
    let symmetric = KeySet::parse(r#"{"keys":[{"kty":"oct","kid":"rsa-1","k":"c2VjcmV0"}]}"#).unwrap();
    let header = Header { kid: Some("rsa-1".into()), ..Header::new(Algorithm::HS256) };
    let token = encode(&header, &claims(), &EncodingKey::from_secret(b"secret")).unwrap();
    assert!(matches!(provider.principal(&token, &symmetric, NONCE, NOW), Err(Denied::IdTokenInvalid(_))));
    assert!(KeySet::parse("{}").is_err());
}

#[test]
fn roles_come_from_the_configured_words_alone() {
    let role = |groups: Value| principal(&signed(&KEYS[2], &with("groups", groups)), NOW);
    assert_eq!(role(json!("tb-admin")).unwrap().roles(), Roles::of(&[Role::Admin]));
    for none in [json!([]), json!(["admin"]), json!("risk"), json!({ "tb-admin": true }), json!(7), Value::Null] {
        assert_eq!(role(none.clone()).err(), Some(Denied::NotPermitted { needed: "a role" }), "{none}");
    }
    let faults = [("subscriber", "tb-risk"), ("root", "tb-risk")];
    for (found, word) in faults {
        let mut settings = settings();
        settings.roles.insert(word.to_owned(), vec![found.to_owned()]);
        let fault = ProviderFault::Role { word: word.to_owned(), found: found.to_owned() };
        assert_eq!(Provider::new(settings).err(), Some(fault));
    }
    for issuer in ["http://id.bank.example", "http://127.0.0.1.evil.example", "http://localhost@evil.example"] {
        let plain = ProviderSettings { issuer: issuer.into(), ..settings() };
        assert!(matches!(Provider::new(plain).err(), Some(ProviderFault::Address { key: "issuer", .. })), "{issuer}");
    }
    for (reach, is_ok) in
        [(ProviderReach::Public, false), (ProviderReach::Private, false), (ProviderReach::Loopback, true)]
    {
        let here = ProviderSettings { issuer: "http://127.0.0.1:9000".into(), reach, ..settings() };
        assert_eq!(Provider::new(here).is_ok(), is_ok, "{reach:?}");
    }
    for found in ["https://evil.example/", "//evil.example", "home", "/a b"] {
        let away = ProviderSettings { return_to: found.into(), ..settings() };
        assert_eq!(Provider::new(away).err(), Some(ProviderFault::ReturnTo { found: found.into() }));
    }
}

/// State and cookie of a sign-in.
fn begun(provider: &Provider, now: Millis) -> (String, String, String) {
    let begun = provider.begin(AUTHORIZE, now).unwrap();
    let state = begun.url.split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let cookie = begun.set_cookie.split(';').next().unwrap().to_owned();
    (begun.url, state, cookie)
}

#[test]
fn a_sign_in_comes_back_once_to_the_browser_that_began_it() {
    let provider = Provider::new(settings()).unwrap();
    let (url, state, cookie) = begun(&provider, NOW);
    for part in [
        "https://id.bank.example/authorize?response_type=code&scope=openid&client_id=tongbao",
        "&redirect_uri=https%3A%2F%2Ftongbao.example%2Fv1%2Fsign_in%2Fback",
        "&code_challenge_method=S256",
    ] {
        assert!(url.contains(part), "{url}");
    }
    let (_, other_state, other_cookie) = begun(&provider, NOW);
    for (state, cookies) in [(&state, ""), (&state, other_cookie.as_str()), (&other_state, &cookie)] {
        assert_eq!(provider.take_up(state, cookies, NOW).err(), Some(Denied::StateUnknown), "{cookies}");
    }
    let exchange = provider.take_up(&state, &format!("a=b; {cookie}"), NOW).unwrap();
    assert!(url.contains(&format!("&nonce={}", exchange.nonce)));
    assert!(!url.contains(exchange.verifier.expose()), "the verifier stays here");
    assert_eq!(provider.take_up(&state, &cookie, NOW).err(), Some(Denied::StateUnknown), "once");
    let late = NOW.plus(600_000);
    assert_eq!(provider.take_up(&other_state, &other_cookie, late).err(), Some(Denied::StateUnknown));
}

#[test]
fn somebody_of_an_institution_gets_a_session_that_an_administrator_can_end() {
    let place = Place::new();
    let who = principal(&signed(&KEYS[0], &claims()), NOW).unwrap();
    let opened = place.access.sign_in_federated(&who, NOW).unwrap();
    let session = place.access.session(&opened.token, NOW).unwrap();
    assert_eq!(*session.principal, who);
    let renewed = place.access.renew(&session, NOW).unwrap();
    assert_eq!(*renewed.session.principal, who);
    place.access.end_all(who.kind(), who.id()).unwrap();
    assert_eq!(denied(place.access.session(&renewed.token, NOW)), Denied::SessionExpired);
}
