//! Taking in a partner's word: which word it is, and what it comes to.

use crate::command::{Decision, Reply, Rules};
use crate::contract::Refusals;
use crate::draft::{Draft, call_of};
use crate::react::{Reaction, Which, Word, react};
use crate::signal::{Answer, Signal, Via};
use crate::unwind::{done, done_other, end_opposed, fail, opposite, stray, undoes};
use facts::{Cause, Fact, Meta, Nature, Order, OrderState, SignalKind, State, Step, StepState};

/// A word about a step, with what is known of the step.
pub(crate) struct Heard<'s> {
    pub(crate) place: u8,
    pub(crate) step: Step,
    pub(crate) signal: &'s Signal,
}

impl Heard<'_> {
    /// Whether this attempt's doing was booked before; a statement tells what a callback told.
    pub(crate) fn is_told(&self) -> bool {
        self.step.strays.contains(&self.signal.call.attempt)
    }
}

/// Takes in a partner's word.
pub(crate) fn hear(state: &State, rules: &Rules, meta: &Meta, signal: &Signal) -> Decision {
    let call = signal.call;
    let Some(order) = state.order(call.order) else { return Decision::only(Reply::NotFound) };
    let Some(step) = order.step(call.step).cloned() else { return Decision::only(Reply::NotFound) };
    if call.attempt == 0 || call.attempt > step.attempt {
        return Decision::only(Reply::NotFound);
    }
    let which = if call.attempt == step.attempt { Which::Current } else { Which::Older };
    let mut draft = Draft::new(state, rules, meta, order.clone());
    let word = word(&draft, &step, signal);
    let heard = Heard { place: call.step, step, signal };
    match react(standing(order, &heard.step), which, word) {
        // A repeat is a replay: it leaves no fact.
        Reaction::Absorb(SignalKind::Duplicate) => return Decision::only(Reply::Nothing),
        Reaction::Absorb(kind) => return absorb(draft, &heard, kind),
        Reaction::Done => done(&mut draft, &heard),
        Reaction::DoneOther => done_other(&mut draft, &heard),
        Reaction::Doubt(cause) => doubt(&mut draft, &heard, cause),
        Reaction::Confirm => doubt(&mut draft, &heard, Cause::Refused),
        Reaction::Defer(cause) => defer(&mut draft, &heard, cause),
        Reaction::Fail(cause) => fail(&mut draft, &heard, cause),
        Reaction::Stray => stray(&mut draft, &heard),
        Reaction::OppositeEnds => {
            opposite(&mut draft, &heard);
            end_opposed(&mut draft, &heard);
        }
        Reaction::OppositeBeside => opposite(&mut draft, &heard),
        Reaction::Contradict => draft.suspend(Cause::Contradiction),
    }
    draft.advance();
    let decision = draft.into_decision(Reply::Done);
    if decision.facts.is_empty() { Decision::only(Reply::Nothing) } else { decision }
}

/// The state a word meets. A step that failed for good counts as planned again while its doing is still wanted:
/// it undoes something, or its order waits for a person and was not unwound.
fn standing(order: &Order, step: &Step) -> StepState {
    let waits = order.state == OrderState::Suspended && order.unwinding.is_none();
    let wanted = waits || undoes(order, step);
    if step.state == StepState::Failed && wanted { StepState::Planned } else { step.state }
}

