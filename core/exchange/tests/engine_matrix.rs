//! Every cell of the life cycle of a step, and every command at an order in every state.

mod engine;

use engine::partner::{Ask, Behaviour, Does, Says};
use engine::{AMOUNT, World, kind, rules};
use exchange::{Answer, Command, Reaction, Signal, Via, Which, Word, react};
use facts::{Action, CallRef, Cause, OrderId, OrderState, ReviewVerdict, SignalKind, StepState};
use money::Telco;
use std::fmt::Write as _;

const WHICH: [Which; 2] = [Which::Current, Which::Older];

#[test]
fn the_life_cycle_of_a_step_is_the_printed_one() {
    let mut printed = String::new();
    for which in WHICH {
        for state in StepState::ALL {
            for word in Word::ALL {
                let cell = format!("{which:?} {state} {word:?}");
                writeln!(printed, "{cell:<40} {:?}", react(*state, which, word)).expect("a string");
            }
        }
    }
    insta::assert_snapshot!(printed);
}

#[test]
fn late_success_is_booked_and_undone() {
    for word in [Word::Done, Word::DoneOther] {
        assert_eq!(react(StepState::Failed, Which::Current, word), Reaction::Stray);
        for state in StepState::ALL {
            assert_eq!(react(*state, Which::Older, word), Reaction::Stray, "{state}");
        }
    }
    // Nothing of the next attempt has left yet: the late success is the success.
    assert_eq!(react(StepState::Planned, Which::Current, Word::Done), Reaction::Done);
}

#[test]
fn a_duplicate_changes_nothing() {
    for state in [StepState::Done, StepState::Compensated] {
        let reaction = react(state, Which::Current, Word::Done);
        assert_eq!(reaction, Reaction::Absorb(SignalKind::Duplicate), "{state}");
    }
}

#[test]
fn another_amount_ends_a_step_apart_from_the_amount_asked() {
    for state in [StepState::Planned, StepState::Sent, StepState::Unknown] {
        assert_eq!(react(state, Which::Current, Word::DoneOther), Reaction::DoneOther, "{state}");
    }
}

#[test]
fn a_contradiction_of_the_record_needs_a_person_and_one_of_a_reply_does_not() {
    for word in [Word::DoneOther, Word::Refused] {
        assert_eq!(react(StepState::Done, Which::Current, word), Reaction::Contradict, "{word:?}");
    }
    let reply = react(StepState::Done, Which::Current, Word::RefusedUnconfirmed);
    assert_eq!(reply, Reaction::Absorb(SignalKind::Contradiction));
    // An inquiry is under way: only what it brings counts.
    let late_reply = react(StepState::Unknown, Which::Current, Word::RefusedUnconfirmed);
    assert_eq!(late_reply, Reaction::Defer(Cause::Refused));
}

/// A world with one order, 7, of one subscriber.
fn placed(window: u32) -> (World, OrderId) {
    let mut world = World::open(rules(), window);
    let subscriber = world.register(1, 100, Telco::Ctcc);
    if window == 1 {
        // The only credit is taken by another order, so that order 7 waits.
        world.place(6, subscriber);
    }
    let order = world.place(7, subscriber);
    (world, order)
}

fn honest(_: &World, _: &Ask) -> Behaviour {
    Behaviour::HONEST
}

fn until(wanted: impl Fn(&World) -> bool, behave: impl Fn(&World, &Ask) -> Behaviour) -> (World, OrderId) {
    let (mut world, order) = placed(8);
    assert!(world.run_until(&mut |world, ask| behave(world, ask), &wanted), "not reached");
    (world, order)
}

