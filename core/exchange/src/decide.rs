//! `decide`: one command, one decision. It looks and never touches.

use crate::approve::check_actor;
use crate::book::open_house;
use crate::command::{ClientKey, Command, Decision, Denied, Envelope, Opening, Registration, Reply, Rules};
use crate::draft::Draft;
use crate::staff::acted;
use crate::{approve, complain, custody, hear, place, staff, unwind};
use facts::{
    ActorKind, Cause, Fact, Made, Meta, Nature, Order, OrderId, OrderState, Partner, ReviewVerdict, StaffAct, State,
    StepState, SubscriberId,
};
use money::Telco;

/// Decides a command against the state and the rules.
///
/// Invariants: applying the facts to the state succeeds; equal inputs give equal decisions.
pub fn decide(state: &State, rules: &Rules, envelope: &Envelope) -> Decision {
    if let Some(decision) = replay(state, envelope.key) {
        return decision;
    }
    let (meta, key) = (&envelope.meta, envelope.key);
    match &envelope.command {
        Command::OpenBooks { funding } => open_books(state, *funding),
        Command::GrantCredits { partner, window } => grant(state, *partner, *window),
        Command::LetEndedLeave { stay_ms } => let_ended_leave(state, *stay_ms),
        Command::Recall(order) => recall(state, order),
        Command::Register(registration) => register(state, key, registration),
        Command::Port { subscriber, telco } => port(state, *subscriber, *telco),
        Command::OpenLot { subscriber, opening } => open_lot(state, key, *subscriber, *opening),
        Command::Place(order) => place::place(state, rules, meta, key, order),
        Command::Cancel { order, why } => cancel(state, rules, meta, *order, why),
        Command::Decline { order } => decline(state, rules, meta, *order),
        Command::HandOut { order } => hand_out(state, *order),
        Command::Review { order, verdict, why } => review(state, rules, meta, *order, *verdict, why),
        Command::Dispatch { order, step } => dispatch(state, rules, meta, *order, *step),
        Command::Signal(signal) => hear::hear(state, rules, meta, signal),
        Command::Propose(proposal) => approve::propose(state, rules, meta, proposal),
        Command::ActOnApproval { approval, act, why, effective_at } => {
            approve::act(state, meta, *approval, *act, why, *effective_at)
        }
        Command::PlaceLegalHold { person, authority, document, why } => {
            custody::place_hold(state, meta, *person, authority, *document, why)
        }
        Command::LiftLegalHold { person, number, why } => custody::lift_hold(state, meta, *person, *number, why),
        Command::RequestErasure { person, why } => custody::request(state, rules, meta, *person, why),
        Command::Erase { person } => custody::erase(state, rules, meta, *person),
        Command::Reveal { subject, what, purpose, why } => custody::reveal(state, meta, *subject, what, *purpose, why),
        Command::NoteAct { act, on, why } => staff::note_act(meta, key, *act, on, why),
        Command::NoteRefusal { record, code } => staff::note_refusal(meta, *record, code),
        Command::NoteAttack { who, what, count, since } => {
            let fact = Fact::AttackNoted { who: *who, what: *what, count: *count, since: *since };
            Decision { facts: vec![fact], reply: Reply::Done }
        }
        Command::FileComplaint(new) => complain::file(state, rules, meta, key, new),
        Command::CloseComplaint { complaint, outcome, why } => complain::close(state, meta, *complaint, *outcome, why),
        Command::Suspend { order } => suspend(state, rules, meta, *order),
    }
}

/// A key that was used before answers for itself: the same body gets the first answer, another is a conflict.
fn replay(state: &State, key: Option<ClientKey>) -> Option<Decision> {
    let key = key?;
    let used = state.key(key.key)?;
    let reply = if used.body == key.body { Reply::Replayed(used) } else { Reply::KeyConflict };
    Some(Decision::only(reply))
}

