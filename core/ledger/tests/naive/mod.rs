//! The naive model: what happened, in order, and nothing derived from it.

use ledger::{AccountId, Action, Bound, Entry, Refusal, Refused, Transfer, TransferId};
use money::Asset;

/// How a hold stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Open,
    Posted(u64),
    Voided,
    Expired,
}

/// A hold as it was made, and how it stands.
#[derive(Clone, Debug)]
pub struct Held {
    pub id: TransferId,
    pub entry: Entry,
    pub expires_at: u64,
    pub end: End,
}

#[derive(Clone, Default)]
pub struct Model {
    pub accounts: Vec<(Asset, Bound)>,
    pub posts: Vec<Entry>,
    pub holds: Vec<Held>,
    pub last_id: u64,
}

impl Model {
    pub fn apply(&mut self, chain: &[Transfer]) -> Result<(), Refused> {
        let mut next = self.clone();
        for (index, transfer) in chain.iter().enumerate() {
            if let Some(refusal) = next.give(transfer) {
                return Err(Refused { index, refusal });
            }
        }
        *self = next;
        Ok(())
    }

    /// Pending and posted debits, summed anew.
    pub fn debits(&self, id: AccountId) -> [u128; 2] {
        self.sums(|entry| entry.debit == id)
    }

    /// Pending and posted credits, summed anew.
    pub fn credits(&self, id: AccountId) -> [u128; 2] {
        self.sums(|entry| entry.credit == id)
    }

    fn sums(&self, touches: impl Fn(&Entry) -> bool) -> [u128; 2] {
        let mut sums = [0, 0];
        for entry in self.posts.iter().filter(|entry| touches(entry)) {
            sums[1] += u128::from(entry.amount);
        }
        for hold in self.holds.iter().filter(|hold| touches(&hold.entry)) {
            match hold.end {
                End::Open => sums[0] += u128::from(hold.entry.amount),
                End::Posted(amount) => sums[1] += u128::from(amount),
                End::Voided | End::Expired => {}
            }
        }
        sums
    }

    /// Does what the transfer says first and looks at the outcome after, unlike the ledger.
    fn give(&mut self, transfer: &Transfer) -> Option<Refusal> {
        if transfer.id.number() <= self.last_id {
            return Some(self.replayed(transfer));
        }
        self.last_id = transfer.id.number();
        match transfer.action {
            Action::Post(entry) => self.entry_fault(entry).or_else(|| {
                self.posts.push(entry);
                self.outcome_fault(entry)
            }),
            Action::Hold { entry, expires_at } => self.entry_fault(entry).or_else(|| {
                self.holds.push(Held { id: transfer.id, entry, expires_at, end: End::Open });
                self.outcome_fault(entry)
            }),
            Action::PostHold { amount: 0, .. } => Some(Refusal::AmountIsZero),
            Action::PostHold { hold, amount } => self.end(hold, End::Posted(amount), |held| {
                (amount > held.entry.amount).then_some(Refusal::AmountExceedsHold)
            }),
            Action::VoidHold { hold } => self.end(hold, End::Voided, |_| None),
            Action::ExpireHold { hold, now } => self.end(hold, End::Expired, |held| {
                (held.expires_at == 0 || held.expires_at > now).then_some(Refusal::HoldNotDue)
            }),
        }
    }

    fn replayed(&self, transfer: &Transfer) -> Refusal {
        let same = |held: &&Held| {
            held.id == transfer.id && transfer.action == Action::Hold { entry: held.entry, expires_at: held.expires_at }
        };
        if self.holds.iter().any(|held| same(&held)) { Refusal::Exists } else { Refusal::IdAlreadyUsed }
    }

    fn end(&mut self, id: TransferId, end: End, fault: impl Fn(&Held) -> Option<Refusal>) -> Option<Refusal> {
        let Some(held) = self.holds.iter_mut().find(|held| held.id == id) else {
            return Some(Refusal::HoldNotOpen);
        };
        let refusal = match held.end {
            End::Open => fault(held),
            End::Posted(_) => Some(Refusal::HoldAlreadyPosted),
            End::Voided => Some(Refusal::HoldAlreadyVoided),
            End::Expired => Some(Refusal::HoldAlreadyExpired),
        };
        if refusal.is_none() {
            held.end = end;
        }
        refusal
    }

    fn entry_fault(&self, entry: Entry) -> Option<Refusal> {
        let account = |id: AccountId| self.accounts.get(id.number() as usize);
        let (debit, credit) = (account(entry.debit), account(entry.credit));
        let faults = [
            (entry.amount == 0, Refusal::AmountIsZero),
            (debit.is_none(), Refusal::DebitAccountUnknown),
            (credit.is_none(), Refusal::CreditAccountUnknown),
            (entry.debit == entry.credit, Refusal::AccountsAreTheSame),
            (debit.map(|account| account.0) != credit.map(|account| account.0), Refusal::AssetsDiffer),
        ];
        faults.into_iter().find(|(applies, _)| *applies).map(|(_, refusal)| refusal)
    }

    fn outcome_fault(&self, entry: Entry) -> Option<Refusal> {
        let most = u128::from(u64::MAX);
        let [debits_pending, debits_posted] = self.debits(entry.debit);
        let [credits_pending, credits_posted] = self.credits(entry.credit);
        let within = |id: AccountId, bound| self.accounts[id.number() as usize].1 == bound;
        let faults = [
            (debits_pending + debits_posted > most, Refusal::SumOverflow),
            (credits_pending + credits_posted > most, Refusal::SumOverflow),
            (
                within(entry.debit, Bound::DebitsWithinCredits)
                    && debits_pending + debits_posted > self.credits(entry.debit)[1],
                Refusal::ExceedsCredits,
            ),
            (
                within(entry.credit, Bound::CreditsWithinDebits)
                    && credits_pending + credits_posted > self.debits(entry.credit)[1],
                Refusal::ExceedsDebits,
            ),
        ];
        faults.into_iter().find(|(applies, _)| *applies).map(|(_, refusal)| refusal)
    }
}
