//! Rates, and the rounding each of them names.

use core::fmt;
use minicbor::{Decode, Encode};

/// A rate in whole parts per million: 4% is 40,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Ppm(#[n(0)] u32);

/// Why a rate gives no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateError {
    /// The result leaves the range of 64 bits.
    Overflow,
    /// A ratio with a zero denominator.
    ZeroDenominator,
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RateError::Overflow => "rate leaves the supported range",
            RateError::ZeroDenominator => "ratio has a zero denominator",
        })
    }
}

impl core::error::Error for RateError {}

impl Ppm {
    /// One whole: 100%.
    pub const ONE: Ppm = Ppm(1_000_000);

    /// A rate of `parts` in a million.
    pub const fn new(parts: u32) -> Ppm {
        Ppm(parts)
    }

    /// The parts in a million.
    pub const fn parts(self) -> u32 {
        self.0
    }

    /// The rate's share of `units`, rounded half up to a whole unit; the remainder stays with the payer.
    ///
    /// Errors: `Overflow` when the share leaves 64 bits.
    pub fn of_half_up(self, units: u64) -> Result<u64, RateError> {
        let scaled = u128::from(units) * u128::from(self.0) + 500_000;
        u64::try_from(scaled / 1_000_000).map_err(|_| RateError::Overflow)
    }
}

/// An exact rational rate: 3 fen for 2 points is `3/2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Ratio {
    #[n(0)]
    numerator: u64,
    #[n(1)]
    denominator: u64,
}

impl Ratio {
    /// The rate `numerator / denominator`.
    ///
    /// Errors: `ZeroDenominator`.
    pub const fn new(numerator: u64, denominator: u64) -> Result<Ratio, RateError> {
        match denominator {
            0 => Err(RateError::ZeroDenominator),
            _ => Ok(Ratio { numerator, denominator }),
        }
    }

    /// The rate's share of `units`, rounded down, and the numerator of what was cut off
    /// (over the ratio's denominator), so that a residue account can carry it.
    ///
    /// Errors: `Overflow` when the share leaves 64 bits.
    pub fn of_floor(self, units: u64) -> Result<(u64, u64), RateError> {
        let scaled = u128::from(units) * u128::from(self.numerator);
        let denominator = u128::from(self.denominator);
        let whole = u64::try_from(scaled / denominator).map_err(|_| RateError::Overflow)?;
        let residue = u64::try_from(scaled % denominator).map_err(|_| RateError::Overflow)?;
        Ok((whole, residue))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_share_is_rounded_half_up() {
        for (units, parts, share) in
            [(10_000, 40_000, 400), (1_012, 40_000, 40), (1_013, 40_000, 41), (1_250, 30_000, 38), (0, 40_000, 0)]
        {
            assert_eq!(Ppm::new(parts).of_half_up(units), Ok(share), "{units} at {parts} ppm");
        }
        assert_eq!(Ppm::new(2_000_000).of_half_up(u64::MAX), Err(RateError::Overflow));
    }

    #[test]
    fn points_give_three_fen_for_two() {
        let rate = Ratio::new(3, 2).expect("not zero");
        assert_eq!(rate.of_floor(1_001), Ok((1_501, 1)));
        assert_eq!(Ratio::new(1, 0), Err(RateError::ZeroDenominator));
    }

    proptest! {
        #[test]
        fn a_share_is_within_half_a_unit(units in 0u64..1_000_000_000_000, parts in 0u32..2_000_000) {
            let share = Ppm::new(parts).of_half_up(units).expect("in range");
            let exact = u128::from(units) * u128::from(parts);
            let rounded = u128::from(share) * 1_000_000;
            prop_assert!(rounded.abs_diff(exact) <= 500_000);
        }

        #[test]
        fn a_floor_and_its_residue_lose_nothing(units in any::<u32>(), top in 1u64..1_000, bottom in 1u64..1_000) {
            let rate = Ratio::new(top, bottom).expect("not zero");
            let (whole, residue) = rate.of_floor(u64::from(units)).expect("in range");
            prop_assert_eq!(whole * bottom + residue, u64::from(units) * top);
            prop_assert!(residue < bottom);
        }
    }
}
