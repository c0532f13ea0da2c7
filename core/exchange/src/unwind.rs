//! What happens when a step ends: the order goes on, tries again, undoes what was done, or asks for a person.

use crate::book::entry;
use crate::draft::{Draft, call_of};
use crate::hear::{Heard, told};
use crate::plan::{self, Undo};
use facts::{
    AccountName, Action, CallRef, Cause, Count, Fact, Meter, Nature, Necessity, Order, OrderState, Step, StepPlan,
    StepState, Target,
};

pub(crate) fn done(draft: &mut Draft<'_>, heard: &Heard<'_>) {
    let (amount, external) = told(heard.signal, &heard.step);
    let external = external.to_owned();
    let transfers = draft.settle(&heard.step, amount);
    draft.add(Fact::StepDone { order: draft.id(), step: heard.place, amount, external, transfers });
    open_lot(draft, &heard.step, amount);
    compensate_target(draft, &heard.step);
    resume(draft);
}

/// What a step brought as a lot of its own.
fn open_lot(draft: &mut Draft<'_>, step: &Step, amount: u64) {
    let Some(provenance) = step.plan.brings else { return };
    let party = draft.order.parties.get(usize::from(step.plan.party)).copied();
    let Some(holder) = party.and_then(|party| draft.state.subscriber(party)) else { return };
    let (subscriber, number, at) = (holder.id, holder.next_lot, draft.now);
    let payment = payment_of(&draft.order);
    draft.add_beside(Fact::LotOpened { subscriber, number, provenance, amount, at, payment });
}

/// The request by which an order was paid, if it was.
fn payment_of(order: &Order) -> Option<CallRef> {
    let collects = |step: &Step| step.plan.action == Action::CollectPayment && step.state == StepState::Done;
    let (place, step) = order.numbered_steps().find(|(_, step)| collects(step))?;
    Some(call_of(order.id, place, step))
}

/// A reward that the telco does not give is not promised any more: its campaign gets back what it counted. What came
/// in part neither came nor can be promised again: a person decides.
fn withdraw_reward(draft: &mut Draft<'_>, cause: Cause) {
    let granting = |step: &Step| step.plan.action == Action::GrantReward;
    if draft.order.steps.iter().any(|step| granting(step) && step.done > 0) {
        return draft.suspend(cause);
    }
    let promised = |count: &&Count| matches!(count.counter.meter, Meter::Campaign(..));
    let released: Vec<Count> = draft.order.counts.iter().filter(promised).copied().collect();
    if !released.is_empty() {
        draft.add(Fact::RewardWithdrawn { order: draft.id(), released });
    }
}

/// A step that undoes marks what it undid, once all of that is undone.
fn compensate_target(draft: &mut Draft<'_>, step: &Step) {
    let undoes = step.plan.action.nature().gives_back();
    let Some(target) = step.plan.target.filter(|_| undoes) else { return };
    let undone = draft
        .step(target.step)
        .is_some_and(|step| step.state == StepState::Done && (step.attempt == target.attempt || target.attempt == 0));
    if undone {
        draft.add(Fact::StepCompensated { order: draft.id(), step: target.step });
    }
}

/// What is known again lets an order go on that was suspended only because nobody knew, or could not be booked.
fn resume(draft: &mut Draft<'_>) {
    let doubtful = matches!(draft.order.cause, Cause::Exhausted | Cause::BooksRefused);
    let suspended = draft.order.state == OrderState::Suspended && doubtful;
    if suspended && !draft.order.steps.iter().any(|step| step.state == StepState::Failed && undoes(&draft.order, step))
    {
        draft.moved(OrderState::Executing, Cause::Resolved);
    }
}

/// Done for another amount: what can be completed is completed, what can be undone is undone, else a person looks.
pub(crate) fn done_other(draft: &mut Draft<'_>, heard: &Heard<'_>) {
    let (amount, external) = told(heard.signal, &heard.step);
    let (step, place) = (&heard.step, heard.place);
    let less = amount < step.plan.amount;
    let nature = step.plan.action.nature();
    let transfers = match nature {
        Nature::Releases | Nature::Returns | Nature::Delivers if !less => settle_excess(draft, step, amount),
        _ => draft.settle(step, amount),
    };
    let external = external.to_owned();
    draft.add(Fact::StepDone { order: draft.id(), step: place, amount, external, transfers });
    open_lot(draft, step, amount.min(step.plan.amount));
    resume(draft);
    let itself = Target { step: place, attempt: step.attempt };
    let undoing = undoes(&draft.order, step);
    // Where an order waits for a person, nothing new leaves but what undoes.
    if draft.order.state == OrderState::Suspended && !undoing {
        return;
    }
    match nature {
        Nature::Delivers | Nature::Returns | Nature::Releases | Nature::Takes if less => {
            let target = step.plan.target.filter(|_| undoing).unwrap_or(itself);
            draft.append(plan::remainder(&step.plan, target, amount));
        }
        // Too much was taken back.
        Nature::Takes if undoing => {
            let excess = amount.saturating_sub(step.plan.amount);
            plan_undo(draft, &step.plan, &Undo { target: itself, amount: excess, external: "", exact: &[] });
        }
        Nature::SetsAside | Nature::TakesSetAside | Nature::Takes => unwind(draft, Cause::OtherAmount),
        // The bill is not what was deducted, or value left that nobody asked for.
        Nature::Confirms | Nature::Delivers | Nature::Returns | Nature::Releases => draft.suspend(Cause::OtherAmount),
    }
}

