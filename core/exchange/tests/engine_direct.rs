//! Operator-direct cash-out: what it books, how it is withdrawn, keys, quotes and prices. What partners may do at each
//! step is in `engine_faults`.

mod engine;

use engine::partner::{Ask, Behaviour, Does, Says};
use engine::{AMOUNT, HELD, World, check, key, rules};
use exchange::{Answer, Command, Opening, Quote, Reply, Via, quote};
use facts::{
    AccountName, Action, CallRef, Cause, LearnedPrice, Made, Millis, OrderId, OrderState, Partner, PersonId,
    Provenance, QuoteId, Refusal, StepState, SubscriberId,
};
use money::{Asset, Telco};

const ORDER: OrderId = OrderId::from_bits(7);
const PERSON: PersonId = PersonId::from_bits(100);

fn settled(telco: Telco) -> World {
    let mut world = World::open(rules(), 4);
    let subscriber = world.register(1, 100, telco);
    world.place(7, subscriber);
    world.run(&mut |_, _| Behaviour::HONEST);
    check::at_rest(&world);
    world
}

/// Every account that is not empty, posted debits less posted credits, in fen.
fn balances(world: &World) -> Vec<(String, i128)> {
    let accounts = world.state.chart().map(|(name, asset, _)| (name.code(asset), world.debit(name, asset)));
    accounts.filter(|(_, balance)| *balance != 0).collect()
}

#[test]
fn a_hundred_yuan_of_china_telecom_at_four_percent_settles_as_the_books_say() {
    let world = settled(Telco::Ctcc);
    assert_eq!(world.stands(ORDER), OrderState::Settled);
    let expected = [
        ("telco:CTCC:taken", 10_000),
        ("position:CTCC:CNY", 10_000),
        ("position:CTCC:AIR.CTCC", -10_000),
        ("fees:conversion", -400),
        ("reserve:bank", 100_000_000 - 9_600),
        ("operator:float", -100_000_000),
    ];
    assert_eq!(balances(&world), expected.map(|(name, fen)| (name.to_owned(), fen)));
    assert_eq!(world.debit(AccountName::Payable(PERSON), Asset::Cny), 0);
    let order = world.order(ORDER);
    assert_eq!(order.changed_at, order.terms.arrives_on.start(), "the payout leaves as the arrival day begins");
    assert_eq!(world.day_used(PERSON, order.day()), AMOUNT);
    assert_eq!(world.state.subscriber(order.subscriber()).map(facts::Subscriber::total), Some(HELD - AMOUNT));
}

#[test]
fn a_telco_that_can_only_deduct_settles_at_its_own_rate() {
    let world = settled(Telco::Cbn);
    let expected = [
        ("telco:CBN:taken", 10_000),
        ("position:CBN:CNY", 10_000),
        ("position:CBN:AIR.CBN", -10_000),
        ("fees:conversion", -200),
        ("reserve:bank", 100_000_000 - 9_800),
        ("operator:float", -100_000_000),
    ];
    assert_eq!(balances(&world), expected.map(|(name, fen)| (name.to_owned(), fen)));
}

#[test]
fn the_trial_balance_of_a_settled_order_is_exact() {
    let totals = settled(Telco::Ctcc).state.ledger().trial_balance();
    let of = |asset| totals.get(&asset).expect("opened");
    // Funding, what is owed for the airtime in two parts, and the payout.
    assert_eq!(of(Asset::Cny).debits_posted, 100_000_000 + 10_000 + 9_600);
    assert_eq!(of(Asset::Cny).credits_posted, 100_000_000 + 10_000 + 9_600);
    // Set aside, taken, and no longer set aside.
    assert_eq!(of(Asset::Airtime(Telco::Ctcc)).debits_posted, 30_000);
    assert!(totals.values().all(|totals| totals.balance() && totals.debits_pending == 0));
}

