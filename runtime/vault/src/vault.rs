//! The vault: opening, finding, revealing, copying.

#[cfg(test)]
use crate::VaultKey;
use crate::cache::Cache;
use crate::files::SealedFiles;
use crate::key::sync_parent;
use crate::ring::{KeyRing, Lookup};
use crate::rows::{InstrumentId, PersonId, SubscriberId};
use crate::seal::{Chance, Key};
use crate::store::{Store, Stored, Table, View, Wrapped, touch_private};
use crate::text::Text;
use crate::{CardNumber, IdentityNumber, Msisdn, PersonName, Purpose, VaultError};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// The format this release reads and writes.
const FORMAT: u32 = 2;
/// The version of the master key that seals.
pub(crate) const MASTER: &str = "master";
/// Owns the data key of notes: no person has this id.
pub(crate) const FILES: u128 = 0;

/// How a vault is opened.
#[derive(Debug, Clone, Copy)]
pub struct VaultOptions {
    /// How many rows, look-ups and data keys of each kind stay in memory at most; by default 65,536.
    pub cache_rows: usize,
}

impl Default for VaultOptions {
    fn default() -> Self {
        Self { cache_rows: 65_536 }
    }
}

/// An encrypted store of personal data.
///
/// Every person has a data key, wrapped by the newest key of the ring; their rows are sealed with it alone, so that
/// destroying it erases them. Every method may be called from any thread, also from async code, and blocks for one
/// local database access at most; what is cached does not touch the disk. Rows never change once put.
pub struct Vault {
    path: PathBuf,
    ring: RwLock<Arc<KeyRing>>,
    files: SealedFiles,
    /// For puts.
    pub(crate) writer: Mutex<Store>,
    /// For everything else, so that a reader does not wait for a put's sync.
    pub(crate) reader: Mutex<Store>,
    cached: Mutex<Cached>,
    reveals: Vec<AtomicU64>,
}

