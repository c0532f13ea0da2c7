//! Contacts: what an order needs of people who are not registered here, kept until it ends: the number of whom it is
//! for, or the card that pays it.
//!
//! Each has a data key of its own, wrapped as those of persons are: destroying it makes an end of the number, whoever
//! has copies. Nobody is found by them: there is no look-up.

use crate::seal::{Chance, Key};
use crate::store::{Table, Wrapped};
use crate::text::Text;
use crate::vault::{lock, master_of};
use crate::{CardNumber, Msisdn, Vault, VaultError};

/// In messages and in what a row is sealed for.
pub(crate) const NAME: &str = "contacts";

/// An order's contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The order; the data key's id.
    pub order: u128,
    /// The id by which the order names the number or the card.
    pub id: u128,
}

impl Vault {
    /// Keeps the number of whom an order is for; durable on return. Kept again for the same order, it stays as it is.
    ///
    /// Errors: the vault does not answer.
    pub fn keep_contact(&self, contact: Contact, number: &Msisdn) -> Result<(), VaultError> {
        self.keep(contact, Table::Numbers, &Text::Number(number.clone()))
    }

    /// Keeps the card that pays an order, in the same way.
    ///
    /// Errors: the vault does not answer.
    pub fn keep_paying_card(&self, contact: Contact, card: &CardNumber) -> Result<(), VaultError> {
        self.keep(contact, Table::Instruments, &Text::Card(card.clone()))
    }

    fn keep(&self, contact: Contact, kind: Table, text: &Text) -> Result<(), VaultError> {
        let (mut ring, mut chance) = (self.ring(), Chance::new());
        let key = Key::random(&mut chance)?;
        let sealed = key.cipher().seal(&place(contact, kind), &text.encode(), &mut chance)?;
        loop {
            let version = ring.newest().version;
            let wrapped = ring.newest().wrap(contact.order, &key, &mut chance)?;
            let wrapped = Wrapped { person: contact.order, version, wrapped };
            let master = lock(&self.writer).in_transaction(|view| {
                let master = master_of(view)?;
                // As for persons: nothing may be left to a key that is not the vault's any more.
                if master <= version && view.insert_contact(contact, &sealed)? {
                    view.insert_key(&wrapped)?;
                }
                Ok(master)
            })?;
            if master <= version {
                return Ok(());
            }
            ring = self.reload(master)?;
        }
    }

    /// What is kept under an id; none when there is nothing, or not any more.
    pub(crate) fn contact_text(&self, kind: Table, id: u128) -> Result<Option<Text>, VaultError> {
        let store = lock(&self.reader);
        let Some((contact, sealed)) = store.view().contact(id)? else { return Ok(None) };
        let Some(key) = self.data_key(&store.view(), contact.order)? else { return Ok(None) };
        let opened = key.cipher().open(&place(contact, kind), &sealed);
        let text = opened.and_then(|text| Text::decode(kind, &text));
        text.map(Some).ok_or(VaultError::Sealed { table: NAME, id })
    }

    /// Contacts after an order's, at most so many, in the order of their orders.
    ///
    /// Errors: the vault does not answer.
    pub fn contacts(&self, after: u128, limit: usize) -> Result<Vec<Contact>, VaultError> {
        lock(&self.reader).view().contacts_after(after, limit)
    }

    /// Destroys these contacts, and leaves no copy of their keys in the vault. Done again, it changes nothing.
    ///
    /// Errors: the vault does not answer, or somebody reads it for too long; it is to be done again then.
    pub fn forget_contacts(&self, contacts: &[Contact]) -> Result<(), VaultError> {
        if contacts.is_empty() {
            return Ok(());
        }
        lock(&self.writer).in_transaction(|view| {
            contacts.iter().try_for_each(|contact| {
                view.remove_contact(contact.order)?;
                view.remove_key(contact.order)
            })
        })?;
        self.forget();
        self.empty_log()
    }
}

/// Where a contact stands. It opens nowhere else, and as nothing else.
fn place(contact: Contact, kind: Table) -> Vec<u8> {
    let (id, order) = (contact.id.to_be_bytes(), contact.order.to_be_bytes());
    [NAME.as_bytes(), &[0], kind.name().as_bytes(), &[0], &id, &order].concat()
}
