//! `tongbao policy what-if`: past orders decided again under another policy, and what would change.
//!
//! Each order meets the state that it truly met, so orders that would have been answered otherwise do not change
//! what later ones find. A price that a quote had fixed stays. What quotes and partners refused stays refused.

use super::arguments::WhatIfOptions;
use super::past::{Answer, Past, Priced, decisions};
use super::texts;
use crate::failure::Failure;
use crate::output::Output;
use exchange::rules::{PRECEDENCE, Policy, admit};
use facts::{Counters, Terms};
use money::yuan;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many of the largest differences are shown.
const LARGEST: usize = 10;

/// An answer, as far as money and the asker are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    code: &'static str,
    fee: u64,
    payout: u64,
}

#[derive(Serialize)]
struct Group {
    was: &'static str,
    would_be: &'static str,
    orders: u64,
    fee_fen_was: u64,
    fee_fen_would_be: u64,
    payout_fen_was: u64,
    payout_fen_would_be: u64,
}

#[derive(Serialize)]
struct Changed {
    order: String,
    product: &'static str,
    amount: u64,
    was: &'static str,
    would_be: &'static str,
    fee_fen_was: u64,
    fee_fen_would_be: u64,
    payout_fen_was: u64,
    payout_fen_would_be: u64,
}

#[derive(Serialize)]
struct WhatIf {
    policy: String,
    from: String,
    to: String,
    orders: u64,
    changed: u64,
    counts: Vec<Group>,
    largest: Vec<Changed>,
}

/// Decides the orders of a stretch of days again.
pub fn what_if(options: &WhatIfOptions, output: &Output) -> Result<(), Failure> {
    if options.from > options.to {
        return Err(Failure::unable(format!("{} to {} is no stretch of days", options.from, options.to))
            .hint("name the first day with --from and the last with --to"));
    }
    let policy = texts(Some(&options.policy))?.policy()?;
    let mut tally = Tally::default();
    decisions(&options.dir, output, |past, counters| {
        let day = past.requested_at.day();
        if options.from <= day && day <= options.to {
            tally.take(&policy, &past, counters);
        }
    })?;
    let found = tally.into_result(options, &policy);
    output.result(&found, &words(&found));
    Ok(())
}

#[derive(Default)]
struct Tally {
    groups: BTreeMap<(&'static str, &'static str), Group>,
    changed: Vec<Changed>,
    orders: u64,
}

impl Tally {
    fn take(&mut self, policy: &Policy, past: &Past, counters: &Counters) {
        let (was, would_be) = (was(past), would_be(policy, past, counters));
        self.orders += 1;
        let key = (was.code, would_be.code);
        let group = self.groups.entry(key).or_insert(Group {
            was: was.code,
            would_be: would_be.code,
            orders: 0,
            fee_fen_was: 0,
            fee_fen_would_be: 0,
            payout_fen_was: 0,
            payout_fen_would_be: 0,
        });
        group.orders += 1;
        group.fee_fen_was += was.fee;
        group.fee_fen_would_be += would_be.fee;
        group.payout_fen_was += was.payout;
        group.payout_fen_would_be += would_be.payout;
        if was != would_be {
            self.changed.push(Changed {
                order: past.order.to_string(),
                product: past.product.code(),
                amount: past.amount,
                was: was.code,
                would_be: would_be.code,
                fee_fen_was: was.fee,
                fee_fen_would_be: would_be.fee,
                payout_fen_was: was.payout,
                payout_fen_would_be: would_be.payout,
            });
        }
    }

    fn into_result(mut self, options: &WhatIfOptions, policy: &Policy) -> WhatIf {
        let changed = self.changed.len() as u64;
        // The greatest difference of payout first; orders of one difference in the order of the journal.
        self.changed.sort_by_key(|one| {
            let difference = one.payout_fen_was.abs_diff(one.payout_fen_would_be);
            core::cmp::Reverse(difference.max(one.fee_fen_was.abs_diff(one.fee_fen_would_be)))
        });
        self.changed.truncate(LARGEST);
        WhatIf {
            policy: policy.version().to_string(),
            from: options.from.to_string(),
            to: options.to.to_string(),
            orders: self.orders,
            changed,
            counts: self.groups.into_values().collect(),
            largest: self.changed,
        }
    }
}

fn admitted(terms: &Terms) -> Outcome {
    Outcome { code: "accepted", fee: terms.fee, payout: terms.payout }
}

fn was(past: &Past) -> Outcome {
    match &past.answer {
        Answer::Admitted(terms) => admitted(terms),
        Answer::Declined(refusal) => Outcome { code: refusal.code(), fee: 0, payout: 0 },
    }
}

fn would_be(policy: &Policy, past: &Past, counters: &Counters) -> Outcome {
    let held = i128::from(past.convertible(policy));
    match admit(policy, &past.request(), counters, held, None) {
        Err(refused) => Outcome { code: refused.refusal.code(), fee: 0, payout: 0 },
        Ok(terms) => match past.refusal() {
            // What came after the policy's own checks would have come then too.
            Some(refusal) if !PRECEDENCE.contains(&refusal) => was(past),
            Some(_) => admitted(&terms),
            None if past.priced == Priced::ByQuote => was(past),
            None => admitted(&terms),
        },
    }
}

fn words(found: &WhatIf) -> String {
    let mut lines = vec![format!(
        "under policy {}, {} of {} orders from {} to {} would be answered otherwise",
        found.policy, found.changed, found.orders, found.from, found.to
    )];
    for group in &found.counts {
        let Group { was, would_be, orders, .. } = group;
        let fees = format!("{} -> {}", yuan(group.fee_fen_was), yuan(group.fee_fen_would_be));
        let payouts = format!("{} -> {}", yuan(group.payout_fen_was), yuan(group.payout_fen_would_be));
        lines.push(format!("{orders:>8}  {was} -> {would_be}: fees {fees} CNY, payouts {payouts} CNY"));
    }
    for one in &found.largest {
        let payout = format!("{} -> {}", yuan(one.payout_fen_was), yuan(one.payout_fen_would_be));
        let Changed { order, product, was, would_be, .. } = one;
        lines.push(format!("{order}  {product}: {was} -> {would_be}, payout {payout} CNY"));
    }
    lines.join("\n")
}