/// Nobody rotates the keys while this is held.
pub struct KeysHeld(#[expect(dead_code, reason = "held, and dropped")] File);

/// What was used lately, so that the call path does not go to disk each time.
struct Cached {
    /// Goes up with every erasure: what was read before one is not kept after it.
    generation: u64,
    found: Cache<(Table, u128, Lookup), (u128, u128)>,
    texts: Cache<(Table, u128), Text>,
    keys: Cache<u128, Key>,
}

impl Vault {
    /// Opens or creates the vault file with the default options.
    pub fn open(path: &Path, keys: impl Into<KeyRing>) -> Result<Self, VaultError> {
        Self::open_with(path, keys, VaultOptions::default())
    }

    /// Opens or creates the vault file, readable by its owner alone. Start-up work does not grow with the vault.
    ///
    /// Errors: [`VaultError::WrongKey`] when the ring lacks the vault's key.
    pub fn open_with(path: &Path, keys: impl Into<KeyRing>, options: VaultOptions) -> Result<Self, VaultError> {
        let failed = |source| VaultError::Io { path: path.to_owned(), source };
        touch_private(path).and_then(|()| sync_parent(path)).map_err(failed)?;
        let ring = keys.into();
        let mut writer = Store::open(path)?;
        writer.in_transaction(|view| {
            if !view.has_tables()? {
                create(view, &ring)?;
            }
            view.create_later_tables()
        })?;
        let files = check(&writer.view(), path, &ring)?;
        let cache = options.cache_rows;
        let cached =
            Cached { generation: 0, found: Cache::new(cache), texts: Cache::new(cache), keys: Cache::new(cache) };
        Ok(Self {
            path: path.to_owned(),
            ring: RwLock::new(Arc::new(ring)),
            files: SealedFiles::of(&files),
            writer: Mutex::new(writer),
            reader: Mutex::new(Store::open(path)?),
            cached: Mutex::new(cached),
            reveals: Purpose::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
        })
    }

    /// The person with this identity number.
    pub fn find_person(&self, identity: &IdentityNumber) -> Result<Option<PersonId>, VaultError> {
        Ok(self.find(Table::Persons, identity.expose(), 0)?.map(|(id, _)| PersonId(id)))
    }

    /// The subscriber with this number, and whose it is.
    pub fn find_number(&self, msisdn: &Msisdn) -> Result<Option<(SubscriberId, PersonId)>, VaultError> {
        let found = self.find(Table::Numbers, msisdn.expose(), 0)?;
        Ok(found.map(|(id, person)| (SubscriberId(id), PersonId(person))))
    }

    /// This person's instrument with this card number.
    pub fn find_instrument(&self, person: PersonId, card: &CardNumber) -> Result<Option<InstrumentId>, VaultError> {
        Ok(self.find(Table::Instruments, card.expose(), person.0)?.map(|(id, _)| InstrumentId(id)))
    }

    /// The mobile number of a subscriber, or of a contact.
    pub fn reveal_msisdn(&self, subscriber: SubscriberId, purpose: Purpose) -> Result<Msisdn, VaultError> {
        match self.reveal_or_contact(Table::Numbers, subscriber.0, purpose)? {
            Text::Number(msisdn) => Ok(msisdn),
            _ => Err(VaultError::Sealed { table: "numbers", id: subscriber.0 }),
        }
    }

    /// The card behind an instrument, or that a contact pays with.
    pub fn reveal_card(&self, instrument: InstrumentId, purpose: Purpose) -> Result<CardNumber, VaultError> {
        match self.reveal_or_contact(Table::Instruments, instrument.0, purpose)? {
            Text::Card(card) => Ok(card),
            _ => Err(VaultError::Sealed { table: "instruments", id: instrument.0 }),
        }
    }

    /// The name and identity number of a person.
    pub fn reveal_identity(
        &self,
        person: PersonId,
        purpose: Purpose,
    ) -> Result<(PersonName, IdentityNumber), VaultError> {
        match self.reveal(Table::Persons, person.0, purpose)? {
            Text::Person(name, identity) => Ok((name, identity)),
            _ => Err(VaultError::Sealed { table: "persons", id: person.0 }),
        }
    }

    /// How often anything was revealed for each purpose since the vault was opened.
    pub fn reveals(&self) -> impl Iterator<Item = (Purpose, u64)> {
        let counts = self.reveals.iter().map(|count| count.load(Ordering::Relaxed));
        Purpose::ALL.iter().copied().zip(counts)
    }

    /// Goes up when anybody is erased: what was read before is not to be kept after it.
    pub fn generation(&self) -> u64 {
        self.cached().generation
    }

    /// Seals and opens notes beside the vault, which name nobody and stay.
    pub const fn files(&self) -> &SealedFiles {
        &self.files
    }

    /// Writes a consistent copy to the new file `to`, while others read and write. Durable on return;
    /// the file takes its name when it is complete.
    pub fn backup(&self, to: &Path) -> Result<(), VaultError> {
        if to.exists() {
            return Err(VaultError::TargetExists { path: to.to_owned() });
        }
        let partial = to.with_added_extension("partial");
        let failed = |source| VaultError::Io { path: partial.clone(), source };
        remove_if_there(&partial).and_then(|()| touch_private(&partial)).map_err(failed)?;
        let name = partial.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
        Store::open(&self.path)?.copy_into(name)?;
        let named = File::open(&partial).and_then(|copy| copy.sync_all()).and_then(|()| std::fs::rename(&partial, to));
        named.and_then(|()| sync_parent(to)).map_err(failed)
    }

    /// Keeps the keys as they are while this is held, so that vault and key files can be copied together.
    ///
    /// Errors: they are being rotated, or there is no key file.
    pub fn hold_keys(&self) -> Result<KeysHeld, VaultError> {
        self.ring().lock().map(KeysHeld)
    }

    /// Empties the log, on a connection of its own: puts and reads go on.
    pub(crate) fn empty_log(&self) -> Result<(), VaultError> {
        Store::open(&self.path)?.empty_log()
    }

    /// The keys in use.
    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_ring(&self, ring: KeyRing) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    /// Reads the ring's file again, since a version is spoken of that is not known here: somebody rotated.
    ///
    /// Errors: the file does not know it either.
    pub(crate) fn reload(&self, version: u32) -> Result<Arc<KeyRing>, VaultError> {
        let ring = self.ring().reloaded()?;
        if ring.get(version).is_none() && ring.newest().version < version {
            return Err(VaultError::NoKey { version });
        }
        self.set_ring(ring);
        Ok(self.ring())
    }

    /// The data key of a person; none when there is no such person, or they were erased.
    pub(crate) fn data_key(&self, view: &View<'_>, person: u128) -> Result<Option<Key>, VaultError> {
        let generation = {
            let mut cached = self.cached();
            if let Some(key) = cached.keys.get(&person) {
                return Ok(Some(key));
            }
            cached.generation
        };
        let Some(wrapped) = view.key(person)? else { return Ok(None) };
        let key = self.unwrap(&wrapped)?;
        let mut cached = self.cached();
        if cached.generation == generation {
            cached.keys.put(person, key.clone());
        }
        Ok(Some(key))
    }

    /// Unwraps a data key, under whichever version of the master key it is.
    pub(crate) fn unwrap(&self, wrapped: &Wrapped) -> Result<Key, VaultError> {
        let ring = self.ring();
        let ring = if ring.get(wrapped.version).is_some() { ring } else { self.reload(wrapped.version)? };
        let master = ring.get(wrapped.version).ok_or(VaultError::NoKey { version: wrapped.version })?;
        let key = master.unwrap(wrapped.person, &wrapped.wrapped);
        key.ok_or(VaultError::Sealed { table: "data_keys", id: wrapped.person })
    }

    /// Forgets what was read.
    pub(crate) fn forget(&self) {
        let mut cached = self.cached();
        cached.generation += 1;
        cached.found.clear();
        cached.texts.clear();
        cached.keys.clear();
    }

    fn cached(&self) -> MutexGuard<'_, Cached> {
        lock(&self.cached)
    }

    fn find(&self, table: Table, value: &str, person: u128) -> Result<Option<(u128, u128)>, VaultError> {
        let mut ring = self.ring();
        loop {
            let lookups = lookups(&ring, table, value);
            let key = (table, person, lookups[0]);
            let generation = {
                let mut cached = self.cached();
                if let Some(found) = cached.found.get(&key) {
                    return Ok(Some(found));
                }
                cached.generation
            };
            let (found, master) = {
                let store = lock(&self.reader);
                let found = store.view().by_lookup(table, lookups, person)?;
                // Asked after the miss: a look-up that was moved before it is under a key that is told here.
                let master = if found.is_none() { master_of(&store.view())? } else { 0 };
                (found, master)
            };
            if master > ring.newest().version {
                ring = self.reload(master)?;
                continue;
            }
            let mut cached = self.cached();
            if let Some(found) = found.filter(|_| cached.generation == generation) {
                cached.found.put(key, found);
            }
            return Ok(found);
        }
    }

    fn reveal_or_contact(&self, table: Table, id: u128, purpose: Purpose) -> Result<Text, VaultError> {
        match self.reveal(table, id, purpose) {
            Err(unknown @ VaultError::NotFound { .. }) => self.contact_text(table, id)?.ok_or(unknown),
            found => found,
        }
    }

    /// Counts a look.
    pub(crate) fn count_reveal(&self, purpose: Purpose) {
        self.reveals[purpose as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn reveal(&self, table: Table, id: u128, purpose: Purpose) -> Result<Text, VaultError> {
        self.count_reveal(purpose);
        let generation = {
            let mut cached = self.cached();
            if let Some(text) = cached.texts.get(&(table, id)) {
                return Ok(text);
            }
            cached.generation
        };
        let store = lock(&self.reader);
        let text = self.open_row(&store.view(), table, id)?;
        drop(store);
        let mut cached = self.cached();
        if cached.generation == generation {
            cached.texts.put((table, id), text.clone());
        }
        Ok(text)
    }

    fn open_row(&self, view: &View<'_>, table: Table, id: u128) -> Result<Text, VaultError> {
        let name = table.name();
        let erased = VaultError::Erased { table: name, id };
        let Stored { person, sealed } = view.by_id(table, id)?.ok_or(VaultError::NotFound { table: name, id })?;
        let Some(sealed) = sealed else { return Err(erased) };
        let Some(key) = self.data_key(view, person)? else {
            // Between the two reads somebody may have erased them.
            let gone = matches!(view.by_id(table, id)?, Some(Stored { sealed: None, .. }));
            return Err(if gone { erased } else { VaultError::Sealed { table: name, id } });
        };
        let opened = key.cipher().open(&place(table, id, person), &sealed);
        let text = opened.and_then(|text| Text::decode(table, &text));
        text.ok_or(VaultError::Sealed { table: name, id })
    }
}

/// What a value is looked up by: under the newest key, and under the one before while a rotation lasts.
pub(crate) fn lookups(ring: &KeyRing, table: Table, value: &str) -> [Lookup; 2] {
    let newest = ring.newest().lookup(table.name(), value);
    let older = ring.older().map_or(newest, |older| older.lookup(table.name(), value));
    [newest, older]
}

/// The version of the master key that seals, as the vault says.
pub(crate) fn master_of(view: &View<'_>) -> Result<u32, VaultError> {
    Ok(u32::try_from(view.meta_number(MASTER)?).unwrap_or(u32::MAX))
}

/// Where a row stands. It opens nowhere else: not under another id, person or table.
pub(crate) fn place(table: Table, id: u128, person: u128) -> Vec<u8> {
    [table.name().as_bytes(), &[0], &id.to_be_bytes(), &person.to_be_bytes()].concat()
}

/// The line that recognises a version of the master key.
pub(crate) fn check_name(version: u32) -> String {
    format!("key_check.{version}")
}

/// Makes the tables, and says what the vault is.
fn create(view: &View<'_>, ring: &KeyRing) -> Result<(), VaultError> {
    let (master, mut chance) = (ring.newest(), Chance::new());
    view.create_tables()?;
    view.set_meta("format", &FORMAT.to_string())?;
    view.set_meta(MASTER, &master.version.to_string())?;
    view.set_meta(&check_name(master.version), &master.check())?;
    let wrapped = master.wrap(FILES, &Key::random(&mut chance)?, &mut chance)?;
    view.insert_key(&Wrapped { person: FILES, version: master.version, wrapped })
}

/// Checks that the vault is one of this format and of this ring. Returns the data key of files.
fn check(view: &View<'_>, path: &Path, ring: &KeyRing) -> Result<Key, VaultError> {
    let format = view.meta("format")?.unwrap_or_default();
    if format != FORMAT.to_string() {
        return Err(VaultError::Format { path: path.to_owned(), found: format, supported: FORMAT });
    }
    let wrong = || VaultError::WrongKey { path: path.to_owned() };
    let version = master_of(view)?;
    let master = ring.get(version).ok_or_else(wrong)?;
    if view.meta(&check_name(version))? != Some(master.check()) {
        return Err(wrong());
    }
    let files = view.key(FILES)?.ok_or(VaultError::Sealed { table: "data_keys", id: FILES })?;
    let master = ring.get(files.version).ok_or_else(wrong)?;
    master.unwrap(FILES, &files.wrapped).ok_or(VaultError::Sealed { table: "data_keys", id: FILES })
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A panic elsewhere spoils nothing here: a cache may miss, and a transaction left open is rolled back.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