fn word(draft: &Draft<'_>, step: &Step, signal: &Signal) -> Word {
    let contract = draft.contract(step.plan.partner);
    let confirm = !signal.via.is_record() && contract.refusals == Refusals::Confirm;
    let (amount, _) = told(signal, step);
    let nature = step.plan.action.nature();
    match &signal.answer {
        // Something done of nothing, or the opposite of what has none, means nothing.
        Answer::Done { .. } | Answer::Opposite { .. } if amount == 0 => Word::Silence,
        Answer::Opposite { .. } if !nature.gives_back() => Word::Silence,
        Answer::Done { .. } if amount == expected(&draft.order, step) => Word::Done,
        Answer::Done { .. } => Word::DoneOther,
        Answer::Refused { .. } if confirm => Word::RefusedUnconfirmed,
        // A telco that has nothing left to release says so; a release is complete either way.
        Answer::Refused { .. } if nature == Nature::Releases => Word::Done,
        Answer::Refused { .. } => Word::Refused,
        Answer::Pending => Word::Pending,
        Answer::Silence => Word::Silence,
        // A billing record that is not there yet may come at any time.
        Answer::NotFound if nature == Nature::Confirms => Word::NotFoundYet,
        Answer::NotFound if draft.now.since(step.sent_at) >= contract.finality_ms => Word::NotFoundFinal,
        Answer::NotFound => Word::NotFoundYet,
        Answer::Opposite { .. } => Word::Opposite,
    }
}

/// The amount that is no news: what was told before, what was truly deducted, or what was asked.
fn expected(order: &Order, step: &Step) -> u64 {
    let deducted = step.plan.target.and_then(|target| order.step(target.step)).map(|target| target.done);
    match step.state {
        StepState::Done | StepState::Compensated => step.done,
        _ if step.plan.action.nature() == Nature::Confirms => deducted.unwrap_or(step.plan.amount),
        _ => step.plan.amount,
    }
}

/// The amount a word speaks of, and the partner's name of it.
pub(crate) fn told<'s>(signal: &'s Signal, step: &'s Step) -> (u64, &'s str) {
    match &signal.answer {
        Answer::Done { amount, external } | Answer::Opposite { amount, external } => (*amount, external),
        // What a telco refuses to release is not set aside any more.
        Answer::Refused { .. } if step.plan.action.nature() == Nature::Releases => {
            (step.plan.amount, &step.plan.acts_on)
        }
        Answer::Refused { .. } | Answer::Pending | Answer::Silence | Answer::NotFound => (0, ""),
    }
}

fn absorb(mut draft: Draft<'_>, heard: &Heard<'_>, kind: SignalKind) -> Decision {
    let call = heard.signal.call;
    draft.add(Fact::SignalAbsorbed { order: call.order, step: call.step, attempt: call.attempt, kind });
    draft.into_decision(Reply::Nothing)
}

fn doubt(draft: &mut Draft<'_>, heard: &Heard<'_>, cause: Cause) {
    let contract = draft.contract(heard.step.plan.partner);
    // A refusal has a record to confirm it at once; anything else needs time to become one.
    let pause = if cause == Cause::Refused { 0 } else { contract.inquire_after_ms };
    let cause = if cause == Cause::Silence { heard.signal.via.silence() } else { cause };
    let inquire_at = draft.now.plus(pause);
    let transfers = draft.doubt(&heard.step);
    draft.add(Fact::StepUnknown { order: draft.id(), step: heard.place, cause, inquire_at, transfers });
}

fn defer(draft: &mut Draft<'_>, heard: &Heard<'_>, cause: Cause) {
    // Only an inquiry's answer moves the next inquiry: a late empty reply must not push it away.
    if heard.signal.via != Via::Inquiry {
        return;
    }
    let contract = draft.contract(heard.step.plan.partner);
    let inquiries = heard.step.inquiries;
    let inquire_at = draft.now.plus(contract.inquiry_pause_ms(inquiries));
    draft.add(Fact::InquiryDeferred { order: draft.id(), step: heard.place, cause, inquire_at });
    if inquiries.saturating_add(1) >= contract.inquiries_before_suspension && !draft.order.state.is_end() {
        draft.suspend(Cause::Exhausted);
    }
}

/// The requests that were under way when the node stopped, as words to be heard: nobody knows.
pub fn lost_calls(state: &State) -> Vec<Signal> {
    state
        .sent()
        .filter_map(|(order, place)| {
            let call = call_of(order, place, state.order(order)?.step(place)?);
            Some(Signal { call, answer: Answer::Silence, via: Via::Recovery })
        })
        .collect()
}
