//! The subscribers of the benchmark: registered through vault and core as anybody's would be.

use crate::load::Order;
use exchange::rules::NumberTable;
use exchange::{Command, Envelope, Opening, Registration};
use facts::{Bucket, InstrumentId, Meta, Millis, PersonId, Provenance, Province, SubscriberId};
use node::{Lane, Node};
use std::sync::Arc;
use vault::{CardNumber, IdentityNumber, Msisdn, NewPerson, PersonName, Vault};

/// Fen that each holds at first.
const BALANCE: u64 = 400_000;
/// How many go to the vault at once.
const BATCH: usize = 1_000;
/// Provinces where operator-direct is offered in the shipped policy.
const PROVINCES: [u8; 8] = [44, 33, 41, 54, 31, 32, 11, 51];

/// Registers `count` people and returns the orders they would place.
pub async fn register(node: &Node, vault: &Vault, numbers: &NumberTable, segments: &[u8], count: usize) -> Vec<Order> {
    let text = String::from_utf8_lossy(segments);
    let prefixes: Vec<&str> = text.lines().skip(1).filter_map(|row| row.split(',').next()).collect();
    let mut people = Vec::with_capacity(count);
    let mut batch = Vec::with_capacity(BATCH);
    for (serial, prefix) in (0u64..).zip(prefixes.iter().cycle()) {
        if people.len() + batch.len() >= count {
            break;
        }
        let msisdn = format!("{prefix}{:04}", serial / prefixes.len() as u64);
        let Ok(line) = numbers.lookup(&msisdn) else { continue };
        if PROVINCES.contains(&line.province.code()) {
            batch.push((serial, msisdn, line));
        }
        if batch.len() == BATCH {
            people.extend(flush(node, vault, &mut batch).await);
        }
    }
    people.extend(flush(node, vault, &mut batch).await);
    people
}

type Row = (u64, String, exchange::rules::Line);

async fn flush(node: &Node, vault: &Vault, batch: &mut Vec<Row>) -> Vec<Order> {
    let rows: Vec<vault::Registration> = batch.iter().filter_map(|(serial, msisdn, _)| row(*serial, msisdn)).collect();
    vault.register(&rows).expect("the vault takes the batch");
    let mut answers = Vec::with_capacity(batch.len());
    for (serial, _, line) in batch.iter() {
        let registration = Registration {
            subscriber: SubscriberId::from_bits(id(*serial, 2)),
            person: PersonId::from_bits(id(*serial, 1)),
            telco: line.telco,
            province: line.province,
            own_card: Some(InstrumentId::from_bits(id(*serial, 3))),
            credit_card: None,
            lots: vec![Opening { provenance: Provenance::SelfPaid, amount: BALANCE, at: Millis(1) }],
        };
        let meta = Meta { requested_at: Millis(0), ..Meta::system(Millis(0)) };
        let envelope = Envelope { meta, key: None, command: Command::Register(registration) };
        answers.push(node.submit(Lane::Operators, envelope, |_, reply| reply));
    }
    for answer in answers {
        answer.await.expect("the node takes the registration");
    }
    batch.drain(..).map(|(serial, _, line)| order(serial, line.province)).collect()
}

fn order(serial: u64, province: Province) -> Order {
    Order { subscriber: Arc::from(SubscriberId::from_bits(id(serial, 2)).to_string()), province: province.code() }
}

fn id(serial: u64, kind: u128) -> u128 {
    let bucket = Bucket::of_hash(serial.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    SubscriberId::new(serial + 1, bucket, kind).bits()
}

fn row(serial: u64, msisdn: &str) -> Option<vault::Registration> {
    let person = NewPerson {
        id: vault::PersonId(id(serial, 1)),
        name: PersonName::parse("王小明").ok()?,
        identity: IdentityNumber::parse(&identity_number(serial)).ok()?,
    };
    let number = (vault::SubscriberId(id(serial, 2)), Msisdn::parse(msisdn).ok()?);
    let card = (vault::InstrumentId(id(serial, 3)), CardNumber::parse(&format!("622202{serial:010}")).ok()?);
    Some(vault::Registration { person, number, card: Some(card), credit_card: None })
}

/// GB 11643, with the serial spread over regions, days and serials.
fn identity_number(serial: u64) -> String {
    const WEIGHTS: [u64; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let (region, rest) = (110_000 + serial / 250_000, serial % 250_000);
    let body = format!("{region:06}{}{:02}{:02}{:03}", 1_980, 1 + rest / 25_000, 1 + rest / 1_000 % 25, rest % 1_000);
    let sum: u64 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum();
    format!("{body}{}", CHECKS[usize::try_from(sum % 11).unwrap_or_default()])
}
