//! Keyed digests of what a caller sends, so that nothing of it can be guessed back from a record.

use facts::Key16;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// The key of the digests, as the digest that has taken it in.
#[derive(Clone)]
pub struct DigestKey(Hmac<Sha256>);

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey(hidden)")
    }
}

impl DigestKey {
    /// The key of these bytes.
    pub fn new(key: [u8; 32]) -> DigestKey {
        // HMAC fills a key up with zeros to the digest's block.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(&key);
        DigestKey(Hmac::new(&block.into()))
    }

    /// The digest of parts under a label, cut to 16 bytes. Parts are length-prefixed, so that no two lists read the same.
    pub fn of(&self, label: &str, parts: &[&[u8]]) -> Key16 {
        let mut mac = self.0.clone();
        for part in [label.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let digest = mac.finalize().into_bytes();
        let mut cut = [0; 16];
        cut.copy_from_slice(&digest[..16]);
        Key16(cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_of_parts_have_one_digest() {
        let key = DigestKey::new([1; 32]);
        let one = key.of("key", &[b"ab", b"c"]);
        assert_eq!(one, key.of("key", &[b"ab", b"c"]));
        for other in [key.of("key", &[b"a", b"bc"]), key.of("body", &[b"ab", b"c"]), key.of("key", &[b"abc"])] {
            assert_ne!(one, other);
        }
        assert_ne!(one, DigestKey::new([2; 32]).of("key", &[b"ab", b"c"]));
    }
}
