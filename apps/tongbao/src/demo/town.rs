//! The people of the demonstration: made up, with numbers from real segments and identity numbers that check.

use crate::demo::chance::Chance;
use crate::failure::Failure;
use exchange::rules::NumberTable;
use facts::Province;
use money::Telco;
use std::collections::{BTreeMap, BTreeSet};

/// A subscriber to be.
#[derive(Clone)]
pub struct Resident {
    /// Name, made up.
    pub name: String,
    /// An identity number that checks.
    pub id_number: String,
    /// A number in a real segment.
    pub msisdn: String,
    /// A bank card number that checks.
    pub card: String,
    /// Whether the bank has closed the card.
    pub card_closed: bool,
    /// The number's telco.
    pub telco: Telco,
    /// The number's home province.
    pub province: Province,
    /// Fen recharged by the holder.
    pub self_paid: u64,
    /// Fen given by the telco.
    pub promotional: u64,
    /// Fen that the telco's books lack of what we believe: the balance was used meanwhile.
    pub used_meanwhile: u64,
}

const FAMILY: [&str; 16] =
    ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林"];
/// Every how many segments one is taken.
const SPREAD: usize = 97;
/// How residents spread over telcos: every telco often enough that each of its profiles is seen at work.
const MIX: [Telco; 10] = [
    Telco::Ctcc,
    Telco::Ctcc,
    Telco::Ctcc,
    Telco::Ctcc,
    Telco::Cmcc,
    Telco::Cmcc,
    Telco::Cucc,
    Telco::Cbn,
    Telco::Cbn,
    Telco::Cbn,
];
const GIVEN: [&str; 16] =
    ["伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明"];

/// Makes `count` residents. Some have a closed card or an outdated balance when `misfortune` is set.
///
/// Errors: the number segments hold no usable number.
pub fn residents(
    count: usize,
    seed: u64,
    misfortune: bool,
    segments: &[u8],
    numbers: &NumberTable,
) -> Result<Vec<Resident>, Failure> {
    let prefixes = prefixes(segments);
    if prefixes.values().any(Vec::is_empty) {
        return Err(Failure::unable("the number segments lack a telco"));
    }
    let mut chance = Chance::new(seed, 1);
    let (mut residents, mut taken) = (Vec::with_capacity(count), BTreeSet::new());
    let mut tries = 0usize;
    while residents.len() < count {
        tries += 1;
        if tries > count.saturating_mul(1_000) {
            return Err(Failure::unable("the number segments hold too few connected numbers"));
        }
        let telco = *chance.one(&MIX);
        let msisdn = format!("{}{:04}", chance.one(&prefixes[&telco]), chance.below(10_000));
        let Ok(line) = numbers.lookup(&msisdn) else { continue };
        if !taken.insert(msisdn.clone()) {
            continue;
        }
        let serial = residents.len() as u64;
        residents.push(Resident {
            name: format!("{}{}{}", chance.one(&FAMILY), chance.one(&GIVEN), chance.one(&GIVEN)),
            id_number: identity_number(&mut chance, serial),
            card: card_number(serial),
            card_closed: misfortune && chance.percent(1),
            telco: line.telco,
            province: line.province,
            self_paid: 50_000 + chance.below(450) * 1_000,
            promotional: chance.below(20) * 500,
            used_meanwhile: if misfortune && chance.percent(2) { 45_000 } else { 0 },
            msisdn,
        });
    }
    Ok(residents)
}

/// A spread of the first seven digits of real numbers, by telco.
fn prefixes(segments: &[u8]) -> BTreeMap<Telco, Vec<String>> {
    let text = String::from_utf8_lossy(segments);
    let mut prefixes: BTreeMap<Telco, Vec<String>> = MIX.iter().map(|telco| (*telco, Vec::new())).collect();
    for row in text.lines().skip(1).step_by(SPREAD) {
        let telco = row.rsplit(',').next().and_then(|operator| operator.parse::<Telco>().ok());
        if let (Some(telco), Some(prefix)) = (telco, row.split(',').next()) {
            prefixes.entry(telco).or_default().push(prefix.to_owned());
        }
    }
    prefixes
}

/// GB 11643: region, birth date, serial, check character by ISO 7064 MOD 11-2.
fn identity_number(chance: &mut Chance, serial: u64) -> String {
    const WEIGHTS: [u64; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let region = 110_000 + serial / 1_000;
    let (year, month, day) = (1_960 + chance.below(45), 1 + chance.below(12), 1 + chance.below(28));
    let body = format!("{region:06}{year:04}{month:02}{day:02}{:03}", serial % 1_000);
    let sum: u64 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum();
    format!("{body}{}", CHECKS[usize::try_from(sum % 11).unwrap_or_default()])
}

/// Sixteen digits with a Luhn check digit.
fn card_number(serial: u64) -> String {
    let body = format!("622202{serial:09}");
    let doubled = |digit: u32| if digit * 2 > 9 { digit * 2 - 9 } else { digit * 2 };
    let digits = body.chars().rev().filter_map(|digit| digit.to_digit(10));
    let sum: u32 = digits.enumerate().map(|(place, digit)| if place % 2 == 0 { doubled(digit) } else { digit }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}
