//! Running a chain of transfers on a draft, so that all of it counts or none.

use crate::account::{Account, AccountId, Side};
use crate::hold::{Hold, HoldState};
use crate::transfer::{Action, Entry, Transfer, TransferId};
use crate::{Ledger, Refusal};

/// Where a chain was refused, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Position in the chain, from 0.
    pub index: usize,
    /// The reason.
    pub refusal: Refusal,
}

/// The ledger as it would be: touched accounts and holds are copied, the rest is looked up.
/// A chain touches a handful of each, so a scan of a short list beats any index.
pub(crate) struct Draft<'a> {
    ledger: &'a Ledger,
    changes: Changes,
}

pub(crate) struct Changes {
    pub(crate) accounts: Vec<(AccountId, Account)>,
    pub(crate) holds: Vec<(TransferId, Hold)>,
    pub(crate) last_id: TransferId,
}

impl<'a> Draft<'a> {
    pub(crate) fn of(ledger: &'a Ledger) -> Draft<'a> {
        let changes = Changes { accounts: Vec::new(), holds: Vec::new(), last_id: ledger.last_id };
        Draft { ledger, changes }
    }

    pub(crate) fn run(&mut self, chain: &[Transfer]) -> Result<(), Refused> {
        for (index, transfer) in chain.iter().enumerate() {
            self.step(transfer).map_err(|refusal| Refused { index, refusal })?;
        }
        Ok(())
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.changes
    }

    fn step(&mut self, transfer: &Transfer) -> Result<(), Refusal> {
        self.check_id(transfer)?;
        match transfer.action {
            Action::Post(entry) => self.post(entry)?,
            Action::Hold { entry, expires_at } => self.hold(transfer.id, entry, expires_at)?,
            Action::PostHold { hold, amount } => self.post_hold(hold, amount)?,
            Action::VoidHold { hold } => self.end_hold(hold, HoldState::Voided)?,
            Action::ExpireHold { hold, now } => self.expire_hold(hold, now)?,
        }
        self.changes.last_id = transfer.id;
        Ok(())
    }

    fn check_id(&self, transfer: &Transfer) -> Result<(), Refusal> {
        if transfer.id > self.changes.last_id {
            return Ok(());
        }
        let Action::Hold { entry, expires_at } = transfer.action else {
            return Err(Refusal::IdAlreadyUsed);
        };
        match self.find_hold(transfer.id) {
            Some(hold) if hold.entry == entry && hold.expires_at == expires_at => Err(Refusal::Exists),
            Some(_) | None => Err(Refusal::IdAlreadyUsed),
        }
    }

    fn check_entry(&self, entry: Entry) -> Result<(), Refusal> {
        if entry.amount == 0 {
            return Err(Refusal::AmountIsZero);
        }
        let debit = self.ledger.account(entry.debit).ok_or(Refusal::DebitAccountUnknown)?;
        let credit = self.ledger.account(entry.credit).ok_or(Refusal::CreditAccountUnknown)?;
        if entry.debit == entry.credit {
            return Err(Refusal::AccountsAreTheSame);
        }
        if debit.asset() != credit.asset() {
            return Err(Refusal::AssetsDiffer);
        }
        Ok(())
    }

    fn post(&mut self, entry: Entry) -> Result<(), Refusal> {
        self.check_entry(entry)?;
        self.account(entry.debit)?.add_posted(Side::Debit, entry.amount)?;
        self.account(entry.credit)?.add_posted(Side::Credit, entry.amount)?;
        self.check_bounds(entry)
    }

    fn hold(&mut self, id: TransferId, entry: Entry, expires_at: u64) -> Result<(), Refusal> {
        self.check_entry(entry)?;
        self.account(entry.debit)?.add_pending(Side::Debit, entry.amount)?;
        self.account(entry.credit)?.add_pending(Side::Credit, entry.amount)?;
        self.check_bounds(entry)?;
        self.put_hold(id, Hold { entry, expires_at, state: HoldState::Pending });
        Ok(())
    }

    fn post_hold(&mut self, id: TransferId, amount: u64) -> Result<(), Refusal> {
        if amount == 0 {
            return Err(Refusal::AmountIsZero);
        }
        let hold = self.open_hold(id)?;
        if amount > hold.entry.amount {
            return Err(Refusal::AmountExceedsHold);
        }
        self.give_back(hold.entry)?;
        self.account(hold.entry.debit)?.add_posted(Side::Debit, amount)?;
        self.account(hold.entry.credit)?.add_posted(Side::Credit, amount)?;
        self.check_bounds(hold.entry)?;
        self.put_hold(id, Hold { state: HoldState::Posted(amount), ..hold });
        Ok(())
    }

    fn end_hold(&mut self, id: TransferId, state: HoldState) -> Result<(), Refusal> {
        let hold = self.open_hold(id)?;
        self.give_back(hold.entry)?;
        self.put_hold(id, Hold { state, ..hold });
        Ok(())
    }

    fn expire_hold(&mut self, id: TransferId, now: u64) -> Result<(), Refusal> {
        let hold = self.open_hold(id)?;
        if hold.expires_at == 0 || now < hold.expires_at {
            return Err(Refusal::HoldNotDue);
        }
        self.end_hold(id, HoldState::Expired)
    }

    fn open_hold(&self, id: TransferId) -> Result<Hold, Refusal> {
        let hold = self.find_hold(id).ok_or(Refusal::HoldNotOpen)?;
        match hold.state {
            HoldState::Pending => Ok(hold),
            HoldState::Posted(_) => Err(Refusal::HoldAlreadyPosted),
            HoldState::Voided => Err(Refusal::HoldAlreadyVoided),
            HoldState::Expired => Err(Refusal::HoldAlreadyExpired),
        }
    }

    fn give_back(&mut self, entry: Entry) -> Result<(), Refusal> {
        self.account(entry.debit)?.drop_pending(Side::Debit, entry.amount)?;
        self.account(entry.credit)?.drop_pending(Side::Credit, entry.amount)
    }

    fn check_bounds(&mut self, entry: Entry) -> Result<(), Refusal> {
        self.account(entry.debit)?.check_bound()?;
        self.account(entry.credit)?.check_bound()
    }

    /// The draft's copy of an account. The handle was checked with the entry, so a miss is a broken ledger.
    fn account(&mut self, id: AccountId) -> Result<&mut Account, Refusal> {
        let touched = self.changes.accounts.iter().position(|(touched, _)| *touched == id);
        let index = match touched {
            Some(index) => index,
            None => {
                let account = self.ledger.account(id).ok_or(Refusal::DebitAccountUnknown)?;
                self.changes.accounts.push((id, account.clone()));
                self.changes.accounts.len() - 1
            }
        };
        Ok(&mut self.changes.accounts[index].1)
    }

    fn find_hold(&self, id: TransferId) -> Option<Hold> {
        let touched = self.changes.holds.iter().rev().find(|(touched, _)| *touched == id);
        touched.map(|(_, hold)| *hold).or_else(|| self.ledger.hold(id).copied())
    }

    fn put_hold(&mut self, id: TransferId, hold: Hold) {
        self.changes.holds.push((id, hold));
    }
}
