//! Whether the money goes where it may: to the person's own card, or back to who paid.

use serde::Deserialize;

/// What a product asks of the payment instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentRule {
    /// None is asked for; one that is given is ignored.
    None,
    /// The bank card registered for the number.
    OwnCard,
    /// The credit card registered for the number.
    CreditCard,
    /// The instrument that paid the recharge and the one to return it to, which must be the same.
    PaidAndToSame,
    /// A card that pays, whosever it is.
    PayingCard,
}

/// What became of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instrument {
    /// It is the one the product asks for, or none is asked for.
    Own,
    /// Missing, malformed or somebody else's.
    NotOwn,
}

/// The cards registered for a number, as opaque tokens; empty when there is none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cards<'a> {
    /// The bank card.
    pub own: &'a str,
    /// The credit card.
    pub credit: &'a str,
}

/// Whether they are there, and not which.
impl core::fmt::Debug for Cards<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Cards { own, credit } = self;
        write!(f, "Cards(own: {}, credit: {})", !own.is_empty(), !credit.is_empty())
    }
}

impl InstrumentRule {
    /// Checks the instrument given with a request against the cards of its number.
    pub fn check(self, given: &str, cards: Cards<'_>) -> Instrument {
        let fits = match self {
            InstrumentRule::None => true,
            InstrumentRule::PayingCard => !given.is_empty(),
            InstrumentRule::OwnCard => !given.is_empty() && given == cards.own,
            InstrumentRule::CreditCard => !given.is_empty() && given == cards.credit,
            InstrumentRule::PaidAndToSame => refund_origin(given).is_some(),
        };
        if fits { Instrument::Own } else { Instrument::NotOwn }
    }
}

/// The token in `paid:<token>;to:<token>` when both are the same of `[A-Za-z0-9_]+`.
pub fn refund_origin(text: &str) -> Option<&str> {
    let (paid, to) = text.strip_prefix("paid:")?.split_once(";to:")?;
    let is_token = !paid.is_empty() && paid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_token && paid == to).then_some(paid)
}
