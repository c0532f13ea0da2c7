//! Records: they read back, they name their reader, and no bit of them changes unseen.

mod samples;

use facts::{
    Cause, Fact, Hash, Key16, Millis, OpenRecord, OrderId, OrderState, READER, Record, RecordError, SaltKey, StepPlan,
};
use minicbor::{Decode, Encode};
use proptest::prelude::*;
use samples::{facts_of_every_kind, plan, record};
use std::sync::LazyLock;

static SALTS: LazyLock<SaltKey> = LazyLock::new(|| SaltKey::new([3; 32]));

fn back<T: Encode<()> + for<'b> Decode<'b, ()>>(value: &T) -> T {
    minicbor::decode(&minicbor::to_vec(value).expect("a vector")).expect("reads back")
}

/// Facts whose numbers and texts are anything.
fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let kinds = facts_of_every_kind();
    let fact = (0..kinds.len(), any::<u128>(), any::<u64>(), any::<u8>(), ".{0,40}").prop_map(
        move |(kind, bits, number, step, text)| {
            let order = OrderId::from_bits(bits);
            match kinds[kind].clone() {
                Fact::StepDone { transfers, .. } => {
                    Fact::StepDone { order, step, amount: number, external: text, transfers }
                }
                Fact::StepQueued { .. } => Fact::StepQueued { order, step, due_at: Millis(number) },
                Fact::StrayFound { cause, transfers, .. } => {
                    Fact::StrayFound { order, step, attempt: step, cause, amount: number, transfers }
                }
                Fact::StepPlanned { .. } => {
                    let plan = StepPlan { amount: number, party: step, acts_on: text, ..plan() };
                    Fact::StepPlanned { order, plan: Box::new(plan) }
                }
                Fact::OrderMoved { .. } => {
                    let state = OrderState::ALL[usize::from(step) % OrderState::ALL.len()];
                    let cause = Cause::ALL[usize::from(step) % Cause::ALL.len()];
                    Fact::OrderMoved { order, state, cause }
                }
                Fact::KeyTaken { used, .. } => Fact::KeyTaken { key: Key16(bits.to_be_bytes()), used },
                other => other,
            }
        },
    );
    proptest::collection::vec(fact, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn facts_and_records_read_back_as_they_were(facts in facts(), sequence in 1u64.., epoch in any::<u32>()) {
        for fact in &facts {
            prop_assert_eq!(&back(fact), fact);
        }
        let open = OpenRecord { epoch, ..record(sequence, facts) };
        let seal = open.seal(Hash([1; 32]), &SALTS);
        let read = Record::decode(&seal.bytes).expect("reads back");
        prop_assert_eq!(read.verify(Hash([1; 32]), &SALTS), Ok(()));
        prop_assert_eq!((read.open, read.hash), (open, seal.hash));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(Record::decode(&bytes));
    }
}

/// Hypothesis: bytes that differ in one bit are no record, or do not hash to what the next record names, or do not
/// hold what their header commits to.
#[test]
fn every_flipped_bit_is_found() {
    let previous = Hash([9; 32]);
    let seal = record(7, facts_of_every_kind()).seal(previous, &SALTS);
    for bit in 0..seal.bytes.len() * 8 {
        let mut bytes = seal.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(read) = Record::decode(&bytes) else { continue };
        let unseen = read.verify(previous, &SALTS).is_ok() && read.hash == seal.hash;
        assert!(!unseen, "bit {bit} of {} changed unseen", seal.bytes.len() * 8);
    }
}

#[test]
fn bytes_after_a_record_are_no_part_of_it() {
    let mut bytes = record(7, facts_of_every_kind()).seal(Hash::default(), &SALTS).bytes;
    bytes.push(0);
    assert!(matches!(Record::decode(&bytes), Err(RecordError::Malformed(_))));
}

#[test]
fn a_shortened_record_is_none() {
    let seal = record(7, facts_of_every_kind()).seal(Hash::default(), &SALTS);
    for length in 0..seal.bytes.len() {
        assert!(matches!(Record::decode(&seal.bytes[..length]), Err(RecordError::Malformed(_))), "{length} bytes");
    }
}

/// A record as a later release would write it: the same outer form, a header that this reader cannot know.
fn of_a_later_release(sequence: u64, min_reader: u16) -> Vec<u8> {
    let mut header = Vec::new();
    let mut encoder = minicbor::Encoder::new(&mut header);
    encoder.array(3).and_then(|e| e.u16(min_reader)?.u64(sequence)?.str("unknown")).expect("a vector");
    let mut bytes = Vec::new();
    let mut encoder = minicbor::Encoder::new(&mut bytes);
    encoder.array(3).and_then(|e| e.bytes(&header)?.bytes(&[0xFF])?.bytes(&[])).expect("a vector");
    bytes
}

#[test]
fn a_record_that_needs_a_later_reader_is_reported_with_its_place() {
    let later = Record::decode(&of_a_later_release(41, READER + 1)).expect_err("from the future");
    assert_eq!(later, RecordError::NeedsReader { sequence: 41, min_reader: READER + 1 });
    assert_eq!(later.to_string(), format!("record 41 needs reader {}, this is reader {READER}", READER + 1));
    assert!(matches!(Record::decode(&of_a_later_release(41, READER)), Err(RecordError::Malformed(_))));
}

/// Three records in a chain.
fn chain() -> Vec<(Hash, Record)> {
    let mut previous = Hash::default();
    (1..=3)
        .map(|sequence| {
            let before = previous;
            let seal = record(sequence, facts_of_every_kind()).seal(before, &SALTS);
            previous = seal.hash;
            (before, Record::decode(&seal.bytes).expect("a record"))
        })
        .collect()
}

#[test]
fn a_chain_holds_in_its_own_order_only() {
    let chain = chain();
    for (before, read) in &chain {
        assert_eq!(read.verify(*before, &SALTS), Ok(()));
    }
    for (place, (_, read)) in chain.iter().enumerate() {
        for (other, (before, _)) in chain.iter().enumerate().filter(|(other, _)| *other != place) {
            let sequence = read.open.sequence;
            let broken = read.verify(*before, &SALTS);
            assert_eq!(broken, Err(RecordError::ChainBroken { sequence }), "record {place} at place {other}");
        }
    }
}

#[test]
fn a_record_of_another_salt_is_altered() {
    let (before, read) = &chain()[0];
    let altered = read.verify(*before, &SaltKey::new([4; 32]));
    assert_eq!(altered, Err(RecordError::PartAltered { sequence: 1 }));
}
