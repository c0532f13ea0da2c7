//! Quotes: signed values that fix a price for a while, and are journaled only inside the order that takes one.

use crate::rules::Marks;
use core::fmt;
use facts::{Millis, QuoteId, SubscriberId, Terms};
use hmac::{Hmac, KeyInit, Mac};
use minicbor::{Decode, Encode};
use sha2::Sha256;

/// The key that authenticates quotes.
#[derive(Clone)]
pub struct QuoteKey(pub [u8; 32]);

impl fmt::Debug for QuoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QuoteKey(hidden)")
    }
}

/// An offer: single use, for one subscriber, until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Quote {
    /// Its identity.
    #[n(0)]
    pub id: QuoteId,
    /// For whom.
    #[n(1)]
    pub subscriber: SubscriberId,
    /// What it costs and brings, and the policy that said so.
    #[n(2)]
    pub terms: Terms,
    /// Node time after which it is refused.
    #[n(3)]
    pub expires_at: Millis,
    /// What its person shares with others, where a reward is promised.
    #[n(4)]
    pub marks: Option<Marks>,
}

/// The bytes are no quote of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteError;

impl fmt::Display for QuoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a quote that was given here")
    }
}

impl core::error::Error for QuoteError {}

const MAC_BYTES: usize = 32;
const LABEL: &[u8] = b"tongbao quote v1";

impl Quote {
    /// The quote as bytes that only the holder of the key can make.
    pub fn sign(&self, key: &QuoteKey) -> Vec<u8> {
        // Writing to a vector cannot fail.
        let mut bytes = minicbor::to_vec(self).unwrap_or_default();
        if let Some(mac) = mac(key, &bytes) {
            bytes.extend_from_slice(&mac.finalize().into_bytes());
        }
        bytes
    }

    /// Reads a quote and checks that it was signed with the key.
    ///
    /// Errors: it was not, whatever the reason.
    pub fn verify(bytes: &[u8], key: &QuoteKey) -> Result<Quote, QuoteError> {
        let split = bytes.len().checked_sub(MAC_BYTES).ok_or(QuoteError)?;
        let (body, tag) = bytes.split_at(split);
        mac(key, body).ok_or(QuoteError)?.verify_slice(tag).map_err(|_| QuoteError)?;
        minicbor::decode(body).map_err(|_| QuoteError)
    }
}

fn mac(key: &QuoteKey, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).ok()?;
    mac.update(LABEL);
    mac.update(body);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use facts::{Day, PolicyVersion, Product};

    #[test]
    fn a_changed_quote_is_refused() {
        let terms = Terms {
            product: Product::Direct,
            amount: 10_000,
            fee: 400,
            fee_lines: Vec::new(),
            payout: 9_600,
            arrives_on: Day::from_count(20_000),
            policy: PolicyVersion::default(),
            drawn: 10_000,
            reward: None,
            learned: None,
        };
        let quote = Quote {
            id: QuoteId::from_bits(1),
            subscriber: SubscriberId::from_bits(2),
            terms,
            expires_at: Millis(3),
            marks: None,
        };
        let key = QuoteKey([7; 32]);
        let signed = quote.sign(&key);
        assert_eq!(Quote::verify(&signed, &key), Ok(quote));
        assert_eq!(Quote::verify(&signed, &QuoteKey([8; 32])), Err(QuoteError));
        for place in 0..signed.len() {
            let mut changed = signed.clone();
            changed[place] ^= 1;
            assert_eq!(Quote::verify(&changed, &key), Err(QuoteError), "byte {place}");
        }
        assert_eq!(Quote::verify(&signed[..31], &key), Err(QuoteError));
    }
}
