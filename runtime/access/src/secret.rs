//! Secrets as text: shown once, never printed, wiped when dropped; and what is kept of them.

use crate::AccessError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// The secret that a caller presents.
            pub fn new(text: impl Into<String>) -> $name {
                $name(Zeroizing::new(text.into()))
            }

            /// The text itself: for the one to whom it is shown, never for a log.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

secrets! {
    /// A password, as typed.
    Password;
    /// What opens a session: 256 random bits.
    SessionToken;
    /// What a page sends back to show that it is ours.
    CsrfToken;
    /// What lets somebody enrol, once: 256 random bits.
    InvitationToken;
    /// What a till's keeper types to enrol a device, once: 60 random bits.
    EnrolmentCode;
    /// A TOTP seed in base 32, as an authenticator takes it.
    TotpSeed;
    /// An API key: prefix, id and 256 random bits.
    ApiKeyText;
    /// A one-time code of six digits.
    OneTimeCode;
    /// The key of an HMAC, in base64.
    SharedKey;
    /// A PKCE verifier.
    PkceVerifier;
}

/// Random bytes from the system.
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, AccessError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut bytes[..]).map_err(|error| AccessError::Randomness(error.to_string()))?;
    Ok(bytes)
}

/// 256 random bits as 43 characters of base64url.
pub fn random_text() -> Result<Zeroizing<String>, AccessError> {
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// What is kept of a secret that is random enough to need no salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of a secret.
    pub fn of(secret: &str) -> Digest {
        Digest(Sha256::digest(secret.as_bytes()).into())
    }

    /// Whether two are equal, in a time that does not depend on where they differ.
    pub fn is(&self, other: &Digest) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base 32 without padding. Source: RFC 4648, 6.
pub fn base32(bytes: &[u8], alphabet: &[u8; 32]) -> String {
    let (mut text, mut rest, mut bits) = (String::new(), 0u32, 0);
    for byte in bytes {
        rest = (rest << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(alphabet[(rest >> bits) as usize & 31]));
        }
        rest &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(alphabet[(rest << (5 - bits)) as usize & 31]));
    }
    text
}

/// The alphabet of authenticators.
pub const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Crockford's, for what people type.
pub const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = "correct horse battery staple";
        let printed = format!("{:?} {:?} {:#?}", Password::new(secret), ApiKeyText::new(secret), TotpSeed::new(secret));
        assert!(!printed.contains("horse"), "{printed}");
        assert!(printed.starts_with("Password(…) ApiKeyText(…)"), "{printed}");
    }

    #[test]
    fn base_32_is_that_of_the_rfc() {
        for (plain, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(plain.as_bytes(), BASE32), text);
        }
    }

    #[test]
    fn random_texts_differ_and_have_256_bits() {
        let (one, other) = (random_text().unwrap(), random_text().unwrap());
        assert_ne!(*one, *other);
        assert_eq!(URL_SAFE_NO_PAD.decode(one.as_bytes()).unwrap().len(), 32);
    }
}
