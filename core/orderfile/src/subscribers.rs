//! `subscribers.csv`: read strictly and whole, since a wrong balance would make wrong answers.

use crate::columns::{Rejected, arrange, broken, no_header, places, shown};
use crate::lines::{Line, Lines};
use crate::record::fields;
use std::borrow::Cow;
use std::fmt;

/// A number with its holder, what it holds and the cards registered for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// The holder's identity number, as written.
    pub id_number: Box<str>,
    /// The number, as written.
    pub msisdn: Box<str>,
    /// Everything held, in fen.
    pub balance_fen: i64,
    /// Given by the telco.
    pub promo_fen: i64,
    /// Paid by third parties in the last 30 days.
    pub third_party_30d_fen: i64,
    /// Advanced, still owed.
    pub advance_fen: i64,
    /// The bank card, as an opaque token; empty when there is none.
    pub own_card: Box<str>,
    /// The credit card, likewise.
    pub credit_card: Box<str>,
}

/// Without what names somebody.
impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscriber({} fen, …)", self.balance_fen)
    }
}

const NAMES: [&str; 8] = [
    "id_number",
    "msisdn",
    "balance_fen",
    "promo_fen",
    "third_party_30d_fen",
    "advance_fen",
    "own_card",
    "credit_card",
];
const MSISDN: usize = 1;
const FEN: &str = "an amount such as `0`, `100` or `-100`, of at most 15 digits";
/// The most digits of an amount.
const DIGITS_MAX: usize = 15;

/// Reads the whole file.
///
/// Errors: no header or a wrong one, a broken row, an amount of another shape, a number twice.
pub fn read_subscribers(bytes: &[u8]) -> Result<Vec<Subscriber>, Rejected> {
    let mut lines = Lines::new(bytes);
    // Reading a slice cannot fail.
    let mut next = move || lines.read().ok().flatten().map(|line| (line.number, line.bytes.to_vec()));
    let (number, header) = next().ok_or_else(|| no_header(1))?;
    let places = places(Line { number, bytes: &header }, NAMES)?;
    let (mut subscribers, mut numbers) = (Vec::new(), Vec::new());
    while let Some((number, bytes)) = next() {
        subscribers.push(row(Line { number, bytes: &bytes }, &places)?);
        numbers.push(number);
    }
    check_once(&subscribers, &numbers, places[MSISDN] + 1)?;
    Ok(subscribers)
}

fn row(line: Line<'_>, places: &[usize; 8]) -> Result<Subscriber, Rejected> {
    let fields = fields(line.bytes).and_then(|fields| arrange(fields, places));
    let fields = fields.map_err(|fault| broken(line.number, fault))?;
    let fen = |column: usize| {
        fen(&fields[column]).ok_or_else(|| Rejected {
            line: line.number,
            column: places[column] + 1,
            name: NAMES[column],
            found: shown(&fields[column]),
            allowed: FEN,
        })
    };
    let (balance_fen, promo_fen, third_party_30d_fen, advance_fen) = (fen(2)?, fen(3)?, fen(4)?, fen(5)?);
    let [id_number, msisdn, _, _, _, _, own_card, credit_card] = fields.map(Cow::into_owned).map(Box::from);
    Ok(Subscriber {
        id_number,
        msisdn,
        balance_fen,
        promo_fen,
        third_party_30d_fen,
        advance_fen,
        own_card,
        credit_card,
    })
}

/// `-?(0|[1-9][0-9]{0,14})`.
fn fen(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fits = (1..=DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits == "0" || !digits.starts_with('0');
    if fits && plain { text.parse().ok() } else { None }
}

/// Errors: the first line whose number an earlier one has.
fn check_once(subscribers: &[Subscriber], lines: &[u64], column: usize) -> Result<(), Rejected> {
    let mut order: Vec<usize> = (0..subscribers.len()).collect();
    order.sort_by_key(|place| &subscribers[*place].msisdn);
    let same = |pair: &&[usize]| subscribers[pair[0]].msisdn == subscribers[pair[1]].msisdn;
    let repeated = order.windows(2).filter(same).min_by_key(|pair| pair[1]);
    match repeated {
        None => Ok(()),
        Some(pair) => Err(Rejected {
            line: lines[pair[1]],
            column,
            name: NAMES[MSISDN],
            found: format!("the number of line {}", lines[pair[0]]),
            allowed: "each number once",
        }),
    }
}
