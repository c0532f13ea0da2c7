//! The record: all facts of one command in an envelope, sealed into the hash chain.
//!
//! Stored bytes: a CBOR array of three byte strings: header, receipt part, internal part. The header carries
//! a salted commitment to each part and the evidence leaf, the hash of both, so that tiles can be rebuilt and
//! the chain verified after a body is erased. The chain's hash is over the stored header, never over
//! re-encoded values. Salts are derived from a yearly key and are not in the record.

use crate::terms::words;
use crate::{Fact, Hash, Key16, Millis, Part, PolicyVersion, Province, UnknownWord};
use core::fmt;
use core::str::FromStr;
use hmac::{Hmac, KeyInit, Mac};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

/// The reader this code is. A record that says it needs a later one is reported, not guessed at.
pub const READER: u16 = 1;

const CHAIN_LABEL: &[u8] = b"tongbao record v1";
const PART_LABEL: &[u8] = b"tongbao part v1";
const LEAF_PREFIX: u8 = 0x00;
/// What most parts of a record stay below.
const PART_BYTES_MOSTLY: usize = 1_024;

words! {
    /// What kind of actor gave a command.
    ActorKind {
        /// The node itself: timers, recovery.
        System = 0, "system";
        /// The subscriber.
        Subscriber = 1, "subscriber";
        /// A member of staff.
        Staff = 2, "staff";
        /// A partner's programme.
        Partner = 3, "partner";
        /// A shop.
        Agent = 4, "agent";
    }
}

words! {
    /// How a command came in.
    Channel {
        /// From inside the node.
        Internal = 0, "internal";
        /// The HTTP API.
        Http = 1, "http";
        /// An order file.
        File = 2, "file";
        /// A partner's answer, callback or statement.
        Partner = 3, "partner";
        /// The command line.
        Cli = 4, "cli";
    }
}

/// Who gave a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Actor {
    /// What kind.
    #[n(0)]
    pub kind: ActorKind,
    /// Which one: an id's bits, or zero.
    #[n(1)]
    pub id: Key16,
    /// In which role, as a number of the access policy; 0 until there is one.
    #[n(2)]
    pub role: u16,
}

impl Actor {
    /// The node itself.
    pub const SYSTEM: Actor = Actor { kind: ActorKind::System, id: Key16([0; 16]), role: 0 };
}

/// The risk verdict that a worker attached; all zero when the command was not assessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Verdict {
    /// The version of rules and model behind it.
    #[n(0)]
    pub version: PolicyVersion,
    /// The outcome, as a number of those rules.
    #[n(1)]
    pub outcome: u16,
    /// The score, in parts per million.
    #[n(2)]
    pub score_ppm: u32,
}

/// Where a command came from and when: the part of a record that no fact carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Meta {
    /// Who.
    #[n(0)]
    pub actor: Actor,
    /// How.
    #[n(1)]
    pub channel: Channel,
    /// The province it entered in, when it came from a person.
    #[n(2)]
    pub province: Option<Province>,
    /// Keyed digest of the device; zero when unknown.
    #[n(3)]
    pub device: Key16,
    /// The agent in between; zero when none.
    #[n(4)]
    pub agent: Key16,
    /// Keyed digest of the client's key; zero when none.
    #[n(5)]
    pub client_key: Key16,
    /// The trace of the request.
    #[n(6)]
    pub trace: Key16,
    /// Node time: never goes back, and alone fires timers.
    #[n(7)]
    pub now: Millis,
    /// Business time: decides dates, limits and prices; may go back between requests.
    #[n(8)]
    pub requested_at: Millis,
    /// The risk verdict.
    #[n(9)]
    pub verdict: Verdict,
    /// The network address that a member of staff came from, as one block under a key of the node; none for others.
    #[n(10)]
    pub whence: Option<Key16>,
}

impl Meta {
    /// A command of the node itself.
    pub fn system(now: Millis) -> Meta {
        Meta {
            actor: Actor::SYSTEM,
            channel: Channel::Internal,
            province: None,
            device: Key16::default(),
            agent: Key16::default(),
            client_key: Key16::default(),
            trace: Key16::default(),
            now,
            requested_at: now,
            verdict: Verdict::default(),
            whence: None,
        }
    }
}

