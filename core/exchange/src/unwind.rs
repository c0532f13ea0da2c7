//! What happens when a step ends: the order goes on, tries again, undoes what was done, or asks for a person.

use crate::book::{Books, entry};
use crate::command::{Decision, Reply, Rules};
use crate::draft::{Draft, call_of, takes_value};
use crate::plan::{self, Undo};
use crate::react::{Reaction, Which, Word, react};
use crate::signal::{Answer, Signal, Via};
use facts::{
    Action, Cause, Fact, Meta, Necessity, Order, OrderState, Partner, SignalKind, State, Step, StepState, Target,
};

/// A word about a step, with what is known of the step.
struct Heard<'s> {
    place: u8,
    step: Step,
    signal: &'s Signal,
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
    draft.free(&step);
    let word = word(&draft, &step, signal);
    let heard = Heard { place: call.step, step, signal };
    match react(heard.step.state, which, word) {
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
            finish_release(&mut draft, &heard);
        }
        Reaction::OppositeBeside => opposite(&mut draft, &heard),
        Reaction::Contradict => draft.moved(OrderState::Suspended, Cause::Contradiction),
    }
    draft.advance();
    let decision = draft.into_decision(Reply::Done);
    if decision.facts.is_empty() { Decision::only(Reply::Nothing) } else { decision }
}

fn word(draft: &Draft<'_>, step: &Step, signal: &Signal) -> Word {
    let contract = draft.contract(step.plan.partner);
    match &signal.answer {
        // A telco that has nothing left to release says so; a release is complete either way.
        Answer::Done { amount, .. } if *amount == step.plan.amount => Word::Done,
        Answer::Done { .. } => Word::DoneOther,
        Answer::Refused { .. }
            if !signal.via.is_record() && contract.refusals == crate::contract::Refusals::Confirm =>
        {
            Word::RefusedUnconfirmed
        }
        Answer::Refused { .. } => Word::Refused,
        Answer::Pending => Word::Pending,
        Answer::Silence => Word::Silence,
        // A billing record that is not there yet may come at any time.
        Answer::NotFound if step.plan.action == Action::ConfirmBilling => Word::NotFoundYet,
        Answer::NotFound if draft.now.since(step.sent_at) >= contract.finality_ms => Word::NotFoundFinal,
        Answer::NotFound => Word::NotFoundYet,
        Answer::Opposite { .. } => Word::Opposite,
    }
}

/// The amount a word speaks of, and the partner's name of it.
fn told(signal: &Signal) -> (u64, &str) {
    match &signal.answer {
        Answer::Done { amount, external } | Answer::Opposite { amount, external } => (*amount, external),
        Answer::Refused { .. } | Answer::Pending | Answer::Silence | Answer::NotFound => (0, ""),
    }
}

fn absorb(mut draft: Draft<'_>, heard: &Heard<'_>, kind: SignalKind) -> Decision {
    let call = heard.signal.call;
    draft.add(Fact::SignalAbsorbed { order: call.order, step: call.step, attempt: call.attempt, kind });
    draft.into_decision(Reply::Nothing)
}

fn done(draft: &mut Draft<'_>, heard: &Heard<'_>) {
    let (amount, external) = told(heard.signal);
    let external = external.to_owned();
    let transfers = draft.settle(&heard.step, amount);
    draft.add(Fact::StepDone { order: draft.id(), step: heard.place, amount, external, transfers });
    compensate_target(draft, &heard.step);
    resume(draft);
}

/// A step that undoes marks what it undid, once all of that is undone.
fn compensate_target(draft: &mut Draft<'_>, step: &Step) {
    let undoes = matches!(step.plan.action, Action::ReleaseAirtime | Action::CreditAirtime);
    let Some(target) = step.plan.target.filter(|_| undoes) else { return };
    let undone = draft
        .step(target.step)
        .is_some_and(|step| step.state == StepState::Done && (step.attempt == target.attempt || target.attempt == 0));
    if undone {
        draft.add(Fact::StepCompensated { order: draft.id(), step: target.step });
    }
}

/// What is known again lets an order go on that was suspended only because nobody knew.
fn resume(draft: &mut Draft<'_>) {
    let suspended = draft.order.state == OrderState::Suspended && draft.order.cause == Cause::Exhausted;
    if suspended && !draft.order.steps.iter().any(|step| step.state == StepState::Failed && undoes(&draft.order, step))
    {
        draft.moved(OrderState::Executing, Cause::Resolved);
    }
}

