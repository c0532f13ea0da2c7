//! The bytes of every fact and of a sealed record, as they are for ever.
//!
//! The files under `golden/` are compared and never edited. A new kind of fact gets a file of its own by
//! `TONGBAO_BLESS=1 cargo test -p facts`, which writes files that are missing and changes none.

mod samples;

use facts::{AccountName, Action, Fact, Hash, OpenRecord, Partner, Programme, Record, SaltKey};
use money::Telco;
use samples::{facts_of_every_kind, file_name, meta, record};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let lines: Vec<&str> =
        digits.as_bytes().chunks(96).map(|line| core::str::from_utf8(line).expect("ascii")).collect();
    lines.join("\n") + "\n"
}

#[expect(clippy::disallowed_methods, reason = "a test reads its golden files")]
fn compare(name: &str, bytes: &[u8]) {
    let (path, found) = (golden(name), hex(bytes));
    if std::env::var_os("TONGBAO_BLESS").is_some() && !path.exists() {
        std::fs::write(&path, &found).expect("a writable folder");
    }
    let kept = std::fs::read_to_string(&path);
    let kept =
        kept.unwrap_or_else(|error| panic!("{}: {error}; {}", path.display(), "a new kind needs TONGBAO_BLESS=1"));
    assert_eq!(kept, found, "{name}: these bytes are in journals, so a kind of fact never changes its form");
}

#[test]
fn every_kind_of_fact_has_the_bytes_it_always_had() {
    for fact in facts_of_every_kind() {
        compare(file_name(&fact), &minicbor::to_vec(&fact).expect("a vector"));
    }
}

/// Whether the reader knows a kind of fact of this number.
fn is_known(number: u32) -> bool {
    let mut bytes = Vec::new();
    minicbor::Encoder::new(&mut bytes).array(2).and_then(|e| e.u32(number)?.array(0)).expect("a vector");
    minicbor::decode::<Fact>(&bytes).is_err_and(|error| !error.is_unknown_variant())
}

/// Hypothesis: a kind of fact that is added without a sample, and so without golden bytes, is found by its number.
#[test]
fn every_kind_of_fact_has_a_sample_and_a_number_of_its_own() {
    let samples = facts_of_every_kind();
    let number = |fact: &Fact| {
        let bytes = minicbor::to_vec(fact).expect("a vector");
        let mut decoder = minicbor::Decoder::new(&bytes);
        assert_eq!(decoder.array().expect("an array"), Some(2));
        decoder.u32().expect("a number")
    };
    let sampled: Vec<u32> = samples.iter().map(number).collect();
    let known: Vec<u32> = (0..1_000).filter(|number| is_known(*number)).collect();
    assert_eq!(sampled, known);
    let named: Vec<u32> = samples.iter().map(|fact| file_name(fact)[..2].parse().expect("a number")).collect();
    assert_eq!(named, sampled);
}

#[test]
fn no_golden_file_is_left_over() {
    let mut known: BTreeSet<String> = facts_of_every_kind().iter().map(|fact| file_name(fact).to_owned()).collect();
    known.extend(["record.hex".to_owned(), "record_hash.hex".to_owned(), "record_empty.hex".to_owned()]);
    let files = std::fs::read_dir(golden("")).expect("the folder");
    let found: BTreeSet<String> =
        files.map(|file| file.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(found, known);
}

#[test]
fn a_sealed_record_has_the_bytes_and_the_hash_it_always_had() {
    let seal = record(7, facts_of_every_kind()).seal(Hash([9; 32]), &SaltKey::new([3; 32]));
    compare("record.hex", &seal.bytes);
    compare("record_hash.hex", &seal.hash.0);
    let empty = OpenRecord { sequence: 1, shard: 0, epoch: 0, meta: meta(), facts: Vec::new() };
    compare("record_empty.hex", &empty.seal(Hash::default(), &SaltKey::new([3; 32])).bytes);
}

#[test]
fn a_golden_fact_reads_back_as_what_it_was() {
    for fact in facts_of_every_kind() {
        let bytes = unhex(file_name(&fact));
        assert_eq!(minicbor::decode::<Fact>(&bytes).expect("reads back"), fact);
    }
    let kept = Record::decode(&unhex("record.hex")).expect("reads back");
    assert_eq!(kept.open, record(7, facts_of_every_kind()));
    assert_eq!(kept.verify(Hash([9; 32]), &SaltKey::new([3; 32])), Ok(()));
}

#[expect(clippy::disallowed_methods, reason = "a test reads its golden files")]
fn unhex(name: &str) -> Vec<u8> {
    let digits = std::fs::read_to_string(golden(name)).expect("blessed").replace('\n', "");
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).expect("ascii"), 16).expect("hex"))
        .collect()
}

/// Hypothesis: a partner, an action or an account that no sample holds keeps its number too.
#[test]
fn partners_actions_and_accounts_have_the_bytes_they_always_had() {
    for (partner, bytes) in [
        (Partner::Telco(Telco::Cbn), "82008103"),
        (Partner::Bank, "820180"),
        (Partner::Issuer, "820280"),
        (Partner::Acquirer, "820380"),
        (Partner::Programme(Programme::Bank), "82048100"),
        (Partner::Programme(Programme::Airline), "82048101"),
    ] {
        assert_eq!(hex(&minicbor::to_vec(partner).expect("a vector")).trim(), bytes, "{partner}");
    }
    for (action, bytes) in [
        (Action::ReserveAirtime, "00"),
        (Action::IssueVoucher, "09"),
        (Action::CollectPayment, "0a"),
        (Action::RefundPayment, "0b"),
        (Action::RedeemPoints, "0d"),
        (Action::ReverseRedemption, "0e"),
        (Action::AccruePoints, "0f"),
    ] {
        assert_eq!(hex(&minicbor::to_vec(action).expect("a vector")).trim(), bytes, "{action}");
    }
    for (account, bytes) in [
        (AccountName::Owed(Partner::Issuer), "820b81820280"),
        (AccountName::Receivable(Partner::Acquirer), "820c81820380"),
        (AccountName::Burned(Partner::Programme(Programme::Bank)), "820e8182048100"),
    ] {
        assert_eq!(hex(&minicbor::to_vec(account).expect("a vector")).trim(), bytes, "{account}");
    }
}
