//! Facts about an order in words, English and Chinese side by side.

use super::timeline::{Chart, FactAnswer, PostingAnswer};
use crate::language::Language;
use crate::moments;
use crate::phrases::phrase;
use crate::words::Word;
use facts::{Fact, Gate, OrderId, SignalKind, StepPlan, Terms};
use ledger::{Action as Move, Entry, Transfer, TransferId};
use money::yuan;
use std::collections::BTreeMap;

/// Tells an order's facts in their order: it remembers the steps and the holds it has told of.
pub struct Teller {
    order: OrderId,
    chart: Chart,
    language: Language,
    steps: Vec<StepPlan>,
    holds: BTreeMap<TransferId, Entry>,
}

impl Teller {
    pub fn new(order: OrderId, chart: Chart, language: Language) -> Teller {
        Teller { order, chart, language, steps: Vec::new(), holds: BTreeMap::new() }
    }

    /// A fact in words; none when it is about something else, or about nothing that happened to the order.
    pub fn tell(&mut self, fact: &Fact) -> Option<FactAnswer> {
        if fact.order() != Some(self.order) || matches!(fact, Fact::KeyTaken { .. }) {
            return None;
        }
        self.learn(fact);
        let (step, text) =
            self.step_words(fact).map_or_else(|| (None, self.order_words(fact)), |(step, text)| (Some(step), text));
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

    fn say(&self, english: String, chinese: String) -> String {
        match self.language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    /// A fact about a step, with the step's place.
    fn step_words(&self, fact: &Fact) -> Option<(u8, String)> {
        let (step, words) = match fact {
            Fact::StepQueued { step, due_at, .. } => {
                let at = moments::text(*due_at);
                (*step, self.say(format!("is due at {at}"), format!("应于 {at} 发出")))
            }
            Fact::StepSent { step, attempt, .. } => {
                (*step, self.say(format!("is sent, attempt {attempt}"), format!("已发出，第 {attempt} 次尝试")))
            }
            Fact::StepUnknown { step, cause, inquire_at, .. } => {
                let (cause, at) = (cause.said(self.language), moments::text(*inquire_at));
                let english = format!("is unknown ({cause}); asked about at {at}");
                (*step, self.say(english, format!("结果未知（{cause}），将于 {at} 查询")))
            }
            Fact::InquiryDeferred { step, cause, inquire_at, .. } => {
                let (cause, at) = (cause.said(self.language), moments::text(*inquire_at));
                let english = format!("is still unknown ({cause}); asked about again at {at}");
                (*step, self.say(english, format!("结果仍未知（{cause}），将于 {at} 再次查询")))
            }
            Fact::StepDone { step, amount, external, .. } => {
                let (amount, named) = (yuan(*amount), self.named(external));
                (*step, self.say(format!("is done: {amount}{named}"), format!("已完成：{amount}{named}")))
            }
            Fact::StepFailed { step, cause, .. } => {
                let cause = cause.said(self.language);
                (*step, self.say(format!("failed ({cause})"), format!("已失败（{cause}）")))
            }
            Fact::StepCompensated { step, .. } => (*step, self.say("is undone".into(), "已撤销".into())),
            Fact::StrayFound { step, attempt, cause, amount, .. } => {
                let (amount, cause) = (yuan(*amount), cause.said(self.language));
                let english = format!("attempt {attempt}: {amount} found against our instruction ({cause})");
                (*step, self.say(english, format!("第 {attempt} 次尝试：发现与指令不符的 {amount}（{cause}）")))
            }
            Fact::SignalAbsorbed { step, attempt, kind, .. } => {
                let [english, chinese] = absorbed(*kind);
                let english = format!("attempt {attempt}: {english} changed nothing");
                (*step, self.say(english, format!("第 {attempt} 次尝试：{chinese}，不作改变")))
            }
            _ => return None,
        };
        Some((step, format!("{} {words}", self.step_name(step))))
    }

    fn step_name(&self, step: u8) -> String {
        let plan = self.steps.get(usize::from(step));
        let unnamed = || self.say(format!("step {step}"), format!("步骤 {step}"));
        plan.map_or_else(unnamed, |plan| self.plan_name(plan))
    }

    fn plan_name(&self, plan: &StepPlan) -> String {
        let (action, partner) = (plan.action.said(self.language), plan.partner);
        self.say(format!("{action} at {partner}"), format!("{partner} {action}"))
    }

    fn named(&self, external: &str) -> String {
        if external.is_empty() {
            return String::new();
        }
        self.say(format!(", as `{external}`"), format!("，合作方编号 `{external}`"))
    }

    /// A fact about the order as a whole.
    fn order_words(&self, fact: &Fact) -> String {
        match fact {
            Fact::OrderAdmitted(admission) => self.admitted(&admission.terms),
            Fact::OrderDeclined { refusal, .. } => {
                let title = phrase(refusal.code()).title(self.language);
                self.say(format!("declined: {refusal}"), format!("已拒绝：{title}（{refusal}）"))
            }
            Fact::StepPlanned { plan, .. } => {
                let name = self.plan_name(plan);
                let (when, later) = match plan.waits_for() {
                    Some(Gate::Review) => (", when a reviewer lets it go", "，等人工审核放行"),
                    None => ("", ""),
                };
                self.say(format!("{name} is added{when}"), format!("追加步骤：{name}{later}"))
            }
            Fact::OrderMoved { state, cause, .. } => {
                let (state, cause) = (state.said(self.language), cause.said(self.language));
                self.say(format!("{state} ({cause})"), format!("{state}（{cause}）"))
            }
            Fact::OrderUnwound { cause, .. } => {
                let cause = cause.said(self.language);
                self.say(format!("what was done is undone ({cause})"), format!("开始回退（{cause}）"))
            }
            Fact::ValueReturned { released, .. } => self.returned(released.len()),
            Fact::OrderRecalled(_) => {
                self.say("brought back to memory: there is news of it".into(), "有新消息，订单重新载入".into())
            }
            Fact::OrderReviewed { verdict, .. } => {
                let verdict = verdict.said(self.language);
                self.say(format!("reviewed: {verdict}"), format!("人工审核：{verdict}"))
            }
            Fact::ComplaintFiled { about, .. } => {
                let about = about.said(self.language);
                self.say(format!("complained of: {about}"), format!("已投诉：{about}"))
            }
            Fact::ComplaintClosed { outcome, .. } => {
                let outcome = outcome.said(self.language);
                self.say(format!("complaint: {outcome}"), format!("投诉处理结果：{outcome}"))
            }
            Fact::CodeHandedOut { .. } => self.say("its code is handed out".into(), "兑换码已交付".into()),
            Fact::RewardWithdrawn { .. } => {
                let english = "the reward does not come: its campaign has it back";
                self.say(english.into(), "赠送未能到账，额度已退回活动".into())
            }
            _ => String::new(),
        }
    }

    fn admitted(&self, terms: &Terms) -> String {
        let (product, amount, payout) = (terms.product.said(self.language), terms.amount, yuan(terms.payout));
        let day = terms.arrives_on;
        let reward = terms.reward.as_ref().map(|reward| {
            let (name, amount, day) = (&reward.name, yuan(reward.amount), reward.usable_from);
            let english = format!("; campaign `{name}` gives {amount} CNY of airtime from {day} on");
            self.say(english, format!("；活动 `{name}` 自 {day} 起赠送话费 {amount} 元"))
        });
        let reward = reward.unwrap_or_default();
        let english = format!("admitted: {product} of {amount}, pays {payout} CNY on {day}{reward}");
        self.say(english, format!("已受理：{product} {amount}，{day} 到账 {payout} 元{reward}"))
    }

    fn returned(&self, counters: usize) -> String {
        let limits = match counters {
            0 => String::new(),
            1 => ", and so is what it counted against a limit".to_owned(),
            counters => format!(", and so is what it counted against {counters} limits"),
        };
        let chinese = if counters == 0 { "" } else { "，已占用的额度一并退还" };
        self.say(format!("the value is its holder's again{limits}"), format!("价值已归还持有人{chinese}"))
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

const fn absorbed(kind: SignalKind) -> [&'static str; 2] {
    match kind {
        SignalKind::Duplicate => ["a repeated word", "重复的回话"],
        SignalKind::Stale => ["a late word", "迟到的回话"],
        SignalKind::Contradiction => ["a word against the partner's own record", "与合作方自身记录相矛盾的回话"],
    }
}
