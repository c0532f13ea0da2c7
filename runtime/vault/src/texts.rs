//! What people wrote to us and were answered, under their own keys: complaints. Found by id alone, and gone with the key.
//!
//! A text is put before the record that mentions it. One whose record never came is under no name and nobody asks for
//! it; it goes with its person.

use crate::rows::PersonId;
use crate::seal::Chance;
use crate::vault::lock;
use crate::{Vault, VaultError};
use facts::Purpose;

/// Which of the texts of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What somebody wrote to us.
    Asked = 0,
    /// What we answered.
    Answered = 1,
}

const TABLE: &str = "texts";

impl Vault {
    /// Keeps a text under its person's key; one that is there is written anew. Durable on return.
    ///
    /// Errors: the person was erased, or the vault does not answer.
    pub fn put_text(&self, id: u128, side: Side, person: PersonId, text: &str) -> Result<(), VaultError> {
        lock(&self.writer).in_transaction(|view| {
            let key = self.data_key(view, person.0)?.ok_or(VaultError::Erased { table: TABLE, id })?;
            let sealed = key.cipher().seal(&place(id, side, person), text.as_bytes(), &mut Chance::new())?;
            view.put_text(id, side as u8, person.0, &sealed)
        })
    }

    /// A text; none when there is none.
    ///
    /// Errors: its person was erased, or the vault does not answer.
    pub fn reveal_text(&self, id: u128, side: Side, purpose: Purpose) -> Result<Option<String>, VaultError> {
        self.count_reveal(purpose);
        let store = lock(&self.reader);
        let view = store.view();
        let Some((person, sealed)) = view.text(id, side as u8)? else { return Ok(None) };
        let key = self.data_key(&view, person)?.ok_or(VaultError::Erased { table: TABLE, id })?;
        let opened = key.cipher().open(&place(id, side, PersonId(person)), &sealed);
        let text = opened.and_then(|text| String::from_utf8(text.to_vec()).ok());
        text.map(Some).ok_or(VaultError::Sealed { table: TABLE, id })
    }
}

/// Where a text stands. It opens nowhere else.
fn place(id: u128, side: Side, person: PersonId) -> Vec<u8> {
    [TABLE.as_bytes(), &[0, side as u8], &id.to_be_bytes(), &person.0.to_be_bytes()].concat()
}
