//! What must hold after every command, and what must hold when nothing is open any more.

use super::World;
use exchange::Command;
use facts::{
    AccountName, Cause, Counter, Millis, Nature, Necessity, Order, OrderState, Partner, State, Step, StepState,
};
use ledger::{Bound, Side};
use money::{Asset, Telco};
use std::collections::BTreeMap;

/// After every command.
pub fn always(world: &World, command: &Command) {
    books(world, command);
    told_is_booked(world, command);
    lots_and_limits_add_up(world, command);
}

/// What holds whatever a partner says.
pub fn books(world: &World, command: &Command) {
    books_balance(world, command);
    doubts_are_the_unknown_steps(world, command);
    queues_are_the_steps(world, command);
}

fn books_balance(world: &World, command: &Command) {
    let ledger = world.state.ledger();
    for (asset, totals) in ledger.trial_balance() {
        assert!(totals.balance(), "{asset} after {command:?}");
    }
    for (id, account) in ledger.accounts() {
        let sum = |side| u128::from(account.pending(side)) + u128::from(account.posted(side));
        let within = match account.bound() {
            Bound::Free => true,
            Bound::DebitsWithinCredits => sum(Side::Debit) <= u128::from(account.posted(Side::Credit)),
            Bound::CreditsWithinDebits => sum(Side::Credit) <= u128::from(account.posted(Side::Debit)),
        };
        assert!(within, "account {} after {command:?}", id.number());
    }
    for telco in Telco::ALL {
        let airtime = Asset::Airtime(telco);
        let reserved = world.debit(AccountName::TelcoReserved(telco), airtime);
        let transferred = world.debit(AccountName::TelcoTransferred(telco), airtime);
        let held = -world.debit(AccountName::AirtimeHeld(telco), airtime);
        assert_eq!(reserved + transferred, held, "{telco} after {command:?}");
        let taken = world.debit(AccountName::TelcoTaken(telco), airtime);
        let claim = world.debit(AccountName::Claim(Partner::Telco(telco)), airtime);
        let position = -world.debit(AccountName::Position(telco), airtime);
        assert_eq!(position, taken + claim, "{telco} after {command:?}");
    }
}

fn steps(state: &State) -> impl Iterator<Item = (&Order, u8, &Step)> {
    state.orders().flat_map(|order| order.numbered_steps().map(move |(place, step)| (order, place, step)))
}

fn doubts_are_the_unknown_steps(world: &World, command: &Command) {
    for partner in Partner::ALL {
        let asset = partner.asset();
        let unknown = steps(&world.state).filter(|(_, _, step)| {
            step.plan.partner == partner && step.state == StepState::Unknown && step.plan.doubt.is_some()
        });
        let exposed: u64 = unknown.map(|(_, _, step)| step.plan.amount).sum();
        assert_eq!(world.pending(AccountName::InDoubt(partner), asset), exposed, "{partner} after {command:?}");
        assert_eq!(world.debit(AccountName::InDoubt(partner), asset), 0, "{partner} after {command:?}");
    }
}

fn queues_are_the_steps(world: &World, command: &Command) {
    let state = &world.state;
    for partner in Partner::ALL {
        let of = |wanted: StepState| {
            let mine = steps(state).filter(move |(_, _, step)| {
                let waits = step.state != StepState::Planned || step.due_at != Millis(0);
                step.plan.partner == partner && step.state == wanted && waits
            });
            let mut lines: Vec<_> = mine.map(|(order, place, step)| (step.due_at, order.id, place)).collect();
            lines.sort();
            lines
        };
        assert_eq!(state.queued(partner).collect::<Vec<_>>(), of(StepState::Planned), "{partner} after {command:?}");
        assert_eq!(state.unknown(partner).collect::<Vec<_>>(), of(StepState::Unknown), "{partner} after {command:?}");
        let (load, sent) = (state.load(partner), of(StepState::Sent).len());
        assert_eq!(load.in_flight as usize, sent, "{partner} in flight after {command:?}");
        assert_eq!(load.queued as usize, of(StepState::Planned).len(), "{partner} queued after {command:?}");
        assert!(load.in_flight <= world.window, "{partner} window after {command:?}");
    }
    let sent: Vec<_> = steps(state).filter(|(_, _, step)| step.state == StepState::Sent).collect();
    assert_eq!(state.sent().count(), sent.len(), "sent after {command:?}");
    for (order, place, step) in steps(state) {
        let forward = order.leads_forward(place) && step.state == StepState::Planned && step.due_at != Millis(0);
        // What is optional goes on beside an order that is settled.
        let beside = order.state == OrderState::Settled && step.plan.necessity == Necessity::Optional;
        let ended = order.state.is_end() && !beside;
        let stopped = order.unwinding.is_some() || order.state == OrderState::Suspended || ended;
        assert!(!(forward && stopped), "step {place} of {} would leave after {command:?}", order.id);
    }
}

/// Whether an order waits for a person because the books refuse what a partner told: that is not booked, so that the
/// two sides differ by it until somebody looked.
pub fn refused_by_books(world: &World) -> bool {
    let refused = |order: &Order| (order.state, order.cause) == (OrderState::Suspended, Cause::BooksRefused);
    world.state.orders().any(refused)
}

/// What the partners told is what the external accounts say, neither more nor less.
fn told_is_booked(world: &World, command: &Command) {
    if refused_by_books(world) {
        return;
    }
    for partner in Partner::ALL {
        let told = world.partners.sums(partner, None, true);
        assert_eq!(booked(world, partner), told.taken, "{partner} after {command:?}");
        assert_eq!(transferred(world, partner), told.transferred, "{partner} after {command:?}");
    }
}

