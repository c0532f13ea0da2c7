//! Reading partners' statements and telling the core what it does not know yet.
//!
//! A statement is the partner's own record: what no reply and no callback told is found here, such as a
//! deduction that the telco made on its own schedule. Lines the core knows already leave no trace.

use exchange::{Answer, Signal, Via};
use facts::{Order, Partner, StepState};
use partners::StatementItem;

/// Whether a line is about a request that was made of this partner: no partner speaks for another.
pub(crate) fn is_asked(order: &Order, item: &StatementItem, partner: Partner) -> bool {
    order.step(item.call.step).is_some_and(|step| step.plan.partner == partner)
}

/// The word that a line of a statement has for the core; `None` when the core knows it.
pub fn news(order: &Order, item: &StatementItem, via: Via) -> Option<Signal> {
    let step = order.step(item.call.step)?;
    let answer = item.answer_for(step.plan.action)?;
    let current = step.attempt == item.call.attempt;
    let ended = matches!(step.state, StepState::Done | StepState::Compensated);
    let known = match &answer {
        Answer::Done { amount, .. } => current && ended && *amount == step.done,
        // What was refused or is still under way is found out by inquiry, in its own time.
        Answer::Refused { .. } | Answer::Pending | Answer::Silence | Answer::NotFound => {
            !matches!(step.state, StepState::Unknown) || !current
        }
        Answer::Opposite { .. } => false,
    };
    (!known).then_some(Signal { call: item.call, answer, via })
}
