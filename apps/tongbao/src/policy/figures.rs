//! Figures in words: amounts by unit, rates in per cent, and where the rule behind a line of a fee stands.

use exchange::rules::{Charge, Policy, Unit};
use facts::{FeeLine, FeeRule, Product};
use money::{Telco, yuan};
use serde::Serialize;

/// One line of a fee, with the row of the policy that put it there.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The rule.
    pub rule: &'static str,
    /// Parts per million of the amount.
    pub ppm: i32,
    /// Fen beyond the rate.
    pub fen: u64,
    /// The file and the row.
    pub from: String,
}

/// An amount in the unit that a product counts.
pub fn amount(unit: Unit, amount: u64) -> String {
    match unit {
        Unit::Fen => format!("{} CNY", yuan(amount)),
        Unit::Points => format!("{amount} points"),
        Unit::Kib => format!("{amount} KiB"),
    }
}

/// A rate in per cent, exactly.
pub fn percent(ppm: i64) -> String {
    let sign = if ppm < 0 { "-" } else { "" };
    let (whole, rest) = (ppm.unsigned_abs() / 10_000, ppm.unsigned_abs() % 10_000);
    let rest = format!("{rest:04}");
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{rest}%")
}

/// The lines of a fee, each with its row.
pub fn lines(policy: &Policy, product: Product, telco: Telco, lines: &[FeeLine]) -> Vec<Line> {
    let line = |line: &FeeLine| Line {
        rule: line.rule.code(),
        ppm: line.ppm,
        fen: line.fen,
        from: row(policy, product, telco, line),
    };
    lines.iter().map(line).collect()
}

fn row(policy: &Policy, product: Product, telco: Telco, line: &FeeLine) -> String {
    match line.rule {
        FeeRule::TelcoRate => format!("fees.toml, telco_ppm.{telco}"),
        FeeRule::Holiday => "fees.toml, holiday.added_ppm".to_owned(),
        FeeRule::Clamp => "fees.toml, telco_rate.band_ppm".to_owned(),
        FeeRule::Minimum => "fees.toml, telco_rate.least_fen".to_owned(),
        FeeRule::Tier => {
            let tiers = policy.fees().tiers.iter();
            let mut same = tiers.filter(|tier| tier.products.contains(product) && tier.added_ppm == line.ppm);
            same.next().map_or("fees.toml, tier".to_owned(), |tier| format!("fees.toml, tier {}", tier.name))
        }
        FeeRule::Learned => "fees.toml, learned.within_ppm".to_owned(),
        FeeRule::Product => match policy.product(product).charge {
            Charge::TelcoRate { .. } => format!("fees.toml, telco_rate.added_ppm.{product}"),
            Charge::OwnRate { .. } => format!("fees.toml, own_rate.{product}.rate_ppm"),
        },
    }
}

/// The lines of a fee in words.
pub fn fee_words(lines: &[Line]) -> String {
    let word = |line: &Line| match line.fen {
        0 => format!("{} {} ({})", line.rule, percent(i64::from(line.ppm)), line.from),
        fen => format!("{} {} CNY ({})", line.rule, yuan(fen), line.from),
    };
    let words: Vec<String> = lines.iter().map(word).collect();
    if words.is_empty() { "free of charge".to_owned() } else { words.join(" + ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_said_exactly() {
        let said = [0, 40_000, 5_000, -10_000, 1, 12_345].map(percent);
        assert_eq!(said, ["0%", "4%", "0.5%", "-1%", "0.0001%", "1.2345%"]);
    }
}
