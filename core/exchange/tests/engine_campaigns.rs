//! Rewards as orders bring them: promised in the deciding record, granted when their condition is met, given back
//! with the order, and never more than the budget, however orders and partners behave.

mod engine;

use engine::check;
use engine::partner::{Ask, Behaviour, Does, Says};
use engine::shipped::Texts;
use engine::{AMOUNT, World, rules};
use exchange::rules::{Campaign, Marks, Policy};
use exchange::{Command, Envelope, Quote, Reply, Rules, convertible, decide, quote};
use facts::{
    AccountName, Action, Cause, Key16, Measure, Meta, Meter, OpenRecord, OrderId, OrderState, Provenance, QuoteId,
    Refusal, RewardState, Shared, StepState, Subject, SubscriberId,
};
use money::{Asset, Telco};
use proptest::prelude::*;

/// 1% of the amount, five times in all.
const BUDGET: u64 = 5 * REWARD;
const REWARD: u64 = AMOUNT / 100;
const DAY: u64 = 86_400_000;

const CAMPAIGN: &str = r#"
[about]
source = "a test"
effective_from = "2015-01-01"

[[campaign]]
number = 7
name = "autumn"
title = { zh = "金秋", en = "Autumn" }
products = ["direct"]
telcos = "all"
provinces = "nationwide"
valid_from = "2026-11-01"
valid_to = "2026-11-30"
least_amount = 1_000
gives = { ppm = 10_000, most_fen = 100 }
usable_days_after_arrival = 7
budget_fen = 500
person_most_fen = 200
person_most_orders = 2
review_above = 2
"#;

fn rewarding() -> Rules {
    let mut texts = Texts::shipped();
    *texts.of("campaigns.toml") = CAMPAIGN.to_owned();
    let policy = Policy::compile(&texts.files()).unwrap_or_else(|faults| panic!("{faults:?}"));
    Rules { policy: policy.into(), ..rules() }
}

/// A world with so many subscribers, each of another person.
fn world(subscribers: u128) -> World {
    let mut world = World::open(rewarding(), 64);
    for number in 1..=subscribers {
        world.register(number, 100 + number, Telco::Ctcc);
    }
    world
}

fn campaign(world: &World) -> &Campaign {
    world.rules.policy.campaign(7).expect("there")
}

fn promised(world: &World) -> u64 {
    campaign(world).promised(world.state.counters())
}

/// What the campaign cost by the books.
fn cost(world: &World) -> i128 {
    world.debit(AccountName::Promotion(7), Asset::Cny)
}

fn number(id: u128) -> SubscriberId {
    SubscriberId::from_bits(id)
}

fn ask(world: &World, order: u128, subscriber: u128) -> Quote {
    let request = World::request(order, number(subscriber));
    let terms = quote(&world.state, &world.rules, &world.meta(), &request, None).expect("offered");
    let (id, expires_at) = (QuoteId::from_bits(order), world.now.plus(30 * DAY));
    Quote { id, subscriber: number(subscriber), terms, expires_at, marks: None }
}

fn take(world: &mut World, quote: Quote) -> OrderId {
    let mut request = World::request(quote.id.bits(), quote.subscriber);
    request.quote = Some(quote);
    let id = request.order;
    world.give(Command::Place(Box::new(request)));
    id
}

/// Asks for a quote and takes it.
fn order(world: &mut World, order: u128, subscriber: u128) -> OrderId {
    let quote = ask(world, order, subscriber);
    take(world, quote)
}

fn state_of(world: &World, id: OrderId) -> Option<RewardState> {
    world.order(id).reward().map(|(_, state)| state)
}

fn promotional(world: &World, subscriber: u128) -> u64 {
    let lots = &world.state.subscriber(number(subscriber)).expect("registered").lots;
    lots.iter().filter(|lot| lot.provenance == Provenance::Promotional).map(|lot| lot.remaining).sum()
}

