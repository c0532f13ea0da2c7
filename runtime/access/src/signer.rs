//! Clients that sign, and their keys by serial: several at once, so that they can be rotated.
//!
//! A client is a partner or an agent. HMAC keys are sealed in the store, since they must be read back; of Ed25519
//! and of certificates only the public part and the digest are here.

use crate::access::{check_name, lock, needs};
use crate::secret::{SharedKey, random};
use crate::store::{At, Rows, unreadable};
use crate::{Access, AccessError, Denied, Principal, PrincipalId, PrincipalKind, Role, sql};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use facts::Millis;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a signing key is checked with.
pub enum Verifier {
    /// HMAC-SHA-256 under a shared key.
    Hmac(Zeroizing<Vec<u8>>),
    /// An Ed25519 public key.
    Ed25519(VerifyingKey),
}

/// A signing key as it is remembered.
#[derive(Clone)]
pub struct CachedSigner {
    pub verifier: Arc<Verifier>,
    pub principal: Arc<Principal>,
    pub expires_at: Millis,
}

/// Who shows a certificate, and until when it counts.
pub type Holder = (Arc<Principal>, Millis);

/// How a client signs, or shows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `TONGBAO-HMAC-SHA256`.
    Hmac,
    /// `TONGBAO-ED25519`.
    Ed25519,
    /// A client certificate of mutual TLS.
    Certificate,
}

impl Scheme {
    /// The public word.
    pub const fn text(self) -> &'static str {
        match self {
            Scheme::Hmac => "hmac",
            Scheme::Ed25519 => "ed25519",
            Scheme::Certificate => "certificate",
        }
    }

    const fn number(self) -> u8 {
        match self {
            Scheme::Hmac => 0,
            Scheme::Ed25519 => 1,
            Scheme::Certificate => 2,
        }
    }

    fn from_number(number: u8) -> Scheme {
        match number {
            0 => Scheme::Hmac,
            1 => Scheme::Ed25519,
            _ => Scheme::Certificate,
        }
    }
}

/// Which key of which client.
#[derive(Clone, Copy, Debug)]
pub struct SignerName<'a> {
    /// The client's name.
    pub client: &'a str,
    /// The key's serial.
    pub serial: &'a str,
}

/// A client in a list: whoever sends signed requests, or comes with API keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientListed {
    /// Its name.
    pub name: String,
    /// A partner or an agent.
    pub kind: PrincipalKind,
    /// Which one.
    pub id: PrincipalId,
    /// Since when.
    pub made_at: Millis,
}

/// A key in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerListed {
    /// Its serial.
    pub serial: String,
    /// How it signs.
    pub scheme: Scheme,
    /// Of an agent's device: the till.
    pub till: Option<String>,
    /// Since when.
    pub made_at: Millis,
    /// Until when.
    pub expires_at: Millis,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// A row to be.
pub struct NewSigner<'a> {
    pub name: SignerName<'a>,
    pub scheme: Scheme,
    pub secret: &'a [u8],
    pub principal: &'a Principal,
    pub till: &'a str,
    pub expires_at: Millis,
}

/// What a shared key is sealed for.
pub fn place_of_key(name: SignerName<'_>) -> String {
    format!("key {} of client {}", name.serial, name.client)
}

/// The public key of a text.
///
/// Errors: it is none, or one of the few under which forged signatures fit.
pub fn public_key(text: &str) -> Result<VerifyingKey, Denied> {
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let key = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    key.filter(|key| !key.is_weak()).ok_or(Denied::PublicKeyMalformed)
}

impl Access {
    /// Lets in a partner, under the name that its keys and signatures use.
    ///
    /// Errors: whoever asks is no administrator, or the name is taken.
    pub fn add_partner(&self, by: &Principal, name: &str, now: Millis) -> Result<PrincipalId, AccessError> {
        self.add_client(by, name, PrincipalKind::Partner, now)
    }

    /// Lets in an agent, whose tills then enrol their devices.
    ///
    /// Errors: whoever asks is no administrator, or the name is taken.
    pub fn add_agent(&self, by: &Principal, name: &str, now: Millis) -> Result<PrincipalId, AccessError> {
        self.add_client(by, name, PrincipalKind::Agent, now)
    }

    fn add_client(
        &self,
        by: &Principal,
        name: &str,
        kind: PrincipalKind,
        now: Millis,
    ) -> Result<PrincipalId, AccessError> {
        needs(by, Role::Admin)?;
        check_name(name)?;
        let id = PrincipalId(*random()?);
        let number = u8::from(kind == PrincipalKind::Agent);
        self.store.write(|rows| match rows.change(sql::CLIENT_PUT, (name, number, id.0, At(now)))? {
            1 => Ok(id),
            _ => Err(Denied::NameTaken.into()),
        })
    }