/// Done for another amount: what can be completed is completed, what can be undone is undone, else a person looks.
fn done_other(draft: &mut Draft<'_>, heard: &Heard<'_>) {
    let (amount, external) = told(heard.signal);
    let (step, place) = (&heard.step, heard.place);
    let less = amount < step.plan.amount;
    let transfers = if less || takes_value(step) || step.plan.action == Action::ReserveAirtime {
        draft.settle(step, amount)
    } else {
        settle_excess(draft, step, amount)
    };
    let external = external.to_owned();
    draft.add(Fact::StepDone { order: draft.id(), step: place, amount, external, transfers });
    resume(draft);
    match step.plan.action {
        Action::PayOut | Action::CreditAirtime | Action::ReleaseAirtime | Action::DeductAirtime if less => {
            let target = match undoes(&draft.order, step) {
                true => step.plan.target.unwrap_or(Target { step: place, attempt: step.attempt }),
                false => Target { step: place, attempt: step.attempt },
            };
            draft.append(plan::remainder(&step.plan, target, amount));
        }
        Action::ReserveAirtime | Action::CaptureAirtime | Action::DeductAirtime => unwind(draft, Cause::OtherAmount),
        Action::ConfirmBilling => {}
        Action::PayOut | Action::CreditAirtime | Action::ReleaseAirtime => {
            draft.moved(OrderState::Suspended, Cause::OtherAmount);
        }
    }
}

/// More was paid or given back than asked: all asked for is booked as planned, the excess as the partner's debt.
fn settle_excess(draft: &mut Draft<'_>, step: &Step, amount: u64) -> Vec<ledger::Transfer> {
    let excess = amount.saturating_sub(step.plan.amount);
    let mut transfers = draft.settle(step, step.plan.amount);
    let Some(books) = books(draft) else { return transfers };
    let clear = match step.plan.action {
        Action::PayOut => Some(entry(books.claim_bank, books.reserve_bank, excess)),
        _ => step.plan.clear.map(|clear| entry(clear.debit, clear.credit, excess)),
    };
    transfers.extend(draft.posts(clear.as_slice()));
    transfers
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
        draft.moved(OrderState::Suspended, Cause::Exhausted);
    }
}

fn fail(draft: &mut Draft<'_>, heard: &Heard<'_>, cause: Cause) {
    // A refused release means that nothing is set aside any more: what became of it is told by its own record.
    if heard.step.plan.action == Action::ReleaseAirtime && cause == Cause::Refused {
        return finish_release(draft, heard);
    }
    let transfers = draft.void(&heard.step);
    draft.add(Fact::StepFailed { order: draft.id(), step: heard.place, cause, transfers });
    resume(draft);
    let contract = draft.contract(heard.step.plan.partner);
    let undoing = undoes(&draft.order, &heard.step);
    let most = if undoing { contract.undo_attempts_most } else { contract.attempts_most };
    let again = cause == Cause::NotFound || undoing;
    if again && heard.step.attempt < most && (undoing || draft.order.unwinding.is_none()) {
        let due_at = draft.now.plus(contract.retry_after_ms);
        return draft.add(Fact::StepQueued { order: draft.id(), step: heard.place, due_at });
    }
    match heard.step.plan.necessity {
        Necessity::Optional => {}
        Necessity::Required if undoing => draft.moved(OrderState::Suspended, Cause::Exhausted),
        Necessity::Required => unwind(draft, cause),
    }
}

/// Ends a release: nothing is set aside any more.
fn finish_release(draft: &mut Draft<'_>, heard: &Heard<'_>) {
    let Some(step) = draft.step(heard.place) else { return };
    let amount = step.plan.amount;
    let external = step.plan.acts_on.clone();
    let transfers = draft.settle(&step, amount);
    draft.add(Fact::StepDone { order: draft.id(), step: heard.place, amount, external, transfers });
    compensate_target(draft, &step);
    resume(draft);
}

fn undoes(order: &Order, step: &Step) -> bool {
    let target = step.plan.target.and_then(|target| order.step(target.step));
    match step.plan.action {
        Action::ReleaseAirtime | Action::CreditAirtime => true,
        // Taking back what was given back twice.
        Action::DeductAirtime => target.is_some_and(|target| target.plan.action == Action::CreditAirtime),
        Action::ReserveAirtime | Action::CaptureAirtime | Action::ConfirmBilling | Action::PayOut => false,
    }
}

/// Gives up the way forward and plans to undo what was done, last first.
pub(crate) fn unwind(draft: &mut Draft<'_>, cause: Cause) {
    if draft.order.unwinding.is_some() || draft.order.state.is_end() {
        return;
    }
    draft.add(Fact::OrderUnwound { order: draft.id(), cause });
    let captured = draft.order.steps.iter().any(|step| step.plan.action == Action::CaptureAirtime && step.done > 0);
    let done: Vec<(u8, Step)> = draft
        .order
        .numbered_steps()
        .rev()
        .filter(|(_, step)| step.state == StepState::Done && step.done > 0)
        .map(|(place, step)| (place, step.clone()))
        .collect();
    for (place, step) in done {
        match step.plan.action {
            Action::ReserveAirtime if captured => {}
            Action::ReserveAirtime | Action::CaptureAirtime => undo(draft, place, &step),
            Action::DeductAirtime if !undoes(&draft.order, &step) => undo(draft, place, &step),
            // Money that was paid does not come back: a person decides.
            Action::PayOut => draft.moved(OrderState::Suspended, Cause::Exhausted),
            Action::DeductAirtime | Action::ReleaseAirtime | Action::CreditAirtime | Action::ConfirmBilling => {}
        }
    }
}

