//! Outside parties, what we ask of them, and the reference each request carries.

use crate::order::Attempt;
use crate::terms::words;
use crate::{AccountName, OrderId, UnknownWord};
use core::fmt;
use core::str::FromStr;
use minicbor::{Decode, Encode};
use money::{Asset, Code, Telco};

/// An outside party with books of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Partner {
    /// A network operator's billing.
    #[n(0)]
    Telco(#[n(0)] Telco),
    /// The bank that pays out.
    #[n(1)]
    Bank,
    /// The e-commerce house that issues vouchers.
    #[n(2)]
    Issuer,
    /// The acquirer that collects from payers and gives back to the instruments that paid.
    #[n(3)]
    Acquirer,
    /// A points programme.
    #[n(4)]
    Programme(#[n(0)] Programme),
}

words! {
    /// A points programme, whose points somebody converts.
    Programme {
        /// A bank's card points.
        Bank = 0, "BANK_POINTS";
        /// An airline's miles.
        Airline = 1, "AIRLINE_POINTS";
    }
}

impl Programme {
    /// What it counts.
    pub const fn asset(self) -> Asset {
        match self {
            Programme::Bank => Asset::Points(Code::BANK),
            Programme::Airline => Asset::Points(Code::AIRLINE),
        }
    }
}

impl Partner {
    /// Every partner.
    pub const ALL: [Partner; 9] = [
        Partner::Telco(Telco::Cmcc),
        Partner::Telco(Telco::Cucc),
        Partner::Telco(Telco::Ctcc),
        Partner::Telco(Telco::Cbn),
        Partner::Bank,
        Partner::Issuer,
        Partner::Acquirer,
        Partner::Programme(Programme::Bank),
        Partner::Programme(Programme::Airline),
    ];

    /// What its books count, and what is in doubt with it.
    pub const fn asset(self) -> Asset {
        match self {
            Partner::Telco(telco) => Asset::Airtime(telco),
            Partner::Bank | Partner::Issuer | Partner::Acquirer => Asset::Cny,
            Partner::Programme(programme) => programme.asset(),
        }
    }

    /// The account of ours that says what the partner's own books say it did for us, in its asset.
    pub const fn mirror(self) -> AccountName {
        match self {
            Partner::Telco(telco) => AccountName::TelcoTaken(telco),
            Partner::Bank => AccountName::ReserveBank,
            Partner::Issuer => AccountName::Owed(self),
            Partner::Acquirer => AccountName::Receivable(self),
            Partner::Programme(_) => AccountName::Burned(self),
        }
    }

    /// By what it knows a person.
    pub const fn knows_by(self) -> Handle {
        match self {
            Partner::Telco(_) | Partner::Issuer | Partner::Programme(Programme::Airline) => Handle::Number,
            Partner::Bank => Handle::OwnCard,
            Partner::Acquirer => Handle::PayingInstrument,
            Partner::Programme(Programme::Bank) => Handle::CreditCard,
        }
    }
}

/// By what a partner knows a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handle {
    /// The phone number.
    Number,
    /// The person's own bank card.
    OwnCard,
    /// The instrument that pays the order.
    PayingInstrument,
    /// The credit card whose points the person has.
    CreditCard,
}

impl fmt::Display for Partner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Partner::Telco(telco) => f.write_str(telco.code()),
            Partner::Bank => f.write_str("BANK"),
            Partner::Issuer => f.write_str("ISSUER"),
            Partner::Acquirer => f.write_str("ACQUIRER"),
            Partner::Programme(Programme::Bank) => f.write_str("PROGRAMME_BANK"),
            Partner::Programme(Programme::Airline) => f.write_str("PROGRAMME_AIRLINE"),
        }
    }
}

impl FromStr for Partner {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Partner, UnknownWord> {
        Partner::ALL.into_iter().find(|partner| partner.to_string() == text).ok_or(UnknownWord)
    }
}

words! {
    /// What a step asks of its partner.
    Action {
        /// Set airtime aside.
        ReserveAirtime = 0, "reserve_airtime";
        /// Take what was set aside, in one call.
        CaptureAirtime = 1, "capture_airtime";
        /// Give back what was set aside.
        ReleaseAirtime = 2, "release_airtime";
        /// Take airtime at a telco that cannot set it aside.
        DeductAirtime = 3, "deduct_airtime";
        /// Give airtime back that was taken.
        CreditAirtime = 4, "credit_airtime";
        /// Wait until the telco's billing shows the deduction.
        ConfirmBilling = 5, "confirm_billing";
        /// Pay money to a person's own bank card.
        PayOut = 6, "pay_out";
        /// Give airtime to whom an order brings it.
        TopUpAirtime = 7, "top_up_airtime";
        /// Give the subscriber the airtime that a campaign promised.
        GrantReward = 8, "grant_reward";
        /// Issue a voucher to the subscriber.
        IssueVoucher = 9, "issue_voucher";
        /// Collect money from the instrument that pays.
        CollectPayment = 10, "collect_payment";
        /// Give money back to the instrument that paid.
        RefundPayment = 11, "refund_payment";
        /// Move airtime from the order's subscriber to whom the order brings it, at the telco of both.
        TransferAirtime = 12, "transfer_airtime";
        /// Take points from a member of a programme.
        RedeemPoints = 13, "redeem_points";
        /// Give back the points that a redemption took, each lot with its day.
        ReverseRedemption = 14, "reverse_redemption";
        /// Give a member of a programme points.
        AccruePoints = 15, "accrue_points";
        /// Pay what a recharge brought and was not used back to the instrument that paid it.
        PayBack = 16, "pay_back";
    }
}

