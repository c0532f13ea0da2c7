//! The chart of accounts by name. A name and its asset identify one account for ever.

use crate::{Partner, PersonId};
use core::fmt;
use minicbor::{Decode, Encode};
use money::{Asset, Telco};

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum AccountName {
    /// Airtime that a telco took from subscribers on our instruction and owes us money for.
    #[n(0)]
    TelcoTaken(#[n(0)] Telco),
    /// Airtime that a telco set aside on our instruction.
    #[n(1)]
    TelcoReserved(#[n(0)] Telco),
    /// The other side of what telcos set aside or moved between subscribers: still the subscribers'.
    #[n(2)]
    AirtimeHeld(#[n(0)] Telco),
    /// Where one asset is exchanged for another; zero in each asset once the telco has settled.
    #[n(3)]
    Position(#[n(0)] Telco),
    /// Money owed to a person.
    #[n(4)]
    Payable(#[n(0)] PersonId),
    /// Fees earned on conversions.
    #[n(5)]
    FeesConversion,
    /// Our money at the bank that pays out.
    #[n(6)]
    ReserveBank,
    /// The operator's own money behind the reserve.
    #[n(7)]
    OperatorFloat,
    /// Value whose whereabouts a partner has not told us yet.
    #[n(8)]
    InDoubt(#[n(0)] Partner),
    /// Value that left against our instruction and that a partner owes back.
    #[n(9)]
    Claim(#[n(0)] Partner),
    /// What a campaign has cost: the airtime that its rewards brought.
    #[n(10)]
    Promotion(#[n(0)] u16),
    /// What a partner delivered on our word and is to be paid for.
    #[n(11)]
    Owed(#[n(0)] Partner),
    /// What a partner collected for us and owes us.
    #[n(12)]
    Receivable(#[n(0)] Partner),
    /// Airtime that a telco moved from one subscriber to another on our instruction.
    #[n(13)]
    TelcoTransferred(#[n(0)] Telco),
    /// Points that a programme took back on our word and owes us for.
    #[n(14)]
    Burned(#[n(0)] Partner),
}

impl AccountName {
    /// The public name of the account that holds `asset`.
    pub fn code(self, asset: Asset) -> String {
        match self {
            AccountName::Position(telco) => format!("position:{telco}:{asset}"),
            AccountName::InDoubt(partner) => format!("in_doubt:{partner}:{asset}"),
            AccountName::Claim(partner) => format!("claim:{partner}:{asset}"),
            AccountName::Owed(partner) => format!("owed:{partner}:{asset}"),
            AccountName::Receivable(partner) => format!("receivable:{partner}:{asset}"),
            AccountName::Burned(partner) => format!("burned:{partner}:{asset}"),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccountName::TelcoTaken(telco) => write!(f, "telco:{telco}:taken"),
            AccountName::TelcoReserved(telco) => write!(f, "telco:{telco}:reserved"),
            AccountName::TelcoTransferred(telco) => write!(f, "telco:{telco}:transferred"),
            AccountName::AirtimeHeld(telco) => write!(f, "held:{telco}"),
            AccountName::Position(telco) => write!(f, "position:{telco}"),
            AccountName::Payable(person) => write!(f, "payable:{person}"),
            AccountName::FeesConversion => f.write_str("fees:conversion"),
            AccountName::ReserveBank => f.write_str("reserve:bank"),
            AccountName::OperatorFloat => f.write_str("operator:float"),
            AccountName::InDoubt(partner) => write!(f, "in_doubt:{partner}"),
            AccountName::Claim(partner) => write!(f, "claim:{partner}"),
            AccountName::Promotion(campaign) => write!(f, "promotion:{campaign}"),
            AccountName::Owed(partner) => write!(f, "owed:{partner}"),
            AccountName::Receivable(partner) => write!(f, "receivable:{partner}"),
            AccountName::Burned(partner) => write!(f, "burned:{partner}"),
        }
    }
}