fn undo(draft: &mut Draft<'_>, place: u8, step: &Step) {
    let exact = if step.done == step.plan.amount { step.plan.exact.as_slice() } else { &[] };
    plan_undo(
        draft,
        &step.plan.action,
        Target { step: place, attempt: step.attempt },
        step.done,
        &step.external,
        exact,
    );
}

fn plan_undo(
    draft: &mut Draft<'_>,
    action: &Action,
    target: Target,
    amount: u64,
    external: &str,
    exact: &[ledger::Entry],
) {
    let (Some(books), Some(telco)) = (books(draft), telco(draft)) else { return };
    let undo = Undo { telco, books, target, amount, external, exact };
    let plan = match action {
        Action::ReserveAirtime => plan::release(&undo),
        // A release that took instead is undone like any taking.
        Action::CaptureAirtime | Action::DeductAirtime | Action::ReleaseAirtime => plan::credit(&undo),
        Action::CreditAirtime => plan::deduct_again(&undo),
        Action::ConfirmBilling | Action::PayOut => return,
    };
    draft.append(plan);
}

fn books(draft: &Draft<'_>) -> Option<Books> {
    Books::of(draft.state, telco(draft)?, draft.order.person).map(|(books, _)| books)
}

fn telco(draft: &Draft<'_>) -> Option<money::Telco> {
    draft.order.steps.iter().find_map(|step| match step.plan.partner {
        Partner::Telco(telco) => Some(telco),
        Partner::Bank => None,
    })
}

/// Done after it had been taken for failed: booked as it is, and undone.
fn stray(draft: &mut Draft<'_>, heard: &Heard<'_>) {
    let call = heard.signal.call;
    let target = Target { step: call.step, attempt: call.attempt };
    let action = heard.step.plan.action;
    // An earlier release that worked leaves the next one nothing to do, and says so itself.
    if already_undone(draft, target) || matches!(action, Action::ReleaseAirtime | Action::ConfirmBilling) {
        return;
    }
    let (amount, external) = told(heard.signal);
    let Some(books) = books(draft) else { return };
    let movement = match action {
        Action::PayOut => Some(entry(books.claim_bank, books.reserve_bank, amount)),
        _ => heard.step.plan.clear.map(|clear| entry(clear.debit, clear.credit, amount)),
    };
    let transfers = draft.posts(movement.as_slice());
    let cause = Cause::LateSuccess;
    draft.add(Fact::StrayFound { order: draft.id(), step: call.step, attempt: call.attempt, cause, amount, transfers });
    if action == Action::PayOut {
        return draft.moved(OrderState::Suspended, Cause::LateSuccess);
    }
    reopen(draft);
    plan_undo(draft, &action, target, amount, external, &[]);
}

/// Taken where it was to be given back: booked as taken, and given back.
fn opposite(draft: &mut Draft<'_>, heard: &Heard<'_>) {
    let call = heard.signal.call;
    let target = Target { step: call.step, attempt: call.attempt };
    if already_undone(draft, target) {
        return;
    }
    let (amount, external) = told(heard.signal);
    let Some(books) = books(draft) else { return };
    let transfers = draft.posts(&[entry(books.taken, books.position_airtime, amount)]);
    let cause = Cause::Opposite;
    draft.add(Fact::StrayFound { order: draft.id(), step: call.step, attempt: call.attempt, cause, amount, transfers });
    reopen(draft);
    plan_undo(draft, &Action::ReleaseAirtime, target, amount, external, &[]);
}

/// An order that ended as declined had nothing taken; now something was, so it goes on until that is given back.
fn reopen(draft: &mut Draft<'_>) {
    if matches!(draft.order.state, OrderState::Declined | OrderState::Cancelled | OrderState::Expired) {
        draft.moved(OrderState::Executing, Cause::LateSuccess);
    }
}

/// Whether a step that undoes this very attempt was planned before; a statement tells what a callback told.
fn already_undone(draft: &Draft<'_>, target: Target) -> bool {
    draft.order.steps.iter().any(|step| step.plan.target == Some(target) && undoes(&draft.order, step))
        || (draft.order.state == OrderState::Suspended && draft.order.cause == Cause::LateSuccess)
}

impl Draft<'_> {
    /// Ends an order all of whose undoing is done.
    pub(crate) fn finish_unwinding(&mut self) {
        let given_back = self
            .order
            .steps
            .iter()
            .any(|step| step.plan.action == Action::CreditAirtime && step.state == StepState::Done);
        if !self.order.lots.is_empty() || self.order.counts_total > 0 {
            self.add(Fact::ValueReturned {
                order: self.id(),
                day: self.order.day(),
                total: self.order.counts_total,
                refund: self.order.counts_refund,
            });
        }
        let cause = self.order.unwinding.unwrap_or(Cause::Unwound);
        let state = match cause {
            _ if given_back => OrderState::Refunded,
            Cause::Cancelled => OrderState::Cancelled,
            _ => OrderState::Declined,
        };
        self.moved(state, cause);
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
