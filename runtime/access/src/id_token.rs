//! Validating an ID token: signature by a key of the provider, then issuer, audience, nonce and times.
//!
//! Sources: OpenID Connect Core 1.0, 3.1.3.7; RFC 8725. Algorithms that a public key verifies are the only ones, and
//! each key serves the one that its type stands for; so neither `none` nor a public key used as an HMAC secret is one.

use crate::Denied;
use facts::Millis;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How far the provider's clock may be from ours.
const LEEWAY_S: u64 = 60;
/// How old a token may be when it comes; it comes straight from the token endpoint.
const AGE_MAX_S: u64 = 600;
/// The longest token that is looked at.
const BYTES_MAX: usize = 16_384;

/// The provider's keys, as it publishes them.
pub struct KeySet(JwkSet);

impl KeySet {
    /// Reads a JWK Set. A key of a kind that is not known here is kept and never used.
    ///
    /// Errors: the text is no JWK Set.
    pub fn parse(json: &str) -> Result<KeySet, Denied> {
        serde_json::from_str(json).map(KeySet).map_err(|_| Denied::IdTokenInvalid("the provider's keys are no JWK Set"))
    }

    /// Whether there is a key of this id. When there is none, the keys are to be fetched again: providers rotate.
    pub fn knows_key_of(&self, token: &str) -> bool {
        let header = jsonwebtoken::decode_header(token).ok();
        header.and_then(|header| header.kid).is_some_and(|kid| self.0.find(&kid).is_some())
    }
}

/// What a token says.
#[derive(Debug, Deserialize)]
pub struct Claims {
    pub sub: String,
    iss: String,
    aud: Audience,
    azp: Option<String>,
    exp: u64,
    iat: u64,
    nbf: Option<u64>,
    nonce: Option<String>,
    #[serde(flatten)]
    pub others: BTreeMap<String, serde_json::Value>,
}

/// Whom a token is for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

fn no(why: &'static str) -> Denied {
    Denied::IdTokenInvalid(why)
}

/// What a token says, when it is of this issuer, for this client, for this sign-in, and good now.
pub fn validate(
    token: &str,
    keys: &KeySet,
    (issuer, client_id): (&str, &str),
    nonce: &str,
    now: Millis,
) -> Result<Claims, Denied> {
    if token.len() > BYTES_MAX {
        return Err(no("it is longer than 16 KiB"));
    }
    let claims = verified(token, keys)?;
    if claims.iss != issuer {
        return Err(no("another issuer"));
    }
    let for_us = match &claims.aud {
        Audience::One(client) => client == client_id,
        // Of several it must say which one may use it.
        Audience::Several(clients) => {
            clients.iter().any(|client| client == client_id) && (clients.len() == 1 || claims.azp.is_some())
        }
    };
    if !for_us || claims.azp.as_deref().is_some_and(|client| client != client_id) {
        return Err(no("another audience"));
    }
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(no("another nonce"));
    }
    check_times(&claims, now.0 / 1_000)?;
    if claims.sub.is_empty() || claims.sub.len() > 255 {
        return Err(no("a subject of 1 to 255 characters is allowed"));
    }
    Ok(claims)
}

fn check_times(claims: &Claims, now_s: u64) -> Result<(), Denied> {
    if now_s >= claims.exp.saturating_add(LEEWAY_S) {
        return Err(no("it has expired"));
    }
    let begins = claims.iat.max(claims.nbf.unwrap_or_default());
    if begins > now_s + LEEWAY_S {
        return Err(no("it is not good yet"));
    }
    if now_s > claims.iat.saturating_add(AGE_MAX_S) {
        return Err(no("it is too old"));
    }
    Ok(())
}

/// The claims under a signature that fits. Their times are looked at by us, against the moment that was given.
fn verified(token: &str, keys: &KeySet) -> Result<Claims, Denied> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| no("it is no signed token"))?;
    let kid = header.kid.ok_or(no("it names no key"))?;
    let key = keys.0.find(&kid).ok_or(no("its key is not the provider's"))?;
    let algorithm = algorithm_of(key).ok_or(no("its key is of a kind that is not allowed"))?;
    // The token's own word on its algorithm must be this one.
    let mut validation = Validation::new(algorithm);
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_jwk(key).map_err(|_| no("its key is broken"))?;
    let decoded = jsonwebtoken::decode::<Claims>(token, &key, &validation);
    decoded.map(|decoded| decoded.claims).map_err(|_| no("its signature or its claims do not fit"))
}

/// The one algorithm that a key serves: RS256, ES256 or EdDSA.
fn algorithm_of(key: &Jwk) -> Option<Algorithm> {
    let algorithm = match &key.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        _ => return None,
    };
    let signs = key.common.public_key_use.as_ref().is_none_or(|known| *known == PublicKeyUse::Signature);
    let named = key.common.key_algorithm.is_none_or(|known| known == KeyAlgorithm::from(algorithm));
    (signs && named).then_some(algorithm)
}