    /// Every client, by name.
    pub fn clients(&self) -> Result<Vec<ClientListed>, AccessError> {
        self.store.read(|rows| {
            rows.all(sql::CLIENTS_ALL, [], |row| {
                let (name, id, made_at) = (row.get(0)?, PrincipalId(row.get(2)?), row.get::<_, At>(3)?.0);
                Ok(ClientListed { name, kind: kind_of(row.get(1)?), id, made_at })
            })
        })
    }

    /// Kind and id of a client.
    pub(crate) fn client(&self, rows: &Rows<'_>, name: &str) -> Result<(PrincipalKind, PrincipalId), AccessError> {
        let found = rows.one(sql::CLIENT, [name], |row| Ok((kind_of(row.get(0)?), PrincipalId(row.get(1)?))))?;
        Ok(found.ok_or(Denied::PrincipalUnknown)?)
    }

    /// Makes an HMAC key for a partner: shown once.
    ///
    /// Errors: whoever asks is no administrator; there is no such partner; the serial is taken.
    pub fn add_shared_key(
        &self,
        by: &Principal,
        name: SignerName<'_>,
        expires_at: Millis,
        now: Millis,
    ) -> Result<SharedKey, AccessError> {
        let key = random::<32>()?;
        let sealed = self.keys.seal(&place_of_key(name), &key[..])?;
        self.add_signer(by, name, (Scheme::Hmac, &sealed), (expires_at, now))?;
        Ok(SharedKey::new(STANDARD.encode(&key[..])))
    }

    /// Takes a partner's Ed25519 public key, in base64.
    ///
    /// Errors: as for a shared key; or the text is no public key.
    pub fn add_public_key(
        &self,
        by: &Principal,
        name: SignerName<'_>,
        key: &str,
        expires_at: Millis,
        now: Millis,
    ) -> Result<(), AccessError> {
        let key = public_key(key)?;
        self.add_signer(by, name, (Scheme::Ed25519, key.as_bytes()), (expires_at, now))
    }

    /// Takes a partner's client certificate (DER), which is then known by its SHA-256.
    ///
    /// Errors: as for a shared key.
    pub fn add_certificate(
        &self,
        by: &Principal,
        name: SignerName<'_>,
        der: &[u8],
        expires_at: Millis,
        now: Millis,
    ) -> Result<(), AccessError> {
        self.add_signer(by, name, (Scheme::Certificate, &Sha256::digest(der)), (expires_at, now))
    }

    fn add_signer(
        &self,
        by: &Principal,
        name: SignerName<'_>,
        (scheme, secret): (Scheme, &[u8]),
        (expires_at, now): (Millis, Millis),
    ) -> Result<(), AccessError> {
        needs(by, Role::Admin)?;
        check_serial(name.serial)?;
        self.store.write(|rows| match self.client(rows, name.client)? {
            (PrincipalKind::Partner, id) => {
                let principal = &Principal::partner(id, name.client);
                put(rows, &NewSigner { name, scheme, secret, principal, till: "", expires_at }, now)
            }
            // An agent's keys come from its devices alone.
            _ => Err(Denied::PrincipalUnknown.into()),
        })
    }

    /// Ends a key at once: a partner's, or that of an agent's device.
    ///
    /// Errors: whoever asks is no administrator, or there is no such key.
    pub fn revoke_signer(&self, by: &Principal, name: SignerName<'_>) -> Result<(), AccessError> {
        needs(by, Role::Admin)?;
        self.store.write(|rows| {
            let changed = rows.change(sql::SIGNER_REVOKE, (name.client, name.serial))?;
            self.forget_signers(name.client);
            if changed == 1 { Ok(()) } else { Err(Denied::PrincipalUnknown.into()) }
        })
    }

    /// Ends every key of a client at once, API keys and sessions too.
    ///
    /// Errors: whoever asks is no administrator, or there is no such client.
    pub fn shut_out(&self, by: &Principal, client: &str) -> Result<(), AccessError> {
        needs(by, Role::Admin)?;
        self.store.write(|rows| {
            let (kind, id) = self.client(rows, client)?;
            let whose = match kind {
                PrincipalKind::Agent => Principal::agent(id, client, "", ""),
                _ => Principal::partner(id, client),
            };
            rows.change(sql::SIGNERS_REVOKE_OF, [client])?;
            self.forget_signers(client);
            self.revoke_keys_in(rows, &whose)?;
            self.end_sessions_in(rows, &whose)
        })
    }

    pub(crate) fn forget_signers(&self, client: &str) {
        lock(&self.signers).retain(|(of, _), _| of != client);
        // Few, and read again by the next request.
        lock(&self.certificates).clear();
    }

    /// The keys of a client, oldest first.
    pub fn signers_of(&self, client: &str) -> Result<Vec<SignerListed>, AccessError> {
        self.store.read(|rows| {
            rows.all(sql::SIGNERS_OF, [client], |row| {
                let till = row.get::<_, String>(2)?;
                Ok(SignerListed {
                    serial: row.get(0)?,
                    scheme: Scheme::from_number(row.get(1)?),
                    till: Some(till).filter(|till| !till.is_empty()),
                    made_at: row.get::<_, At>(3)?.0,
                    expires_at: row.get::<_, At>(4)?.0,
                    revoked: row.get(5)?,
                })
            })
        })
    }