/// Hypothesis: what is withdrawn before it was asked for is cancelled, and what was taken is refunded.
#[test]
fn a_withdrawn_order_gives_everything_back() {
    for telco in [Telco::Ctcc, Telco::Cbn] {
        let mut world = World::open(rules(), 4);
        let subscriber = world.register(1, 100, telco);
        world.place(7, subscriber);
        let clearing = |world: &World| world.stands(ORDER) == OrderState::Clearing;
        assert!(world.run_until(&mut |_, _| Behaviour::HONEST, &clearing));
        assert_eq!(world.give(Command::Cancel { order: ORDER, why: String::new() }).reply, Reply::Done);
        assert_eq!(world.give(Command::Cancel { order: ORDER, why: String::new() }).reply, Reply::Nothing);
        world.flush();
        check::at_rest(&world);
        assert_eq!(world.stands(ORDER), OrderState::Refunded);
        assert_eq!(
            balances(&world),
            [("reserve:bank".to_owned(), 100_000_000), ("operator:float".to_owned(), -100_000_000)]
        );
    }
}

#[test]
fn an_order_that_no_partner_was_asked_about_is_cancelled() {
    let mut world = World::open(rules(), 1);
    let subscriber = world.register(1, 100, Telco::Ctcc);
    world.place(6, subscriber);
    world.place(7, subscriber);
    assert_eq!(world.stands(ORDER), OrderState::Created);
    world.give(Command::Cancel { order: ORDER, why: String::new() });
    assert_eq!(world.stands(ORDER), OrderState::Cancelled);
    world.flush();
    check::at_rest(&world);
}

/// Hypothesis: a deduction done in part whose rest waits for a credit is given back whole when it is withdrawn,
/// and the rest is never asked for.
#[test]
fn the_rest_of_a_deduction_does_not_leave_once_the_order_is_withdrawn() {
    let mut world = World::open(rules(), 1);
    let subscriber = world.register(1, 100, Telco::Cbn);
    world.place(7, subscriber);
    // Another order stands in line, so that the credit goes to it and the rest waits.
    world.place(8, subscriber);
    world.answer(ORDER, 0, Behaviour::of(Does::Less, Says::Truth));
    let rest = world.order(ORDER).steps.last().expect("a rest");
    assert_eq!((rest.plan.action, rest.state, rest.plan.amount), (Action::DeductAirtime, StepState::Planned, 1));
    assert_eq!(world.give(Command::Cancel { order: ORDER, why: String::new() }).reply, Reply::Done);
    world.flush();
    check::at_rest(&world);
    assert_eq!(world.stands(ORDER), OrderState::Refunded);
    assert_eq!(world.stands(OrderId::from_bits(8)), OrderState::Settled);
}

/// Hypothesis: a word about an older attempt frees no credit, since the newer one is still under way.
#[test]
fn a_late_success_beside_a_sent_step_keeps_the_window() {
    let mut world = World::open(rules(), 1);
    let subscriber = world.register(1, 100, Telco::Cbn);
    world.place(7, subscriber);
    let mut behave = |_: &World, ask: &Ask| match ask.call.attempt {
        1 => Behaviour::of(Does::Later, Says::Silence),
        _ => Behaviour::HONEST,
    };
    let again = |world: &World| world.order(ORDER).steps[0].attempt == 2;
    assert!(world.run_until(&mut behave, &again));
    let call = CallRef { order: ORDER, step: 0, attempt: 1 };
    world.partners.run_scheduled(call, world.now);
    world.state_truth(call);
    assert_eq!(world.state.load(Partner::Telco(Telco::Cbn)).in_flight, 1);
    world.flush();
    check::at_rest(&world);
    assert_eq!(world.stands(ORDER), OrderState::Settled);
}

/// Hypothesis: a bill that is refused, by record, is no reason to give back what was deducted.
#[test]
fn a_refused_bill_waits_for_a_person() {
    let mut world = World::open(rules(), 4);
    let subscriber = world.register(1, 100, Telco::Cbn);
    world.place(7, subscriber);
    let asked = |world: &World| world.order(ORDER).steps[1].state == StepState::Sent;
    assert!(world.run_until(&mut |_, _| Behaviour::HONEST, &asked));
    let call = CallRef { order: ORDER, step: 1, attempt: 1 };
    world.tell(call, Answer::Refused { code: "no".to_owned() }, Via::Inquiry);
    world.flush();
    check::at_rest(&world);
    assert_eq!((world.stands(ORDER), world.order(ORDER).cause), (OrderState::Suspended, Cause::Contradiction));
    // The bill comes after all: it is noted, and the person still decides.
    world.tell(call, Answer::Done { amount: AMOUNT, external: "bill".to_owned() }, Via::Statement);
    assert_eq!(world.order(ORDER).steps[1].state, StepState::Done);
    assert_eq!(world.stands(ORDER), OrderState::Suspended);
}

