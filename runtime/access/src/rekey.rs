//! Another key for a store: what is sealed is sealed again, in one transaction.

use crate::sealing::{AccessKey, Keys};
use crate::signer::{SignerName, place_of_key};
use crate::staff::place_of_seed;
use crate::store::{KEY_CHECK, Rows, Store};
use crate::{Access, AccessError, PrincipalId, sql};
use std::path::Path;

impl Access {
    /// Changes a store's key while nobody has it open; said again it does nothing. Enrolled staff, keys and sessions
    /// stay. Open codes, device invitations and locks go: they are kept under digests that nobody can turn back.
    ///
    /// Errors: the store belongs to neither key, or does not open.
    pub fn rekey(file: &Path, old: &AccessKey, new: &AccessKey) -> Result<(), AccessError> {
        let (old, new) = (Keys::of(old), Keys::of(new));
        let store = match Store::open(file, &new) {
            Err(AccessError::WrongKey) => Store::open(file, &old)?,
            known => return known.map(drop),
        };
        store.write(|rows| {
            seeds(rows, &old, &new)?;
            shared_keys(rows, &old, &new)?;
            for forget in sql::FORGET_DIGESTS {
                rows.change(forget, [])?;
            }
            rows.change(sql::META_PUT, (KEY_CHECK, new.check())).map(drop)
        })
    }
}

fn seeds(rows: &Rows<'_>, old: &Keys, new: &Keys) -> Result<(), AccessError> {
    let sealed = rows.all(sql::SEEDS, [], |row| Ok((PrincipalId(row.get(0)?), row.get::<_, Vec<u8>>(1)?)))?;
    for (id, seed) in sealed {
        let place = place_of_seed(id);
        rows.change(sql::SEED_PUT, (id.0, new.seal(&place, &old.open(&place, &seed)?)?))?;
    }
    Ok(())
}

fn shared_keys(rows: &Rows<'_>, old: &Keys, new: &Keys) -> Result<(), AccessError> {
    let sealed = rows.all(sql::SHARED_KEYS, [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?))
    })?;
    for (client, serial, key) in sealed {
        let place = place_of_key(SignerName { client: &client, serial: &serial });
        rows.change(sql::SHARED_KEY_PUT, (&client, &serial, new.seal(&place, &old.open(&place, &key)?)?))?;
    }
    Ok(())
}
