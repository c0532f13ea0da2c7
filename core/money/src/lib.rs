//! Assets, amounts, rates and rounding: floor 0, on which every other floor stands.
//!
//! An amount is a whole number of minor units of one asset. Kinds of asset are Rust types, so adding
//! money to airtime does not compile; two assets of one kind (airtime of two telcos) are refused at
//! run time. Nothing here knows an account, a customer or a rule. There are no floats.

mod amount;
mod asset;
mod rate;
mod text;

pub use amount::{Airtime, Amount, AmountError, Cny, Data, Fund, Green, Kind, Points, Sms, Voice};
pub use asset::{Asset, Code, CodeError, Telco};
pub use rate::{Ppm, RateError, Ratio};
pub use text::{ParseYuanError, fen_from_yuan, yuan};

/// Adding money to airtime does not compile.
///
/// ```compile_fail,E0308
/// use money::{Airtime, Amount, Telco};
/// let _ = Amount::fen(1).plus(Amount::<Airtime>::new(Telco::Ctcc, 1));
/// ```
///
/// Adding money to money does.
///
/// ```
/// use money::Amount;
/// assert_eq!(Amount::fen(1).plus(Amount::fen(2)), Ok(Amount::fen(3)));
/// ```
#[cfg(doctest)]
struct KindsDoNotMix;
