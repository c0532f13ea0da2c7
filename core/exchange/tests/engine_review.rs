//! Orders that a person looks at before anybody is asked.

mod engine;

use engine::{HELD, World, rules};
use exchange::{Command, PlaceOrder, Reply};
use facts::{Cause, Fact, OrderId, OrderState, Province, ReviewVerdict};
use money::Telco;

const HENAN: u8 = 41;
/// From here on a person reviews in Henan. Source: market brief, 2023 figures.
const FROM: u64 = 200_000;

fn placed(home: u8, amount: u64) -> (World, OrderId) {
    let mut world = World::open(rules(), 4);
    let subscriber = world.register_in(home, 1, 100, Telco::Ctcc);
    let channel_province = Province::new(home).expect("a province");
    let request = PlaceOrder { amount, channel_province, ..World::request(7, subscriber) };
    world.give(Command::Place(Box::new(request)));
    (world, OrderId::from_bits(7))
}

fn review(world: &mut World, order: OrderId, verdict: ReviewVerdict) -> exchange::Decision {
    world.give(Command::Review { order, verdict, why: "documents compared".to_owned() })
}

#[test]
fn nobody_is_asked_before_a_reviewer_said_yes() {
    let (mut world, order) = placed(HENAN, FROM);
    assert_eq!(world.stands(order), OrderState::InReview);
    world.flush();
    assert_eq!(world.stands(order), OrderState::InReview);
    assert!(world.order(order).steps.iter().all(|step| step.attempt == 0));
    let decision = review(&mut world, order, ReviewVerdict::Approved);
    assert_eq!(decision.reply, Reply::Done);
    assert!(matches!(decision.facts[0], Fact::OrderReviewed { verdict: ReviewVerdict::Approved, .. }));
    world.flush();
    assert_eq!(world.stands(order), OrderState::Settled);
    assert_eq!(review(&mut world, order, ReviewVerdict::Rejected).reply, Reply::NotNow);
}

#[test]
fn a_rejected_order_took_nothing_and_gives_everything_back() {
    let (mut world, order) = placed(HENAN, FROM);
    review(&mut world, order, ReviewVerdict::Rejected);
    assert_eq!((world.stands(order), world.order(order).cause), (OrderState::Declined, Cause::ReviewRejected));
    let held = world.state.subscriber(facts::SubscriberId::from_bits(1)).expect("registered").total();
    assert_eq!(held, HELD);
    assert!(world.state.counters().iter().all(|(_, used)| used == 0));
}

#[test]
fn an_order_in_review_can_be_withdrawn() {
    let (mut world, order) = placed(HENAN, FROM);
    world.give(Command::Cancel { order, why: String::new() });
    assert_eq!(world.stands(order), OrderState::Cancelled);
    assert_eq!(review(&mut world, order, ReviewVerdict::Approved).reply, Reply::NotNow);
}

#[test]
fn below_the_amount_and_elsewhere_nobody_reviews() {
    for (home, amount) in [(HENAN, FROM - 1), (engine::GUANGDONG, FROM)] {
        let (mut world, order) = placed(home, amount);
        assert_eq!(world.stands(order), OrderState::Executing, "{home} {amount}");
        assert_eq!(review(&mut world, order, ReviewVerdict::Approved).reply, Reply::NotNow);
    }
}