/// An order in every public state that can be reached, and on the ways that look alike from outside.
fn reachable() -> Vec<(&'static str, World, OrderId)> {
    let order = OrderId::from_bits(7);
    let stands = move |state| move |world: &World| world.stands(order) == state;
    let step = move |action, state| {
        move |world: &World| world.step(order, action).is_some_and(|(_, step)| step.state == state)
    };
    let spoil = |action, does| {
        move |_: &World, ask: &Ask| match ask.action == action {
            true => Behaviour::of(does, Says::Truth),
            false => Behaviour::HONEST,
        }
    };
    let silent = move |action| {
        move |_: &World, ask: &Ask| match ask.action == action {
            true => Behaviour { hidden_ms: u64::MAX, queued: true, ..Behaviour::of(Does::Asked, Says::Silence) },
            false => Behaviour::HONEST,
        }
    };
    let mut rows = Vec::new();
    let mut add = |name, (world, order): (World, OrderId)| rows.push((name, world, order));
    add("created", placed(1));
    add("executing: reserve sent", placed(8));
    let unknown = step(Action::ReserveAirtime, StepState::Unknown);
    add("executing: reserve unknown", until(unknown, silent(Action::ReserveAirtime)));
    add("clearing", until(stands(OrderState::Clearing), honest));
    add("paying", until(stands(OrderState::Paying), honest));
    let releasing = step(Action::ReleaseAirtime, StepState::Sent);
    add("executing: release sent", until(releasing, spoil(Action::CaptureAirtime, Does::Refuses)));
    add("settled", until(stands(OrderState::Settled), honest));
    add("declined by the telco", until(stands(OrderState::Declined), spoil(Action::ReserveAirtime, Does::Refuses)));
    add("refunded", until(stands(OrderState::Refunded), spoil(Action::PayOut, Does::Refuses)));
    add("cancelled", {
        let (mut world, order) = placed(1);
        world.give(Command::Cancel { order, why: String::new() });
        (world, order)
    });
    add("declined at the door", {
        let (mut world, _) = placed(8);
        let mut request = World::request(8, facts::SubscriberId::from_bits(1));
        request.amount = 1;
        let order = request.order;
        world.give(Command::Place(Box::new(request)));
        (world, order)
    });
    add("suspended: exhausted", until(stands(OrderState::Suspended), silent(Action::CaptureAirtime)));
    add("suspended: poisoned", {
        let (mut world, order) = until(stands(OrderState::Clearing), honest);
        world.give(Command::Suspend { order });
        (world, order)
    });
    rows
}

/// Every command, about the step that was asked last.
fn commands(world: &World, order: OrderId) -> Vec<(&'static str, Command)> {
    let last = world.order(order).numbered_steps().rfind(|(_, step)| step.attempt > 0);
    let (step, attempt, amount) = last.map_or((0, 1, AMOUNT), |(place, step)| (place, step.attempt, step.plan.amount));
    let call = CallRef { order, step, attempt };
    let says = |answer, via| Command::Signal(Signal { call, answer, via });
    let external = || "again".to_owned();
    let refused = || Answer::Refused { code: "no".to_owned() };
    let subscriber = facts::SubscriberId::from_bits(1);
    let mut request = World::request(1, subscriber);
    request.order = order;
    let waiting = world.order(order).numbered_steps().find(|(_, step)| step.state == StepState::Planned);
    let next = waiting.map_or(step, |(place, _)| place);
    vec![
        ("place the same id", Command::Place(Box::new(request))),
        ("cancel", Command::Cancel { order, why: String::new() }),
        ("review", Command::Review { order, verdict: ReviewVerdict::Approved, why: String::new() }),
        ("dispatch", Command::Dispatch { order, step: next }),
        ("suspend", Command::Suspend { order }),
        ("done", says(Answer::Done { amount, external: external() }, Via::Inquiry)),
        ("done, less", says(Answer::Done { amount: amount - 1, external: external() }, Via::Inquiry)),
        ("done, more", says(Answer::Done { amount: amount + 1, external: external() }, Via::Inquiry)),
        ("done, nothing", says(Answer::Done { amount: 0, external: external() }, Via::Inquiry)),
        ("refused in a reply", says(refused(), Via::Reply)),
        ("refused by record", says(refused(), Via::Inquiry)),
        ("pending", says(Answer::Pending, Via::Inquiry)),
        ("silence", says(Answer::Silence, Via::Inquiry)),
        ("lost in a restart", says(Answer::Silence, Via::Recovery)),
        ("not found", says(Answer::NotFound, Via::Inquiry)),
        ("opposite", says(Answer::Opposite { amount, external: external() }, Via::Inquiry)),
    ]
}

#[test]
fn every_command_at_an_order_in_every_state_does_the_printed_thing() {
    let mut printed = String::new();
    for (name, world, order) in reachable() {
        writeln!(printed, "{name}").expect("a string");
        for (word, command) in commands(&world, order) {
            let decision = world.look(command);
            let facts: Vec<String> = decision.facts.iter().map(kind).collect();
            let reply = format!("{:?}", decision.reply).split('(').next().unwrap_or_default().to_owned();
            let line = format!("    {word:<20}{reply:<10}{}", facts.join(" "));
            writeln!(printed, "{}", line.trim_end()).expect("a string");
        }
    }
    insta::assert_snapshot!(printed);
}
