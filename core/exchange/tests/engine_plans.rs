//! The plans that only the world of an order file runs: each goes to its end with partners that do as asked, and
//! what it books is what it brings. And who may ask at all.

mod engine;

use engine::partner::{Ask, Behaviour, Does, Says};
use engine::{HELD, World, payer, rules};
use exchange::rules::{Identity, Instrument, Line, NumberRefusal};
use exchange::{Answer, Asker, Command, Doors, Funds, PlaceOrder, Recipient, Rules, Signal, Via};
use facts::{
    AccountName, Action, CallRef, OrderId, OrderState, Partner, PersonId, Product, Provenance, Province, Refusal, Step,
    StepState,
};
use money::{Asset, Telco};

const GIVER: PersonId = PersonId::from_bits(100);

fn every_plan() -> Rules {
    Rules { doors: Doors::EveryPlan, ..rules() }
}

fn home() -> Line {
    Line { province: Province::new(44).expect("a province"), telco: Telco::Cmcc }
}

/// Places an order and lets every partner do what it is asked until nothing is due any more.
fn run(world: &mut World, request: PlaceOrder) -> OrderId {
    let id = request.order;
    world.give(Command::Place(Box::new(request)));
    while let Some((place, step)) = next(world, id) {
        if step.state == StepState::Planned {
            world.now = world.now.max(step.due_at);
            world.give_unchecked(Command::Dispatch { order: id, step: place });
        }
        let step = world.order(id).steps[usize::from(place)].clone();
        assert_eq!(step.state, StepState::Sent);
        let call = CallRef { order: id, step: place, attempt: step.attempt };
        let answer = Answer::Done { amount: step.plan.amount, external: format!("x-{place}") };
        // The partners of the harness know one product; here what was booked is compared with what was asked.
        world.give_unchecked(Command::Signal(Signal { call, answer, via: Via::Reply }));
    }
    id
}

/// The first step that has not ended.
fn next(world: &World, id: OrderId) -> Option<(u8, Step)> {
    let mut steps = world.order(id).numbered_steps();
    steps.find(|(_, step)| step.state != StepState::Done).map(|(place, step)| (place, step.clone()))
}

fn asked(number: u128, product: Product, amount: u64, recipient: Recipient, world: &mut World) -> PlaceOrder {
    let subscriber = world.register(1, 100, Telco::Ctcc);
    PlaceOrder { product, amount, recipient, ..World::request(number, subscriber) }
}

fn taken(world: &World, telco: Telco) -> i128 {
    world.debit(AccountName::TelcoTaken(telco), Asset::Airtime(telco))
}

fn paid(world: &World) -> i128 {
    -world.debit(AccountName::ReserveBank, Asset::Cny)
}

fn held(world: &World) -> u64 {
    world.state.subscriber(facts::SubscriberId::from_bits(1)).expect("registered").total()
}

#[test]
fn an_agent_order_is_paid_the_same_day() {
    let mut world = World::open(every_plan(), 8);
    let before = paid(&world);
    let mut request = asked(7, Product::Agent, 10_000, Recipient::Nobody, &mut world);
    let henan = Province::new(41).expect("a province");
    world.state = at_home_in(&world, henan);
    request.channel_province = henan;
    let id = run(&mut world, request);
    let terms = world.order(id).terms.clone();
    assert_eq!(world.stands(id), OrderState::Settled);
    assert_eq!(paid(&world) - before, i128::from(terms.payout));
    assert_eq!((terms.fee, taken(&world, Telco::Ctcc), held(&world)), (500, 10_000, HELD - 10_000));
}

/// The same world with the number registered in another province.
fn at_home_in(world: &World, province: Province) -> facts::State {
    let mut state = facts::State::default();
    for record in &world.log {
        let mut record = record.clone();
        for fact in &mut record.facts {
            if let facts::Fact::SubscriberRegistered { province: home, .. } = fact {
                *home = province;
            }
        }
        state.apply(&record).expect("it applies");
    }
    state
}

