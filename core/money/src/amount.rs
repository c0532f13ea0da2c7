//! Typed amounts: a count of minor units of one asset, of a kind the compiler knows.

use crate::asset::{Asset, Code, Telco};
use core::fmt;
use minicbor::{Decode, Encode};

/// A kind of asset. `Which` tells assets of the kind apart; money has only one, airtime has one a telco.
pub trait Kind: Copy + Eq + fmt::Debug {
    /// What distinguishes two assets of this kind.
    type Which: Copy + Eq + fmt::Debug;

    /// The asset itself.
    fn asset(which: Self::Which) -> Asset;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $which:ty, $w:ident => $asset:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name;

        impl Kind for $name {
            type Which = $which;

            fn asset($w: $which) -> Asset {
                $asset
            }
        }
    )*};
}

kinds! {
    /// Renminbi, in fen.
    Cny, (), _none => Asset::Cny;
    /// Airtime of a telco, in fen of face value.
    Airtime, Telco, telco => Asset::Airtime(telco);
    /// Data of a telco, in KiB.
    Data, Telco, telco => Asset::Data(telco);
    /// Voice of a telco, in seconds.
    Voice, Telco, telco => Asset::Voice(telco);
    /// Messages of a telco.
    Sms, Telco, telco => Asset::Sms(telco);
    /// Points of a programme.
    Points, Code, programme => Asset::Points(programme);
    /// Carbon points, in grams.
    Green, (), _none => Asset::Green;
    /// Shares of a fund, in ten-thousandths.
    Fund, Code, fund => Asset::Fund(fund);
}

/// A number of minor units of one asset. Never negative.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Amount<K: Kind> {
    which: K::Which,
    units: u64,
}

/// Why two amounts do not combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountError {
    /// The amounts are of two assets of one kind.
    OtherAsset {
        /// The asset on the left.
        left: Asset,
        /// The asset on the right.
        right: Asset,
    },
    /// The sum leaves the range of 64 bits.
    Overflow,
    /// The difference would be below zero.
    Negative,
}

impl fmt::Display for AmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AmountError::OtherAsset { left, right } => write!(f, "cannot combine {left} with {right}"),
            AmountError::Overflow => f.write_str("amount leaves the supported range"),
            AmountError::Negative => f.write_str("amount would fall below zero"),
        }
    }
}

impl core::error::Error for AmountError {}

impl<K: Kind> Amount<K> {
    /// An amount of `units` minor units.
    pub const fn new(which: K::Which, units: u64) -> Amount<K> {
        Amount { which, units }
    }

    /// The minor units.
    pub const fn units(self) -> u64 {
        self.units
    }

    /// The asset this is an amount of.
    pub fn asset(self) -> Asset {
        K::asset(self.which)
    }

    /// Adds two amounts of the same asset.
    ///
    /// Errors: `OtherAsset` for another asset of the kind, `Overflow` beyond 64 bits.
    pub fn plus(self, other: Amount<K>) -> Result<Amount<K>, AmountError> {
        self.same_asset(other)?;
        let units = self.units.checked_add(other.units).ok_or(AmountError::Overflow)?;
        Ok(Amount { units, ..self })
    }

    /// Subtracts an amount of the same asset.
    ///
    /// Errors: `OtherAsset` for another asset of the kind, `Negative` when `other` is greater.
    pub fn minus(self, other: Amount<K>) -> Result<Amount<K>, AmountError> {
        self.same_asset(other)?;
        let units = self.units.checked_sub(other.units).ok_or(AmountError::Negative)?;
        Ok(Amount { units, ..self })
    }

    fn same_asset(self, other: Amount<K>) -> Result<(), AmountError> {
        if self.which == other.which {
            return Ok(());
        }
        Err(AmountError::OtherAsset { left: self.asset(), right: other.asset() })
    }
}

impl Amount<Cny> {
    /// An amount of money in fen.
    pub const fn fen(units: u64) -> Amount<Cny> {
        Amount { which: (), units }
    }
}

impl<K: Kind> fmt::Debug for Amount<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.units, self.asset())
    }
}

impl<C> Encode<C> for Amount<Cny> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.u64(self.units)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Amount<Cny> {
    fn decode(decoder: &mut minicbor::Decoder<'b>, _context: &mut C) -> Result<Self, minicbor::decode::Error> {
        Ok(Amount::fen(decoder.u64()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn airtime_of_two_telcos_does_not_add_up() {
        let left = Amount::<Airtime>::new(Telco::Ctcc, 5);
        let right = Amount::<Airtime>::new(Telco::Cmcc, 5);
        assert_eq!(
            left.plus(right),
            Err(AmountError::OtherAsset { left: Asset::Airtime(Telco::Ctcc), right: Asset::Airtime(Telco::Cmcc) })
        );
    }

    #[test]
    fn arithmetic_refuses_to_leave_its_range() {
        assert_eq!(Amount::fen(u64::MAX).plus(Amount::fen(1)), Err(AmountError::Overflow));
        assert_eq!(Amount::fen(1).minus(Amount::fen(2)), Err(AmountError::Negative));
        assert_eq!(Amount::fen(3).minus(Amount::fen(2)), Ok(Amount::fen(1)));
    }
}
