//! Typed, prefixed identities, each carrying the bucket of the subject it belongs to.
//!
//! Shape of the 128 bits: 48 of milliseconds since 1970, 12 of bucket, 68 of chance. The bucket is one of
//! 4,096, a keyed hash of the subject computed outside, so that everything a subject owns can be homed on one
//! shard for ever without a look-up. Text: a prefix and 26 characters of Crockford's base 32, as in
//! `ord_01JD…`; text and number order agree.
//!
//! In memory they are two words: a number of 128 bits would align whatever holds an id to 16 bytes, and allocators
//! serve that slower.

use core::fmt;
use core::str::FromStr;
use minicbor::{Decode, Encode};

/// One of 4,096 homes of subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Bucket(#[n(0)] u16);

impl Bucket {
    /// How many buckets there are.
    pub const COUNT: u16 = 4_096;

    /// The bucket that a keyed hash of the subject falls into.
    pub const fn of_hash(hash: u64) -> Bucket {
        Bucket((hash % Bucket::COUNT as u64) as u16)
    }

    /// The bucket's number, below [`Bucket::COUNT`].
    pub const fn number(self) -> u16 {
        self.0
    }
}

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Why a text is not an id of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseIdError {
    /// The prefix that was expected, with its underscore.
    pub expected: &'static str,
}

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected `{}` and 26 characters of Crockford's base 32", self.expected)
    }
}

impl core::error::Error for ParseIdError {}

fn write_base32(value: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0u8; 26];
    let mut rest = value;
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    f.write_str(core::str::from_utf8(&text).unwrap_or_default())
}

fn read_base32(text: &str) -> Option<u128> {
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes().try_fold(0u128, |value, byte| {
        let digit = ALPHABET.iter().position(|known| *known == byte)?;
        Some((value << 5) | digit as u128)
    })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(u64, u64);

        impl $name {
            /// The prefix of its text form.
            pub const PREFIX: &'static str = $prefix;

            /// An id made at `now_ms` for a subject's bucket; `chance` is 68 random bits drawn outside.
            pub const fn new(now_ms: u64, bucket: Bucket, chance: u128) -> $name {
                let time = ((now_ms as u128) & 0xFFFF_FFFF_FFFF) << 80;
                $name::from_bits(time | ((bucket.0 as u128) << 68) | (chance & ((1 << 68) - 1)))
            }

            /// The id with these bits.
            pub const fn from_bits(bits: u128) -> $name {
                $name((bits >> 64) as u64, bits as u64)
            }

            /// All 128 bits.
            pub const fn bits(self) -> u128 {
                (self.0 as u128) << 64 | self.1 as u128
            }

            /// When it was made, in milliseconds since 1970.
            pub const fn made_at_ms(self) -> u64 {
                self.0 >> 16
            }

            /// The home of the subject that this id belongs to.
            pub const fn bucket(self) -> Bucket {
                Bucket(((self.0 >> 4) & 0xFFF) as u16)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                write_base32(self.bits(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<$name, ParseIdError> {
                let bare = text.strip_prefix($prefix).and_then(read_base32);
                bare.map($name::from_bits).ok_or(ParseIdError { expected: $prefix })
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut minicbor::Encoder<W>,
                _context: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.bytes(&self.bits().to_be_bytes())?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(decoder: &mut minicbor::Decoder<'b>, _context: &mut C) -> Result<Self, minicbor::decode::Error> {
                let bytes = decoder.bytes()?;
                let bytes = bytes.try_into().map_err(|_| minicbor::decode::Error::message("an id is 16 bytes"))?;
                Ok($name::from_bits(u128::from_be_bytes(bytes)))
            }
        }
    )*};
}

ids! {
    /// A natural person, known by an identity number that only the vault holds.
    PersonId, "per_";
    /// A subscriber: one phone number of a person at a telco.
    SubscriberId, "sub_";
    /// A payment instrument of a person: a bank card.
    InstrumentId, "ins_";
    /// A conversion order.
    OrderId, "ord_";
    /// A quote.
    QuoteId, "quo_";
    /// A change that two people make.
    ApprovalId, "apr_";
    /// An order file that a node answers.
    BatchId, "bat_";
    /// A complaint.
    ComplaintId, "cmp_";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_keeps_its_bucket() {
        let bucket = Bucket::of_hash(4_095);
        let id = OrderId::new(1_790_000_000_000, bucket, u128::MAX);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.bucket().number(), 4_095);
        assert_eq!(id.to_string().len(), 30);
    }

    #[test]
    fn another_kind_of_id_is_refused() {
        let person = PersonId::new(1, Bucket::of_hash(1), 1).to_string();
        assert_eq!(person.parse::<OrderId>(), Err(ParseIdError { expected: "ord_" }));
        for text in [
            "ord_",
            "ord_8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "ord_0000000000000000000000000U",
            "ord_é000000000000000000000000",
        ] {
            assert!(text.parse::<OrderId>().is_err(), "{text}");
        }
    }
}
