//! `tongbao audit`: the journal's chain, the books, and the views against the journal.

use crate::arguments::DirOptions;
use crate::failure::{Doing, Failure};
use crate::operate::replay;
use crate::output::Output;
use facts::{AccountName, Day, Orders, Partner, State, StepState};
use ledger::{Bound, Side};

use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use views::ViewReader;

/// How many findings are named; the rest is only counted.
const NAMED_MOST: usize = 20;

/// What an audit found.
#[derive(Debug, Default, Serialize)]
pub struct Audit {
    /// Records whose chain and parts were checked.
    pub records: u64,
    /// Orders whose view was compared.
    pub orders: u64,
    /// Accounts whose sums were checked.
    pub accounts: u64,
    /// Sum over assets of the difference between debits and credits.
    pub imbalance_fen: u64,
    /// How much is in doubt, in fen.
    pub in_doubt_fen: u64,
    /// The hash of the last record.
    pub last_hash: String,
    /// The digest of the state.
    pub state_digest: String,
    /// How many findings there are.
    pub findings: usize,
    /// The first of them, in words.
    pub named: Vec<String>,
}

impl Audit {
    fn find(&mut self, finding: String) {
        self.findings += 1;
        if self.named.len() < NAMED_MOST {
            self.named.push(finding);
        }
    }
}

/// Runs the audit and prints what it found.
pub fn audit(options: &DirOptions, output: &Output) -> Result<(), Failure> {
    let audit = examine(&options.dir, output)?;
    let words = format!(
        "{} records chained, {} accounts balanced to {} fen, {} orders as their views show them, {} findings{}",
        audit.records,
        audit.accounts,
        audit.imbalance_fen,
        audit.orders,
        audit.findings,
        audit.named.iter().map(|line| format!("\n  {line}")).collect::<String>()
    );
    output.result(&audit, &words);
    match audit.findings {
        0 => Ok(()),
        findings => Err(Failure::breach(format!("the audit has {findings} findings"))),
    }
}

/// Examines a node's directory.
///
/// Errors: the journal does not hold or cannot be read; findings are no errors.
pub fn examine(dir: &Path, output: &Output) -> Result<Audit, Failure> {
    let mut totals = Totals::default();
    let (recovered, orders) = replay::replay_orders(dir, output, |record, state| totals.add(record, state))?;
    let state = recovered.state;
    let mut audit = Audit {
        records: state.sequence(),
        last_hash: recovered.last_hash.to_string(),
        state_digest: state.digest().to_string(),
        ..Audit::default()
    };
    check_books(&state, &mut audit);
    check_doubt(&state, &mut audit);
    check_totals(&state, &totals, &mut audit);
    let views = dir.join(node::VIEWS);
    if views.exists() {
        // A reader: opening the views for writing would shut out a running node.
        let views = ViewReader::open(&views).doing("opening the views")?;
        check_views(&state, &orders, &totals, &views, &mut audit)?;
    }
    Ok(audit)
}

/// What was posted, by account and day, added up from the records and nothing else.
#[derive(Default)]
struct Totals {
    sums: BTreeMap<(u32, Day), (u64, u64)>,
}

impl Totals {
    fn add(&mut self, record: &facts::Record, state: &State) {
        let day = record.open.meta.now.day();
        for posting in node::posted(state, &record.open.facts) {
            self.sums.entry((posting.debit.number(), day)).or_default().0 += posting.amount;
            self.sums.entry((posting.credit.number(), day)).or_default().1 += posting.amount;
        }
    }
}

