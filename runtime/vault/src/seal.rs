//! Sealing: AES-256-GCM with the place as associated data, under keys that wipe themselves.

use crate::VaultError;
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use std::fmt;
use zeroize::Zeroizing;

/// How long a key is.
pub const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// How much randomness is drawn at once.
const CHANCE_BYTES: usize = 4_096;

/// A key: wiped when it is dropped, never printed.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    /// A key from its bytes.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Key {
        Key(Zeroizing::new(bytes))
    }

    /// A key of fresh random bytes.
    pub fn random(chance: &mut Chance) -> Result<Key, VaultError> {
        chance.draw().map(Key)
    }

    /// The bytes, to wrap or derive from them.
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The cipher of this key.
    pub fn cipher(&self) -> Cipher {
        Cipher(Aes256Gcm::new((&*self.0).into()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Seals and opens under one key.
#[derive(Clone)]
pub struct Cipher(Aes256Gcm);

impl Cipher {
    /// Seals a text for one place. Shape: nonce of 12 bytes, ciphertext, tag of 16 bytes.
    ///
    /// Nonces are random; 2^32 texts of one key stay below a collision chance of 2^-32 (NIST SP 800-38D, 8.3).
    pub fn seal(&self, place: &[u8], text: &[u8], chance: &mut Chance) -> Result<Vec<u8>, VaultError> {
        let nonce: Zeroizing<[u8; NONCE_BYTES]> = chance.draw()?;
        let payload = Payload { msg: text, aad: place };
        let sealed = self.0.encrypt(&(*nonce).into(), payload).expect("a text of a few bytes can be sealed");
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what was sealed for this place; `None` when it was changed or belongs elsewhere.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        self.0.decrypt(&(*nonce).into(), Payload { msg: text, aad: place }).ok().map(Zeroizing::new)
    }
}

/// Randomness of the system, drawn in larger pieces: a registration needs some for each row and key.
pub struct Chance {
    drawn: Zeroizing<Vec<u8>>,
}

impl Chance {
    /// Nothing drawn yet.
    pub fn new() -> Chance {
        Chance { drawn: Zeroizing::default() }
    }

    fn draw<const N: usize>(&mut self) -> Result<Zeroizing<[u8; N]>, VaultError> {
        if self.drawn.len() < N {
            self.drawn.resize(CHANCE_BYTES, 0);
            getrandom::fill(&mut self.drawn).map_err(|error| VaultError::Randomness(error.to_string()))?;
        }
        let mut bytes = Zeroizing::new([0; N]);
        let rest = self.drawn.len() - N;
        bytes.copy_from_slice(&self.drawn[rest..]);
        // Used once: what is given out does not stay here.
        self.drawn[rest..].fill(0);
        self.drawn.truncate(rest);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_sealed_text_is_seen() {
        let (cipher, chance) = (Key::from_bytes([1; 32]).cipher(), &mut Chance::new());
        let sealed = cipher.seal(b"place", b"secret", chance).unwrap();
        assert_eq!(**cipher.open(b"place", &sealed).unwrap(), *b"secret");
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(cipher.open(b"place", &changed), None, "bit {bit}");
        }
        assert_eq!(cipher.open(b"other", &sealed), None);
        assert_eq!(cipher.open(b"place", &sealed[..5]), None);
        assert_eq!(Key::from_bytes([2; 32]).cipher().open(b"place", &sealed), None);
    }

    #[test]
    fn the_same_text_never_seals_the_same_way() {
        let (cipher, chance) = (Key::from_bytes([1; 32]).cipher(), &mut Chance::new());
        let sealed: std::collections::BTreeSet<_> =
            (0..2_000).map(|_| cipher.seal(b"place", b"secret", chance).unwrap()).collect();
        assert_eq!(sealed.len(), 2_000);
    }

    #[test]
    fn a_key_does_not_print_itself() {
        assert_eq!(format!("{:?}", Key::from_bytes([7; 32])), "Key(…)");
    }
}