#[test]
fn a_gift_leaves_with_its_fee_and_arrives_without() {
    for telco in [Telco::Ctcc, Telco::Cmcc] {
        let mut world = World::open(every_plan(), 8);
        let to = Recipient::Number { subscriber: facts::SubscriberId::from_bits(2), line: Line { telco, ..home() } };
        let request = asked(7, Product::Gift, 10_000, to, &mut world);
        let id = run(&mut world, request);
        assert_eq!(world.stands(id), OrderState::Settled);
        assert_eq!(world.order(id).parties.len(), 2);
        assert_eq!(held(&world), HELD - 10_100, "the fee is taken on top");
        let (giver, receiver) = (taken(&world, Telco::Ctcc), taken(&world, Telco::Cmcc));
        match telco {
            Telco::Ctcc => assert_eq!((giver, receiver), (100, 0)),
            _ => assert_eq!((giver, receiver), (10_100, -10_000)),
        }
        assert_eq!(-world.debit(AccountName::FeesConversion, Asset::Cny), 100);
        assert_eq!(world.debit(AccountName::Payable(GIVER), Asset::Cny), 0, "nobody is owed money");
    }
}

#[test]
fn a_refund_takes_back_what_the_recharge_brought_and_no_lot() {
    let mut world = World::open(every_plan(), 8);
    let before = paid(&world);
    let request = asked(7, Product::Refund, 5_000, Recipient::Nobody, &mut world);
    let id = run(&mut world, request);
    assert_eq!((world.stands(id), held(&world)), (OrderState::Settled, HELD));
    assert_eq!((paid(&world) - before, taken(&world, Telco::Ctcc)), (5_000, 5_000));
}

#[test]
fn points_bring_airtime_on_their_day() {
    let mut world = World::open(every_plan(), 8);
    let request = asked(7, Product::Points, 1_001, Recipient::Nobody, &mut world);
    let id = run(&mut world, request);
    assert_eq!(world.stands(id), OrderState::Settled);
    assert!(world.now >= world.order(id).terms.arrives_on.start());
    assert_eq!((taken(&world, Telco::Ctcc), held(&world)), (-1_501, HELD + 1_501));
    let lots = &world.state.subscriber(facts::SubscriberId::from_bits(1)).expect("registered").lots;
    assert_eq!(lots.last().map(|lot| (lot.provenance, lot.remaining)), Some((Provenance::Points, 1_501)));
}

/// Places an order and lets partners with books of their own do all that it asks.
fn flushed(world: &mut World, request: PlaceOrder) -> OrderId {
    let id = request.order;
    world.give(Command::Place(Box::new(request)));
    world.flush();
    id
}

/// What the acquirer collected less what it gave back.
fn collected(world: &World) -> i128 {
    world.debit(AccountName::Receivable(Partner::Acquirer), Asset::Cny)
}

#[test]
fn a_recharge_brings_a_lot_that_names_its_payment_and_is_refunded_no_further_than_what_is_left() {
    let mut world = World::open(rules(), 8);
    let recharge = PlaceOrder { funds: payer(), ..asked(7, Product::Recharge, 10_000, Recipient::Nobody, &mut world) };
    let subscriber = facts::SubscriberId::from_bits(1);
    let id = flushed(&mut world, recharge.clone());
    assert_eq!((world.stands(id), held(&world), collected(&world)), (OrderState::Settled, HELD + 10_000, 10_000));
    assert_eq!(taken(&world, Telco::Ctcc), -10_000);
    let lot = *world.state.subscriber(subscriber).expect("registered").lots.last().expect("a lot");
    assert_eq!((lot.provenance, lot.remaining), (Provenance::ThirdParty, 10_000));
    let payment = lot.payment.expect("it was paid");
    assert_eq!((payment.order, payment.step), (id, 0));

    let refund = |number: u128, amount: u64, of| PlaceOrder {
        order: OrderId::from_bits(number),
        product: Product::Refund,
        amount,
        funds: Funds::Recharge(of),
        ..recharge.clone()
    };
    let first = flushed(&mut world, refund(8, 6_000, id));
    let paid_back = world.step(first, Action::PayBack).expect("planned").1;
    assert_eq!((world.stands(first), paid_back.plan.refers), (OrderState::Settled, Some(payment)));
    assert_eq!((held(&world), collected(&world)), (HELD + 4_000, 4_000));
    let refusals = [
        // More than is left of it, whatever else the number holds.
        (refund(9, 5_000, id), Refusal::BalanceInsufficient),
        (refund(10, 5_000, OrderId::from_bits(99)), Refusal::RechargeUnknown),
        // A refund names a recharge.
        (PlaceOrder { funds: Funds::Own, ..refund(11, 5_000, id) }, Refusal::RechargeUnknown),
        // What is asked of the payer is his own instrument, and nobody else's.
        (PlaceOrder { instrument: Instrument::NotOwn, ..refund(12, 4_000, id) }, Refusal::InstrumentNotOwn),
    ];
    for (request, refusal) in refusals {
        world.give(Command::Place(Box::new(request.clone())));
        assert_eq!(world.order(request.order).refusal, Some(refusal), "{request:?}");
    }
    // The last of it is taken when the refund is admitted: nothing else finds it, and no second refund does.
    let rest = refund(13, 4_000, id);
    world.give(Command::Place(Box::new(rest.clone())));
    let again = refund(14, 4_000, id);
    world.give(Command::Place(Box::new(again.clone())));
    assert_eq!(world.order(again.order).refusal, Some(Refusal::RechargeUnknown));
    world.flush();
    assert_eq!((world.stands(rest.order), held(&world), collected(&world)), (OrderState::Settled, HELD, 0));
    assert_eq!(taken(&world, Telco::Ctcc), 0);
}

