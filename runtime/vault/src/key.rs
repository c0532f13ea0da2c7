//! The key of a vault and what is derived from it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::KeyError;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// The 32 random bytes from which the sealing and look-up keys are derived. Never printed.
pub struct VaultKey {
    bytes: [u8; KEY_BYTES],
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

impl VaultKey {
    /// A key from its bytes, for tests and simulation.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self { bytes }
    }

    /// Reads the key file, or makes one with fresh random bytes and mode 0600 when there is none.
    ///
    /// A new key takes its name when it is whole and durable, so that one who is killed meanwhile leaves no key
    /// rather than half of one; of two who make it at once the first to name it wins.
    /// Errors: a key file that its group or the world can read is refused.
    pub fn load_or_create(file: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { path: file.to_owned(), source };
        if !file.try_exists().map_err(failed)? {
            match Self::create(file)?.and_then(|()| sync_parent(file)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
                Ok(()) | Err(_) => {}
            }
        }
        Self::load(file)
    }

    /// Makes a key under a name of its own, then links it to the name it is to have.
    fn create(file: &Path) -> Result<io::Result<()>, KeyError> {
        let mut bytes = [0; KEY_BYTES];
        let mut own = [0; 8];
        let filled = getrandom::fill(&mut bytes).and_then(|()| getrandom::fill(&mut own));
        filled.map_err(|error| KeyError::Randomness(error.to_string()))?;
        let unnamed = file.with_added_extension(format!("{:016x}.new", u64::from_be_bytes(own)));
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unnamed);
        let written = opened.and_then(|mut new| new.write_all(&bytes).and_then(|()| new.sync_all()));
        let named = written.and_then(|()| fs::hard_link(&unnamed, file));
        // Whatever came of it, nothing of a key is left under another name.
        let removed = fs::remove_file(&unnamed);
        Ok(named.and(removed))
    }

    fn load(file: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { path: file.to_owned(), source };
        let mut opened = File::open(file).map_err(failed)?;
        let mode = opened.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: file.to_owned(), mode });
        }
        let mut read = Vec::new();
        opened.read_to_end(&mut read).map_err(failed)?;
        let found = read.len();
        let bytes = read.try_into().map_err(|_| KeyError::Length { path: file.to_owned(), found })?;
        Ok(Self { bytes })
    }

    /// A key for one purpose outside the vault, so that no key serves two and one file is to be protected.
    /// No label gives a key of the vault itself.
    pub fn derive(&self, label: &[u8]) -> [u8; KEY_BYTES] {
        mac(&self.bytes, &[b"tongbao other keys v1", label])
    }

    /// A key of the vault itself.
    fn derive_own(&self, label: &[u8]) -> [u8; KEY_BYTES] {
        mac(&self.bytes, &[b"tongbao vault v1", label])
    }
}

/// Makes the name of a file durable.
pub fn sync_parent(file: &Path) -> io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// HMAC-SHA-256 over length-prefixed parts, so that no two lists of parts read the same.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// What a value is looked up by: a keyed digest, cut to 16 bytes.
pub type Lookup = [u8; 16];

/// The keys in use.
pub struct Keys {
    seal: Aes256Gcm,
    lookup: [u8; KEY_BYTES],
    check: [u8; KEY_BYTES],
}

impl Keys {
    /// Derives the keys in use.
    pub fn of(key: &VaultKey) -> Self {
        let seal = Aes256Gcm::new(&key.derive_own(b"seal").into());
        Self { seal, lookup: key.derive_own(b"look-up"), check: key.derive_own(b"check") }
    }

    /// The keys of files: those of the vault seal rows alone.
    pub fn of_files(key: &VaultKey) -> Self {
        Self { seal: Aes256Gcm::new(&key.derive_own(b"files").into()), ..Self::of(key) }
    }

    /// What a vault keeps to recognise its key. Says nothing about the other keys.
    pub fn check(&self) -> String {
        self.check.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The look-up of a value of one kind.
    pub fn lookup(&self, kind: &str, value: &str) -> Lookup {
        let digest = mac(&self.lookup, &[kind.as_bytes(), value.as_bytes()]);
        *digest.first_chunk().expect("a digest has more than 16 bytes")
    }

    /// Seals a text for one place. Shape: nonce of 12 bytes, ciphertext, tag of 16 bytes.
    ///
    /// Nonces are random; 2^32 rows stay below a collision chance of 2^-32 (NIST SP 800-38D, 8.3).
    pub fn seal(&self, place: &[u8], text: &[u8]) -> Result<Vec<u8>, getrandom::Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let payload = Payload { msg: text, aad: place };
        let sealed = self.seal.encrypt(&nonce.into(), payload).expect("a text of a few bytes can be sealed");
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what was sealed for this place; `None` when it was changed or belongs elsewhere.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        self.seal.decrypt(&(*nonce).into(), Payload { msg: text, aad: place }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_serves_two_purposes() {
        let key = VaultKey::from_bytes([1; KEY_BYTES]);
        let mut keys = vec![
            key.bytes,
            key.derive_own(b"seal"),
            key.derive_own(b"look-up"),
            key.derive_own(b"check"),
            key.derive(b"seal"),
        ];
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 5);
    }

    #[test]
    fn a_key_does_not_print_itself() {
        assert_eq!(format!("{:?}", VaultKey::from_bytes([7; KEY_BYTES])), "VaultKey(…)");
    }
}
