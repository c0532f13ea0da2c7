//! Outside parties, what we ask of them, and the reference each request carries.

use crate::order::Attempt;
use crate::terms::words;
use crate::{OrderId, UnknownWord};
use core::fmt;
use core::str::FromStr;
use minicbor::{Decode, Encode};
use money::Telco;

/// An outside party with books of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Partner {
    /// A network operator's billing.
    #[n(0)]
    Telco(#[n(0)] Telco),
    /// The bank that pays out.
    #[n(1)]
    Bank,
}

impl Partner {
    /// Every partner.
    pub const ALL: [Partner; 5] = [
        Partner::Telco(Telco::Cmcc),
        Partner::Telco(Telco::Cucc),
        Partner::Telco(Telco::Ctcc),
        Partner::Telco(Telco::Cbn),
        Partner::Bank,
    ];
}

impl fmt::Display for Partner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Partner::Telco(telco) => f.write_str(telco.code()),
            Partner::Bank => f.write_str("BANK"),
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
    }
}

impl Action {
    /// Whether the step brings value to whom the order is for: what was brought does not come back by itself.
    pub const fn delivers(self) -> bool {
        match self {
            Action::PayOut | Action::TopUpAirtime | Action::GrantReward => true,
            Action::ReserveAirtime
            | Action::CaptureAirtime
            | Action::ReleaseAirtime
            | Action::DeductAirtime
            | Action::CreditAirtime
            | Action::ConfirmBilling => false,
        }
    }
}

/// Our reference for one request: the order, its step, and which attempt at it.
///
/// Shape: the order's 26 characters, the step and the attempt, as in `01JD…-2-1`: at most 34 characters, within
/// the 35 of an ISO 20022 `EndToEndId`. A partner is asked about this reference before anything is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallRef {
    /// The order.
    pub order: OrderId,
    /// The step's place in the order.
    pub step: u8,
    /// Which attempt, from 1.
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