fn check_books(state: &State, audit: &mut Audit) {
    for (asset, totals) in state.ledger().trial_balance() {
        if !totals.balance() {
            let difference = totals.debits_posted.abs_diff(totals.credits_posted);
            audit.imbalance_fen += u64::try_from(difference).unwrap_or(u64::MAX);
            audit.find(format!("{asset} does not balance: {totals:?}"));
        }
    }
    for (name, asset, id) in state.chart() {
        let Some(account) = state.ledger().account(id) else { continue };
        audit.accounts += 1;
        let (debits, credits) = (account.posted(Side::Debit), account.posted(Side::Credit));
        let crossed = match account.bound() {
            Bound::Free => false,
            Bound::DebitsWithinCredits => debits + account.pending(Side::Debit) > credits,
            Bound::CreditsWithinDebits => credits + account.pending(Side::Credit) > debits,
        };
        if crossed {
            audit.find(format!("{} crossed its bound: {account:?}", name.code(asset)));
        }
    }
}

/// What is in doubt is exactly what unknown steps would move.
fn check_doubt(state: &State, audit: &mut Audit) {
    for partner in Partner::ALL {
        let account =
            state.account(AccountName::InDoubt(partner), partner.asset()).and_then(|id| state.ledger().account(id));
        let booked = account.map_or(0, |account| account.pending(Side::Debit) + account.pending(Side::Credit));
        let exposed: u64 = state
            .orders()
            .flat_map(|order| &order.steps)
            .filter(|step| step.state == StepState::Unknown && step.plan.partner == partner)
            .filter(|step| step.plan.doubt.is_some())
            .map(|step| step.plan.amount)
            .sum();
        audit.in_doubt_fen += booked;
        if booked != exposed {
            audit.find(format!("in_doubt:{partner} holds {booked}, unknown steps amount to {exposed}"));
        }
    }
}

fn check_totals(state: &State, totals: &Totals, audit: &mut Audit) {
    let mut sums: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for ((account, _), (debits, credits)) in &totals.sums {
        let sum = sums.entry(*account).or_default();
        (sum.0, sum.1) = (sum.0 + debits, sum.1 + credits);
    }
    for (id, account) in state.ledger().accounts() {
        let found = sums.get(&id.number()).copied().unwrap_or_default();
        let expected = (account.posted(Side::Debit), account.posted(Side::Credit));
        if found != expected {
            audit.find(format!("account {}: records post {found:?}, the ledger has {expected:?}", id.number()));
        }
    }
}

fn check_views(
    state: &State,
    orders: &Orders,
    totals: &Totals,
    views: &ViewReader,
    audit: &mut Audit,
) -> Result<(), Failure> {
    if views.position() != state.sequence() {
        audit.find(format!("the views show record {}, the journal ends at {}", views.position(), state.sequence()));
        return Ok(());
    }
    for order in orders.iter() {
        audit.orders += 1;
        let row = views.order_row(order.id).doing("reading the views")?;
        let same = row.as_ref().is_some_and(|row| {
            (row.state, row.cause, row.changed_in) == (order.state, order.cause, order.changed_in)
                && (row.amount, row.fee, row.payout) == (order.terms.amount, order.terms.fee, order.terms.payout)
                && (row.person, row.refusal) == (order.person, order.refusal)
        });
        if !same {
            audit.find(format!("order {} stands at {}, its view shows {row:?}", order.id, order.state));
        }
    }
    check_view_totals(state, totals, views, audit)
}

fn check_view_totals(state: &State, totals: &Totals, views: &ViewReader, audit: &mut Audit) -> Result<(), Failure> {
    let (first, last) = (Day::from_count(0), Day::from_count(u32::MAX / 2));
    for (id, _) in state.ledger().accounts() {
        let shown = views.totals(id, first, last).doing("reading the views")?;
        let shown: Vec<_> = shown.iter().map(|total| (total.day, (total.debits, total.credits))).collect();
        let range = (id.number(), first)..=(id.number(), last);
        let posted: Vec<_> = totals.sums.range(range).map(|((_, day), sums)| (*day, *sums)).collect();
        if shown != posted {
            audit.find(format!("account {}: the views total {shown:?}, the records {posted:?}", id.number()));
        }
    }
    Ok(())
}
