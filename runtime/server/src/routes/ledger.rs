//! The books: accounts, and the proof that they balance.

use crate::context::Context;
use crate::position::Positioned;
use crate::problem::Problem;
use crate::query::Parameters;
use crate::routes::order_list::limit;
use axum::extract::State;
use facts::AccountName;
use ledger::{Account, AccountId, Bound, Side, Totals};
use money::Asset;
use serde::Serialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// How many accounts a page has when the caller does not say, and at most.
const LIMIT: u32 = 1_000;

/// Which accounts.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub struct AccountQuery {
    /// How many at most: 1 to 1000, by default 1000.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<u32>,
}

/// An account. Sums are in minor units of its asset.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountAnswer {
    /// Its number.
    account: u32,
    /// What it is for.
    code: String,
    /// What it holds.
    asset: String,
    /// What it may not do: `free`, `debits_within_credits` or `credits_within_debits`.
    bound: &'static str,
    /// Open holds on the debit side.
    debits_pending: u64,
    /// Posted on the debit side.
    debits_posted: u64,
    /// Open holds on the credit side.
    credits_pending: u64,
    /// Posted on the credit side.
    credits_posted: u64,
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountPage)]
pub struct AccountsAnswer {
    /// The accounts, in the order of the chart.
    accounts: Vec<AccountAnswer>,
    /// Where the next page starts; none when this is the last.
    next: Option<u32>,
    /// The journal position they were read at.
    as_of: u64,
}

/// List accounts.
#[utoipa::path(
    get,
    path = "/v1/ledger/accounts",
    tag = "ledger",
    operation_id = "listAccounts",
    params(AccountQuery),
    responses(
        (status = 200, description = "A page", body = AccountsAnswer),
    )
)]
pub async fn accounts(
    State(context): State<Arc<Context>>,
    parameters: Parameters,
) -> Result<Positioned<AccountsAnswer>, Problem> {
    let parameters = parameters.only(&["limit", "after"])?;
    let after: Option<u32> = parameters.word("after", "the `next` of a page")?;
    let limit = limit(&parameters, LIMIT, LIMIT)? as usize;
    let (page, as_of) = context.read(move |state| page(state, after.map(AccountId::new), limit)).await?;
    let full = page.len() == limit;
    let accounts: Vec<AccountAnswer> = page.into_iter().map(AccountAnswer::of).collect();
    let next = accounts.last().filter(|_| full).map(|last| last.account);
    Ok(Positioned { body: AccountsAnswer { accounts, next, as_of }, position: as_of })
}

type Charted = (AccountName, AccountId, Account);

fn page(state: &facts::State, after: Option<AccountId>, limit: usize) -> Vec<Charted> {
    let mut chart = state.chart();
    if let Some(after) = after {
        // The page before ended there.
        chart.by_ref().find(|(_, _, account)| *account == after);
    }
    let known = chart.filter_map(|(name, _, id)| Some((name, id, state.ledger().account(id)?.clone())));
    known.take(limit).collect()
}

impl AccountAnswer {
    fn of((name, id, account): Charted) -> AccountAnswer {
        AccountAnswer {
            account: id.number(),
            code: name.code(account.asset()),
            asset: account.asset().to_string(),
            bound: match account.bound() {
                Bound::Free => "free",
                Bound::DebitsWithinCredits => "debits_within_credits",
                Bound::CreditsWithinDebits => "credits_within_debits",
            },
            debits_pending: account.pending(Side::Debit),
            debits_posted: account.posted(Side::Debit),
            credits_pending: account.pending(Side::Credit),
            credits_posted: account.posted(Side::Credit),
        }
    }
}

/// The sums of all accounts of one asset.
#[derive(Serialize, ToSchema)]
#[schema(as = AssetBalance)]
pub struct AssetAnswer {
    /// What they hold.
    asset: String,
    /// Open holds on the debit side.
    #[schema(value_type = u64)]
    debits_pending: u128,
    /// Posted on the debit side.
    #[schema(value_type = u64)]
    debits_posted: u128,
    /// Open holds on the credit side.
    #[schema(value_type = u64)]
    credits_pending: u128,
    /// Posted on the credit side.
    #[schema(value_type = u64)]
    credits_posted: u128,
    /// Whether debits equal credits, pending and posted apart.
    balanced: bool,
}

impl AssetAnswer {
    fn of((asset, totals): (Asset, Totals)) -> AssetAnswer {
        AssetAnswer {
            asset: asset.to_string(),
            debits_pending: totals.debits_pending,
            debits_posted: totals.debits_posted,
            credits_pending: totals.credits_pending,
            credits_posted: totals.credits_posted,
            balanced: totals.balance(),
        }
    }
}

/// The trial balance.
#[derive(Serialize, ToSchema)]
#[schema(as = TrialBalance)]
pub struct TrialBalanceAnswer {
    /// By asset.
    assets: Vec<AssetAnswer>,
    /// Whether every asset is balanced.
    balanced: bool,
    /// The journal position it was read at.
    as_of: u64,
}

/// Look at the trial balance.
#[utoipa::path(
    get,
    path = "/v1/ledger/trial-balance",
    tag = "ledger",
    operation_id = "getTrialBalance",
    responses((status = 200, description = "The trial balance", body = TrialBalanceAnswer))
)]
pub async fn trial_balance(State(context): State<Arc<Context>>) -> Result<Positioned<TrialBalanceAnswer>, Problem> {
    let (sums, as_of) = context.read(|state| state.ledger().trial_balance()).await?;
    let assets: Vec<AssetAnswer> = sums.into_iter().map(AssetAnswer::of).collect();
    let balanced = assets.iter().all(|asset| asset.balanced);
    Ok(Positioned { body: TrialBalanceAnswer { assets, balanced, as_of }, position: as_of })
}
