//! The chart of accounts and the entries that plans are made of.

use facts::{AccountName, Fact, Partner, PersonId, State};
use ledger::{AccountId, Action as Move, Bound, Entry, Transfer, TransferId};
use money::{Asset, Telco};

/// The account that funds the reserve, by its public name.
pub const FUNDING_NAME: AccountName = AccountName::OperatorFloat;

/// The house accounts, in the order in which they are opened.
fn house() -> Vec<(AccountName, Asset, Bound)> {
    let mut accounts = vec![
        (AccountName::OperatorFloat, Asset::Cny, Bound::Free),
        (AccountName::ReserveBank, Asset::Cny, Bound::CreditsWithinDebits),
        (AccountName::FeesConversion, Asset::Cny, Bound::Free),
        (AccountName::InDoubt(Partner::Bank), Asset::Cny, Bound::Free),
        (AccountName::Claim(Partner::Bank), Asset::Cny, Bound::Free),
    ];
    for telco in Telco::ALL {
        let airtime = Asset::Airtime(telco);
        accounts.extend([
            // What a telco truly did must be bookable, also when it gave back more than it took.
            (AccountName::TelcoTaken(telco), airtime, Bound::Free),
            (AccountName::TelcoReserved(telco), airtime, Bound::CreditsWithinDebits),
            (AccountName::AirtimeHeld(telco), airtime, Bound::DebitsWithinCredits),
            (AccountName::Position(telco), airtime, Bound::Free),
            (AccountName::Position(telco), Asset::Cny, Bound::Free),
            (AccountName::InDoubt(Partner::Telco(telco)), airtime, Bound::Free),
        ]);
    }
    let claim = |telco| (AccountName::Claim(Partner::Telco(telco)), Asset::Airtime(telco), Bound::Free);
    accounts.extend(Telco::ALL.map(claim));
    accounts
}

/// Opens the house accounts and funds the reserve. The handles follow on from the ledger's next one.
pub(crate) fn open_house(state: &State, funding: u64) -> Vec<Fact> {
    let first = state.ledger().next_account().number();
    let mut facts: Vec<Fact> = (first..)
        .map(AccountId::new)
        .zip(house())
        .map(|(account, (name, asset, bound))| Fact::AccountOpened { account, name, asset, bound })
        .collect();
    if funding > 0 {
        // Float and reserve are the first two of the house.
        let entry = Entry { debit: AccountId::new(first + 1), credit: AccountId::new(first), amount: funding };
        let id = TransferId::new((state.sequence() + 1) << 10);
        facts.push(Fact::Posted { transfers: vec![Transfer { id, action: Move::Post(entry) }] });
    }
    facts
}

/// The accounts that an order of one person at one telco touches.
#[derive(Clone, Copy)]
pub(crate) struct Books {
    pub(crate) taken: AccountId,
    pub(crate) reserved: AccountId,
    pub(crate) held: AccountId,
    pub(crate) position_airtime: AccountId,
    pub(crate) position_cny: AccountId,
    pub(crate) in_doubt_telco: AccountId,
    pub(crate) in_doubt_bank: AccountId,
    pub(crate) reserve_bank: AccountId,
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
            held: find(AccountName::AirtimeHeld(telco), airtime)?,
            position_airtime: find(AccountName::Position(telco), airtime)?,
            position_cny: find(AccountName::Position(telco), Asset::Cny)?,
            in_doubt_telco: find(AccountName::InDoubt(Partner::Telco(telco)), airtime)?,
            in_doubt_bank: find(AccountName::InDoubt(Partner::Bank), Asset::Cny)?,
            reserve_bank: find(AccountName::ReserveBank, Asset::Cny)?,
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
