//! Compiling `limits.toml`: caps that fit each other, and a word on every provenance.

use super::compile::{LIMITS, product_set};
use super::fault::Faults;
use super::files::{LeavesRow, LeavesWord, LimitsFile};
use super::policy::{Leaves, Limits};
use facts::{Product, Provenance};

pub(super) fn limits(file: &LimitsFile, faults: &mut Faults) -> Limits {
    let counts = product_set(LIMITS, "`day.counts`", &file.day.counts, faults);
    if file.day.most_fen == 0 || file.refund_day.most_fen == 0 {
        faults.add(LIMITS, "`day.most_fen`, `refund_day.most_fen`", "0", "a limit above 0");
    }
    if counts.contains(Product::Refund) && file.refund_day.most_fen > file.day.most_fen {
        let found = file.refund_day.most_fen.to_string();
        faults.add(LIMITS, "`refund_day.most_fen`", found, "at most `day.most_fen`, which counts refunds too");
    }
    if !(1..=150).contains(&file.person.adult_from_years) {
        let found = file.person.adult_from_years.to_string();
        faults.add(LIMITS, "`person.adult_from_years`", found, "1 to 150 years");
    }
    Limits {
        adult_from_years: file.person.adult_from_years,
        day_fen: file.day.most_fen,
        refund_day_fen: file.refund_day.most_fen,
        counts,
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
