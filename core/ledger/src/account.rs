//! A single-asset account with its four sums and the bound it may not cross.

use crate::Refusal;
use minicbor::{Decode, Encode};
use money::Asset;

/// A dense handle of an account, given in order of opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct AccountId(#[n(0)] u32);

impl AccountId {
    /// The handle with this number.
    pub const fn new(number: u32) -> AccountId {
        AccountId(number)
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The side of an account that a transfer touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// 借.
    Debit,
    /// 贷.
    Credit,
}

/// What an account's balance may not do. Pending sums count on the side that lowers the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Bound {
    /// Either side may be the greater.
    #[n(0)]
    Free,
    /// Pending and posted debits stay within posted credits: what we owe somebody.
    #[n(1)]
    DebitsWithinCredits,
    /// Pending and posted credits stay within posted debits: what we have.
    #[n(2)]
    CreditsWithinDebits,
}

/// One account. Sums are in minor units of its asset and only change through transfers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Account {
    #[n(0)]
    asset: Asset,
    #[n(1)]
    bound: Bound,
    #[n(2)]
    debits_pending: u64,
    #[n(3)]
    debits_posted: u64,
    #[n(4)]
    credits_pending: u64,
    #[n(5)]
    credits_posted: u64,
}

impl Account {
    pub(crate) const fn new(asset: Asset, bound: Bound) -> Account {
        Account { asset, bound, debits_pending: 0, debits_posted: 0, credits_pending: 0, credits_posted: 0 }
    }

    /// The asset this account holds.
    pub const fn asset(&self) -> Asset {
        self.asset
    }

    /// The bound this account keeps.
    pub const fn bound(&self) -> Bound {
        self.bound
    }

    /// The sum of open holds on a side.
    pub const fn pending(&self, side: Side) -> u64 {
        match side {
            Side::Debit => self.debits_pending,
            Side::Credit => self.credits_pending,
        }
    }

    /// The sum of posted transfers on a side.
    pub const fn posted(&self, side: Side) -> u64 {
        match side {
            Side::Debit => self.debits_posted,
            Side::Credit => self.credits_posted,
        }
    }

    /// Posted credits less posted debits.
    pub fn credit_balance(&self) -> i128 {
        i128::from(self.credits_posted) - i128::from(self.debits_posted)
    }

    /// Adds to the open holds of a side, and keeps room to post all of them.
    pub(crate) fn add_pending(&mut self, side: Side, amount: u64) -> Result<(), Refusal> {
        let sum = self.pending(side).checked_add(amount).ok_or(Refusal::SumOverflow)?;
        // A hold that could not be posted would be value that nobody can move.
        sum.checked_add(self.posted(side)).ok_or(Refusal::SumOverflow)?;
        match side {
            Side::Debit => self.debits_pending = sum,
            Side::Credit => self.credits_pending = sum,
        }
        Ok(())
    }

    pub(crate) fn drop_pending(&mut self, side: Side, amount: u64) -> Result<(), Refusal> {
        let sum = match side {
            Side::Debit => &mut self.debits_pending,
            Side::Credit => &mut self.credits_pending,
        };
        *sum = sum.checked_sub(amount).ok_or(Refusal::SumOverflow)?;
        Ok(())
    }

    /// Adds to what is posted on a side, and keeps the room of its open holds.
    pub(crate) fn add_posted(&mut self, side: Side, amount: u64) -> Result<(), Refusal> {
        let sum = self.posted(side).checked_add(amount).ok_or(Refusal::SumOverflow)?;
        sum.checked_add(self.pending(side)).ok_or(Refusal::SumOverflow)?;
        match side {
            Side::Debit => self.debits_posted = sum,
            Side::Credit => self.credits_posted = sum,
        }
        Ok(())
    }

    pub(crate) fn check_bound(&self) -> Result<(), Refusal> {
        let debits = u128::from(self.debits_pending) + u128::from(self.debits_posted);
        let credits = u128::from(self.credits_pending) + u128::from(self.credits_posted);
        match self.bound {
            Bound::DebitsWithinCredits if debits > u128::from(self.credits_posted) => Err(Refusal::ExceedsCredits),
            Bound::CreditsWithinDebits if credits > u128::from(self.debits_posted) => Err(Refusal::ExceedsDebits),
            Bound::Free | Bound::DebitsWithinCredits | Bound::CreditsWithinDebits => Ok(()),
        }
    }
}
