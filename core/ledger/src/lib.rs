//! Double entry for prepaid value: floor 1.
//!
//! Accounts hold one asset each and carry four sums: debits and credits, pending and posted. A
//! transfer moves value between two accounts of one asset, at once or in two phases (hold, then post
//! in whole or part, void or expire). A chain of transfers succeeds or fails together. The ledger
//! knows no customer, order or rule, keeps no history beyond open holds, and never reads a clock.
//!
//! Every refusal has a public number, and the order of the checks is the order of those numbers.

mod account;
mod chain;
mod hold;
mod refusal;
mod transfer;

pub use account::{Account, AccountId, Bound, Side};
pub use chain::Refused;
pub use hold::{Hold, HoldState};
pub use refusal::Refusal;
pub use transfer::{Action, Entry, Transfer, TransferId};

use chain::Draft;
use hold::Holds;
use minicbor::{Decode, Encode};
use money::Asset;
use std::collections::BTreeMap;

/// The books: accounts by dense handle, open holds, and running totals per asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Ledger {
    #[n(0)]
    accounts: Vec<Account>,
    #[n(1)]
    holds: Holds,
    #[n(2)]
    last_id: TransferId,
}

/// The sums of all accounts of one asset. Debits and credits are equal in pairs when the books balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sum of pending debits.
    pub debits_pending: u128,
    /// Sum of posted debits.
    pub debits_posted: u128,
    /// Sum of pending credits.
    pub credits_pending: u128,
    /// Sum of posted credits.
    pub credits_posted: u128,
}

impl Totals {
    /// Whether debits equal credits, pending and posted apart.
    pub const fn balance(&self) -> bool {
        self.debits_pending == self.credits_pending && self.debits_posted == self.credits_posted
    }
}

impl Ledger {
    /// Opens an account and returns its handle: handles are dense and given in order.
    pub fn open(&mut self, asset: Asset, bound: Bound) -> AccountId {
        let id = self.next_account();
        self.accounts.push(Account::new(asset, bound));
        id
    }

    /// The handle that the next opened account will have.
    pub fn next_account(&self) -> AccountId {
        AccountId::new(u32::try_from(self.accounts.len()).unwrap_or(u32::MAX))
    }

    /// The account behind a handle.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(id.index())
    }

    /// Every account in handle order.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        (0u32..).map(AccountId::new).zip(&self.accounts)
    }

    /// A hold that is open, or that ended not long ago.
    pub fn hold(&self, id: TransferId) -> Option<&Hold> {
        self.holds.get(id)
    }

    /// The highest transfer id ever applied; a chain's ids lie above it.
    pub const fn last_id(&self) -> TransferId {
        self.last_id
    }

    /// Says whether the chain would be applied, without applying it.
    ///
    /// Errors: the first transfer that is refused, and why.
    pub fn check(&self, chain: &[Transfer]) -> Result<(), Refused> {
        Draft::of(self).run(chain)
    }

    /// Applies all transfers of the chain, or none.
    ///
    /// Errors: the first transfer that is refused, and why; the ledger is then unchanged.
    pub fn apply(&mut self, chain: &[Transfer]) -> Result<(), Refused> {
        let mut draft = Draft::of(self);
        draft.run(chain)?;
        let changes = draft.into_changes();
        for (id, account) in changes.accounts {
            self.accounts[id.index()] = account;
        }
        for (id, hold) in changes.holds {
            self.holds.put(id, hold);
        }
        self.last_id = changes.last_id;
        Ok(())
    }

    /// The sums of all accounts, per asset.
    pub fn trial_balance(&self) -> BTreeMap<Asset, Totals> {
        let mut sums: BTreeMap<Asset, Totals> = BTreeMap::new();
        for account in &self.accounts {
            let total = sums.entry(account.asset()).or_default();
            total.debits_pending += u128::from(account.pending(Side::Debit));
            total.debits_posted += u128::from(account.posted(Side::Debit));
            total.credits_pending += u128::from(account.pending(Side::Credit));
            total.credits_posted += u128::from(account.posted(Side::Credit));
        }
        sums
    }
}
