//! The key ring: the vault's master keys by version, kept in a file beside it.
//!
//! While there is no file, the node's key is version 1. A rotation writes the file with the old and the new key, and
//! in the end with the new one alone; from then on the node's key opens nothing in here.

use crate::key::{derive_own, mac_of, mac_under, read_private, sync_parent};
use crate::seal::{Chance, Cipher, Key};
use crate::{KeyError, VaultError, VaultKey};
use hmac::Hmac;
use sha2::Sha256;
use std::fmt::{self, Write as _};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The first line of the file.
const TITLE: &str = "tongbao vault keys 1";

/// What a value is looked up by: a keyed digest, cut to 16 bytes.
pub type Lookup = [u8; 16];

/// Master keys, and where they are kept.
#[derive(Clone)]
pub struct KeyRing {
    file: Option<PathBuf>,
    first: Key,
    masters: Vec<Arc<Master>>,
}

/// One version of the master key: what is derived from it.
pub struct Master {
    pub version: u32,
    key: Key,
    wrap: Cipher,
    lookup: Hmac<Sha256>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<u32> = self.masters.iter().map(|master| master.version).collect();
        write!(f, "KeyRing({versions:?})")
    }
}

/// A ring without a file: of one key, for good.
impl From<VaultKey> for KeyRing {
    fn from(key: VaultKey) -> KeyRing {
        let first = key.key().clone();
        KeyRing { file: None, masters: vec![Arc::new(Master::new(1, first.clone()))], first }
    }
}

impl KeyRing {
    /// Reads the ring in `file`; while there is none, the node's key is its only one.
    ///
    /// Errors: it cannot be read, others can read it, or it is no ring.
    pub fn load(file: &Path, node: &VaultKey) -> Result<KeyRing, KeyError> {
        KeyRing { file: Some(file.to_owned()), ..KeyRing::from(node.clone()) }.reloaded()
    }

    /// The ring as its file is now.
    pub(crate) fn reloaded(&self) -> Result<KeyRing, KeyError> {
        let Some(file) = &self.file else { return Ok(self.clone()) };
        let there = file.try_exists().map_err(|source| KeyError::Io { path: file.clone(), source })?;
        let masters = match there {
            true => parse(file, &read_private(file)?)?,
            false => vec![Arc::new(Master::new(1, self.first.clone()))],
        };
        Ok(KeyRing { masters, ..self.clone() })
    }

    /// The key that seals.
    pub(crate) fn newest(&self) -> &Arc<Master> {
        self.masters.last().expect("a ring has a key")
    }

    pub(crate) fn get(&self, version: u32) -> Option<&Arc<Master>> {
        self.masters.iter().find(|master| master.version == version)
    }

    /// The key before the newest: while a rotation lasts, some look-ups are still of it.
    pub(crate) fn older(&self) -> Option<&Arc<Master>> {
        self.masters.iter().rev().nth(1)
    }

    /// Adds a key and makes the ring durable.
    ///
    /// Errors: there is no file to keep it in, or it cannot be written.
    pub(crate) fn extended(&self) -> Result<KeyRing, VaultError> {
        let key = Key::random(&mut Chance::new())?;
        let next = Arc::new(Master::new(self.newest().version + 1, key));
        let ring = KeyRing { masters: self.masters.iter().cloned().chain([next]).collect(), ..self.clone() };
        ring.write()?;
        Ok(ring)
    }

    /// Lets go of every key but the newest and makes the ring durable.
    ///
    /// Errors: as above.
    pub(crate) fn retired(&self) -> Result<KeyRing, VaultError> {
        let ring = KeyRing { masters: vec![Arc::clone(self.newest())], ..self.clone() };
        ring.write()?;
        Ok(ring)
    }