fn honest(_: &World, _: &Ask) -> Behaviour {
    Behaviour::HONEST
}

type Behave<'a> = dyn FnMut(&World, &Ask) -> Behaviour + 'a;

/// What the partners do about one action; all else they do as asked.
fn about(action: Action, does: Does, says: Says) -> impl FnMut(&World, &Ask) -> Behaviour {
    move |_, ask| if ask.action == action { Behaviour::of(does, says) } else { Behaviour::HONEST }
}

#[test]
fn a_reward_is_usable_once_its_order_is_settled_and_its_day_has_come() {
    let mut world = world(1);
    let quote = ask(&world, 7, 1);
    let shown = quote.terms.reward.clone().expect("shown");
    assert_eq!((shown.amount, shown.usable_from.to_string().as_str()), (REWARD, "2026-12-01"));
    let id = take(&mut world, quote);
    assert_eq!((state_of(&world, id), promised(&world)), (Some(RewardState::Promised), REWARD));
    assert!(world.run_until(&mut honest, &|world| world.stands(id) == OrderState::Settled));
    assert!(world.now < shown.usable_from.start(), "the money arrives before");
    assert_eq!((state_of(&world, id), promotional(&world, 1)), (Some(RewardState::Promised), 0));
    world.run(&mut honest);
    assert!(world.now >= shown.usable_from.start());
    assert_eq!((state_of(&world, id), promotional(&world, 1)), (Some(RewardState::Usable), REWARD));
    assert_eq!((cost(&world), promised(&world)), (i128::from(REWARD), REWARD));
    let holder = world.state.subscriber(number(1)).expect("registered");
    let (total, leaves) = (holder.total(), convertible(&world.rules.policy, holder, world.now));
    assert_eq!(total - leaves, REWARD, "it never leaves as money");
    check::at_rest(&world);
}

#[test]
fn what_was_not_shown_is_not_taken() {
    let mut world = world(1);
    let id = world.place(7, number(1));
    assert_eq!((state_of(&world, id), promised(&world)), (None, 0));
    world.run(&mut honest);
    assert_eq!(promotional(&world, 1), 0);
}

/// Hypothesis: quotes reserve nothing, so many show the last of the budget; orders decide who gets it, and whoever
/// does not is refused and keeps everything.
#[test]
fn orders_at_once_never_promise_more_than_the_budget() {
    let mut world = world(12);
    let quotes: Vec<Quote> = (1..=12).map(|at| ask(&world, 20 + at, at)).collect();
    assert!(quotes.iter().all(|quote| quote.terms.reward.is_some()), "each was shown one");
    let orders: Vec<OrderId> = quotes.into_iter().map(|quote| take(&mut world, quote)).collect();
    let refused: Vec<_> = orders.iter().filter_map(|id| world.order(*id).refusal).collect();
    assert_eq!(refused, [Refusal::RewardUnavailable; 7]);
    assert_eq!((promised(&world), campaign(&world).persons(world.state.counters())), (BUDGET, 5));
    for (id, subscriber) in orders.iter().zip(1..).filter(|(id, _)| world.order(**id).refusal.is_some()) {
        assert_eq!(world.order(*id).refusal_detail, (REWARD, 0), "what was shown and what is left");
        assert_eq!(world.state.subscriber(number(subscriber)).expect("registered").total(), engine::HELD);
    }
    // Who asks again is shown no reward, and what is shown is what comes.
    let again = ask(&world, 50, 12);
    assert_eq!(again.terms.reward, None);
    let again = take(&mut world, again);
    assert_eq!(world.order(again).refusal, None);
    world.run(&mut honest);
    assert_eq!(cost(&world), i128::from(BUDGET));
    check::at_rest(&world);
}