/// Hypothesis: limits and lots go back to the day and the lots they came from, although another day has begun.
#[test]
fn value_goes_back_to_the_day_it_came_from() {
    let mut world = World::open(rules(), 4);
    let subscriber = world.register(1, 100, Telco::Ctcc);
    let lots = world.state.subscriber(subscriber).expect("registered").lots.clone();
    world.place(7, subscriber);
    let day = world.order(ORDER).day();
    assert_eq!(world.day_used(PERSON, day), AMOUNT);
    world.run(&mut |_, ask| match ask.action {
        Action::PayOut => Behaviour::of(Does::Refuses, Says::Truth),
        _ => Behaviour::HONEST,
    });
    assert!(world.now.day() > day);
    check::at_rest(&world);
    assert_eq!(world.stands(ORDER), OrderState::Refunded);
    assert_eq!(world.day_used(PERSON, day), 0);
    assert_eq!(world.state.subscriber(subscriber).expect("registered").lots, lots);
}

#[test]
fn a_key_answers_for_itself_for_ever() {
    let mut world = World::open(rules(), 4);
    let subscriber = world.register(1, 100, Telco::Ctcc);
    let place = |number| Command::Place(Box::new(World::request(number, subscriber)));
    let first = world.give_with_key(Some(key(1, 1)), place(7));
    assert_eq!(first.reply, Reply::Made(Made::Order(ORDER)));
    let sequence = world.state.sequence();
    let again = world.give_with_key(Some(key(1, 1)), place(8));
    assert!(matches!(again.reply, Reply::Replayed(used) if used.made == Made::Order(ORDER)), "{again:?}");
    let other = world.give_with_key(Some(key(1, 2)), place(9));
    assert_eq!(other.reply, Reply::KeyConflict);
    assert_eq!((again.facts, other.facts, world.state.sequence()), (Vec::new(), Vec::new(), sequence));
}

#[test]
fn a_refused_order_takes_its_key_too() {
    let mut world = World::open(rules(), 4);
    let subscriber = world.register(1, 100, Telco::Ctcc);
    let mut request = World::request(7, subscriber);
    request.amount = HELD + AMOUNT;
    let place = Command::Place(Box::new(request));
    world.give_with_key(Some(key(1, 1)), place.clone());
    assert_eq!(world.stands(ORDER), OrderState::Declined);
    let again = world.give_with_key(Some(key(1, 1)), place);
    assert!(matches!(again.reply, Reply::Replayed(_)), "{again:?}");
}

fn quoted(world: &World, subscriber: SubscriberId, expires_at: Millis) -> Quote {
    let terms =
        quote(&world.state, &world.rules, &world.meta(), &World::request(1, subscriber), None).expect("offered");
    Quote { id: QuoteId::from_bits(5), subscriber, terms, expires_at, marks: None }
}

fn with_quote(world: &mut World, number: u128, quote: Quote, amount: u64) -> Option<Refusal> {
    let mut request = World::request(number, SubscriberId::from_bits(1));
    (request.quote, request.amount) = (Some(quote), amount);
    let order = request.order;
    world.give(Command::Place(Box::new(request)));
    world.order(order).refusal
}

#[test]
fn a_quote_is_taken_once_in_time_and_for_what_it_was_given() {
    let mut world = World::open(rules(), 4);
    let subscriber = world.register(1, 100, Telco::Ctcc);
    let expires_at = world.now.plus(1_000);
    let quote = quoted(&world, subscriber, expires_at);
    assert_eq!(with_quote(&mut world, 10, quote.clone(), AMOUNT + 100), Some(Refusal::QuoteMismatch));
    let others = Quote { subscriber: SubscriberId::from_bits(2), ..quote.clone() };
    assert_eq!(with_quote(&mut world, 11, others, AMOUNT), Some(Refusal::QuoteMismatch));
    assert_eq!(with_quote(&mut world, 12, quote.clone(), AMOUNT), None);
    assert_eq!(with_quote(&mut world, 13, quote.clone(), AMOUNT), Some(Refusal::QuoteUsed));
    world.now = expires_at.plus(1);
    assert_eq!(with_quote(&mut world, 14, quote.clone(), AMOUNT), Some(Refusal::QuoteExpired));
    // The quote is forgotten by now: a command that was stamped before must not take it again.
    world.now = expires_at;
    assert_eq!(with_quote(&mut world, 15, quote, AMOUNT), Some(Refusal::QuoteExpired));
}

