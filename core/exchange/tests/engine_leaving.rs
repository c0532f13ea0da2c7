//! Ended orders leave memory, and come back when there is news of them: nothing is decided otherwise for it.

mod engine;

use engine::partner::Behaviour;
use engine::{World, rules};
use exchange::{Answer, Command, Reply, Via};
use facts::{CallRef, Millis, Order, OrderId, OrderState, State};
use money::Telco;

const ORDER: OrderId = OrderId::from_bits(7);
const STAY_MS: u64 = 60_000;

/// A world with one settled order, told that ended orders leave.
fn settled() -> World {
    let mut world = World::open(rules(), 4);
    world.give(Command::LetEndedLeave { stay_ms: STAY_MS });
    let subscriber = world.register(1, 100, Telco::Ctcc);
    world.place(7, subscriber);
    world.run(&mut |_, _| Behaviour::HONEST);
    assert_eq!(world.stands(ORDER), OrderState::Settled);
    world
}

/// Lets time pass until something is written again.
fn pass(world: &mut World, by_ms: u64) {
    world.now = Millis(world.now.0 + by_ms);
    let window = world.state.load(facts::Partner::Bank).window;
    world.give_unchecked(Command::GrantCredits { partner: facts::Partner::Bank, window: window + 1 });
}

fn as_recorded(world: &World) -> Order {
    Order::of_records(ORDER, &world.log).expect("it was placed")
}

/// The telco takes again what it was asked to take once.
fn opposite() -> (CallRef, Answer) {
    let answer = Answer::Done { amount: 9_000, external: "again".to_owned() };
    (CallRef { order: ORDER, step: 1, attempt: 1 }, answer)
}

#[test]
fn an_ended_order_leaves_when_nothing_was_heard_of_it_for_so_long() {
    let mut world = settled();
    let order = world.order(ORDER).clone();
    pass(&mut world, STAY_MS);
    assert_eq!(world.state.order(ORDER), Some(&order), "not before its time is over");
    pass(&mut world, 1);
    assert_eq!(world.state.order(ORDER), None);
    assert_eq!(as_recorded(&world), order, "its records make it as it was");
    let (call, answer) = opposite();
    assert_eq!(world.give_unchecked(Command::Signal(exchange::Signal { call, answer, via: Via::Statement })).facts, []);
}

#[test]
fn an_open_order_stays() {
    let mut world = World::open(rules(), 4);
    world.give(Command::LetEndedLeave { stay_ms: 0 });
    let subscriber = world.register(1, 100, Telco::Ctcc);
    world.place(7, subscriber);
    pass(&mut world, 365 * 86_400_000);
    assert_eq!(world.stands(ORDER), OrderState::Executing);
}

#[test]
fn a_declined_order_leaves_too_and_its_key_stays() {
    let mut world = World::open(rules(), 4);
    world.give(Command::LetEndedLeave { stay_ms: STAY_MS });
    let subscriber = world.register(1, 100, Telco::Ctcc);
    let request = exchange::PlaceOrder { amount: 1, ..World::request(7, subscriber) };
    let placed = Command::Place(Box::new(request));
    let first = world.give_with_key(Some(engine::key(1, 1)), placed.clone());
    assert_eq!(world.stands(ORDER), OrderState::Declined);
    pass(&mut world, STAY_MS + 1);
    assert_eq!(world.state.order(ORDER), None);
    let again = world.give_with_key(Some(engine::key(1, 1)), placed);
    let Reply::Made(made) = first.reply else { panic!("declined orders are made too") };
    assert!(matches!(again.reply, Reply::Replayed(used) if used.made == made));
    assert_eq!(again.facts, []);
}

#[test]
fn what_is_recalled_decides_as_if_it_had_never_left() {
    let (mut stays, mut leaves) = (settled(), settled());
    pass(&mut leaves, STAY_MS + 1);
    let recalled = leaves.give_unchecked(Command::Recall(Box::new(as_recorded(&leaves))));
    assert_eq!(recalled.reply, Reply::Done);
    stays.now = leaves.now;
    let (call, answer) = opposite();
    let told = |world: &mut World| {
        let signal = exchange::Signal { call, answer: answer.clone(), via: Via::Statement };
        engine_facts(&world.give_unchecked(Command::Signal(signal)))
    };
    let expected = told(&mut stays);
    assert!(!expected.is_empty(), "it is news");
    assert_eq!(told(&mut leaves), expected);
}

fn engine_facts(decision: &exchange::Decision) -> Vec<String> {
    decision.facts.iter().map(engine::kind).collect()
}

#[test]
fn an_older_record_than_the_last_does_not_come_back() {
    let mut world = settled();
    let old = as_recorded(&world);
    pass(&mut world, STAY_MS + 1);
    assert_eq!(world.give_unchecked(Command::Recall(Box::new(old.clone()))).reply, Reply::Done);
    assert_eq!(world.give_unchecked(Command::Recall(Box::new(old.clone()))).reply, Reply::Nothing, "it is there");
    let (call, answer) = opposite();
    world.give_unchecked(Command::Signal(exchange::Signal { call, answer, via: Via::Statement }));
    let behave = &mut |_: &World, _: &_| Behaviour::HONEST;
    world.run(behave);
    pass(&mut world, STAY_MS + 1);
    match world.state.order(ORDER) {
        // It waits for a person now, or it left again: either way the old record is not the last.
        Some(order) => assert_eq!(order.state, OrderState::Suspended),
        None => assert_eq!(world.give_unchecked(Command::Recall(Box::new(old))).reply, Reply::NotNow),
    }
    let open = Order { state: OrderState::Executing, ..as_recorded(&world) };
    assert_ne!(world.give_unchecked(Command::Recall(Box::new(open))).reply, Reply::Done, "an open one never left");
}

#[test]
fn a_replay_holds_what_the_node_held() {
    let mut world = settled();
    pass(&mut world, STAY_MS + 1);
    let order = as_recorded(&world);
    world.give_unchecked(Command::Recall(Box::new(order)));
    pass(&mut world, 1);
    let mut state = State::default();
    for record in &world.log {
        state.apply(record).expect("it applied before");
    }
    assert_eq!(state.digest(), world.state.digest());
    assert_eq!(state, world.state);
}
