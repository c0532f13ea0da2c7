//! The order in which admission checks: part of the public contract, so that an answer can be explained later.

use facts::Refusal;

/// The refusals of admission, in the order in which they are looked for. Codes that come later, about quotes and
/// partners, are not among them.
pub const PRECEDENCE: [Refusal; 18] = [
    Refusal::MalformedRequest,
    Refusal::IdentityInvalid,
    Refusal::IdentityUnderage,
    Refusal::NumberUnknown,
    Refusal::TelcoNotConnected,
    Refusal::NotTheHolder,
    Refusal::InstrumentNotOwn,
    Refusal::ProductNotOffered,
    Refusal::ReceiverNotEligible,
    Refusal::OutOfProvince,
    Refusal::AmountTooSmall,
    Refusal::AmountTooLarge,
    Refusal::RefundCapExceeded,
    Refusal::DailyLimitExceeded,
    Refusal::BalanceInsufficient,
    Refusal::CalendarUnpublished,
    Refusal::LicenceMissing,
    Refusal::LimitExceeded,
];