    /// Keeps everybody else from rotating while the file is open.
    pub(crate) fn lock(&self) -> Result<File, VaultError> {
        let file = self.file.as_ref().ok_or(VaultError::NoKeyFile)?;
        let path = file.with_added_extension("lock");
        let failed = |source| VaultError::Io { path: path.clone(), source };
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(fs::TryLockError::WouldBlock) => Err(VaultError::Rotating),
            Err(fs::TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn write(&self) -> Result<(), VaultError> {
        let file = self.file.as_ref().ok_or(VaultError::NoKeyFile)?;
        let mut text = Zeroizing::new(format!("{TITLE}\n"));
        for master in &self.masters {
            let hex = Zeroizing::new(hex(master.key.bytes()));
            // Writing to a text cannot fail.
            let _ = writeln!(*text, "{} {}", master.version, hex.as_str());
        }
        replace(file, text.as_bytes()).map_err(|source| VaultError::Io { path: file.clone(), source })
    }
}

impl Master {
    fn new(version: u32, key: Key) -> Master {
        let (wrap, lookup) = (derive_own(&key, b"wrap").cipher(), derive_own(&key, b"look-up"));
        Master { version, wrap, lookup: mac_under(lookup.bytes()), key }
    }

    /// What a vault keeps to recognise the key. Says nothing about the others.
    pub fn check(&self) -> String {
        hex(derive_own(&self.key, b"check").bytes())
    }

    /// The look-up of a value of one kind.
    pub fn lookup(&self, kind: &str, value: &str) -> Lookup {
        let digest = mac_of(self.lookup.clone(), &[kind.as_bytes(), value.as_bytes()]);
        *digest.first_chunk().expect("a digest has more than 16 bytes")
    }

    /// Wraps a data key for its person.
    pub fn wrap(&self, person: u128, key: &Key, chance: &mut Chance) -> Result<Vec<u8>, VaultError> {
        self.wrap.seal(&self.place(person), key.bytes(), chance)
    }

    /// Unwraps a data key; `None` when it is another's, or of another version.
    pub fn unwrap(&self, person: u128, wrapped: &[u8]) -> Option<Key> {
        let bytes = self.wrap.open(&self.place(person), wrapped)?;
        bytes.as_slice().try_into().ok().map(Key::from_bytes)
    }

    fn place(&self, person: u128) -> Vec<u8> {
        [&b"data key\0"[..], &person.to_be_bytes()[..], &self.version.to_be_bytes()].concat()
    }
}

fn parse(file: &Path, bytes: &[u8]) -> Result<Vec<Arc<Master>>, KeyError> {
    let faulty = || KeyError::Ring { path: file.to_owned() };
    // A file of bare bytes is a ring of one key.
    if let Ok(bytes) = bytes.try_into() {
        return Ok(vec![Arc::new(Master::new(1, Key::from_bytes(bytes)))]);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| faulty())?;
    let lines = text.strip_prefix(TITLE).and_then(|rest| rest.strip_prefix('\n')).ok_or_else(faulty)?;
    let masters: Vec<Arc<Master>> = lines.lines().map(line).collect::<Option<_>>().ok_or_else(faulty)?;
    let ascending = masters.is_sorted_by(|one, next| one.version < next.version);
    if masters.is_empty() || !ascending { Err(faulty()) } else { Ok(masters) }
}

fn line(text: &str) -> Option<Arc<Master>> {
    let (version, hex) = text.split_once(' ')?;
    let mut bytes = Zeroizing::new([0; 32]);
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, place) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&hex[place..place + 2], 16).ok()?;
    }
    Some(Arc::new(Master::new(version.parse().ok()?, Key::from_bytes(*bytes))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Replaces a private file, whole; durable on return.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = file.with_added_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    opened.write_all(bytes).and_then(|()| opened.sync_all())?;
    fs::rename(&new, file)?;
    sync_parent(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn ring(byte: u8) -> KeyRing {
        VaultKey::from_bytes([byte; 32]).into()
    }

    #[test]
    fn a_look_up_needs_the_key_not_only_the_value() {
        const MSISDN: &str = "13812345678";
        let lookup = ring(1).newest().lookup("numbers", MSISDN);
        assert_ne!(lookup, ring(2).newest().lookup("numbers", MSISDN));
        assert_ne!(lookup, ring(1).newest().lookup("persons", MSISDN));
        for guess in [MSISDN.to_owned(), format!("numbers{MSISDN}"), format!("numbers\0{MSISDN}")] {
            assert_ne!(lookup[..], Sha256::digest(guess.as_bytes())[..16]);
        }
    }

    #[test]
    fn a_data_key_unwraps_for_its_person_and_version_alone() {
        let (ring, chance) = (ring(1), &mut Chance::new());
        let key = Key::random(chance).unwrap();
        let wrapped = ring.newest().wrap(7, &key, chance).unwrap();
        assert_eq!(ring.newest().unwrap(7, &wrapped).unwrap().bytes(), key.bytes());
        assert!(ring.newest().unwrap(8, &wrapped).is_none());
        assert!(Master::new(2, Key::from_bytes([1; 32])).unwrap(7, &wrapped).is_none());
    }

    #[test]
    fn no_key_serves_two_purposes() {
        let node = VaultKey::from_bytes([1; 32]);
        let own = |label: &[u8]| *derive_own(node.key(), label).bytes();
        let mut keys = vec![*node.key().bytes(), own(b"wrap"), own(b"look-up"), own(b"check"), node.derive(b"wrap")];
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 5);
    }

    #[test]
    fn a_ring_reads_back_and_a_faulty_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (file, node) = (dir.path().join("vault.key"), VaultKey::from_bytes([1; 32]));
        let two = KeyRing::load(&file, &node).unwrap().extended().unwrap();
        let read = KeyRing::load(&file, &node).unwrap();
        assert_eq!(format!("{read:?}"), "KeyRing([1, 2])");
        assert_eq!(read.newest().check(), two.newest().check());
        two.retired().unwrap();
        assert_eq!(format!("{:?}", KeyRing::load(&file, &node).unwrap()), "KeyRing([2])");
        let whole = fs::read_to_string(&file).unwrap();
        for faulty in [&whole[..whole.len() - 3], TITLE, "", &whole.replace("2 ", "x "), &(whole.clone() + "1 00\n")] {
            fs::write(&file, faulty).unwrap();
            assert!(matches!(KeyRing::load(&file, &node), Err(KeyError::Ring { .. })), "{} bytes", faulty.len());
        }
        fs::write(&file, [1; 32]).unwrap();
        assert_eq!(KeyRing::load(&file, &node).unwrap().newest().check(), KeyRing::from(node).newest().check());
    }
}
