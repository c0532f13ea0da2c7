//! What a conversion costs and pays: typed integer rates, added, clamped and rounded once.

use super::policy::{Charge, Pays, Policy, Taken};
use core::fmt;
use facts::{Day, FeeLine, FeeRule, LearnedPrice, Product};
use money::{Ppm, Telco};

/// A price with its reasons.
///
/// Invariants: the fee is the share of the amount at the sum of the lines' rates, plus the lines' fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// Fen.
    pub fee: u64,
    /// How the fee came about.
    pub fee_lines: Vec<FeeLine>,
    /// Fen paid out; for points, fen of airtime.
    pub payout: u64,
    /// What leaves the source: the amount, and the fee where it is taken on top.
    pub drawn: u64,
}

/// Why an amount has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceError {
    /// The result leaves 64 bits.
    Overflow,
    /// The fee would be more than the amount it is taken from.
    FeeExceedsAmount,
}

impl fmt::Display for PriceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PriceError::Overflow => "price leaves the supported range",
            PriceError::FeeExceedsAmount => "fee exceeds the amount it is taken from",
        })
    }
}

impl core::error::Error for PriceError {}

/// What is to be priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale<'a> {
    /// The product.
    pub product: Product,
    /// At which telco.
    pub telco: Telco,
    /// On which day it is asked for.
    pub on: Day,
    /// How much, in the product's unit.
    pub amount: u64,
    /// A price that was learned for it; the price list has none.
    pub learned: Option<&'a LearnedPrice>,
}

/// Prices a sale. Whether its amount is allowed is not asked here.
///
/// Errors: an amount too great to compute with, or too small for its fee.
pub fn price(policy: &Policy, sale: &Sale<'_>) -> Result<Priced, PriceError> {
    let (terms, amount) = (policy.product(sale.product), sale.amount);
    let (mut fee_lines, least_fen, taken) = match terms.charge {
        Charge::TelcoRate { added_ppm } => {
            (telco_lines(policy, sale, added_ppm), policy.fees().least_fen, Taken::FromAmount)
        }
        Charge::OwnRate { ppm, taken } => (rate_line(FeeRule::Product, ppm).into_iter().collect(), 0, taken),
    };
    let by_rate = share(&fee_lines, amount)?;
    let fee = by_rate.max(least_fen);
    if fee > by_rate {
        fee_lines.push(FeeLine { rule: FeeRule::Minimum, ppm: 0, fen: fee - by_rate });
    }
    let drawn = match taken {
        Taken::FromAmount => amount,
        Taken::OnTop => amount.checked_add(fee).ok_or(PriceError::Overflow)?,
    };
    let payout = match terms.pays {
        Pays::AmountLessFee => amount.checked_sub(fee).ok_or(PriceError::FeeExceedsAmount)?,
        Pays::Amount => amount,
        Pays::Rate(rate) => rate.of_floor(amount).map_err(|_| PriceError::Overflow)?.0,
    };
    Ok(Priced { fee, fee_lines, payout, drawn })
}

/// The fee at the sum of the rates, rounded half up.
fn share(lines: &[FeeLine], amount: u64) -> Result<u64, PriceError> {
    let ppm: i32 = lines.iter().map(|line| line.ppm).sum();
    let parts = u32::try_from(ppm).map_err(|_| PriceError::Overflow)?;
    Ppm::new(parts).of_half_up(amount).map_err(|_| PriceError::Overflow)
}

fn telco_lines(policy: &Policy, sale: &Sale<'_>, added_ppm: i32) -> Vec<FeeLine> {
    let fees = policy.fees();
    let holiday_ppm = if policy.calendar().is_public_holiday(sale.on) { fees.holiday_ppm } else { 0 };
    let telco_ppm = fees.telco_ppm[sale.telco as usize];
    let tier_ppm =
        fees.tiers.iter().find(|tier| tier.is_for(sale.product, sale.amount)).map_or(0, |tier| tier.added_ppm);
    let learned_ppm = sale.learned.map_or(0, |learned| fees.learned.moves(learned));
    let sum = telco_ppm + holiday_ppm + added_ppm + tier_ppm + learned_ppm;
    let clamped = sum.clamp(fees.band_least_ppm, fees.band_most_ppm);
    let lines = [
        rate_line(FeeRule::TelcoRate, telco_ppm),
        rate_line(FeeRule::Holiday, holiday_ppm),
        rate_line(FeeRule::Product, added_ppm),
        rate_line(FeeRule::Tier, tier_ppm),
        rate_line(FeeRule::Learned, learned_ppm),
        rate_line(FeeRule::Clamp, clamped - sum),
    ];
    lines.into_iter().flatten().collect()
}

/// A line for a rate that charges something.
fn rate_line(rule: FeeRule, ppm: i32) -> Option<FeeLine> {
    (ppm != 0).then_some(FeeLine { rule, ppm, fen: 0 })
}
