//! The vault.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cache::Cache;
use crate::files::SealedFiles;
use crate::key::{Keys, Lookup, sync_parent};
use crate::rows::{
    InstrumentId, NewInstrument, NewNumber, NewPerson, PersonId, Put, Registered, Registration, SubscriberId,
};
use crate::store::{Row, Store, Table, touch_private};
use crate::{CardNumber, IdentityNumber, Msisdn, PersonName, VaultError, VaultKey};

/// The format this release reads and writes.
const FORMAT: u32 = 1;

/// Rows put by one statement, well below what SQLite takes as parameters.
const ROWS_AT_ONCE: usize = 100;

/// How a vault is opened.
#[derive(Debug, Clone, Copy)]
pub struct VaultOptions {
    /// How many rows and look-ups of each kind stay in memory at most; by default 65,536.
    pub cache_rows: usize,
}

impl Default for VaultOptions {
    fn default() -> Self {
        Self { cache_rows: 65_536 }
    }
}

/// An encrypted store of personal data.
///
/// Every method may be called from any thread, also from async code, and blocks for one local
/// database access at most; what is cached does not touch the disk. Rows never change once put.
pub struct Vault {
    path: PathBuf,
    keys: Keys,
    files: SealedFiles,
    /// For puts.
    writer: Mutex<Store>,
    /// For everything else, so that a reader does not wait for a put's sync.
    reader: Mutex<Store>,
    cached: Mutex<Cached>,
}

/// What was used lately, so that the call path does not go to disk each time.
struct Cached {
    found: Cache<(Table, u128, Lookup), (u128, u128)>,
    texts: Cache<(Table, u128), Text>,
}

/// What is sealed in a row.
#[derive(Clone)]
enum Text {
    Person(PersonName, IdentityNumber),
    Number(Msisdn),
    Card(CardNumber),
}

/// A row to be put, still open.
struct Offer {
    id: u128,
    person: u128,
    text: Text,
}

impl Vault {
    /// Opens or creates the vault file with the default options.
    pub fn open(path: &Path, key: VaultKey) -> Result<Self, VaultError> {
        Self::open_with(path, key, VaultOptions::default())
    }

    /// Opens or creates the vault file, readable by its owner alone. Start-up work does not grow with the vault.
    ///
    /// Errors: [`VaultError::WrongKey`] when the vault was made with another key.
    pub fn open_with(path: &Path, key: VaultKey, options: VaultOptions) -> Result<Self, VaultError> {
        let failed = |source| VaultError::Io { path: path.to_owned(), source };
        touch_private(path).and_then(|()| sync_parent(path)).map_err(failed)?;
        let (keys, files) = (Keys::of(&key), SealedFiles::of(&key));
        let mut writer = Store::open(path)?;
        writer.create_tables(&[("format", FORMAT.to_string()), ("key_check", keys.check())])?;
        check_meta(&mut writer, path, &keys)?;
        let reader = Mutex::new(Store::open(path)?);
        let cached = Cached { found: Cache::new(options.cache_rows), texts: Cache::new(options.cache_rows) };
        Ok(Self { path: path.to_owned(), keys, files, writer: Mutex::new(writer), reader, cached: Mutex::new(cached) })
    }

    /// Puts a person, or finds the one with this identity number, whose name stays as it was.
    /// Durable on return.
    pub fn put_person_if_absent(&self, person: &NewPerson) -> Result<Put<PersonId>, VaultError> {
        self.put_one(Table::Persons, person.offer())
    }

    /// Puts a mobile number, or finds the row that has it. Durable on return.
    pub fn put_number_if_absent(&self, number: &NewNumber) -> Result<Put<SubscriberId>, VaultError> {
        self.put_one(Table::Numbers, number.offer())
    }

    /// Puts a card, or finds this person's row that has it. Durable on return.
    pub fn put_instrument_if_absent(&self, instrument: &NewInstrument) -> Result<Put<InstrumentId>, VaultError> {
        self.put_one(Table::Instruments, instrument.offer())
    }