    /// The live key of a name; expired ones are given too.
    pub(crate) fn signer(&self, name: SignerName<'_>) -> Result<Option<CachedSigner>, AccessError> {
        let key = (name.client.to_owned(), name.serial.to_owned());
        if let Some(known) = lock(&self.signers).get(&key).cloned() {
            return Ok(Some(known));
        }
        self.store.read(|rows| {
            let found = self.read_signer(rows, name)?;
            if let Some(found) = &found {
                lock(&self.signers).insert(key, found.clone());
            }
            Ok(found)
        })
    }

    /// The work that a name makes which is not there.
    pub(crate) fn signer_of_nobody(&self) -> Result<(), AccessError> {
        self.store.read(|rows| self.read_signer(rows, SignerName { client: "", serial: "" })).map(drop)
    }

    /// Whether a signing key is in memory.
    pub(crate) fn is_remembered(&self, name: SignerName<'_>) -> bool {
        lock(&self.signers).contains_key(&(name.client.to_owned(), name.serial.to_owned()))
    }

    fn read_signer(&self, rows: &Rows<'_>, name: SignerName<'_>) -> Result<Option<CachedSigner>, AccessError> {
        let found = rows.one(sql::SIGNER, (name.client, name.serial), |row| {
            let principal = serde_json::from_str(&row.get::<_, String>(2)?).map_err(unreadable)?;
            let scheme = Scheme::from_number(row.get(0)?);
            Ok((scheme, row.get::<_, Vec<u8>>(1)?, Arc::new(principal), row.get::<_, At>(3)?.0))
        })?;
        let Some((scheme, secret, principal, expires_at)) = found else { return Ok(None) };
        let damaged = || AccessError::Damaged(place_of_key(name));
        let verifier = match scheme {
            Scheme::Hmac => Verifier::Hmac(self.keys.open(&place_of_key(name), &secret)?),
            Scheme::Ed25519 => {
                let bytes = <&[u8; 32]>::try_from(secret.as_slice()).map_err(|_| damaged())?;
                Verifier::Ed25519(VerifyingKey::from_bytes(bytes).map_err(|_| damaged())?)
            }
            Scheme::Certificate => return Ok(None),
        };
        Ok(Some(CachedSigner { verifier: Arc::new(verifier), principal, expires_at }))
    }

    /// Who comes with a client certificate, which the TLS layer has checked the possession of.
    ///
    /// Errors: it is not registered, was revoked, or its registration has expired.
    pub fn certificate(&self, der: &[u8], now: Millis) -> Result<Arc<Principal>, AccessError> {
        let digest: [u8; 32] = Sha256::digest(der).into();
        let known = lock(&self.certificates).get(&digest).cloned();
        let (principal, expires_at) = match known {
            Some(known) => known,
            None => self.read_certificate(digest)?.ok_or(Denied::CredentialWrong)?,
        };
        if now < expires_at { Ok(principal) } else { Err(Denied::KeyExpired.into()) }
    }

    fn read_certificate(&self, digest: [u8; 32]) -> Result<Option<Holder>, AccessError> {
        self.store.read(|rows| {
            let found = rows.one(sql::CERTIFICATE, [digest], |row| {
                let principal = serde_json::from_str(&row.get::<_, String>(0)?).map_err(unreadable)?;
                Ok((Arc::new(principal), row.get::<_, At>(1)?.0))
            })?;
            if let Some(found) = &found {
                lock(&self.certificates).insert(digest, found.clone());
            }
            Ok(found)
        })
    }
}

/// The kind of a client's column.
fn kind_of(number: u8) -> PrincipalKind {
    if number == 1 { PrincipalKind::Agent } else { PrincipalKind::Partner }
}

/// Errors: a serial is not 1 to 64 characters of `A-Z a-z 0-9 _ -`.
fn check_serial(serial: &str) -> Result<(), Denied> {
    let fits = (1..=64).contains(&serial.len())
        && serial.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let allowed = "1 to 64 of A-Z, a-z, 0-9, `_`, `-`";
    if fits { Ok(()) } else { Err(Denied::SignatureMalformed { field: "serial", allowed }) }
}

/// Errors: the serial is taken.
pub fn put(rows: &Rows<'_>, new: &NewSigner<'_>, now: Millis) -> Result<(), AccessError> {
    let principal = serde_json::to_string(new.principal).map_err(|error| AccessError::Damaged(error.to_string()))?;
    let NewSigner { name, scheme, secret, till, expires_at, .. } = new;
    let params = (name.client, name.serial, scheme.number(), secret, principal, till, At(now), At(*expires_at));
    match rows.change(sql::SIGNER_PUT, params)? {
        1 => Ok(()),
        _ => Err(Denied::SerialTaken.into()),
    }
}
