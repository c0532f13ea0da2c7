//! Business refusals: public codes in the order of precedence. A refusal is a result, not an error.

use crate::terms::words;

use crate::terms::UnknownWord;
use core::fmt;
use core::str::FromStr;
use minicbor::{Decode, Encode};

words! {
    /// Why a request is refused. Codes are public, never renumbered and never reused; of two that apply
    /// the lower number is given.
    ///
    /// Source: the shipped policy, section 5 (`policies/README.md`), 2026-11.
    Refusal {
        /// A field is missing or malformed.
        MalformedRequest = 1, "malformed_request";
        /// The identity number is not a valid resident identity number.
        IdentityInvalid = 2, "identity_invalid";
        /// The person is under 18 on the day of the request.
        IdentityUnderage = 3, "identity_underage";
        /// The number is in no segment.
        NumberUnknown = 4, "number_unknown";
        /// The number belongs to a virtual operator.
        TelcoNotConnected = 5, "telco_not_connected";
        /// The number is not registered to this person.
        NotTheHolder = 6, "not_the_holder";
        /// The payment instrument is missing or not the person's own.
        InstrumentNotOwn = 7, "instrument_not_own";
        /// The number's home province does not offer the product.
        ProductNotOffered = 8, "product_not_offered";
        /// The receiver cannot take the gift.
        ReceiverNotEligible = 9, "receiver_not_eligible";
        /// Entered in another province than the product allows.
        OutOfProvince = 10, "out_of_province";
        /// Below the product's least amount.
        AmountTooSmall = 11, "amount_too_small";
        /// Above the product's greatest amount.
        AmountTooLarge = 12, "amount_too_large";
        /// The person's refunds of the day would pass their cap.
        RefundCapExceeded = 13, "refund_cap_exceeded";
        /// The person's day would pass its limit.
        DailyLimitExceeded = 14, "daily_limit_exceeded";
        /// The convertible balance does not cover it.
        BalanceInsufficient = 15, "balance_insufficient";
        /// The arrival date lies beyond the published calendar.
        CalendarUnpublished = 16, "calendar_unpublished";
        /// Airtime of this origin does not leave as money.
        ProvenanceNotConvertible = 17, "provenance_not_convertible";
        /// The quote has expired.
        QuoteExpired = 18, "quote_expired";
        /// The quote was taken before.
        QuoteUsed = 19, "quote_used";
        /// A partner the order needs is not available; nothing was taken.
        PartnerUnavailable = 20, "partner_unavailable";
        /// The telco refused to set the airtime aside; nothing was taken.
        TelcoRefused = 21, "telco_refused";
        /// The quote was given for another subscriber, product or amount.
        QuoteMismatch = 22, "quote_mismatch";
        /// No licence that is valid on the request's date covers the product and the home province.
        LicenceMissing = 23, "licence_missing";
        /// A further limit would be passed.
        LimitExceeded = 24, "limit_exceeded";
        /// The reward that the quote shows is not to be had any more; nothing was taken.
        RewardUnavailable = 25, "reward_unavailable";
        /// The person asked to be erased: until then their data is only stored.
        PersonRestricted = 26, "person_restricted";
        /// Nothing is left of a recharge that is to be refunded, or it was not paid through a payment partner.
        RechargeUnknown = 27, "recharge_unknown";
    }
}
