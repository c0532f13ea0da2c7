//! Putting people: rows are sealed before the writer's lock is taken, and put in one transaction.

use crate::ring::{KeyRing, Lookup};
use crate::rows::{PersonId, Put, Registered, Registration};
use crate::seal::{Chance, Cipher, Key};
use crate::store::{Row, Table, View, Wrapped};
use crate::text::Text;
use crate::vault::{FILES, lock, lookups, master_of, place};
use crate::{Vault, VaultError};
use std::collections::HashMap;

/// A row to be put, with what it is looked up by while a rotation lasts.
struct Draft {
    row: Row,
    lookups: [Lookup; 2],
}

/// A registration sealed for the person it is expected to be of.
struct Sealed {
    person: Draft,
    key: Wrapped,
    number: Draft,
    cards: [Option<Draft>; 2],
}

impl Vault {
    /// Puts many registrations in one transaction, all or none; durable on return, answers in order.
    ///
    /// Errors: an id is in use for other data, or the vault does not answer.
    pub fn register(&self, batch: &[Registration]) -> Result<Vec<Registered>, VaultError> {
        let mut ring = self.ring();
        loop {
            let sealed = seal_all(&ring, batch)?;
            let put = lock(&self.writer).in_transaction(|view| {
                let master = master_of(view)?;
                // Sealed under a key that is not the vault's any more: nothing may be left to it.
                if master > ring.newest().version {
                    return Ok(Err(master));
                }
                let put = sealed.iter().zip(batch).map(|(sealed, one)| self.put(view, &ring, sealed, one));
                put.collect::<Result<Vec<_>, _>>().map(Ok)
            })?;
            match put {
                Ok(registered) => return Ok(registered),
                Err(master) => ring = self.reload(master)?,
            }
        }
    }

    fn put(
        &self,
        view: &View<'_>,
        ring: &KeyRing,
        sealed: &Sealed,
        one: &Registration,
    ) -> Result<Registered, VaultError> {
        let person: Put<PersonId> = put(view, Table::Persons, &sealed.person)?;
        if person.created {
            view.insert_key(&sealed.key)?;
        }
        if person.id.0 == sealed.number.row.person {
            return put_rest(view, person, &sealed.number, &sealed.cards);
        }
        // The identity number is another's than was expected, so everything is sealed again, for them.
        let missing = VaultError::Sealed { table: "data_keys", id: person.id.0 };
        let key = self.data_key(view, person.id.0)?.ok_or(missing)?;
        let mut sealer = Sealer { ring, chance: Chance::new() };
        let (number, cards) = sealer.rest(&key.cipher(), person.id.0, one)?;
        put_rest(view, person, &number, &cards)
    }
}

fn put_rest(
    view: &View<'_>,
    person: Put<PersonId>,
    number: &Draft,
    cards: &[Option<Draft>; 2],
) -> Result<Registered, VaultError> {
    let number = put(view, Table::Numbers, number)?;
    let put_card = |card: &Option<Draft>| card.as_ref().map(|card| put(view, Table::Instruments, card)).transpose();
    Ok(Registered { person, number, card: put_card(&cards[0])?, credit_card: put_card(&cards[1])? })
}

/// Puts a row, or finds the one that has its value.
fn put<Id: From<u128>>(view: &View<'_>, table: Table, draft: &Draft) -> Result<Put<Id>, VaultError> {
    let Draft { row, lookups } = draft;
    let rotating = lookups[0] != lookups[1];
    let before = if rotating { view.by_lookup(table, *lookups, row.person)? } else { None };
    if before.is_none() && view.insert(table, row)? {
        return Ok(Put { id: row.id.into(), person: PersonId(row.person), created: true });
    }
    let there = match before {
        Some(there) => Some(there),
        None => view.by_lookup(table, *lookups, row.person)?,
    };
    let (id, person) = there.ok_or(VaultError::IdInUse { table: table.name(), id: row.id })?;
    Ok(Put { id: id.into(), person: PersonId(person), created: false })
}

/// Seals registrations, each for the person it offers, or for the one of the batch that has the identity number.
fn seal_all(ring: &KeyRing, batch: &[Registration]) -> Result<Vec<Sealed>, VaultError> {
    let mut sealer = Sealer { ring, chance: Chance::new() };
    let mut offered: HashMap<&str, (u128, Key)> = HashMap::with_capacity(batch.len());
    let mut sealed = Vec::with_capacity(batch.len());
    for one in batch {
        if one.person.id.0 == FILES {
            return Err(VaultError::IdInUse { table: Table::Persons.name(), id: FILES });
        }
        let identity = one.person.identity.expose();
        let known = offered.get(identity).cloned();
        let (person, key) = match known {
            Some(known) => known,
            None => (one.person.id.0, Key::random(&mut sealer.chance)?),
        };
        let cipher = key.cipher();
        let text = Text::Person(one.person.name.clone(), one.person.identity.clone());
        let draft = sealer.row(Table::Persons, one.person.id.0, one.person.id.0, &cipher, &text)?;
        let wrapped = sealer.wrap(person, &key)?;
        let (number, cards) = sealer.rest(&cipher, person, one)?;
        sealed.push(Sealed { person: draft, key: wrapped, number, cards });
        offered.entry(identity).or_insert((person, key));
    }
    Ok(sealed)
}

struct Sealer<'r> {
    ring: &'r KeyRing,
    chance: Chance,
}

impl Sealer<'_> {
    /// What of a registration goes to whoever the person is.
    fn rest(
        &mut self,
        cipher: &Cipher,
        person: u128,
        one: &Registration,
    ) -> Result<(Draft, [Option<Draft>; 2]), VaultError> {
        let (id, msisdn) = &one.number;
        let number = self.row(Table::Numbers, id.0, person, cipher, &Text::Number(msisdn.clone()))?;
        let mut cards = [None, None];
        for (place, card) in cards.iter_mut().zip([&one.card, &one.credit_card]) {
            if let Some((id, card)) = card {
                *place = Some(self.row(Table::Instruments, id.0, person, cipher, &Text::Card(card.clone()))?);
            }
        }
        Ok((number, cards))
    }

    fn row(&mut self, table: Table, id: u128, person: u128, cipher: &Cipher, text: &Text) -> Result<Draft, VaultError> {
        let lookups = lookups(self.ring, table, text.looked_up_by());
        let sealed = cipher.seal(&place(table, id, person), &text.encode(), &mut self.chance)?;
        let row = Row { id, person, lookup: lookups[0], lookup_key: self.ring.newest().version, sealed };
        Ok(Draft { row, lookups })
    }

    fn wrap(&mut self, person: u128, key: &Key) -> Result<Wrapped, VaultError> {
        let master = self.ring.newest();
        let wrapped = master.wrap(person, key, &mut self.chance)?;
        Ok(Wrapped { person, version: master.version, wrapped })
    }
}