/// A record before it is sealed: decided and applied, not yet durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRecord {
    /// Its place in the journal, from 1 without a gap.
    pub sequence: u64,
    /// The shard that wrote it.
    pub shard: u16,
    /// The epoch of the writer.
    pub epoch: u32,
    /// Where it came from and when.
    pub meta: Meta,
    /// What happened.
    pub facts: Vec<Fact>,
}

/// The yearly key that salts are derived from, as the digest that has taken it in.
#[derive(Clone)]
pub struct SaltKey(Hmac<Sha256>);

impl SaltKey {
    /// The key of these bytes.
    pub fn new(key: [u8; 32]) -> SaltKey {
        // HMAC fills a key up with zeros to the digest's block.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(&key);
        SaltKey(Hmac::new(&block.into()))
    }

    fn salt(&self, sequence: u64, part: Part) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(&sequence.to_be_bytes());
        mac.update(&[part_number(part)]);
        mac.finalize().into_bytes().into()
    }

    fn commitment(&self, sequence: u64, part: Part, body: &[u8]) -> Hash {
        let mut digest = Sha256::new();
        digest.update(PART_LABEL);
        digest.update([part_number(part)]);
        digest.update(self.salt(sequence, part));
        digest.update((body.len() as u64).to_be_bytes());
        digest.update(body);
        Hash(digest.finalize().into())
    }
}

impl fmt::Debug for SaltKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SaltKey(hidden)")
    }
}

const fn part_number(part: Part) -> u8 {
    match part {
        Part::Receipt => 0,
        Part::Internal => 1,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Header {
    #[n(0)]
    min_reader: u16,
    #[n(1)]
    sequence: u64,
    #[n(2)]
    shard: u16,
    #[n(3)]
    epoch: u32,
    #[n(4)]
    previous: Hash,
    #[n(5)]
    meta: Meta,
    #[n(6)]
    receipt: Hash,
    #[n(7)]
    internal: Hash,
    #[n(8)]
    leaf: Hash,
}

/// A sealed record: its stored bytes and the hash that the next one names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// What is stored.
    pub bytes: Vec<u8>,
    /// The chain's hash after this record.
    pub hash: Hash,
}

/// A record read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What was sealed.
    pub open: OpenRecord,
    /// The hash of the record before.
    pub previous: Hash,
    /// The chain's hash after this record.
    pub hash: Hash,
    /// The evidence leaf.
    pub leaf: Hash,
    receipt_commitment: Hash,
    internal_commitment: Hash,
    receipt: Vec<u8>,
    internal: Vec<u8>,
}

/// Why stored bytes are not a record to go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// The bytes are no record.
    Malformed(String),
    /// A later release wrote it.
    NeedsReader {
        /// The record's place.
        sequence: u64,
        /// The reader it needs.
        min_reader: u16,
    },
    /// It does not follow the record before.
    ChainBroken {
        /// The record's place.
        sequence: u64,
    },
    /// A part is not what the header commits to.
    PartAltered {
        /// The record's place.
        sequence: u64,
    },
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::Malformed(why) => write!(f, "not a record: {why}"),
            RecordError::NeedsReader { sequence, min_reader } => {
                write!(f, "record {sequence} needs reader {min_reader}, this is reader {READER}")
            }
            RecordError::ChainBroken { sequence } => write!(f, "record {sequence} does not follow the one before it"),
            RecordError::PartAltered { sequence } => write!(f, "record {sequence} is not what its header commits to"),
        }
    }
}

impl core::error::Error for RecordError {}

impl From<minicbor::decode::Error> for RecordError {
    fn from(error: minicbor::decode::Error) -> RecordError {
        RecordError::Malformed(error.to_string())
    }
}

impl OpenRecord {
    /// Seals the record behind `previous`.
    pub fn seal(&self, previous: Hash, salts: &SaltKey) -> Seal {
        let receipt = self.encode_part(Part::Receipt);
        let internal = self.encode_part(Part::Internal);
        let receipt_commitment = salts.commitment(self.sequence, Part::Receipt, &receipt);
        let internal_commitment = salts.commitment(self.sequence, Part::Internal, &internal);
        let header = encode(&Header {
            min_reader: READER,
            sequence: self.sequence,
            shard: self.shard,
            epoch: self.epoch,
            previous,
            meta: self.meta,
            receipt: receipt_commitment,
            internal: internal_commitment,
            leaf: leaf(receipt_commitment, internal_commitment),
        });
        let hash = chain_hash(&header);
        let mut bytes = Vec::with_capacity(header.len() + receipt.len() + internal.len() + 16);
        let mut encoder = minicbor::Encoder::new(&mut bytes);
        // Writing to a vector cannot fail.
        let written = encoder.array(3).and_then(|e| e.bytes(&header)?.bytes(&receipt)?.bytes(&internal)).is_ok();
        debug_assert!(written);
        Seal { bytes, hash }
    }

