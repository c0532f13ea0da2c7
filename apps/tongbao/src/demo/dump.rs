//! `--dump`: everything a stranger needs to recompute the report, as CSV.

use crate::demo::books::Books;
use crate::demo::drive::Answered;
use crate::failure::{Doing, Failure};
use crate::operate::replay;
use crate::output::Output;
use facts::{Orders, Partner, State, SubscriberId};
use ledger::{Action, Entry, Transfer};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Writes the dump of a finished run into `to`.
pub fn dump(
    to: &Path,
    dir: &Path,
    state: &State,
    orders: &Orders,
    books: &Books,
    answers: &BTreeMap<String, Answered>,
) -> Result<(), Failure> {
    fs::create_dir_all(to).doing(&format!("making `{}`", to.display()))?;
    for (partner, csv) in &books.csv {
        let name = match partner {
            Partner::Telco(telco) => format!("telco-{telco}.csv"),
            Partner::Bank => "bank.csv".to_owned(),
            Partner::Issuer => "issuer.csv".to_owned(),
            Partner::Acquirer => "acquirer.csv".to_owned(),
            Partner::Programme(_) => format!("{partner}.csv"),
        };
        fs::write(to.join(&name), csv).doing(&format!("writing `{name}`"))?;
    }
    let faults = serde_json::json!({
        "injected": books.faults, "calls": books.calls, "faulted": books.faulted,
    });
    fs::write(to.join("faults.json"), faults.to_string()).doing("writing `faults.json`")?;
    write_orders(&to.join("orders.csv"), state, orders, answers)?;
    write_keys(&to.join("keys.csv"), answers)?;
    write_postings(&to.join("postings.csv"), dir, state)
}

fn write_orders(
    path: &Path,
    state: &State,
    orders: &Orders,
    answers: &BTreeMap<String, Answered>,
) -> Result<(), Failure> {
    let keys: BTreeMap<&str, &str> =
        answers.values().map(|answered| (answered.order.as_str(), answered.key.as_str())).collect();
    let mut writer = csv::Writer::from_path(path).doing("writing `orders.csv`")?;
    let columns = ["order", "key", "product", "state", "cause", "amount_fen", "fee_fen", "payout_fen", "subscriber"];
    let parties = ["telco", "receiver_telco"];
    writer.write_record(columns.iter().chain(&parties)).doing("writing `orders.csv`")?;
    let telco_of = |party: Option<&SubscriberId>| {
        let holder = party.and_then(|party| state.subscriber(*party));
        holder.map(|holder| holder.telco.to_string()).unwrap_or_default()
    };
    for order in orders.iter() {
        let id = order.id.to_string();
        let row = [
            id.clone(),
            keys.get(id.as_str()).copied().unwrap_or_default().to_owned(),
            order.terms.product.to_string(),
            order.state.to_string(),
            order.cause.to_string(),
            order.terms.amount.to_string(),
            order.terms.fee.to_string(),
            order.terms.payout.to_string(),
            order.subscriber().to_string(),
            telco_of(order.parties.first()),
            telco_of(order.parties.get(1)),
        ];
        writer.write_record(row).doing("writing `orders.csv`")?;
    }
    writer.flush().doing("writing `orders.csv`")
}

fn write_keys(path: &Path, answers: &BTreeMap<String, Answered>) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_path(path).doing("writing `keys.csv`")?;
    writer.write_record(["key", "order", "status"]).doing("writing `keys.csv`")?;
    for answered in answers.values() {
        let row = [answered.key.clone(), answered.order.clone(), answered.status.to_string()];
        writer.write_record(row).doing("writing `keys.csv`")?;
    }
    writer.flush().doing("writing `keys.csv`")
}

/// One row for each side of each movement: posted at once, pending, or the end of what was pending.
fn write_postings(path: &Path, dir: &Path, end: &State) -> Result<(), Failure> {
    let names: BTreeMap<u32, (String, String)> =
        end.chart().map(|(name, asset, id)| (id.number(), (name.code(asset), asset.to_string()))).collect();
    let mut writer = csv::Writer::from_path(path).doing("writing `postings.csv`")?;
    let columns = ["sequence", "order", "account", "asset", "side", "phase", "amount"];
    writer.write_record(columns).doing("writing `postings.csv`")?;
    let mut rows = Vec::new();
    replay::replay(dir, &Output::new(true), |record, state| {
        for fact in &record.open.facts {
            let order = fact.order().map(|order| order.to_string()).unwrap_or_default();
            for transfer in fact.transfers() {
                for (phase, entry) in phases(state, transfer) {
                    rows.push((record.open.sequence, order.clone(), phase, entry));
                }
            }
        }
    })?;
    let unknown = (String::new(), String::new());
    for (sequence, order, phase, entry) in rows {
        for (side, account) in [("debit", entry.debit), ("credit", entry.credit)] {
            let (account, asset) = names.get(&account.number()).unwrap_or(&unknown);
            let (sequence, amount) = (sequence.to_string(), entry.amount.to_string());
            let row = [sequence.as_str(), &order, account, asset, side, phase, &amount];
            writer.write_record(row).doing("writing `postings.csv`")?;
        }
    }
    writer.flush().doing("writing `postings.csv`")
}

/// What a transfer does to the sums: a hold that ends gives all of it back, and posts what was done.
fn phases(state: &State, transfer: &Transfer) -> Vec<(&'static str, Entry)> {
    let held = |hold| state.ledger().hold(hold).map(|hold| hold.entry);
    match transfer.action {
        Action::Post(entry) => vec![("posted", entry)],
        Action::Hold { entry, .. } => vec![("pending", entry)],
        Action::PostHold { hold, amount } => match held(hold) {
            Some(entry) => vec![("voided", entry), ("posted", Entry { amount, ..entry })],
            None => Vec::new(),
        },
        Action::VoidHold { hold } | Action::ExpireHold { hold, .. } => {
            held(hold).map(|entry| ("voided", entry)).into_iter().collect()
        }
    }
}
