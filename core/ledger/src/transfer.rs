//! A transfer: one movement of value, or one step in the life of a hold.

use crate::account::AccountId;
use minicbor::{Decode, Encode};

/// The identity of a transfer. Ids only ever grow, so one at or below the last is a replay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct TransferId(#[n(0)] u64);

impl TransferId {
    /// The id with this number.
    pub const fn new(number: u64) -> TransferId {
        TransferId(number)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Value moving from one account to another: the debit account is debited, the credit account credited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    /// The account to debit.
    #[n(0)]
    pub debit: AccountId,
    /// The account to credit.
    #[n(1)]
    pub credit: AccountId,
    /// Minor units of the asset that both accounts hold.
    #[n(2)]
    pub amount: u64,
}

/// What a transfer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Action {
    /// Moves value at once.
    #[n(0)]
    Post(#[n(0)] Entry),
    /// Sets value aside under this transfer's id, to be posted, voided or expired later.
    #[n(1)]
    Hold {
        /// What is set aside.
        #[n(0)]
        entry: Entry,
        /// Milliseconds since 1970 from which the hold may expire; 0 is never.
        #[n(1)]
        expires_at: u64,
    },
    /// Moves `amount` of what a hold set aside and gives the rest back.
    #[n(2)]
    PostHold {
        /// The hold's id.
        #[n(0)]
        hold: TransferId,
        /// Minor units, at most what was held.
        #[n(1)]
        amount: u64,
    },
    /// Gives back what a hold set aside.
    #[n(3)]
    VoidHold {
        /// The hold's id.
        #[n(0)]
        hold: TransferId,
    },
    /// Gives back what a hold set aside because its time is over.
    #[n(4)]
    ExpireHold {
        /// The hold's id.
        #[n(0)]
        hold: TransferId,
        /// Milliseconds since 1970: the time of the command that says so.
        #[n(1)]
        now: u64,
    },
}

/// One transfer of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Transfer {
    /// Its identity, above every earlier one.
    #[n(0)]
    pub id: TransferId,
    /// What it does.
    #[n(1)]
    pub action: Action,
}