#[test]
fn a_person_gets_what_a_person_gets_over_all_numbers() {
    let mut world = world(1);
    world.register(2, 101, Telco::Cmcc);
    let quotes: Vec<Quote> = [(20, 1), (21, 2), (22, 1)].map(|(id, at)| ask(&world, id, at)).into();
    let taken: Vec<_> = quotes.into_iter().map(|quote| take(&mut world, quote)).collect();
    let refusals: Vec<_> = taken.iter().map(|id| world.order(*id).refusal).collect();
    assert_eq!(refusals, [None, None, Some(Refusal::RewardUnavailable)]);
    world.run(&mut honest);
    check::at_rest(&world);
}

#[test]
fn an_order_that_is_given_up_gives_its_reward_back() {
    let ways: [(&str, OrderState, &mut Behave<'_>); 3] = [
        ("the telco refuses", OrderState::Declined, &mut about(Action::ReserveAirtime, Does::Refuses, Says::Truth)),
        ("the bank refuses", OrderState::Refunded, &mut about(Action::PayOut, Does::Refuses, Says::Truth)),
        ("the subscriber withdraws", OrderState::Refunded, &mut honest),
    ];
    for (why, end, behave) in ways {
        let mut world = world(1);
        let id = order(&mut world, 7, 1);
        assert_eq!(promised(&world), REWARD, "{why}");
        if why.ends_with("withdraws") {
            assert!(world.run_until(behave, &|world| world.stands(id) == OrderState::Clearing));
            assert_eq!(world.give(Command::Cancel { order: id, why: String::new() }).reply, Reply::Done);
        }
        world.run(behave);
        assert_eq!((world.stands(id), state_of(&world, id)), (end, Some(RewardState::Withdrawn)), "{why}");
        assert_eq!((promised(&world), cost(&world), promotional(&world, 1)), (0, 0, 0), "{why}");
        assert_eq!(world.state.counters().iter().count(), 0, "{why}: nothing is counted any more");
        check::at_rest(&world);
    }
}

#[test]
fn a_reward_that_the_telco_refuses_is_withdrawn_and_can_be_promised_again() {
    let mut world = world(1);
    let id = order(&mut world, 7, 1);
    world.run(&mut about(Action::GrantReward, Does::Refuses, Says::Truth));
    assert_eq!((world.stands(id), state_of(&world, id)), (OrderState::Settled, Some(RewardState::Withdrawn)));
    assert_eq!((promised(&world), cost(&world), promotional(&world, 1)), (0, 0, 0));
    assert!(world.order(id).counts.iter().all(|count| matches!(count.counter.meter, Meter::Limit(_))));
    check::at_rest(&world);
}

/// Hypothesis: whatever the telco does about a grant and says of it, a settled order stays paid, the books balance,
/// what they call the campaign's cost came to the subscriber, and no reward comes twice into a lot.
#[test]
fn no_answer_to_a_grant_breaks_the_books() {
    for does in [Does::Nothing, Does::Asked, Does::Less, Does::More, Does::Later, Does::Refuses] {
        for says in [Says::Truth, Says::Refusal, Says::Silence, Says::Pending] {
            let mut world = world(1);
            let id = order(&mut world, 7, 1);
            let mut first = about(Action::GrantReward, does, says);
            let mut spoil = |world: &World, ask: &Ask| match ask.call.attempt {
                1 => first(world, ask),
                _ => Behaviour::HONEST,
            };
            world.run(&mut spoil);
            world.flush();
            let context = format!("{does:?} {says:?}: {:?}", world.order(id).state);
            let order = world.order(id);
            let paid =
                order.steps.iter().any(|step| step.plan.action == Action::PayOut && step.state == StepState::Done);
            assert!(paid && order.unwinding.is_none(), "{context}");
            let came = promotional(&world, 1);
            assert!(came == REWARD || came == 0, "{context}: {came}");
            assert_eq!(cost(&world), i128::from(came), "{context}");
            assert!(promised(&world) == came, "{context}: {} promised", promised(&world));
            check::at_rest(&world);
        }
    }
}

#[test]
fn a_reward_that_came_in_part_waits_for_a_person() {
    let mut world = world(1);
    let id = order(&mut world, 7, 1);
    world.run(&mut |_: &World, ask: &Ask| match ask.action {
        Action::GrantReward if ask.amount == REWARD => Behaviour::of(Does::Less, Says::Truth),
        Action::GrantReward => Behaviour::of(Does::Refuses, Says::Truth),
        _ => Behaviour::HONEST,
    });
    assert_eq!((world.stands(id), world.order(id).cause), (OrderState::Suspended, Cause::Refused));
    assert_eq!((promised(&world), cost(&world), promotional(&world, 1)), (REWARD, 0, REWARD - 1));
    check::at_rest(&world);
}

#[test]
fn what_rewarded_persons_share_is_visible() {
    let mut world = world(4);
    let [phone, card] = [1, 2].map(|byte| Key16([byte; 16]));
    for subscriber in 1..=4 {
        let mut quote = ask(&world, 20 + subscriber, subscriber);
        quote.marks =
            Some(Marks { card: if subscriber < 4 { card } else { Key16::default() }, block: Key16::default() });
        let mut request = World::request(20 + subscriber, number(subscriber));
        request.quote = Some(quote);
        place_from(&mut world, phone, Command::Place(Box::new(request)));
    }
    let told = |world: &World| -> Vec<(Shared, u64)> {
        let clusters = campaign(world).clusters(world.state.counters());
        clusters.iter().map(|cluster| (cluster.shared, cluster.persons)).collect()
    };
    assert_eq!(told(&world), [(Shared::Device(phone), 4), (Shared::Card(card), 3)]);
    assert!(world.run_until(&mut honest, &|world| world.stands(OrderId::from_bits(21)) == OrderState::Clearing));
    world.give(Command::Cancel { order: OrderId::from_bits(21), why: String::new() });
    world.run(&mut honest);
    assert_eq!(told(&world), [(Shared::Device(phone), 3)], "who gave the order back shares nothing");
}

/// Places from a device.
fn place_from(world: &mut World, device: Key16, command: Command) {
    let meta = Meta { device, ..world.meta() };
    let decision = decide(&world.state, &world.rules, &Envelope { meta, key: None, command });
    let sequence = world.state.sequence() + 1;
    let record = OpenRecord { sequence, shard: 0, epoch: 1, meta, facts: decision.facts };
    world.state.apply(&record).expect("a decision applies");
    world.log.push(record);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is asked, taken, withdrawn and refused in whatever order: the budget and what a person gets hold
    /// after every record, and at rest the books say what the counters say.
    #[test]
    fn no_history_promises_more_than_there_is(acts in prop::collection::vec((0u8..5, 1u128..7), 1..60)) {
        let mut world = world(6);
        let mut open: Vec<Quote> = Vec::new();
        let mut orders: Vec<OrderId> = Vec::new();
        for (at, (act, who)) in (1_000u128..).zip(acts) {
            match act {
                0 | 1 => open.push(ask(&world, at, who)),
                2 => if let Some(quote) = open.pop() { orders.push(take(&mut world, quote)) },
                3 => if let Some(id) = orders.get(who as usize) { world.give(Command::Cancel { order: *id, why: String::new() }); },
                _ => for _ in 0..who { world.turn(&mut about(Action::PayOut, Does::Refuses, Says::Truth)); },
            }
            prop_assert!(promised(&world) <= BUDGET);
            for campaign_of in world.state.counters().of_campaign(7, Measure::Fen) {
                let everybody = campaign_of.0.subject == Subject::Everybody;
                prop_assert!(everybody || campaign_of.1 <= 200);
            }
        }
        world.run(&mut honest);
        prop_assert_eq!(cost(&world), i128::from(promised(&world)), "all that is promised came");
        check::at_rest(&world);
    }
}
