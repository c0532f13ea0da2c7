//! Facts about an order in words.

use super::timeline::{Chart, FactAnswer, PostingAnswer};
use crate::moments;
use facts::{Due, Fact, OrderId, SignalKind, StepPlan};
use ledger::{Action as Move, Entry, Transfer, TransferId};
use money::yuan;
use std::collections::BTreeMap;

/// Tells an order's facts in their order: it remembers the steps and the holds it has told of.
pub struct Teller {
    order: OrderId,
    chart: Chart,
    steps: Vec<StepPlan>,
    holds: BTreeMap<TransferId, Entry>,
}

impl Teller {
    pub fn new(order: OrderId, chart: Chart) -> Teller {
        Teller { order, chart, steps: Vec::new(), holds: BTreeMap::new() }
    }

    /// A fact in words; none when it is about something else, or about nothing that happened to the order.
    pub fn tell(&mut self, fact: &Fact) -> Option<FactAnswer> {
        if fact.order() != Some(self.order) || matches!(fact, Fact::KeyTaken { .. }) {
            return None;
        }
        self.learn(fact);
        let (step, text) = self.step_words(fact).map_or((None, order_words(fact)), |(step, text)| (Some(step), text));
        let postings = fact.transfers().iter().filter_map(|transfer| self.posting(transfer)).collect();
        Some(FactAnswer { text, step, postings })
    }

    fn learn(&mut self, fact: &Fact) {
        match fact {
            Fact::OrderAdmitted(admission) => self.steps.clone_from(&admission.steps),
            Fact::StepPlanned { plan, .. } => self.steps.push(StepPlan::clone(plan)),
            _ => {}
        }
        for transfer in fact.transfers() {
            if let Move::Hold { entry, .. } = transfer.action {
                self.holds.insert(transfer.id, entry);
            }
        }
    }

    /// A fact about a step, with the step's place.
    fn step_words(&self, fact: &Fact) -> Option<(u8, String)> {
        let (step, words) = match fact {
            Fact::StepQueued { step, due_at, .. } => (*step, format!("is due at {}", moments::text(*due_at))),
            Fact::StepSent { step, attempt, .. } => (*step, format!("is sent, attempt {attempt}")),
            Fact::StepUnknown { step, cause, inquire_at, .. } => {
                (*step, format!("is unknown ({cause}); asked about at {}", moments::text(*inquire_at)))
            }
            Fact::InquiryDeferred { step, cause, inquire_at, .. } => {
                (*step, format!("is still unknown ({cause}); asked about again at {}", moments::text(*inquire_at)))
            }
            Fact::StepDone { step, amount, external, .. } => {
                (*step, format!("is done: {}{}", yuan(*amount), named(external)))
            }
            Fact::StepFailed { step, cause, .. } => (*step, format!("failed ({cause})")),
            Fact::StepCompensated { step, .. } => (*step, "is undone".to_owned()),
            Fact::StrayFound { step, attempt, cause, amount, .. } => {
                (*step, format!("attempt {attempt}: {} found against our instruction ({cause})", yuan(*amount)))
            }
            Fact::SignalAbsorbed { step, attempt, kind, .. } => {
                (*step, format!("attempt {attempt}: {} changed nothing", word(*kind)))
            }
            _ => return None,
        };
        Some((step, format!("{} {words}", self.step_name(step))))
    }

    fn step_name(&self, step: u8) -> String {
        let plan = self.steps.get(usize::from(step));
        plan.map_or_else(|| format!("step {step}"), |plan| format!("{} at {}", plan.action, plan.partner))
    }

    fn posting(&self, transfer: &Transfer) -> Option<PostingAnswer> {
        let held = |hold: TransferId| self.holds.get(&hold).copied();
        let (kind, entry) = match transfer.action {
            Move::Post(entry) => ("post", entry),
            Move::Hold { entry, .. } => ("hold", entry),
            Move::PostHold { hold, amount } => ("post_hold", Entry { amount, ..held(hold)? }),
            Move::VoidHold { hold } => ("void_hold", held(hold)?),
            Move::ExpireHold { hold, .. } => ("expire_hold", held(hold)?),
        };
        let code = |account| self.chart.get(&account).map_or_else(String::new, |(code, _)| code.clone());
        Some(PostingAnswer {
            kind,
            debit: code(entry.debit),
            credit: code(entry.credit),
            asset: self.chart.get(&entry.debit).map_or_else(String::new, |(_, asset)| asset.to_string()),
            amount: entry.amount,
        })
    }
}

fn named(external: &str) -> String {
    if external.is_empty() { String::new() } else { format!(", as `{external}`") }
}

const fn word(kind: SignalKind) -> &'static str {
    match kind {
        SignalKind::Duplicate => "a repeated word",
        SignalKind::Stale => "a late word",
        SignalKind::Contradiction => "a word against the partner's own record",
    }
}

/// A fact about the order as a whole.
fn order_words(fact: &Fact) -> String {
    match fact {
        Fact::OrderAdmitted(admission) => {
            let terms = &admission.terms;
            let (product, amount, payout) = (terms.product, terms.amount, yuan(terms.payout));
            let reward = terms.reward.as_ref().map(|reward| {
                let (amount, day) = (yuan(reward.amount), reward.usable_from);
                format!("; campaign `{}` gives {amount} CNY of airtime from {day} on", reward.name)
            });
            let reward = reward.unwrap_or_default();
            format!("admitted: {product} of {amount}, pays {payout} CNY on {}{reward}", terms.arrives_on)
        }
        Fact::OrderDeclined { refusal, .. } => format!("declined: {refusal}"),
        Fact::StepPlanned { plan, .. } => {
            let when = if plan.due == Due::OnRelease { ", when a person releases it" } else { "" };
            format!("{} at {} is added{when}", plan.action, plan.partner)
        }
        Fact::OrderMoved { state, cause, .. } => format!("{state} ({cause})"),
        Fact::OrderUnwound { cause, .. } => format!("what was done is undone ({cause})"),
        Fact::ValueReturned { released, .. } => match released.len() {
            0 => "the value is its holder's again".to_owned(),
            1 => "the value is its holder's again, and so is what it counted against a limit".to_owned(),
            counters => format!("the value is its holder's again, and so is what it counted against {counters} limits"),
        },
        Fact::OrderRecalled(_) => "brought back to memory: there is news of it".to_owned(),
        Fact::RewardWithdrawn { .. } => "the reward does not come: its campaign has it back".to_owned(),
        _ => String::new(),
    }
}