/// What our books say that a partner took less what it brought.
fn booked(world: &World, partner: Partner) -> i128 {
    let mirrored = world.debit(partner.mirror(), partner.asset());
    match partner {
        Partner::Telco(_) | Partner::Issuer | Partner::Acquirer | Partner::Programme(_) => mirrored,
        // What funded the reserve was nobody's order.
        Partner::Bank => mirrored + world.debit(AccountName::OperatorFloat, Asset::Cny),
    }
}

/// What our books say that a partner moved from one of its own to another.
fn transferred(world: &World, partner: Partner) -> i128 {
    match partner {
        Partner::Telco(telco) => world.debit(AccountName::TelcoTransferred(telco), partner.asset()),
        _ => 0,
    }
}

fn lots_and_limits_add_up(world: &World, command: &Command) {
    let mut held: BTreeMap<_, u64> = BTreeMap::new();
    let mut counted: BTreeMap<Counter, u64> = BTreeMap::new();
    // A stranger's order is refused and has no number whose lots it could touch.
    for order in world.state.orders().filter(|order| !order.parties.is_empty()) {
        *held.entry(order.subscriber()).or_default() += order.lots.iter().map(|lot| lot.taken.remaining).sum::<u64>();
        for count in &order.counts {
            *counted.entry(count.counter).or_default() += count.amount;
        }
    }
    for (subscriber, in_orders) in held {
        let left = world.state.subscriber(subscriber).expect("registered").total();
        let mine = world.state.orders().filter(|order| order.subscriber() == subscriber);
        assert_eq!(
            left + in_orders,
            super::HELD + mine.map(granted).sum::<u64>(),
            "lots of {subscriber} after {command:?}"
        );
    }
    let counters: BTreeMap<Counter, u64> = world.state.counters().iter().collect();
    assert_eq!(counters, counted, "limits after {command:?}");
}

/// What steps brought as lots: a partner's excess is its own loss.
fn granted(order: &Order) -> u64 {
    let granting = order.steps.iter().filter(|step| step.plan.brings.is_some() && step.plan.party == 0);
    granting.map(|step| step.done.min(step.plan.amount)).sum()
}

/// When nothing is open any more and every partner has told everything: both sides agree to the fen.
pub fn at_rest(world: &World) {
    if refused_by_books(world) {
        return replays(world);
    }
    for partner in Partner::ALL {
        let truth = world.partners.sums(partner, None, false);
        assert_eq!(booked(world, partner), truth.taken, "{partner} taken");
        assert_eq!(transferred(world, partner), truth.transferred, "{partner} transferred");
        if let Partner::Telco(telco) = partner {
            assert_eq!(world.debit(AccountName::TelcoReserved(telco), partner.asset()), truth.reserved, "{partner}");
        }
    }
    world.state.orders().for_each(|order| ended(world, order));
    replays(world);
}

fn ended(world: &World, order: &Order) {
    for partner in Partner::ALL {
        let there = world.partners.sums(partner, Some(order.id), false);
        match order.state {
            OrderState::Settled => {
                let truth = (there.taken, there.transferred);
                assert_eq!((truth, there.reserved), (planned(order, partner), 0), "{partner} {}", short(order));
            }
            OrderState::Declined | OrderState::Cancelled | OrderState::Refunded => {
                let truth = (there.taken, there.transferred);
                assert_eq!((truth, there.reserved), ((0, 0), 0), "{partner} {}", short(order));
                assert!(order.lots.is_empty() && order.counts.is_empty(), "{}", short(order));
            }
            OrderState::Suspended => assert_ne!(order.cause, Cause::Planned, "{}", short(order)),
            _ => panic!("no end: {}", short(order)),
        }
    }
    if order.state.is_end() {
        assert!(order.steps.iter().all(|step| !step.is_open() || step.due_at == Millis(0)), "{}", short(order));
    }
}

/// What the plan of an order that went its way takes at a partner, less what it brings there, and what it moves there.
fn planned(order: &Order, partner: Partner) -> (i128, i128) {
    let forward = order.numbered_steps().filter(|(place, step)| {
        step.plan.partner == partner && step.state == StepState::Done && order.leads_forward(*place)
    });
    let moved = forward.map(|(_, step)| match step.plan.action.nature() {
        _ if step.plan.action.is_between_parties() => (0, i128::from(step.done)),
        Nature::TakesSetAside | Nature::Takes => (i128::from(step.done), 0),
        Nature::Delivers => (-i128::from(step.done.min(step.plan.amount)), 0),
        _ => (0, 0),
    });
    moved.fold((0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1))
}

/// The same records give the same state, and the state reads back from its bytes.
fn replays(world: &World) {
    let mut again = State::default();
    for record in &world.log {
        again.apply(record).expect("applied before");
    }
    assert_eq!(again.digest(), world.state.digest());
    let bytes = minicbor::to_vec(&world.state).expect("a vector");
    assert_eq!(minicbor::decode::<State>(&bytes).expect("reads back"), world.state);
}

fn short(order: &Order) -> String {
    let steps = order.numbered_steps().map(|(place, step)| {
        let Step { plan, state, attempt, done, strays, due_at, .. } = step;
        format!("{place} {} {} {state} x{attempt} {done} {strays:?} due {}", plan.action, plan.amount, due_at.0)
    });
    let head = format!("{} {} {} {:?}", order.id, order.state, order.cause, order.unwinding);
    steps.fold(head, |text, step| text + "\n    " + &step)
}
