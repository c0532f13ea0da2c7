//! Compiling `limits.toml`: caps that fit each other, and a word on every provenance.

use super::compile::product_set;
use super::fault::Faults;
use super::files::{LeavesRow, LeavesWord, LimitRow, LimitsFile};
use super::limit::Limit;
use super::policy::{Leaves, Limits, ProductPolicy, Unit};
use super::texts::LIMITS;
use facts::{Measure, Product, Provenance, Refusal};

pub(super) fn limits(file: &LimitsFile, products: &[ProductPolicy], faults: &mut Faults) -> Limits {
    if !(1..=150).contains(&file.person.adult_from_years) {
        let found = file.person.adult_from_years.to_string();
        faults.add(LIMITS, "`person.adult_from_years`", found, "1 to 150 years");
    }
    let mut rows: Vec<Limit> = Vec::new();
    for row in &file.limit {
        let limit = compile_row(row, faults);
        check_row(&limit, products, faults);
        check_beside(&limit, &rows, faults);
        rows.push(limit);
    }
    check_reachable(&rows, faults);
    Limits { adult_from_years: file.person.adult_from_years, rows }
}

fn place(name: &str) -> String {
    format!("limit `{name}`")
}

fn compile_row(row: &LimitRow, faults: &mut Faults) -> Limit {
    Limit {
        number: row.number,
        name: row.name.clone(),
        subject: row.subject,
        counts: product_set(LIMITS, &format!("{} `counts`", place(&row.name)), &row.counts, faults),
        period: row.period,
        measure: row.measure.parse().unwrap_or_else(|_| {
            faults.add(LIMITS, place(&row.name), format!("measure `{}`", row.measure), "`fen` or `orders`");
            Measure::Fen
        }),
        most: row.most,
        refusal: refusal(row, faults),
    }
}

/// The two limits that stand in the public order of precedence have refusals of their own.
fn refusal(row: &LimitRow, faults: &mut Faults) -> Refusal {
    let Some(word) = &row.refusal else { return Refusal::LimitExceeded };
    let known = [Refusal::RefundCapExceeded, Refusal::DailyLimitExceeded, Refusal::LimitExceeded];
    known.into_iter().find(|refusal| refusal.code() == word).unwrap_or_else(|| {
        let allowed = "`refund_cap_exceeded`, `daily_limit_exceeded` or `limit_exceeded`";
        faults.add(LIMITS, place(&row.name), format!("refusal `{word}`"), allowed);
        Refusal::LimitExceeded
    })
}

fn check_row(limit: &Limit, products: &[ProductPolicy], faults: &mut Faults) {
    let mut fault = |found: &str, allowed: &str| faults.add(LIMITS, place(&limit.name), found, allowed);
    if limit.most == 0 {
        fault("`most` 0", "a limit above 0");
    }
    if limit.counts.is_empty() {
        fault("no product that counts", "at least one product");
    }
    let named = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if limit.name.is_empty() || limit.name.len() > 40 || !limit.name.chars().all(named) {
        fault("a name of another shape", "up to 40 of a-z, 0-9 and `_`");
    }
    // Points are no money, so a sum of both means nothing.
    let counted = Product::ALL.iter().zip(products).filter(|(product, _)| limit.counts.contains(**product));
    let in_fen = counted.map(|(_, row)| row.unit).all(|unit| unit == Unit::Fen);
    // A missing product is a fault of its own.
    if limit.measure == Measure::Fen && products.len() == Product::ALL.len() && !in_fen {
        fault("fen of a product in points", "products in fen, or `measure = \"orders\"`");
    }
}

/// Counters go by the number and people by the name, so each is there once.
fn check_beside(limit: &Limit, rows: &[Limit], faults: &mut Faults) {
    if rows.iter().any(|other| other.number == limit.number) {
        faults.add(LIMITS, place(&limit.name), format!("number {} again", limit.number), "each number once");
    }
    if rows.iter().any(|other| other.name == limit.name) {
        faults.add(LIMITS, place(&limit.name), "the name again", "each name once");
    }
    let own = limit.refusal != Refusal::LimitExceeded;
    if own && rows.iter().any(|other| other.refusal == limit.refusal) {
        faults.add(LIMITS, place(&limit.name), format!("refusal `{}` again", limit.refusal), "one limit that gives it");
    }
}

/// A limit that another always reaches first is a mistake in one of the two.
fn check_reachable(rows: &[Limit], faults: &mut Faults) {
    for limit in rows {
        let wider = rows.iter().find(|other| {
            let same = (other.subject, other.period, other.measure) == (limit.subject, limit.period, limit.measure);
            same && other.number != limit.number && limit.counts.is_within(other.counts) && limit.most > other.most
        });
        if let Some(wider) = wider {
            let allowed = format!("at most {}, the most of `{}`, which counts the same too", wider.most, wider.name);
            faults.add(LIMITS, place(&limit.name), format!("`most` {}", limit.most), &allowed);
        }
    }
}

/// By provenance, in wire order.
pub(super) fn leaves(file: &LimitsFile, faults: &mut Faults) -> [Leaves; Provenance::ALL.len()] {
    let mut leaves = [Leaves::Never; Provenance::ALL.len()];
    for provenance in Provenance::ALL {
        match file.leaves.get(provenance.code()) {
            Some(LeavesRow::Word(LeavesWord::Always)) => leaves[*provenance as usize] = Leaves::Always,
            Some(LeavesRow::Word(LeavesWord::Never)) => {}
            Some(LeavesRow::After(after)) => leaves[*provenance as usize] = Leaves::AfterDays(after.after_days),
            None => faults.add(LIMITS, format!("`leaves.{provenance}`"), "nothing", "a word on every provenance"),
        }
    }
    for word in file.leaves.keys().filter(|word| word.parse::<Provenance>().is_err()) {
        let known: Vec<&str> = Provenance::ALL.iter().map(|provenance| provenance.code()).collect();
        faults.add(LIMITS, format!("`leaves.{word}`"), format!("`{word}`"), &format!("one of {}", known.join(", ")));
    }
    // Points are no money: exchanging them for cash is a licence of its own, which no policy file can grant.
    if leaves[Provenance::Points as usize] != Leaves::Never {
        faults.add(LIMITS, "`leaves.points`", "airtime from points that leaves as money", "`never`");
    }
    leaves
}
