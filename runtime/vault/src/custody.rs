//! What the vault holds against what the journal says: rows whose record never became durable, and erasures.
//!
//! Rows are put before the record that mentions them, so a crash may leave rows without one. The vault keeps a mark:
//! everything up to it is confirmed by the journal. Whoever knows the state looks at what came after and says what it
//! knows; the rest is removed. Nothing may be on its way to the journal meanwhile.

use crate::rows::PersonId;
use crate::store::{Table, View};
use crate::vault::lock;
use crate::{Vault, VaultError};

/// The journal position up to which the vault was compared with the journal.
pub(crate) const COMPARED: &str = "compared_at";

/// A row that nobody confirmed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unconfirmed {
    /// Its table.
    pub table: Table,
    /// Its id: of a person, a subscriber or an instrument.
    pub id: u128,
    /// Whose it is.
    pub person: PersonId,
    entered: i64,
}

impl Vault {
    /// The journal position up to which the vault was compared with the journal.
    ///
    /// Errors: the vault does not answer.
    pub fn compared_at(&self) -> Result<u64, VaultError> {
        lock(&self.reader).view().meta_number(COMPARED)
    }

    /// Rows that nobody confirmed yet, oldest first, at most so many of each table.
    ///
    /// Errors: the vault does not answer.
    pub fn unconfirmed(&self, limit: usize) -> Result<Vec<Unconfirmed>, VaultError> {
        let store = lock(&self.reader);
        let view = store.view();
        let mut found = Vec::new();
        for table in Table::ALL {
            let rows = view.entered_after(table, mark(&view, table)?, limit)?;
            let row = |(entered, id, person)| Unconfirmed { table, id, person: PersonId(person), entered };
            found.extend(rows.into_iter().map(row));
        }
        Ok(found)
    }

    /// Takes in what somebody says who knows the journal up to `position`: which of these rows it has. The others are
    /// removed, and what is removed leaves nothing behind; all count as confirmed from now on. Returns how many were removed.
    ///
    /// Errors: the vault does not answer.
    pub fn settle(&self, rows: &[(Unconfirmed, bool)], position: u64) -> Result<usize, VaultError> {
        let orphans = || rows.iter().filter(|(_, known)| !known).map(|(row, _)| row);
        let mut writer = lock(&self.writer);
        writer.in_transaction(|view| {
            for orphan in orphans() {
                view.remove(orphan.table, orphan.entered)?;
                if orphan.table == Table::Persons {
                    view.remove_key(orphan.id)?;
                }
            }
            for table in Table::ALL {
                let of_table = rows.iter().filter(|(row, _)| row.table == table);
                let last = of_table.map(|(row, _)| row.entered).max().unwrap_or(0);
                // The place of a last row that was removed is given again, to a row that is to be looked at.
                let last = last.max(mark(view, table)?).min(view.last_entered(table)?);
                view.set_meta(&mark_name(table), &last.to_string())?;
            }
            view.set_meta(COMPARED, &position.to_string())
        })?;
        let removed = orphans().count();
        if removed > 0 {
            drop(writer);
            self.forget();
        }
        Ok(removed)
    }

    /// Begins the comparison anew: the journal was restored to an earlier position than the vault was compared at.
    ///
    /// Errors: the vault does not answer.
    pub fn doubt_all(&self, position: u64) -> Result<(), VaultError> {
        lock(&self.writer).in_transaction(|view| {
            Table::ALL.into_iter().try_for_each(|table| view.remove_meta(&mark_name(table)))?;
            view.set_meta(COMPARED, &position.to_string())
        })
    }

    /// Erases a person: destroys their data key and empties their rows, so that their number can be another's. Whoever
    /// asks is told that they were erased. Done again, it changes nothing. Durable on return, and the vault's files hold no
    /// copy of the key.
    ///
    /// Errors: the vault does not answer, or somebody reads it for too long; it is to be done again then.
    pub fn erase(&self, person: PersonId) -> Result<(), VaultError> {
        lock(&self.writer).in_transaction(|view| {
            Table::ALL.into_iter().try_for_each(|table| view.empty(table, person.0))?;
            view.remove_texts(person.0)?;
            view.remove_key(person.0)
        })?;
        // Before the log: from here on nobody is to see them, whatever the disk does.
        self.forget();
        self.empty_log()
    }
}

fn mark(view: &View<'_>, table: Table) -> Result<i64, VaultError> {
    Ok(i64::try_from(view.meta_number(&mark_name(table))?).unwrap_or(i64::MAX))
}

fn mark_name(table: Table) -> String {
    format!("confirmed.{}", table.name())
}
