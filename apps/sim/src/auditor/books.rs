//! The auditor's own sums, made of postings alone. Nothing here is shared with the ledger but the words of facts.

use facts::AccountName;
use ledger::{Action, Bound, Entry, Transfer};
use money::Asset;
use std::collections::BTreeMap;

/// An account as the auditor sees it: posted and pending sums of both sides.
pub(super) struct Sums {
    pub(super) name: AccountName,
    asset: Asset,
    bound: Bound,
    debits: i128,
    credits: i128,
    debits_pending: i128,
    credits_pending: i128,
}

impl Sums {
    /// Posted debits less posted credits.
    pub(super) const fn net(&self) -> i128 {
        self.debits - self.credits
    }

    pub(super) const fn is_airtime(&self) -> bool {
        matches!(self.asset, Asset::Airtime(_))
    }

    fn fault(&self) -> Option<String> {
        let below = match self.bound {
            Bound::Free => false,
            Bound::DebitsWithinCredits => self.debits + self.debits_pending > self.credits,
            Bound::CreditsWithinDebits => self.credits + self.credits_pending > self.debits,
        };
        let negative = self.debits_pending < 0 || self.credits_pending < 0;
        (below || negative).then(|| format!("account {} went below its bound", self.name.code(self.asset)))
    }
}

/// All accounts and open holds.
#[derive(Default)]
pub(super) struct Books {
    accounts: BTreeMap<u32, Sums>,
    holds: BTreeMap<u64, Entry>,
    /// Posted debits less credits, and pending ones, for each asset: always zero.
    balance: BTreeMap<Asset, (i128, i128)>,
    last_transfer: u64,
}

impl Books {
    pub(super) fn open(&mut self, number: u32, name: AccountName, asset: Asset, bound: Bound) -> Option<String> {
        let sums = Sums { name, asset, bound, debits: 0, credits: 0, debits_pending: 0, credits_pending: 0 };
        let twice = self.accounts.insert(number, sums).is_some();
        twice.then(|| format!("account {number} was opened twice"))
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = (u32, &Sums)> {
        self.accounts.iter().map(|(number, sums)| (*number, sums))
    }

    pub(super) fn name(&self, number: u32) -> Option<AccountName> {
        self.accounts.get(&number).map(|sums| sums.name)
    }

    /// Posted debits less credits of the account with this name and asset.
    pub(super) fn net(&self, name: AccountName, asset: Asset) -> i128 {
        let found = self.accounts.values().find(|sums| sums.name == name && sums.asset == asset);
        found.map_or(0, Sums::net)
    }

    /// What is pending on either side of an account.
    pub(super) fn pending(&self, name: AccountName) -> i128 {
        let found = self.accounts.values().filter(|sums| sums.name == name);
        found.map(|sums| sums.debits_pending + sums.credits_pending).sum()
    }

    /// Takes a transfer in; gives the entry it posted, if it posted one.
    pub(super) fn take(&mut self, transfer: &Transfer, faults: &mut Vec<String>) -> Option<Entry> {
        let number = transfer.id.number();
        if number <= self.last_transfer {
            faults.push(format!("transfer {number} is not newer than {}", self.last_transfer));
        }
        self.last_transfer = number;
        match transfer.action {
            Action::Post(entry) => self.post(entry, faults),
            Action::Hold { entry, .. } => {
                self.add_pending(entry, 1, faults);
                self.holds.insert(number, entry);
                None
            }
            Action::PostHold { hold, amount } => {
                let held = self.end_hold(hold.number(), faults)?;
                if amount == 0 || amount > held.amount {
                    faults.push(format!("{amount} of a hold of {} was posted", held.amount));
                }
                self.post(Entry { amount, ..held }, faults)
            }
            Action::VoidHold { hold } | Action::ExpireHold { hold, .. } => {
                self.end_hold(hold.number(), faults);
                None
            }
        }
    }

    fn end_hold(&mut self, number: u64, faults: &mut Vec<String>) -> Option<Entry> {
        let Some(held) = self.holds.remove(&number) else {
            faults.push(format!("hold {number} is not open and was ended"));
            return None;
        };
        self.add_pending(held, -1, faults);
        Some(held)
    }

    fn add_pending(&mut self, entry: Entry, sign: i128, faults: &mut Vec<String>) {
        let amount = sign * i128::from(entry.amount);
        for (number, debit, credit) in [(entry.debit.number(), amount, 0), (entry.credit.number(), 0, amount)] {
            let Some(sums) = self.accounts.get_mut(&number) else {
                faults.push(format!("account {number} does not exist"));
                continue;
            };
            sums.debits_pending += debit;
            sums.credits_pending += credit;
            let balance = self.balance.entry(sums.asset).or_default();
            balance.1 += debit - credit;
        }
    }

    fn post(&mut self, entry: Entry, faults: &mut Vec<String>) -> Option<Entry> {
        let amount = i128::from(entry.amount);
        for (number, debit, credit) in [(entry.debit.number(), amount, 0), (entry.credit.number(), 0, amount)] {
            let Some(sums) = self.accounts.get_mut(&number) else {
                faults.push(format!("account {number} does not exist"));
                continue;
            };
            sums.debits += debit;
            sums.credits += credit;
            self.balance.entry(sums.asset).or_default().0 += debit - credit;
        }
        Some(entry)
    }

    /// What does not hold after a record that touched these accounts.
    pub(super) fn faults(&self, touched: impl Iterator<Item = u32>, faults: &mut Vec<String>) {
        faults.extend(touched.filter_map(|number| self.accounts.get(&number)?.fault()));
        let uneven = self.balance.iter().filter(|(_, balance)| **balance != (0, 0));
        faults.extend(uneven.map(|(asset, _)| format!("debits and credits of {asset} differ")));
    }

    pub(super) fn open_holds(&self) -> usize {
        self.holds.len()
    }
}