/// More was paid or given back than asked: all asked for is booked as planned, and the excess beside it.
fn settle_excess(draft: &mut Draft<'_>, step: &Step, amount: u64) -> Vec<ledger::Transfer> {
    let excess = amount.saturating_sub(step.plan.amount);
    let mut transfers = draft.settle(step, step.plan.amount);
    let unasked = unasked(draft, step, excess);
    transfers.extend(draft.posts(unasked.as_slice()));
    transfers
}

/// What a partner brought or gave back that nobody asked for: it owes it back, but for what it moved between its own
/// subscribers, which was never ours.
fn unasked(draft: &Draft<'_>, step: &Step, amount: u64) -> Option<ledger::Entry> {
    if step.plan.action.is_between_parties() {
        return step.plan.clear.map(|clear| entry(clear.debit, clear.credit, amount));
    }
    // What is given back beyond what was set aside comes from what had been taken.
    let left_from = match step.plan.action.nature() {
        Nature::Releases => taking(&draft.order)?.clear?.debit,
        _ => step.plan.clear?.credit,
    };
    let asset = draft.state.ledger().account(left_from)?.asset();
    Some(entry(draft.state.account(AccountName::Claim(step.plan.partner), asset)?, left_from, amount))
}

/// The step with which an order takes value.
fn taking(order: &Order) -> Option<&StepPlan> {
    order.steps.iter().map(|step| &*step.plan).find(|plan| plan.action.nature().takes())
}

pub(crate) fn fail(draft: &mut Draft<'_>, heard: &Heard<'_>, cause: Cause) {
    let transfers = draft.void(&heard.step);
    draft.add(Fact::StepFailed { order: draft.id(), step: heard.place, cause, transfers });
    resume(draft);
    let contract = draft.contract(heard.step.plan.partner);
    let undoing = undoes(&draft.order, &heard.step);
    let most = if undoing { contract.undo_attempts_most } else { contract.attempts_most };
    // Where an order waits for a person, nothing leaves any more but what undoes.
    let forward = draft.order.unwinding.is_none() && draft.order.state != OrderState::Suspended;
    let again = undoing || (cause == Cause::NotFound && forward);
    if again && heard.step.attempt < most {
        let due_at = draft.now.plus(contract.retry_after_ms);
        return draft.add(Fact::StepQueued { order: draft.id(), step: heard.place, due_at });
    }
    match heard.step.plan.necessity {
        Necessity::Optional => withdraw_reward(draft, cause),
        Necessity::Required if undoing => draft.suspend(Cause::Exhausted),
        // A bill that is refused contradicts the deduction: giving back what was not taken would be worse.
        Necessity::Required if heard.step.plan.action.nature() == Nature::Confirms => {
            draft.suspend(Cause::Contradiction);
        }
        Necessity::Required => unwind(draft, cause),
    }
}

/// A step to give back whose partner took instead: a release has nothing set aside any more and ends, a credit
/// is still to be given.
pub(crate) fn end_opposed(draft: &mut Draft<'_>, heard: &Heard<'_>) {
    if heard.step.plan.action.nature() == Nature::Releases {
        return end_release(draft, heard);
    }
    if matches!(heard.step.state, StepState::Sent | StepState::Unknown) {
        fail(draft, heard, Cause::Opposite);
    }
}

/// Nothing is set aside any more.
fn end_release(draft: &mut Draft<'_>, heard: &Heard<'_>) {
    let (step, amount) = (&heard.step, heard.step.plan.amount);
    let transfers = draft.settle(step, amount);
    let external = step.plan.acts_on.clone();
    draft.add(Fact::StepDone { order: draft.id(), step: heard.place, amount, external, transfers });
    compensate_target(draft, step);
    resume(draft);
}

pub(crate) fn undoes(order: &Order, step: &Step) -> bool {
    let target = step.plan.target.and_then(|target| order.step(target.step));
    match step.plan.action.nature() {
        Nature::Releases | Nature::Returns => true,
        // Taking back what was given back twice.
        Nature::Takes => target.is_some_and(|target| target.plan.action.nature() == Nature::Returns),
        Nature::SetsAside | Nature::TakesSetAside | Nature::Confirms | Nature::Delivers => false,
    }
}

