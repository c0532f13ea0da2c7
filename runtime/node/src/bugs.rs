//! Deliberate bugs, compiled in by a feature of the simulator alone. Each must be caught by its auditor: a
//! test that cannot fail proves nothing.

use exchange::{Answer, Command, Decision, Envelope, Reply, Rules, Via, decide};
use facts::{Action, Cause, Fact, OrderId, OrderState, State, StepState};

/// A bug to plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// What was taken is not given back when an order fails.
    SkipCompensation,
    /// A key that was used before makes something again.
    ForgetKeys,
    /// Answers leave before their record is durable. Planted by whoever drives the desk.
    AcknowledgeBeforeSync,
    /// One movement of a chain is lost.
    PostOneLeg,
    /// A payout nobody knows about is made again.
    RepeatUnknownPayout,
    /// The rules panic whenever a partner's word about this order is heard. No bug for the auditor: it shows
    /// that a poisoned command suspends one order.
    PanicOn(OrderId),
}

impl Bug {
    /// Every bug that the auditor must catch.
    pub const ALL: [Bug; 5] =
        [Bug::SkipCompensation, Bug::ForgetKeys, Bug::AcknowledgeBeforeSync, Bug::PostOneLeg, Bug::RepeatUnknownPayout];
}

/// The decision as the planted bug would have it.
pub(crate) fn alter(
    bug: Option<Bug>,
    state: &State,
    rules: &Rules,
    envelope: &Envelope,
    decision: Decision,
) -> Decision {
    match bug {
        Some(Bug::SkipCompensation) => without_undoing(decision),
        Some(Bug::ForgetKeys) if matches!(decision.reply, Reply::Replayed(_)) => {
            decide(state, rules, &Envelope { key: None, ..envelope.clone() })
        }
        Some(Bug::PostOneLeg) => without_one_movement(decision),
        Some(Bug::RepeatUnknownPayout) => repeat_payout(state, rules, envelope).unwrap_or(decision),
        Some(Bug::ForgetKeys | Bug::AcknowledgeBeforeSync | Bug::PanicOn(_)) | None => decision,
    }
}

/// Panics where the planted bug would have the rules panic.
pub(crate) fn before(bug: Option<Bug>, envelope: &Envelope) {
    if let (Some(Bug::PanicOn(order)), Command::Signal(signal)) = (bug, &envelope.command) {
        assert!(signal.call.order != order, "planted: the rules panic on {order}");
    }
}

fn without_undoing(mut decision: Decision) -> Decision {
    let undoing = |fact: &Fact| match fact {
        Fact::StepPlanned { plan, .. } => matches!(plan.action, Action::CreditAirtime | Action::ReleaseAirtime),
        _ => false,
    };
    let Some(first) = decision.facts.iter().position(undoing) else { return decision };
    let order: Option<OrderId> = decision.facts[first].order();
    decision.facts.truncate(first);
    let (state, cause) = (OrderState::Refunded, Cause::Unwound);
    decision.facts.extend(order.map(|order| Fact::OrderMoved { order, state, cause }));
    decision
}

fn without_one_movement(mut decision: Decision) -> Decision {
    for fact in &mut decision.facts {
        if let Fact::StepDone { transfers, .. } = fact
            && transfers.len() > 1
        {
            transfers.pop();
        }
    }
    decision
}

/// Takes whatever is said about an unknown payout for a final no.
fn repeat_payout(state: &State, rules: &Rules, envelope: &Envelope) -> Option<Decision> {
    let Command::Signal(signal) = &envelope.command else { return None };
    let step = state.order(signal.call.order)?.step(signal.call.step)?;
    if step.plan.action != Action::PayOut || step.state != StepState::Unknown || step.attempt > 1 {
        return None;
    }
    let mut signal = signal.clone();
    (signal.answer, signal.via) = (Answer::Refused { code: "none".to_owned() }, Via::Inquiry);
    let refused = Envelope { command: Command::Signal(signal), ..envelope.clone() };
    let mut decision = decide(state, rules, &refused);
    let failed = decision.facts.iter().position(|fact| matches!(fact, Fact::StepFailed { .. }))?;
    decision.facts.truncate(failed + 1);
    let Fact::StepFailed { order, step, .. } = decision.facts[failed] else { return None };
    decision.facts.push(Fact::StepQueued { order, step, due_at: state.now() });
    Some(decision)
}
