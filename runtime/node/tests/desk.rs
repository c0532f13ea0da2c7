//! The desk without threads: lanes, what waits for durability, and what a restart makes of requests under way.

mod support;

use exchange::{Command, Reply};
use facts::{Millis, OrderState, StepState};
use node::{Desk, Effect, Job, Lane, Outbox, Timers};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{START, core, envelope, opening, order, place, rules};

fn desk() -> Desk {
    let mut desk = Desk::new(core());
    for command in opening(&rules()) {
        desk.push(Lane::Operators, Job { envelope: Some(command), answer: None });
    }
    desk.turn(START, Timers::Fire).expect("the house opens");
    desk
}

#[test]
fn no_answer_and_no_request_leaves_before_its_record_is_durable() {
    let mut desk = desk();
    let answered = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&answered);
    let answer: node::Answerer = Box::new(move |told| {
        assert!(matches!(told.reply, Some(Reply::Made(_))));
        Box::new(move || flag.store(true, Ordering::SeqCst))
    });
    desk.push(Lane::Orders, Job { envelope: Some(place(1)), answer: Some(answer) });
    let before = desk.core().state().sequence();
    let turn = desk.turn(START, Timers::Fire).expect("a turn");
    let outbox = Outbox::new(before);
    assert!(outbox.put(turn.effects).is_empty(), "the sync has not come");
    assert!(outbox.release(before).is_empty(), "an older group says nothing about this one");
    let leaving = outbox.release(desk.core().state().sequence());
    let asks = leaving.iter().filter(|effect| matches!(effect, Effect::Ask(_))).count();
    assert_eq!(asks, 1, "the reservation leaves with the record that says it was sent");
    for effect in leaving {
        if let Effect::Answer(answer) = effect {
            answer();
        }
    }
    assert!(answered.load(Ordering::SeqCst));
}

#[test]
fn an_answer_that_panics_is_not_given_and_harms_nothing_else() {
    let mut desk = desk();
    desk.push(Lane::Operators, Job { envelope: None, answer: Some(Box::new(|_| panic!("an answer that panics"))) });
    desk.push(Lane::Orders, Job { envelope: Some(place(1)), answer: Some(Box::new(|_| Box::new(|| {}))) });
    let turn = desk.turn(START, Timers::Fire).expect("a turn");
    let answers = turn.effects.iter().filter(|(_, effect)| matches!(effect, Effect::Answer(_)));
    assert_eq!(answers.count(), 1);
    assert!(desk.core().state().order(order(1)).is_some());
}

#[test]
fn a_closed_outbox_tells_nobody_anything() {
    let outbox = Outbox::new(0);
    let told = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&told);
    let effect = Effect::Answer(Box::new(move || flag.store(true, Ordering::SeqCst)));
    assert!(outbox.put([(1, effect)]).is_empty());
    outbox.close();
    assert!(outbox.release(1).is_empty());
    assert!(!told.load(Ordering::SeqCst));
}

#[test]
fn while_the_clock_is_not_trusted_no_order_is_taken_and_nothing_is_due() {
    let mut desk = desk();
    desk.push(Lane::Orders, Job { envelope: Some(place(1)), answer: None });
    desk.turn(START, Timers::Hold).expect("a turn");
    assert!(desk.core().state().order(order(1)).is_none());
    desk.turn(START, Timers::Fire).expect("a turn");
    assert!(desk.core().state().order(order(1)).is_some());
}

#[test]
fn results_go_before_orders() {
    let mut desk = desk();
    desk.push(Lane::Orders, Job { envelope: Some(place(1)), answer: None });
    let cancel = envelope(Command::Cancel { order: order(1), why: String::new() });
    let reply: node::Answerer = Box::new(|told| {
        assert_eq!(told.reply, Some(Reply::NotFound), "the order is not there yet");
        Box::new(|| {})
    });
    desk.push(Lane::Results, Job { envelope: Some(cancel), answer: Some(reply) });
    desk.turn(START, Timers::Fire).expect("a turn");
    assert!(desk.core().state().order(order(1)).is_some());
}

#[test]
fn a_request_under_way_at_a_crash_is_unknown_afterwards_and_asked_about() {
    let mut desk = desk();
    desk.push(Lane::Orders, Job { envelope: Some(place(1)), answer: None });
    desk.turn(START, Timers::Fire).expect("a turn");
    let state = desk.core().state().clone();
    assert_eq!(state.order(order(1)).expect("there").steps[0].state, StepState::Sent);
    let again = node::Core::new(state, Arc::new(rules()), 2);
    let mut restarted = Desk::new(again);
    restarted.turn(START, Timers::Fire).expect("a turn");
    let step = restarted.core().state().order(order(1)).expect("there").steps[0].clone();
    assert_eq!(step.state, StepState::Unknown);
    let later = Millis(step.due_at.0);
    let turn = restarted.turn(later, Timers::Fire).expect("a turn");
    let inquiries = turn.effects.iter().filter(|(_, effect)| match effect {
        Effect::Ask(ask) => ask.kind == node::AskKind::Inquire,
        Effect::Answer(_) | Effect::Late(_) | Effect::Erase(_) | Effect::Project(..) => false,
    });
    assert_eq!(inquiries.count(), 1, "asked by our reference before anything is repeated");
    assert_eq!(restarted.core().state().order(order(1)).expect("there").state, OrderState::Executing);
}
