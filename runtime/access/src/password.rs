//! Passwords: what they must be, and their hashes.
//!
//! Argon2id, 19 MiB, two passes, one lane: the least that OWASP's Password Storage Cheat Sheet names, a point of the
//! memory-constrained family of RFC 9106, section 4. The parameters are in each hash (a PHC string), so a file that
//! asks for more still opens old ones; they are made again when their owner signs in.

use crate::secret::{Password, random};
use crate::settings::PasswordSettings;
use crate::{AccessError, Denied};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;

/// The longest password: hashing a novel is work for a guesser to give us.
const CHARACTERS_MAX: usize = 128;
/// A name of fewer characters is in too many words to be looked for.
const NAME_HELD_MIN: usize = 4;
/// What guessers try first, of twelve characters or more: NIST SP 800-63B, 5.1.1.2, asks for such a list.
const USUAL: &str = include_str!("usual_passwords.txt");

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordFault {
    /// Fewer characters than the policy asks for.
    TooShort {
        /// At least.
        allowed: usize,
    },
    /// More than are hashed.
    TooLong,
    /// Among those that guessers try first.
    Usual,
    /// The name, or made around it.
    Name,
    /// One or two characters over and over, or a run along the keyboard or alphabet.
    Pattern,
}

impl fmt::Display for PasswordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PasswordFault::TooShort { allowed } => write!(f, "at least {allowed} characters are allowed"),
            PasswordFault::TooLong => write!(f, "at most {CHARACTERS_MAX} characters are allowed"),
            PasswordFault::Usual => f.write_str("it is among those that guessers try first"),
            PasswordFault::Name => f.write_str("one that holds the name is not allowed"),
            PasswordFault::Pattern => f.write_str("one of fewer than four different characters is not allowed"),
        }
    }
}

/// Whether a password may be taken for a name.
///
/// Errors: it is too easy to guess.
pub fn check(password: &Password, name: &str, settings: PasswordSettings) -> Result<(), Denied> {
    let plain = zeroize::Zeroizing::new(password.expose().to_lowercase());
    let count = plain.chars().count();
    let different: std::collections::BTreeSet<char> = plain.chars().collect();
    let fault = if count < settings.length_min {
        PasswordFault::TooShort { allowed: settings.length_min }
    } else if count > CHARACTERS_MAX {
        PasswordFault::TooLong
    } else if name.len() >= NAME_HELD_MIN && plain.contains(&name.to_lowercase()) {
        PasswordFault::Name
    } else if different.len() < 4 {
        PasswordFault::Pattern
    } else if USUAL.lines().any(|usual| usual == *plain) {
        PasswordFault::Usual
    } else {
        return Ok(());
    };
    Err(Denied::PasswordTooWeak(fault))
}

/// Makes and checks hashes.
pub struct Hasher {
    argon2: Argon2<'static>,
    /// The hash of nothing that anybody knows: what an unknown name is checked against.
    nobody: String,
}

impl Hasher {
    /// A hasher of these costs.
    pub fn new(settings: PasswordSettings) -> Result<Hasher, AccessError> {
        let params = Params::new(settings.memory_kib, settings.passes, settings.lanes, None);
        let params = params.map_err(|error| AccessError::Damaged(format!("argon2: {error}")))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = crate::secret::random_text()?;
        let mut hasher = Hasher { argon2, nobody: String::new() };
        hasher.nobody = hasher.hash(&Password::new(nobody.as_str()))?;
        Ok(hasher)
    }

    /// A hash with fresh salt, as a PHC string.
    pub fn hash(&self, password: &Password) -> Result<String, AccessError> {
        let salt = random::<16>()?;
        let hash: PasswordHash = self
            .argon2
            .hash_password_with_salt(password.expose().as_bytes(), &salt[..])
            .map_err(|error| AccessError::Damaged(format!("argon2: {error}")))?;
        Ok(hash.to_string())
    }

    /// Whether a hash costs what new ones do.
    pub fn is_current(&self, hash: &str) -> bool {
        costs(hash) == costs(&self.nobody)
    }

    /// Whether a password is that of a hash. Without a hash it is as much work, and the answer is no.
    pub fn verify(&self, password: &Password, hash: Option<&str>) -> bool {
        let Ok(known) = PasswordHash::new(hash.unwrap_or(&self.nobody)) else { return false };
        // A password too long to have been taken is not hashed.
        let plain = password.expose();
        let taken = plain.chars().count() <= CHARACTERS_MAX;
        let verified = self.argon2.verify_password(if taken { plain.as_bytes() } else { b"" }, &known).is_ok();
        verified && taken && hash.is_some()
    }
}

/// Algorithm, version and costs of a PHC string: all but salt and hash.
fn costs(hash: &str) -> Option<&str> {
    hash.rsplitn(3, '$').nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn what_guessers_try_first_is_refused() {
        let settings = Settings::parse(Settings::SHIPPED).unwrap().passwords;
        let rows = [
            ("elevenchars", PasswordFault::TooShort { allowed: 12 }),
            ("password1234", PasswordFault::Usual),
            ("Password1234", PasswordFault::Usual),
            ("wang.xiaoming-2026", PasswordFault::Name),
            ("aaaaaaaaaaaaaa", PasswordFault::Pattern),
            ("121212121212", PasswordFault::Pattern),
            (&"长".repeat(129), PasswordFault::TooLong),
        ];
        for (text, fault) in rows {
            let checked = check(&Password::new(text), "wang.xiaoming", settings);
            assert_eq!(checked, Err(Denied::PasswordTooWeak(fault)), "{text}");
        }
        for text in ["correct horse battery", "十二个字的口令也可以用的呀", "q7!mZ-0pLw#t"] {
            assert_eq!(check(&Password::new(text), "wang.xiaoming", settings), Ok(()), "{text}");
        }
        assert!(USUAL.lines().all(|usual| usual.chars().count() >= 12 && usual == usual.to_lowercase()));
    }

    #[test]
    fn a_hash_names_its_costs_and_opens_with_its_password_alone() {
        let hasher = Hasher::new(Settings::parse(Settings::SHIPPED).unwrap().passwords).unwrap();
        let (right, wrong) = (Password::new("correct horse battery"), Password::new("correct horse batterz"));
        let hash = hasher.hash(&right).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify(&right, Some(&hash)) && !hasher.verify(&wrong, Some(&hash)));
        assert!(!hasher.verify(&right, None) && !hasher.verify(&right, Some("$argon2id$broken")));
        assert_ne!(hash, hasher.hash(&right).unwrap(), "the salt is fresh");
    }

    #[test]
    fn an_unknown_name_is_as_much_work_as_a_known_one() {
        let hasher = Hasher::new(Settings::parse(Settings::SHIPPED).unwrap().passwords).unwrap();
        let password = Password::new("correct horse battery");
        let hash = hasher.hash(&password).unwrap();
        assert!(hasher.is_current(&hash) && costs(&hash).is_some_and(|costs| costs.ends_with("m=19456,t=2,p=1")));
        assert!(PasswordHash::new(&hasher.nobody).is_ok());
    }

    /// Source: the reference implementation's test vectors, `phc-winner-argon2` test.c, version 0x13, argon2id.
    #[test]
    fn hashes_are_those_of_the_reference_implementation() {
        let known = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let settings = PasswordSettings { length_min: 12, memory_kib: 256, passes: 2, lanes: 1 };
        let hasher = Hasher::new(settings).unwrap();
        assert!(hasher.verify(&Password::new("password"), Some(known)));
        assert!(!hasher.verify(&Password::new("passwore"), Some(known)));
    }
}
