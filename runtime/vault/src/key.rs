//! The key of a node: 32 random bytes in a file, from which keys for single purposes are derived. It is the vault's
//! first master key too.

use crate::KeyError;
use crate::seal::{KEY_BYTES, Key};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// The 32 random bytes of a node. Never printed.
#[derive(Clone)]
pub struct VaultKey {
    key: Key,
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

impl VaultKey {
    /// A key from its bytes, for tests and simulation.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self { key: Key::from_bytes(bytes) }
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
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        let mut own = [0; 8];
        let filled = getrandom::fill(&mut *bytes).and_then(|()| getrandom::fill(&mut own));
        filled.map_err(|error| KeyError::Randomness(error.to_string()))?;
        let unnamed = file.with_added_extension(format!("{:016x}.new", u64::from_be_bytes(own)));
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unnamed);
        let written = opened.and_then(|mut new| new.write_all(&*bytes).and_then(|()| new.sync_all()));
        let named = written.and_then(|()| fs::hard_link(&unnamed, file));
        // Whatever came of it, nothing of a key is left under another name.
        let removed = fs::remove_file(&unnamed);
        Ok(named.and(removed))
    }

    fn load(file: &Path) -> Result<Self, KeyError> {
        let read = read_private(file)?;
        let bytes = <[u8; KEY_BYTES]>::try_from(read.as_slice());
        let bytes = bytes.map_err(|_| KeyError::Length { path: file.to_owned(), found: read.len() })?;
        Ok(Self::from_bytes(bytes))
    }

    /// A key for one purpose outside the vault, so that no key serves two and one file is to be protected.
    /// No label gives a key of the vault itself.
    pub fn derive(&self, label: &[u8]) -> [u8; KEY_BYTES] {
        mac(self.key.bytes(), &[b"tongbao other keys v1", label])
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }
}

/// Reads a file of keys, which nobody but its owner may read.
pub fn read_private(file: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |source| KeyError::Io { path: file.to_owned(), source };
    let mut opened = File::open(file).map_err(failed)?;
    let mode = opened.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: file.to_owned(), mode });
    }
    let mut read = Zeroizing::new(Vec::new());
    opened.read_to_end(&mut read).map_err(failed)?;
    Ok(read)
}

/// A key of the vault itself.
pub fn derive_own(key: &Key, label: &[u8]) -> Key {
    Key::from_bytes(mac(key.bytes(), &[b"tongbao vault v1", label]))
}

/// Makes the name of a file durable.
pub fn sync_parent(file: &Path) -> io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    mac_of(mac_under(key), parts)
}

/// The state of an HMAC-SHA-256 under a key, to be cloned for each value.
pub fn mac_under(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// The MAC of length-prefixed parts, so that no two lists of parts read the same.
pub fn mac_of(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