#[test]
fn a_recharge_that_came_in_parts_is_refunded_whole() {
    let mut world = World::open(rules(), 8);
    let recharge = PlaceOrder { funds: payer(), ..asked(7, Product::Recharge, 10_000, Recipient::Nobody, &mut world) };
    world.give(Command::Place(Box::new(recharge.clone())));
    world.run(&mut |_: &World, ask: &Ask| match (ask.action, ask.call.step) {
        (Action::TopUpAirtime, 1) => Behaviour::of(Does::Less, Says::Truth),
        _ => Behaviour::HONEST,
    });
    let lots = &world.state.subscriber(facts::SubscriberId::from_bits(1)).expect("registered").lots;
    assert_eq!(lots.iter().filter(|lot| lot.payment.is_some()).count(), 2);
    let (order, product, funds) = (OrderId::from_bits(8), Product::Refund, Funds::Recharge(recharge.order));
    let refund = flushed(&mut world, PlaceOrder { order, product, funds, ..recharge });
    assert_eq!((world.stands(refund), held(&world), collected(&world)), (OrderState::Settled, HELD, 0));
}

#[test]
fn what_is_not_served_yet_is_priced_and_not_placed() {
    let mut world = World::open(rules(), 8);
    let request = asked(7, Product::Points, 5_000, Recipient::Nobody, &mut world);
    let meta = world.meta();
    assert_eq!(exchange::quote(&world.state, &world.rules, &meta, &request, None).map(|terms| terms.payout), Ok(7_500));
    world.give(Command::Place(Box::new(request.clone())));
    assert_eq!(world.order(request.order).refusal, Some(Refusal::PartnerUnavailable));
    assert_eq!(held(&world), HELD);
}

#[test]
fn a_stranger_is_refused_and_the_refusal_is_kept() {
    let mut world = World::open(every_plan(), 8);
    world.register(1, 100, Telco::Ctcc);
    let cases = [
        (Ok(home()), Identity::Valid, Refusal::NotTheHolder),
        (Err(NumberRefusal::Unknown), Identity::Valid, Refusal::NumberUnknown),
        (Err(NumberRefusal::Virtual), Identity::Valid, Refusal::TelcoNotConnected),
        (Err(NumberRefusal::Unknown), Identity::Underage, Refusal::IdentityUnderage),
        (Ok(home()), Identity::Invalid, Refusal::IdentityInvalid),
    ];
    for (number, (line, identity, refusal)) in (20..).zip(cases) {
        let asker = Asker::Stranger { person: PersonId::from_bits(9), number: line };
        let request = PlaceOrder { asker, identity, ..World::request(number, facts::SubscriberId::from_bits(1)) };
        let id = request.order;
        world.give(Command::Place(Box::new(request)));
        let order = world.order(id);
        assert_eq!((order.refusal, order.person), (Some(refusal), PersonId::from_bits(9)));
        assert!(order.parties.is_empty(), "no number is the stranger's");
    }
    assert_eq!(world.state.load(Partner::Telco(Telco::Cmcc)).in_flight, 0);
}