    /// Puts many registrations in one transaction, all or none; durable on return, answers in order.
    pub fn register(&self, batch: &[Registration]) -> Result<Vec<Registered>, VaultError> {
        lock(&self.writer).in_transaction(|store| {
            let persons: Vec<Offer> = batch.iter().map(|one| one.person.offer()).collect();
            let persons: Vec<Put<PersonId>> = self.put(store, Table::Persons, &persons)?;
            let owned = || persons.iter().map(|put| put.id).zip(batch);
            let numbers: Vec<Offer> = owned().map(|(person, one)| one.number_offer(person)).collect();
            let cards: Vec<Offer> = owned().filter_map(|(person, one)| one.card_offer(person)).collect();
            let numbers: Vec<Put<SubscriberId>> = self.put(store, Table::Numbers, &numbers)?;
            let mut cards = self.put(store, Table::Instruments, &cards)?.into_iter();
            let mut registered = Vec::with_capacity(batch.len());
            for ((person, number), one) in persons.iter().zip(numbers).zip(batch) {
                let card = one.card.as_ref().and_then(|_| cards.next());
                registered.push(Registered { person: *person, number, card });
            }
            Ok(registered)
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

    /// The mobile number of a subscriber.
    pub fn reveal_msisdn(&self, subscriber: SubscriberId) -> Result<Msisdn, VaultError> {
        match self.reveal(Table::Numbers, subscriber.0)? {
            Text::Number(msisdn) => Ok(msisdn),
            _ => Err(VaultError::Sealed { table: "numbers", id: subscriber.0 }),
        }
    }

    /// The card behind an instrument.
    pub fn reveal_card(&self, instrument: InstrumentId) -> Result<CardNumber, VaultError> {
        match self.reveal(Table::Instruments, instrument.0)? {
            Text::Card(card) => Ok(card),
            _ => Err(VaultError::Sealed { table: "instruments", id: instrument.0 }),
        }
    }

    /// The name and identity number of a person.
    pub fn reveal_identity(&self, person: PersonId) -> Result<(PersonName, IdentityNumber), VaultError> {
        match self.reveal(Table::Persons, person.0)? {
            Text::Person(name, identity) => Ok((name, identity)),
            _ => Err(VaultError::Sealed { table: "persons", id: person.0 }),
        }
    }

    /// Seals and opens files beside the vault.
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

    fn put_one<Id: From<u128>>(&self, table: Table, offer: Offer) -> Result<Put<Id>, VaultError> {
        let put = lock(&self.writer).in_transaction(|store| self.put(store, table, &[offer]))?;
        Ok(put.into_iter().next().expect("one answer for one offer"))
    }

    /// Puts rows or finds those that have their values, in order.
    ///
    /// Nothing is cached here: the transaction may still fail.
    fn put<Id: From<u128>>(
        &self,
        store: &mut Store,
        table: Table,
        offers: &[Offer],
    ) -> Result<Vec<Put<Id>>, VaultError> {
        let mut puts = Vec::with_capacity(offers.len());
        for offers in offers.chunks(ROWS_AT_ONCE) {
            let rows: Vec<Row> = offers.iter().map(|offer| self.seal(table, offer)).collect::<Result<_, _>>()?;
            let mut new = store.insert(table, &rows)?;
            for row in rows {
                // Taken once: a repeat of the same offer within a batch finds the first.
                let created = new.remove(&row.place());
                let (id, person) = if created { (row.id, row.person) } else { existing(store, table, &row)? };
                puts.push(Put { id: id.into(), person: PersonId(person), created });
            }
        }
        Ok(puts)
    }

    fn seal(&self, table: Table, offer: &Offer) -> Result<Row, VaultError> {
        let lookup = self.keys.lookup(table.name(), offer.text.looked_up_by());
        let sealed = self.keys.seal(&place(table, offer.id, offer.person), &offer.text.encode());
        let sealed = sealed.map_err(|error| VaultError::Randomness(error.to_string()))?;
        Ok(Row { id: offer.id, person: offer.person, lookup, sealed })
    }

    fn find(&self, table: Table, value: &str, person: u128) -> Result<Option<(u128, u128)>, VaultError> {
        let lookup = self.keys.lookup(table.name(), value);
        let key = (table, person, lookup);
        if let Some(found) = lock(&self.cached).found.get(&key) {
            return Ok(Some(found));
        }
        let found = lock(&self.reader).by_lookup(table, lookup, person)?;
        if let Some(found) = found {
            lock(&self.cached).found.put(key, found);
        }
        Ok(found)
    }

    fn reveal(&self, table: Table, id: u128) -> Result<Text, VaultError> {
        if let Some(text) = lock(&self.cached).texts.get(&(table, id)) {
            return Ok(text);
        }
        let row = lock(&self.reader).by_id(table, id)?;
        let (person, sealed) = row.ok_or(VaultError::NotFound { table: table.name(), id })?;
        let opened = self.keys.open(&place(table, id, person), &sealed);
        let text = opened.and_then(|text| Text::decode(table, &text));
        let text = text.ok_or(VaultError::Sealed { table: table.name(), id })?;
        lock(&self.cached).texts.put((table, id), text.clone());
        Ok(text)
    }
}

impl Text {
    fn looked_up_by(&self) -> &str {
        match self {
            Self::Person(_, identity) => identity.expose(),
            Self::Number(msisdn) => msisdn.expose(),
            Self::Card(card) => card.expose(),
        }
    }

    /// Shape: the value; for a person identity number, a zero byte, and name, neither of which has one.
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Person(name, identity) => [identity.expose().as_bytes(), &[0], name.expose().as_bytes()].concat(),
            Self::Number(msisdn) => msisdn.expose().as_bytes().to_vec(),
            Self::Card(card) => card.expose().as_bytes().to_vec(),
        }
    }

    fn decode(table: Table, bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        match table {
            Table::Persons => {
                let (identity, name) = text.split_once('\0')?;
                Some(Self::Person(PersonName::parse(name).ok()?, IdentityNumber::parse(identity).ok()?))
            }
            Table::Numbers => Msisdn::parse(text).ok().map(Self::Number),
            Table::Instruments => CardNumber::parse(text).ok().map(Self::Card),
        }
    }
}

impl NewPerson {
    fn offer(&self) -> Offer {
        let text = Text::Person(self.name.clone(), self.identity.clone());
        Offer { id: self.id.0, person: self.id.0, text }
    }
}

impl NewNumber {
    fn offer(&self) -> Offer {
        Offer { id: self.id.0, person: self.person.0, text: Text::Number(self.msisdn.clone()) }
    }
}

impl NewInstrument {
    fn offer(&self) -> Offer {
        Offer { id: self.id.0, person: self.person.0, text: Text::Card(self.card.clone()) }
    }
}

impl Registration {
    fn number_offer(&self, person: PersonId) -> Offer {
        let (id, msisdn) = self.number.clone();
        NewNumber { id, person, msisdn }.offer()
    }