#[test]
fn a_learned_price_is_fixed_by_the_quote_and_kept_with_its_source() {
    let mut texts = engine::shipped::Texts::shipped();
    let fees = texts.of("fees.toml");
    *fees = fees.replace("source = \"\"\nwithin_ppm = 0", "source = \"elasticity\"\nwithin_ppm = 5_000");
    let policy = exchange::rules::Policy::compile(&texts.files()).expect("it holds");
    let mut world = World::open(exchange::Rules { policy: policy.into(), ..rules() }, 4);
    let subscriber = world.register(1, 100, Telco::Ctcc);
    let learned = LearnedPrice { source: "elasticity".to_owned(), version: "2026-11".to_owned(), ppm: -2_000 };
    let request = World::request(1, subscriber);
    let terms = quote(&world.state, &world.rules, &world.meta(), &request, Some(&learned)).expect("offered");
    assert_eq!((terms.fee, terms.learned.as_deref()), (380, Some(&learned)));
    let (id, expires_at) = (QuoteId::from_bits(5), world.now.plus(1_000));
    let taken = Quote { id, subscriber, terms: terms.clone(), expires_at, marks: None };
    assert_eq!(with_quote(&mut world, 12, taken, AMOUNT), None);
    assert_eq!(world.order(OrderId::from_bits(12)).terms, terms, "what was quoted is what is journaled");
    let listed = world.place(13, subscriber);
    assert_eq!((world.order(listed).terms.fee, &world.order(listed).terms.learned), (400, &None));
}

/// Hypothesis: where the books refuse what a partner truly did, the order waits, the step is still asked about,
/// and once the books have room the truth is booked and the order goes on.
#[test]
fn what_the_books_refuse_is_asked_for_again() {
    let mut world = World::open_with(rules(), 4, 9_600);
    let subscriber = world.register(1, 100, Telco::Ctcc);
    world.place(7, subscriber);
    let other = world.place(8, subscriber);
    let mut silent = |_: &World, ask: &Ask| match ask.action {
        Action::PayOut => Behaviour::of(Does::Asked, Says::Silence),
        _ => Behaviour::HONEST,
    };
    let in_doubt = |world: &World| world.order(ORDER).steps[2].state == StepState::Unknown;
    assert!(world.run_until(&mut silent, &in_doubt));
    // The reserve has room for one payout, and while the first is in doubt the second takes it.
    world.give(Command::Dispatch { order: other, step: 2 });
    world.inquire(ORDER, 2);
    assert_eq!((world.stands(ORDER), world.order(ORDER).cause), (OrderState::Suspended, Cause::BooksRefused));
    world.answer(other, 2, Behaviour::of(Does::Refuses, Says::Truth));
    world.run(&mut |_, _| Behaviour::HONEST);
    check::at_rest(&world);
    assert_eq!((world.stands(ORDER), world.stands(other)), (OrderState::Settled, OrderState::Refunded));
}

#[test]
fn lots_that_add_up_to_more_than_can_be_counted_still_leave() {
    let mut world = World::open(rules(), 8);
    let subscriber = world.register(1, 100, Telco::Ctcc);
    for _ in 0..2 {
        let opening = Opening { provenance: Provenance::SelfPaid, amount: u64::MAX, at: Millis(1) };
        world.give_unchecked(Command::OpenLot { subscriber, opening });
    }
    let request = World::request(ORDER.bits(), subscriber);
    world.give_unchecked(Command::Place(Box::new(request)));
    assert_eq!(world.stands(ORDER), OrderState::Executing);
    assert_eq!(world.state.subscriber(subscriber).map(|holder| holder.total()), Some(u64::MAX));
}
