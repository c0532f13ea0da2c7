//! Time-based one-time passwords: SHA-1, six digits, steps of 30 seconds, as authenticators have them.
//!
//! Source: RFC 6238 and RFC 4226. One step of drift either way; the step that fitted is given back, so that the
//! caller can refuse it a second time.

use crate::secret::{BASE32, TotpSeed, base32, random};
use crate::{AccessError, Denied};
use facts::Millis;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const STEP_MS: u64 = 30_000;
const DRIFT: u64 = 1;
const DIGITS: u32 = 6;

/// A seed's bytes: 160 bits, as RFC 4226 recommends.
pub type Seed = Zeroizing<[u8; 20]>;

/// A fresh seed.
pub fn fresh() -> Result<Seed, AccessError> {
    random()
}

/// The seed as somebody types it.
pub fn text(seed: &[u8]) -> TotpSeed {
    TotpSeed::new(base32(seed, BASE32))
}

/// The address that an authenticator reads from a QR code. It holds the seed: shown once, never logged.
pub fn uri(seed: &[u8], name: &str) -> TotpSeed {
    let seed = text(seed);
    TotpSeed::new(format!("otpauth://totp/Tongbao:{name}?secret={}&issuer=Tongbao&period=30&digits=6", seed.expose()))
}

/// The code of a step.
fn code(seed: &[u8], step: u64, digits: u32) -> u32 {
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(seed).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let cut = u32::from_be_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]]);
    (cut & 0x7fff_ffff) % 10u32.pow(digits)
}

/// The step whose code this is. Every step in reach is looked at, whichever fits.
///
/// Errors: none is.
pub fn step(seed: &[u8], typed: &str, now: Millis) -> Result<u64, Denied> {
    let current = now.0 / STEP_MS;
    let mut found = None;
    for step in current.saturating_sub(DRIFT)..=current + DRIFT {
        let expected = Zeroizing::new(format!("{:06}", code(seed, step, DIGITS)));
        if bool::from(expected.as_bytes().ct_eq(typed.as_bytes())) {
            found = Some(step);
        }
    }
    found.ok_or(Denied::TotpWrong)
}

impl TotpSeed {
    /// The code that an authenticator with this seed shows: for programmes that stand for a person, as in a demo.
    pub fn code_at(&self, now: Millis) -> String {
        let (mut seed, mut rest, mut bits) = (Zeroizing::new(Vec::new()), 0u32, 0);
        let digits = self.expose().bytes().filter_map(|byte| BASE32.iter().position(|known| *known == byte));
        for digit in digits {
            (rest, bits) = ((rest << 5) | digit as u32, bits + 5);
            if bits >= 8 {
                bits -= 8;
                seed.push((rest >> bits) as u8);
                rest &= (1 << bits) - 1;
            }
        }
        format!("{:06}", code(&seed, now.0 / STEP_MS, DIGITS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &[u8] = b"12345678901234567890";

    /// Source: RFC 6238, appendix B, the rows of SHA-1.
    #[test]
    fn codes_are_those_of_rfc_6238() {
        let rows = [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ];
        for (seconds, expected) in rows {
            assert_eq!(code(SEED, seconds / 30, 8), expected, "{seconds}");
        }
    }

    /// Source: RFC 4226, appendix D.
    #[test]
    fn codes_of_counters_are_those_of_rfc_4226() {
        let codes = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (step, expected) in codes.into_iter().enumerate() {
            assert_eq!(code(SEED, step as u64, 6), expected);
        }
    }

    #[test]
    fn one_step_of_drift_and_no_more() {
        let now = Millis(1_111_111_111_000);
        for (shift, fits) in [(-2i64, false), (-1, true), (0, true), (1, true), (2, false)] {
            let then = Millis(now.0.saturating_add_signed(shift * 30_000));
            assert_eq!(step(SEED, &text(SEED).code_at(then), now).is_ok(), fits, "{shift}");
        }
        for typed in ["", "05047", "0504710", "05047１"] {
            assert_eq!(step(SEED, typed, now), Err(Denied::TotpWrong));
        }
    }

    #[test]
    fn an_authenticator_can_read_the_address() {
        let uri = uri(SEED, "wang");
        let expected = "otpauth://totp/Tongbao:wang?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tongbao\
            &period=30&digits=6";
        assert_eq!(uri.expose(), expected);
    }
}