fn open_books(state: &State, funding: u64) -> Decision {
    let facts = open_house(state, funding);
    let reply = if facts.is_empty() { Reply::Nothing } else { Reply::Done };
    Decision { facts, reply }
}

fn grant(state: &State, partner: Partner, window: u32) -> Decision {
    if state.load(partner).window == window {
        return Decision::only(Reply::Nothing);
    }
    Decision { facts: vec![Fact::CreditsGranted { partner, window }], reply: Reply::Done }
}

fn let_ended_leave(state: &State, stay_ms: u64) -> Decision {
    if state.ended_stay_ms() == Some(stay_ms) {
        return Decision::only(Reply::Nothing);
    }
    Decision { facts: vec![Fact::EndedLeaveAfter { stay_ms }], reply: Reply::Done }
}

/// Somebody else may have been quicker; who comes with an older record than the last has to look again.
fn recall(state: &State, order: &Order) -> Decision {
    if state.order(order.id).is_some() {
        return Decision::only(Reply::Nothing);
    }
    if !state.can_recall(order) {
        return Decision::only(Reply::NotNow);
    }
    Decision { facts: vec![Fact::OrderRecalled(Box::new(order.clone()))], reply: Reply::Done }
}

fn register(state: &State, key: Option<ClientKey>, registration: &Registration) -> Decision {
    let Registration { subscriber, person, telco, province, own_card, credit_card, lots } = registration;
    if state.subscriber(*subscriber).is_some() {
        return Decision::only(Reply::Exists(*subscriber));
    }
    if state.custody().is_restricted(*person) {
        return Decision::only(Reply::Denied(Denied::Restricted));
    }
    let made = Made::Subscriber(*subscriber);
    let mut facts = vec![Fact::SubscriberRegistered {
        subscriber: *subscriber,
        person: *person,
        telco: *telco,
        province: *province,
        own_card: *own_card,
        credit_card: *credit_card,
    }];
    facts.extend((0u32..).zip(lots).map(|(number, opening)| lot_opened(*subscriber, number, *opening)));
    facts.extend(place::key_taken(key, made));
    Decision { facts, reply: Reply::Made(made) }
}

fn port(state: &State, subscriber: SubscriberId, telco: Telco) -> Decision {
    let Some(holder) = state.subscriber(subscriber) else { return Decision::only(Reply::NotFound) };
    if holder.telco == telco {
        return Decision::only(Reply::Nothing);
    }
    Decision { facts: vec![Fact::NumberPorted { subscriber, telco }], reply: Reply::Done }
}

const fn lot_opened(subscriber: SubscriberId, number: u32, opening: Opening) -> Fact {
    let Opening { provenance, amount, at } = opening;
    Fact::LotOpened { subscriber, number, provenance, amount, at, payment: None }
}

fn open_lot(state: &State, key: Option<ClientKey>, subscriber: SubscriberId, opening: Opening) -> Decision {
    let Some(holder) = state.subscriber(subscriber) else { return Decision::only(Reply::NotFound) };
    if state.custody().is_restricted(holder.person) {
        return Decision::only(Reply::Denied(Denied::Restricted));
    }
    let made = Made::Lot(subscriber, holder.next_lot);
    let mut facts = vec![lot_opened(subscriber, holder.next_lot, opening)];
    facts.extend(place::key_taken(key, made));
    Decision { facts, reply: Reply::Made(made) }
}

/// An order can be withdrawn until its payout leaves, and not while a partner is being asked. Staff say why.
fn cancel(state: &State, rules: &Rules, meta: &Meta, id: OrderId, why: &str) -> Decision {
    let staff = meta.actor.kind == ActorKind::Staff;
    if staff && let Err(denied) = check_actor(meta.actor, why) {
        return Decision::only(Reply::Denied(denied));
    }
    let Decision { facts, reply } = withdraw(state, rules, meta, id, Cause::Cancelled);
    // First, since it is what the record is about.
    let said = (staff && !facts.is_empty()).then(|| acted(StaffAct::CancelOrder, &id.to_string(), why));
    Decision { facts: said.into_iter().chain(facts).collect(), reply }
}