    fn encode_part(&self, part: Part) -> Vec<u8> {
        let facts: Vec<(u16, &Fact)> = (0u16..).zip(&self.facts).filter(|(_, fact)| fact.part() == part).collect();
        encode(&facts)
    }
}

impl Record {
    /// Reads a record from its stored bytes.
    ///
    /// Errors: `Malformed`, or `NeedsReader` when a later release wrote it.
    pub fn decode(bytes: &[u8]) -> Result<Record, RecordError> {
        let mut decoder = minicbor::Decoder::new(bytes);
        if decoder.array()? != Some(3) {
            return Err(RecordError::Malformed("expected three parts".to_owned()));
        }
        let (header_bytes, receipt, internal) = (decoder.bytes()?, decoder.bytes()?, decoder.bytes()?);
        if decoder.position() != bytes.len() {
            return Err(RecordError::Malformed("expected nothing after its parts".to_owned()));
        }
        check_reader(header_bytes)?;
        let header: Header = minicbor::decode(header_bytes)?;
        let open = OpenRecord {
            sequence: header.sequence,
            shard: header.shard,
            epoch: header.epoch,
            meta: header.meta,
            facts: decode_parts(receipt, internal)?,
        };
        Ok(Record {
            open,
            previous: header.previous,
            hash: chain_hash(header_bytes),
            leaf: header.leaf,
            receipt_commitment: header.receipt,
            internal_commitment: header.internal,
            receipt: receipt.to_vec(),
            internal: internal.to_vec(),
        })
    }

    /// Checks that the record follows `previous` and that its parts are those the header commits to.
    ///
    /// Errors: `ChainBroken`, `PartAltered`.
    pub fn verify(&self, previous: Hash, salts: &SaltKey) -> Result<(), RecordError> {
        let sequence = self.open.sequence;
        if self.previous != previous {
            return Err(RecordError::ChainBroken { sequence });
        }
        let kept = salts.commitment(sequence, Part::Receipt, &self.receipt) == self.receipt_commitment
            && salts.commitment(sequence, Part::Internal, &self.internal) == self.internal_commitment
            && leaf(self.receipt_commitment, self.internal_commitment) == self.leaf;
        if kept { Ok(()) } else { Err(RecordError::PartAltered { sequence }) }
    }
}

/// Reads only the two fields every release understands, so that a later record is reported and not misread.
fn check_reader(header: &[u8]) -> Result<(), RecordError> {
    let mut decoder = minicbor::Decoder::new(header);
    decoder.array()?;
    let min_reader = decoder.u16()?;
    let sequence = decoder.u64()?;
    if min_reader > READER {
        return Err(RecordError::NeedsReader { sequence, min_reader });
    }
    Ok(())
}

fn decode_parts(receipt: &[u8], internal: &[u8]) -> Result<Vec<Fact>, RecordError> {
    let mut facts: Vec<(u16, Fact)> = minicbor::decode(receipt)?;
    let more: Vec<(u16, Fact)> = minicbor::decode(internal)?;
    facts.extend(more);
    facts.sort_by_key(|(place, _)| *place);
    Ok(facts.into_iter().map(|(_, fact)| fact).collect())
}

fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    // Most parts fit: growing would copy them again and again.
    let mut bytes = Vec::with_capacity(PART_BYTES_MOSTLY);
    // Writing to a vector cannot fail.
    let written = minicbor::encode(value, &mut bytes).is_ok();
    debug_assert!(written);
    bytes
}

fn chain_hash(header: &[u8]) -> Hash {
    let mut digest = Sha256::new();
    digest.update(CHAIN_LABEL);
    digest.update((header.len() as u64).to_be_bytes());
    digest.update(header);
    Hash(digest.finalize().into())
}

/// The leaf hash of RFC 6962, section 2.1, over the two commitments.
fn leaf(receipt: Hash, internal: Hash) -> Hash {
    let mut digest = Sha256::new();
    digest.update([LEAF_PREFIX]);
    digest.update(receipt.0);
    digest.update(internal.0);
    Hash(digest.finalize().into())
}
