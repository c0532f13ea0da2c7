//! Rotation: a new master key takes over while others read and write, in small transactions, and can be resumed.
//!
//! First the ring's file gets the new key, then the vault says that it seals: from that moment nobody puts anything
//! under the old one, since every put looks at what the vault says within its transaction. Then data keys are wrapped
//! anew and look-ups moved, and when none is left the old key leaves vault and ring.

use crate::ring::KeyRing;
use crate::seal::Chance;
use crate::store::{Table, View, Wrapped};
use crate::text::Text;
use crate::vault::{MASTER, check_name, lock, master_of, place};
use crate::{Vault, VaultError};
use std::ops::ControlFlow;
use std::time::Duration;

/// Rows that one transaction moves.
const ROWS: usize = 500;
/// How long others have the writer's lock for themselves between two transactions.
const PAUSE: Duration = Duration::from_millis(2);

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The ring's file has the new key.
    KeyKept,
    /// The new key seals.
    KeySeals,
    /// So many data keys were wrapped anew by one transaction.
    KeysWrapped(usize),
    /// So many look-ups were moved by one transaction.
    LookupsMoved(usize),
    /// The old key has left the vault.
    KeyLeft,
}

/// How a vault stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The version of the master key that seals.
    pub version: u32,
    /// How many data keys and look-ups are still of another one.
    pub to_move: u64,
    /// How many data keys there are: of persons, of files, and one of notes.
    pub data_keys: u64,
    /// How many persons were erased.
    pub erased: u64,
    /// The journal position up to which the vault was compared with the journal.
    pub compared_at: u64,
}

impl Vault {
    /// Rotates the master key, or goes on with a rotation that was interrupted. `each` hears of every step, and may
    /// break it off; returns the version that seals now.
    ///
    /// Errors: the vault has no key file, or another process rotates.
    pub fn rotate(
        &self,
        mut each: impl FnMut(Rotation) -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), u32>, VaultError> {
        let _lock = self.ring().lock()?;
        let ring = self.ring().reloaded()?;
        let began = ring.older().is_some() || ring.newest().version > master_of(&lock(&self.reader).view())?;
        let ring = if began { ring } else { ring.extended()? };
        self.set_ring(ring.clone());
        let steps = [Vault::switch, Vault::wrap_keys, Vault::move_lookups, Vault::retire];
        if each(Rotation::KeyKept).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        for step in steps {
            if step(self, &ring, &mut each)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        // What was wrapped by the old key leaves the log too.
        self.empty_log()?;
        Ok(ControlFlow::Continue(ring.newest().version))
    }

    /// How the vault stands.
    ///
    /// Errors: the vault does not answer.
    pub fn status(&self) -> Result<Status, VaultError> {
        let store = lock(&self.reader);
        let view = store.view();
        let (data_keys, erased) = view.counts()?;
        let version = master_of(&view)?;
        let (to_move, compared_at) = (view.of_others(version)?, view.meta_number(crate::custody::COMPARED)?);
        Ok(Status { version, to_move, data_keys, erased, compared_at })
    }

    fn switch(&self, ring: &KeyRing, each: Each<'_>) -> Step {
        let newest = ring.newest();
        lock(&self.writer).in_transaction(|view| {
            view.set_meta(&check_name(newest.version), &newest.check())?;
            view.set_meta(MASTER, &newest.version.to_string())
        })?;
        Ok(each(Rotation::KeySeals))
    }

    fn wrap_keys(&self, ring: &KeyRing, each: Each<'_>) -> Step {
        let (newest, mut after) = (ring.newest(), Vec::new());
        loop {
            let wrapped = lock(&self.writer).in_transaction(|view| {
                let keys = view.keys_of_others(&after, newest.version, ROWS)?;
                for old in &keys {
                    let key = self.unwrap(old)?;
                    let wrapped = newest.wrap(old.person, &key, &mut Chance::new())?;
                    view.wrap_key(&Wrapped { person: old.person, version: newest.version, wrapped })?;
                }
                Ok(keys)
            })?;
            let Some(last) = wrapped.last() else { return Ok(ControlFlow::Continue(())) };
            after = last.person.to_be_bytes().to_vec();
            if each(Rotation::KeysWrapped(wrapped.len())).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn move_lookups(&self, ring: &KeyRing, each: Each<'_>) -> Step {
        for table in Table::ALL {
            let mut after = 0;
            loop {
                let moved = lock(&self.writer).in_transaction(|view| self.move_some(view, ring, table, after))?;
                let Some((last, count)) = moved else { break };
                after = last;
                if each(Rotation::LookupsMoved(count)).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                std::thread::sleep(PAUSE);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn move_some(
        &self,
        view: &View<'_>,
        ring: &KeyRing,
        table: Table,
        after: i64,
    ) -> Result<Option<(i64, usize)>, VaultError> {
        let newest = ring.newest();
        let stale = view.stale(table, after, newest.version, ROWS)?;
        for row in &stale {
            let sealed = VaultError::Sealed { table: table.name(), id: row.id };
            let key = self.data_key(view, row.person)?;
            let opened = key.and_then(|key| key.cipher().open(&place(table, row.id, row.person), &row.sealed));
            let text = opened.and_then(|text| Text::decode(table, &text)).ok_or(sealed)?;
            let lookup = newest.lookup(table.name(), text.looked_up_by());
            view.move_lookup(table, row.entered, lookup, newest.version)?;
        }
        Ok(stale.last().map(|last| (last.entered, stale.len())))
    }

    /// The old keys leave, if nothing is left to them.
    fn retire(&self, ring: &KeyRing, each: Each<'_>) -> Step {
        lock(&self.writer).in_transaction(|view| {
            let left = view.of_others(ring.newest().version)?;
            if left > 0 {
                return Err(VaultError::Unmoved { left });
            }
            let old = (1..ring.newest().version).map(check_name);
            old.into_iter().try_for_each(|name| view.remove_meta(&name))
        })?;
        if each(Rotation::KeyLeft).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.set_ring(ring.retired()?);
        Ok(ControlFlow::Continue(()))
    }
}

/// Who hears of a step, and may break it off.
type Each<'e> = &'e mut dyn FnMut(Rotation) -> ControlFlow<()>;
type Step = Result<ControlFlow<()>, VaultError>;