/// Whom an order is for may decline it as long as its subscriber may withdraw it.
fn decline(state: &State, rules: &Rules, meta: &Meta, id: OrderId) -> Decision {
    match state.order(id) {
        Some(order) if order.parties.len() < 2 => Decision::only(Reply::NotNow),
        Some(_) | None => withdraw(state, rules, meta, id, Cause::ReceiverDeclined),
    }
}

/// Gives an order up while nothing that it asks for is under way or delivered.
fn withdraw(state: &State, rules: &Rules, meta: &Meta, id: OrderId, cause: Cause) -> Decision {
    let Some(order) = state.order(id) else { return Decision::only(Reply::NotFound) };
    if order.unwinding == Some(cause) {
        return Decision::only(Reply::Nothing);
    }
    let asked = order.steps.iter().any(|step| matches!(step.state, StepState::Sent | StepState::Unknown));
    let retried = order.steps.iter().any(|step| step.state == StepState::Planned && step.attempt > 0);
    let paid = order.steps.iter().any(|step| step.plan.action.nature() == Nature::Delivers && step.attempt > 0);
    if order.state.is_end() || order.state == OrderState::Suspended || order.unwinding.is_some() {
        return Decision::only(Reply::NotNow);
    }
    if asked || retried || paid {
        return Decision::only(Reply::NotNow);
    }
    let mut draft = Draft::new(state, rules, meta, order.clone());
    unwind::unwind(&mut draft, cause);
    draft.advance();
    draft.into_decision(Reply::Done)
}

/// Codes are handed out by the partner that has them; here it is written down who asked, before the partner is asked.
fn hand_out(state: &State, order: OrderId) -> Decision {
    let Some(order) = state.order(order) else { return Decision::only(Reply::NotFound) };
    let handed = |(step, _)| Fact::CodeHandedOut { order: order.id, step };
    let facts: Vec<Fact> = order.code_steps().map(handed).collect();
    let reply = if facts.is_empty() { Reply::NotNow } else { Reply::Done };
    Decision { facts, reply }
}

/// An order that waits for a reviewer runs, or ends before anything was taken.
fn review(state: &State, rules: &Rules, meta: &Meta, id: OrderId, verdict: ReviewVerdict, why: &str) -> Decision {
    let Some(order) = state.order(id) else { return Decision::only(Reply::NotFound) };
    let Some(place) = order.awaits_review() else { return Decision::only(Reply::NotNow) };
    let mut draft = Draft::new(state, rules, meta, order.clone());
    draft.add(Fact::OrderReviewed { order: id, verdict, why: why.to_owned() });
    match verdict {
        ReviewVerdict::Approved => draft.let_go_when_due(place),
        ReviewVerdict::Rejected => unwind::unwind(&mut draft, Cause::ReviewRejected),
    }
    draft.advance();
    draft.into_decision(Reply::Done)
}

fn dispatch(state: &State, rules: &Rules, meta: &Meta, order: OrderId, place: u8) -> Decision {
    let Some(order) = state.order(order) else { return Decision::only(Reply::NotFound) };
    let Some(step) = order.step(place) else { return Decision::only(Reply::NotFound) };
    let mut draft = Draft::new(state, rules, meta, order.clone());
    let queued = step.state == StepState::Planned && step.due_at.0 != 0 && step.due_at <= draft.now;
    if !queued || !draft.has_credit(step.plan.partner) {
        return Decision::only(Reply::Nothing);
    }
    draft.send(place);
    draft.advance();
    draft.into_decision(Reply::Done)
}

/// Sets an order aside whose command made the rules panic; asked again, it only waits longer.
fn suspend(state: &State, rules: &Rules, meta: &Meta, order: OrderId) -> Decision {
    let Some(order) = state.order(order) else { return Decision::only(Reply::NotFound) };
    Draft::new(state, rules, meta, order.clone()).set_aside(Cause::Poisoned)
}
