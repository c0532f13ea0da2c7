//! The chart of accounts and the entries that plans are made of.

use facts::{AccountName, Fact, Partner, PersonId, State};
use ledger::{AccountId, Action as Move, Bound, Entry, Transfer, TransferId};
use money::{Asset, Telco};
use std::collections::BTreeMap;

/// The account that funds the reserve, by its public name.
pub const FUNDING_NAME: AccountName = AccountName::OperatorFloat;

/// The house accounts, in the order in which they are opened.
fn house() -> Vec<(AccountName, Asset, Bound)> {
    let mut accounts = vec![
        (FUNDING_NAME, Asset::Cny, Bound::Free),
        (AccountName::ReserveBank, Asset::Cny, Bound::CreditsWithinDebits),
        (AccountName::FeesConversion, Asset::Cny, Bound::Free),
    ];
    for telco in Telco::ALL {
        let airtime = Asset::Airtime(telco);
        accounts.extend([
            // What a telco truly did must be bookable, also when it gave back more than it took.
            (AccountName::TelcoTaken(telco), airtime, Bound::Free),
            (AccountName::TelcoReserved(telco), airtime, Bound::CreditsWithinDebits),
            (AccountName::TelcoTransferred(telco), airtime, Bound::CreditsWithinDebits),
            (AccountName::AirtimeHeld(telco), airtime, Bound::DebitsWithinCredits),
            (AccountName::Position(telco), airtime, Bound::Free),
            (AccountName::Position(telco), Asset::Cny, Bound::Free),
        ]);
    }
    for partner in Partner::ALL {
        let names = [partner.mirror(), AccountName::InDoubt(partner), AccountName::Claim(partner)];
        accounts.extend(names.map(|name| (name, partner.asset(), Bound::Free)));
    }
    accounts
}

/// Opens the house accounts that are not open yet, and funds the reserve when it is new: a release that knows another
/// partner opens its accounts beside those of before. The handles follow on from the ledger's next one.
pub(crate) fn open_house(state: &State, funding: u64) -> Vec<Fact> {
    let mut next = state.ledger().next_account().number();
    let mut facts = Vec::new();
    let mut opened = BTreeMap::new();
    for (name, asset, bound) in house() {
        if state.account(name, asset).is_some() || opened.contains_key(&(name, asset)) {
            continue;
        }
        let account = AccountId::new(next);
        next += 1;
        opened.insert((name, asset), account);
        facts.push(Fact::AccountOpened { account, name, asset, bound });
    }
    let new = |name| opened.get(&(name, Asset::Cny)).copied();
    if let (Some(float), Some(reserve), true) = (new(FUNDING_NAME), new(AccountName::ReserveBank), funding > 0) {
        let id = TransferId::new((state.sequence() + 1) << 10);
        facts.push(Fact::Posted {
            transfers: vec![Transfer { id, action: Move::Post(entry(reserve, float, funding)) }],
        });
    }
    facts
}

/// The accounts that an order of one person at one telco touches.
#[derive(Clone, Copy)]
pub(crate) struct Books {
    pub(crate) taken: AccountId,
    pub(crate) reserved: AccountId,
    pub(crate) transferred: AccountId,
    pub(crate) held: AccountId,
    pub(crate) position_airtime: AccountId,
    pub(crate) position_cny: AccountId,
    pub(crate) in_doubt_telco: AccountId,
    pub(crate) fees: AccountId,
    pub(crate) payable: AccountId,
}

impl Books {
    /// The accounts, with the person's own, and the fact that opens that one if it is new.
    /// `None` while the house accounts are not open.
    pub(crate) fn of(state: &State, telco: Telco, person: PersonId) -> Option<(Books, Option<Fact>)> {
        let airtime = Asset::Airtime(telco);
        let find = |name, asset| state.account(name, asset);
        let name = AccountName::Payable(person);
        let payable = find(name, Asset::Cny);
        let account = payable.unwrap_or_else(|| state.ledger().next_account());
        let bound = Bound::DebitsWithinCredits;
        let opening = payable.is_none().then_some(Fact::AccountOpened { account, name, asset: Asset::Cny, bound });
        let books = Books {
            taken: find(AccountName::TelcoTaken(telco), airtime)?,
            reserved: find(AccountName::TelcoReserved(telco), airtime)?,
            transferred: find(AccountName::TelcoTransferred(telco), airtime)?,
            held: find(AccountName::AirtimeHeld(telco), airtime)?,
            position_airtime: find(AccountName::Position(telco), airtime)?,
            position_cny: find(AccountName::Position(telco), Asset::Cny)?,
            in_doubt_telco: find(AccountName::InDoubt(Partner::Telco(telco)), airtime)?,
            fees: find(AccountName::FeesConversion, Asset::Cny)?,
            payable: account,
        };
        Some((books, opening))
    }
}

/// The account that pays for a campaign's rewards, and the fact that opens it if it is new. Accounts that the same
/// record opens come before it.
pub(crate) fn promotion(state: &State, campaign: u16, opened: usize) -> (AccountId, Option<Fact>) {
    let name = AccountName::Promotion(campaign);
    if let Some(account) = state.account(name, Asset::Cny) {
        return (account, None);
    }
    let next = state.ledger().next_account().number() + u32::try_from(opened).unwrap_or(0);
    let account = AccountId::new(next);
    (account, Some(Fact::AccountOpened { account, name, asset: Asset::Cny, bound: Bound::CreditsWithinDebits }))
}

/// An entry that debits one account and credits another.
pub(crate) const fn entry(debit: AccountId, credit: AccountId, amount: u64) -> Entry {
    Entry { debit, credit, amount }
}

/// The same movement the other way round.
pub(crate) fn reversed(entries: &[Entry]) -> Vec<Entry> {
    entries.iter().map(|entry| Entry { debit: entry.credit, credit: entry.debit, amount: entry.amount }).collect()
}