    fn card_offer(&self, person: PersonId) -> Option<Offer> {
        let (id, card) = self.card.clone()?;
        Some(NewInstrument { id, person, card }.offer())
    }
}

/// The row that has the value which `row` offered.
fn existing(store: &mut Store, table: Table, row: &Row) -> Result<(u128, u128), VaultError> {
    let found = store.by_lookup(table, row.lookup, row.person)?;
    found.ok_or(VaultError::IdInUse { table: table.name(), id: row.id })
}

/// Where a row stands. It opens nowhere else: not under another id, person or table.
fn place(table: Table, id: u128, person: u128) -> Vec<u8> {
    [table.name().as_bytes(), &[0], &id.to_be_bytes(), &person.to_be_bytes()].concat()
}

fn check_meta(store: &mut Store, path: &Path, keys: &Keys) -> Result<(), VaultError> {
    let format = store.meta("format")?.unwrap_or_default();
    if format != FORMAT.to_string() {
        return Err(VaultError::Format { path: path.to_owned(), found: format, supported: FORMAT });
    }
    if store.meta("key_check")?.as_deref() != Some(&keys.check()) {
        return Err(VaultError::WrongKey { path: path.to_owned() });
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A panic elsewhere spoils nothing here: a cache may miss, and a transaction left open fails the next one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
