//! Clients' keys: what each was used with and what it made, for ever.
//!
//! A key never leaves memory, so there is nothing here but what it must hold: 48 bytes for a key that made an order,
//! in sorted runs. A key is a keyed digest, so its first bits spread evenly and choose the run.

use crate::{Key16, KeyUse, Made, OrderId};
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use std::collections::BTreeMap;

/// How many bits of a key choose its run: at ten million keys a run is 30 KiB, which a new one moves half of.
const RUN_BITS: u32 = 14;
/// How much room a full run gets, as a part of its length: an eighth, so that a key takes 54 bytes at most.
const ROOM: usize = 8;

/// A key that made an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct Row {
    #[n(0)]
    key: Key16,
    #[n(1)]
    body: Key16,
    #[n(2)]
    order: OrderId,
}

/// All keys that were used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    /// Those that made an order, by their first bits; no run at all before the first.
    runs: Vec<Vec<Row>>,
    /// The others: as many as subscribers, lots and acts on the machine.
    others: BTreeMap<Key16, KeyUse>,
}

impl Keys {
    pub(crate) fn get(&self, key: Key16) -> Option<KeyUse> {
        let run = self.runs.get(run_of(key)).map_or(&[][..], Vec::as_slice);
        match run.binary_search_by_key(&key, |row| row.key) {
            Ok(place) => Some(KeyUse { body: run[place].body, made: Made::Order(run[place].order) }),
            Err(_) => self.others.get(&key).copied(),
        }
    }

    pub(crate) fn insert(&mut self, key: Key16, used: KeyUse) {
        let Made::Order(order) = used.made else {
            self.others.insert(key, used);
            return;
        };
        if self.runs.is_empty() {
            self.runs = vec![Vec::new(); 1 << RUN_BITS];
        }
        let run = &mut self.runs[run_of(key)];
        if run.len() == run.capacity() {
            run.reserve_exact(run.len() / ROOM + 1);
        }
        let row = Row { key, body: used.body, order };
        match run.binary_search_by_key(&key, |row| row.key) {
            Ok(place) => run[place] = row,
            Err(place) => run.insert(place, row),
        }
    }

    /// What the keys that made orders take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let rows: usize = self.runs.iter().map(Vec::capacity).sum();
        rows * size_of::<Row>() + self.runs.capacity() * size_of::<Vec<Row>>()
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.runs.iter().flatten()
    }
}

const fn run_of(key: Key16) -> usize {
    u16::from_be_bytes([key.0[0], key.0[1]]) as usize >> (16 - RUN_BITS)
}

impl<C> Encode<C> for Keys {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.array(2)?.array(self.rows().count() as u64)?;
        self.rows().try_for_each(|row| row.encode(e, ctx))?;
        self.others.encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for Keys {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Keys, DecodeError> {
        d.array()?;
        let mut keys = Keys::default();
        for row in Vec::<Row>::decode(d, ctx)? {
            keys.insert(row.key, KeyUse { body: row.body, made: Made::Order(row.order) });
        }
        keys.others = BTreeMap::decode(d, ctx)?;
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SubscriberId;
    use sha2::{Digest, Sha256};

    fn digest(number: u64) -> Key16 {
        let hash = Sha256::digest(number.to_be_bytes());
        Key16(std::array::from_fn(|place| hash[place]))
    }

    fn used(number: u64) -> KeyUse {
        KeyUse { body: digest(number + 1), made: Made::Order(OrderId::from_bits(number.into())) }
    }

    #[test]
    fn a_key_is_found_with_what_it_made_and_no_other_is() {
        let mut keys = Keys::default();
        assert_eq!(keys.get(digest(0)), None);
        (0..50_000).for_each(|number| keys.insert(digest(number), used(number)));
        let subscriber = KeyUse { body: digest(1), made: Made::Subscriber(SubscriberId::from_bits(7)) };
        keys.insert(digest(50_000), subscriber);
        assert!((0..50_000).all(|number| keys.get(digest(number)) == Some(used(number))));
        assert_eq!(keys.get(digest(50_000)), Some(subscriber));
        assert_eq!(keys.get(digest(50_001)), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut keys = Keys::default();
        (0..300).for_each(|number| keys.insert(digest(number), used(number)));
        keys.insert(digest(300), KeyUse { body: digest(1), made: Made::Lot(SubscriberId::from_bits(7), 3) });
        keys.insert(digest(301), KeyUse { body: digest(1), made: Made::Act });
        let bytes = minicbor::to_vec(&keys).expect("a vector takes all");
        assert_eq!(minicbor::decode::<Keys>(&bytes).expect("it was written"), keys);
    }

    #[test]
    fn a_key_takes_at_most_64_bytes() {
        let mut keys = Keys::default();
        (0..1_000_000).for_each(|number| keys.insert(digest(number), used(number)));
        assert!(keys.bytes() <= 64_000_000, "{} bytes", keys.bytes());
    }
}
