//! Why a transfer is refused: public numbers, in the order in which the checks are made.

use core::fmt;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $code:literal;)*) => {
        /// Why a transfer is refused. Numbers are public and never reused; when two apply, the lower is given.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Refusal {
            $($(#[$doc])* $name = $number,)*
        }

        impl Refusal {
            /// Every refusal in the order of the checks.
            pub const ALL: &'static [Refusal] = &[$(Refusal::$name,)*];

            /// The public code.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Refusal::$name => $code,)*
                }
            }
        }
    };
}

refusals! {
    /// The id is that of an open or lately ended hold with the same fields: a replay, already applied.
    Exists = 1, "exists";
    /// The id is at or below the last one applied, and the transfer is not the one that had it, or is forgotten.
    IdAlreadyUsed = 2, "id_already_used";
    /// Nothing would move.
    AmountIsZero = 10, "amount_is_zero";
    /// No account has the debit handle.
    DebitAccountUnknown = 11, "debit_account_unknown";
    /// No account has the credit handle.
    CreditAccountUnknown = 12, "credit_account_unknown";
    /// Debit and credit are the same account.
    AccountsAreTheSame = 13, "accounts_are_the_same";
    /// The accounts hold different assets.
    AssetsDiffer = 14, "assets_differ";
    /// No open hold has this id, and none that ended lately.
    HoldNotOpen = 20, "hold_not_open";
    /// The hold was posted before.
    HoldAlreadyPosted = 21, "hold_already_posted";
    /// The hold was voided before.
    HoldAlreadyVoided = 22, "hold_already_voided";
    /// The hold expired before.
    HoldAlreadyExpired = 23, "hold_already_expired";
    /// More would be posted than was held.
    AmountExceedsHold = 24, "amount_exceeds_hold";
    /// The hold never expires, or not yet.
    HoldNotDue = 25, "hold_not_due";
    /// Pending and posted together would leave 64 bits on a side.
    SumOverflow = 30, "sum_overflow";
    /// Debits of an account that must keep within its credits would exceed them.
    ExceedsCredits = 40, "exceeds_credits";
    /// Credits of an account that must keep within its debits would exceed them.
    ExceedsDebits = 41, "exceeds_debits";
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl core::error::Error for Refusal {}
