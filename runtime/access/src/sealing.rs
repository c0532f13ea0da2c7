//! The key of the access store, and what is sealed and digested under keys derived from it.

use crate::AccessError;
use crate::secret::{Digest, random};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 12;

/// The 32 bytes from which the keys of the store are derived; themselves derived from the node's key file.
pub struct AccessKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessKey(…)")
    }
}

impl AccessKey {
    /// A key from its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> AccessKey {
        AccessKey(Zeroizing::new(bytes))
    }

    fn derive(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        mac(&self.0, &[b"tongbao access v1", label])
    }
}

/// HMAC-SHA-256 over length-prefixed parts, so that no two lists of parts read the same.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// The keys in use: none serves two purposes.
pub struct Keys {
    seal: Aes256Gcm,
    digest: Zeroizing<[u8; 32]>,
    csrf: Zeroizing<[u8; 32]>,
    check: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// Derives the keys in use.
    pub fn of(key: &AccessKey) -> Keys {
        let seal = Aes256Gcm::new_from_slice(&key.derive(b"seal")[..]).expect("a key of AES-256 has 32 bytes");
        Keys { seal, digest: key.derive(b"digest"), csrf: key.derive(b"csrf"), check: key.derive(b"check") }
    }

    /// What the store keeps to recognise its key. Says nothing about the other keys.
    pub fn check(&self) -> &[u8; 32] {
        &self.check
    }

    /// The digest of parts of which guessing could recover one: names, numbers, addresses, codes.
    pub fn digest(&self, parts: &[&[u8]]) -> Digest {
        Digest(*mac(&self.digest, parts))
    }

    /// The CSRF token of a session, as bytes.
    pub fn csrf(&self, session: &[u8; 16]) -> Digest {
        Digest(*mac(&self.csrf, &[session]))
    }

    /// Seals bytes for one place: nonce, ciphertext, tag.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, AccessError> {
        let nonce = random::<NONCE_BYTES>()?;
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        let sealed = self.seal.encrypt(&(*nonce).into(), payload).expect("a text of a few bytes can be sealed");
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what was sealed for this place.
    ///
    /// Errors: it was changed, or belongs elsewhere.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AccessError> {
        let damaged = || AccessError::Damaged(place.to_owned());
        let (nonce, text) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let payload = Payload { msg: text, aad: place.as_bytes() };
        self.seal.decrypt(&(*nonce).into(), payload).map(Zeroizing::new).map_err(|_| damaged())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let keys = Keys::of(&AccessKey::from_bytes([1; 32]));
        let sealed = keys.seal("totp of staff 1", b"seed").unwrap();
        assert_eq!(&keys.open("totp of staff 1", &sealed).unwrap()[..], b"seed");
        assert!(!sealed.windows(4).any(|bytes| bytes == b"seed"));
        assert!(keys.open("totp of staff 2", &sealed).is_err());
        assert!(Keys::of(&AccessKey::from_bytes([2; 32])).open("totp of staff 1", &sealed).is_err());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(keys.open("totp of staff 1", &changed).is_err(), "{place}");
        }
    }

    #[test]
    fn no_two_lists_of_parts_have_one_digest() {
        let keys = Keys::of(&AccessKey::from_bytes([1; 32]));
        assert!(keys.digest(&[b"ab", b"c"]) == keys.digest(&[b"ab", b"c"]));
        assert!(keys.digest(&[b"ab", b"c"]) != keys.digest(&[b"a", b"bc"]));
        assert!(keys.digest(&[&[0; 16]]) != keys.csrf(&[0; 16]));
    }
}