/// Gives up the way forward and plans to undo what was done, last first.
pub(crate) fn unwind(draft: &mut Draft<'_>, cause: Cause) {
    if draft.order.unwinding.is_some() || draft.order.state.is_end() {
        return;
    }
    // What was brought does not come back by itself: a person decides.
    let brought =
        |step: &Step| step.plan.action.nature() == Nature::Delivers && (step.done > 0 || !step.strays.is_empty());
    if draft.order.steps.iter().any(brought) {
        return draft.suspend(cause);
    }
    draft.add(Fact::OrderUnwound { order: draft.id(), cause });
    let captured = |step: &Step| step.plan.action.nature() == Nature::TakesSetAside && step.done > 0;
    let captured = draft.order.steps.iter().any(captured);
    let done: Vec<(u8, Step)> = draft
        .order
        .numbered_steps()
        .rev()
        .filter(|(_, step)| step.state == StepState::Done && step.done > 0)
        .map(|(place, step)| (place, step.clone()))
        .collect();
    for (place, step) in done {
        match step.plan.action.nature() {
            Nature::SetsAside if captured => {}
            Nature::Takes if undoes(&draft.order, &step) => {}
            Nature::SetsAside | Nature::TakesSetAside | Nature::Takes => undo(draft, place, &step),
            Nature::Releases | Nature::Returns | Nature::Confirms | Nature::Delivers => {}
        }
    }
}

fn undo(draft: &mut Draft<'_>, place: u8, step: &Step) {
    let exact = if step.done == step.plan.amount { step.plan.exact.as_slice() } else { &[] };
    let target = Target { step: place, attempt: step.attempt };
    plan_undo(draft, &step.plan, &Undo { target, amount: step.done, external: &step.external, exact });
}

fn plan_undo(draft: &mut Draft<'_>, done: &StepPlan, undo: &Undo<'_>) {
    if let Some(plan) = plan::undo(done, undo) {
        draft.append(plan);
    }
}

/// Done after it had been taken for failed: booked as it is, and undone.
pub(crate) fn stray(draft: &mut Draft<'_>, heard: &Heard<'_>) {
    let call = heard.signal.call;
    let target = Target { step: call.step, attempt: call.attempt };
    let nature = heard.step.plan.action.nature();
    // An earlier release that worked leaves the next one nothing to do, and says so itself if there is one.
    if nature == Nature::Releases {
        return if heard.step.state == StepState::Failed {
            end_release(draft, heard)
        };
    }
    if heard.is_told() || nature == Nature::Confirms {
        return;
    }
    let (amount, external) = told(heard.signal, &heard.step);
    // What was brought does not come back by itself, and neither does what was given back to where nobody takes it again.
    let stays = heard.step.plan.action.undone_by().is_none();
    let movement = match stays {
        true => unasked(draft, &heard.step, amount),
        false => heard.step.plan.clear.map(|clear| entry(clear.debit, clear.credit, amount)),
    };
    let transfers = draft.posts(movement.as_slice());
    let cause = Cause::LateSuccess;
    draft.add(Fact::StrayFound { order: draft.id(), step: call.step, attempt: call.attempt, cause, amount, transfers });
    if stays {
        return draft.suspend(Cause::LateSuccess);
    }
    reopen(draft);
    plan_undo(draft, &heard.step.plan, &Undo { target, amount, external, exact: &[] });
    // What was set aside went with it: the next attempt would find nothing.
    if nature == Nature::TakesSetAside && heard.step.state == StepState::Planned {
        unwind(draft, cause);
    }
}

/// Taken where it was to be given back: booked as taken, and given back.
pub(crate) fn opposite(draft: &mut Draft<'_>, heard: &Heard<'_>) {
    let call = heard.signal.call;
    let target = Target { step: call.step, attempt: call.attempt };
    if heard.is_told() {
        return;
    }
    let (amount, external) = told(heard.signal, &heard.step);
    let Some(taking) = taking(&draft.order).cloned() else { return };
    let Some(clear) = taking.clear else { return };
    let transfers = draft.posts(&[entry(clear.debit, clear.credit, amount)]);
    let cause = Cause::Opposite;
    draft.add(Fact::StrayFound { order: draft.id(), step: call.step, attempt: call.attempt, cause, amount, transfers });
    reopen(draft);
    plan_undo(draft, &taking, &Undo { target, amount, external, exact: &[] });
}

/// An order that ended as declined had nothing taken; now something was, so it goes on until that is given back.
fn reopen(draft: &mut Draft<'_>) {
    if matches!(draft.order.state, OrderState::Declined | OrderState::Cancelled | OrderState::Expired) {
        draft.moved(OrderState::Executing, Cause::LateSuccess);
    }
}

impl Draft<'_> {
    /// Ends an order all of whose undoing is done.
    pub(crate) fn finish_unwinding(&mut self) {
        let given_back = self
            .order
            .steps
            .iter()
            .any(|step| step.plan.action.nature() == Nature::Returns && step.state == StepState::Done);
        if !self.order.lots.is_empty() || !self.order.counts.is_empty() {
            self.add(Fact::ValueReturned { order: self.id(), released: self.order.counts.clone() });
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