/// What an action does with value, whatever the value is: all that the engine knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Sets value aside, to be taken or released.
    SetsAside,
    /// Takes value that was set aside: all of it or nothing.
    TakesSetAside,
    /// Takes value by itself; what came in part can be completed.
    Takes,
    /// Gives back what was set aside; it is complete when nothing is set aside any more.
    Releases,
    /// Gives back what was taken.
    Returns,
    /// Waits until a partner's own records show what was taken.
    Confirms,
    /// Brings value to whom the order is for: what was brought does not come back by itself.
    Delivers,
}

impl Nature {
    /// Whether value is its holder's no longer once it is done.
    pub const fn takes(self) -> bool {
        matches!(self, Nature::TakesSetAside | Nature::Takes)
    }

    /// Whether it gives back what an earlier step took or set aside.
    pub const fn gives_back(self) -> bool {
        matches!(self, Nature::Releases | Nature::Returns)
    }
}

impl Action {
    /// What it does with value.
    pub const fn nature(self) -> Nature {
        match self {
            Action::ReserveAirtime => Nature::SetsAside,
            Action::CaptureAirtime => Nature::TakesSetAside,
            Action::DeductAirtime | Action::CollectPayment | Action::RedeemPoints => Nature::Takes,
            Action::ReleaseAirtime => Nature::Releases,
            Action::CreditAirtime | Action::RefundPayment | Action::ReverseRedemption => Nature::Returns,
            Action::ConfirmBilling => Nature::Confirms,
            Action::PayOut
            | Action::TopUpAirtime
            | Action::GrantReward
            | Action::IssueVoucher
            | Action::PayBack
            | Action::TransferAirtime
            | Action::AccruePoints => Nature::Delivers,
        }
    }

    /// Whether it moves value from the order's subscriber to another: the partner is told both.
    pub const fn is_between_parties(self) -> bool {
        matches!(self, Action::TransferAirtime)
    }

    /// Whether it leaves a code with the partner, which whoever it is for collects there through us.
    pub const fn leaves_code(self) -> bool {
        matches!(self, Action::IssueVoucher)
    }

    /// Whether its request names the one that it is about: whose billing is awaited, or what is given back.
    pub const fn names_original(self) -> bool {
        matches!(self, Action::ConfirmBilling | Action::RefundPayment | Action::PayBack | Action::ReverseRedemption)
    }

    /// The action that undoes it; none when it cannot be undone.
    pub const fn undone_by(self) -> Option<Action> {
        match self {
            Action::ReserveAirtime => Some(Action::ReleaseAirtime),
            Action::CaptureAirtime | Action::DeductAirtime => Some(Action::CreditAirtime),
            Action::CreditAirtime => Some(Action::DeductAirtime),
            Action::CollectPayment => Some(Action::RefundPayment),
            Action::RedeemPoints => Some(Action::ReverseRedemption),
            Action::ReleaseAirtime
            | Action::ConfirmBilling
            | Action::PayOut
            | Action::TopUpAirtime
            | Action::GrantReward
            | Action::IssueVoucher
            | Action::TransferAirtime
            | Action::PayBack
            | Action::RefundPayment
            | Action::ReverseRedemption
            | Action::AccruePoints => None,
        }
    }
}

/// Our reference for one request: the order, its step, and which attempt at it.
///
/// Shape: the order's 26 characters, the step and the attempt, as in `01JD…-2-1`: at most 34 characters, within
/// the 35 of an ISO 20022 `EndToEndId`. A partner is asked about this reference before anything is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct CallRef {
    /// The order.
    #[n(0)]
    pub order: OrderId,
    /// The step's place in the order.
    #[n(1)]
    pub step: u8,
    /// Which attempt, from 1.
    #[n(2)]
    pub attempt: Attempt,
}

impl fmt::Display for CallRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = self.order.to_string();
        write!(f, "{}-{}-{}", &order[OrderId::PREFIX.len()..], self.step, self.attempt)
    }
}

/// The text is no reference of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseCallRefError;

impl fmt::Display for ParseCallRefError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an order, a step and an attempt joined by hyphens")
    }
}

impl core::error::Error for ParseCallRefError {}

impl FromStr for CallRef {
    type Err = ParseCallRefError;

    fn from_str(text: &str) -> Result<CallRef, ParseCallRefError> {
        let mut parts = text.split('-');
        let (Some(order), Some(step), Some(attempt), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ParseCallRefError);
        };
        let order = format!("{}{order}", OrderId::PREFIX).parse().map_err(|_| ParseCallRefError)?;
        let step = step.parse().map_err(|_| ParseCallRefError)?;
        let attempt = attempt.parse().map_err(|_| ParseCallRefError)?;
        Ok(CallRef { order, step, attempt })
    }
}

/// How busy a partner is: a step is sent only against a free credit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct PartnerLoad {
    /// How many requests the partner lets us have under way; 0 while its breaker is open.
    #[n(0)]
    pub window: u32,
    /// How many are under way.
    #[n(1)]
    pub in_flight: u32,
    /// How many planned steps wait for a credit or for their time.
    #[n(2)]
    pub queued: u32,
}

impl PartnerLoad {
    /// Whether one more request may leave now.
    pub const fn has_credit(&self) -> bool {
        self.in_flight < self.window
    }
}
