//! Several orders of several people at several telcos, with partners that do anything at any time.
//!
//! A run is a list of bytes: each is a choice. When the list ends, everybody is honest, every truth is told, and
//! both sides' books must agree to the fen.

mod engine;

use engine::partner::{Ask, Behaviour, Does, Says};
use engine::{World, check, rules};
use exchange::{Answer, Command, Signal, Via, lost_calls};
use facts::{Action, CallRef, OrderId, Partner, Product, ReviewVerdict, SubscriberId};
use money::Telco;
use proptest::prelude::*;
use std::collections::BTreeSet;

const ORDERS_MOST: u128 = 8;
const WINDOW_MOST: u32 = 3;

/// A run, printed so that it can become a named test.
#[derive(Clone)]
struct Run(Vec<u8>);

impl core::fmt::Debug for Run {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn runs(most: usize) -> impl Strategy<Value = Run> {
    proptest::collection::vec(any::<u8>(), 0..most).prop_map(Run)
}

/// Choices, one byte each; after the last, always the first possibility.
struct Dice {
    bytes: std::vec::IntoIter<u8>,
}

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        usize::from(self.bytes.next().unwrap_or(0)) % most.max(1)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let chosen = self.below(from.len());
        from.get(chosen).copied()
    }

    fn is_over(&self) -> bool {
        self.bytes.as_slice().is_empty()
    }

    fn behaviour(&mut self) -> Behaviour {
        const DOES: [Does; 12] = [
            Does::Asked,
            Does::Asked,
            Does::Asked,
            Does::Asked,
            Does::Nothing,
            Does::Nothing,
            Does::Later,
            Does::Later,
            Does::Less,
            Does::Refuses,
            Does::Opposite,
            Does::More,
        ];
        const SAYS: [Says; 7] =
            [Says::Truth, Says::Truth, Says::Truth, Says::Silence, Says::Silence, Says::Pending, Says::Refusal];
        const HIDDEN_MS: [u64; 4] = [0, 0, 5_000, 300_000];
        Behaviour {
            does: self.pick(&DOES).unwrap_or(Does::Asked),
            says: self.pick(&SAYS).unwrap_or(Says::Truth),
            hidden_ms: self.pick(&HIDDEN_MS).unwrap_or(0),
            queued: self.below(2) == 1,
        }
    }
}

struct Play {
    world: World,
    dice: Dice,
    placed: u128,
}

impl Play {
    fn new(bytes: Vec<u8>) -> Play {
        let mut dice = Dice { bytes: bytes.into_iter() };
        let window = [WINDOW_MOST, 1, 2][dice.below(3)];
        let mut world = World::open(rules(), window);
        for (number, (person, telco)) in
            (1u128..).zip([(100, Telco::Ctcc), (100, Telco::Cbn), (200, Telco::Ctcc), (300, Telco::Cbn)])
        {
            world.register(number, person, telco);
        }
        world.window = WINDOW_MOST;
        Play { world, dice, placed: 0 }
    }

    fn order(&mut self) -> Option<OrderId> {
        let orders: Vec<OrderId> = self.world.state.orders().map(|order| order.id).collect();
        self.dice.pick(&orders)
    }

    fn call(&mut self) -> Option<CallRef> {
        let calls = self.world.partners.calls();
        self.dice.pick(&calls)
    }

    fn place(&mut self) {
        if self.placed >= ORDERS_MOST {
            return;
        }
        self.placed += 1;
        let subscriber = SubscriberId::from_bits(1 + self.dice.below(4) as u128);
        let mut request = World::request(self.placed, subscriber);
        let hundreds = self.dice.below(200);
        request.amount = 5_000 + 100 * hundreds as u64;
        request.product = if hundreds % 3 == 2 { Product::Voucher } else { Product::Direct };
        self.world.give(Command::Place(Box::new(request)));
    }

    fn answer(&mut self) {
        let sent: Vec<_> = self.world.state.sent().collect();
        if let Some((order, step)) = self.dice.pick(&sent) {
            let ask = self.world.ask(order, step);
            let behaviour = self.behaviour(&ask);
            self.world.answer(order, step, behaviour);
        }
    }

    fn behaviour(&mut self, ask: &Ask) -> Behaviour {
        let behaviour = self.dice.behaviour();
        // A release names a reservation and no amount.
        let whole = ask.action == Action::ReleaseAirtime && matches!(behaviour.does, Does::Less | Does::More);
        if whole { Behaviour { does: Does::Asked, ..behaviour } } else { behaviour }
    }

    fn dispatch(&mut self) {
        let queued: Vec<_> = Partner::ALL.into_iter().flat_map(|partner| self.world.state.queued(partner)).collect();
        if let Some((_, order, step)) = self.dice.pick(&queued) {
            self.world.give(Command::Dispatch { order, step });
        }
    }

    fn inquire(&mut self) {
        let unknown: Vec<_> = Partner::ALL.into_iter().flat_map(|partner| self.world.state.unknown(partner)).collect();
        if let Some((_, order, step)) = self.dice.pick(&unknown) {
            self.world.inquire(order, step);
        }
    }

    fn wait(&mut self) {
        let due = self.world.state.next_due().unwrap_or(self.world.now).max(self.world.now);
        let later = self.world.now.plus([0, 600, 130_000, 90_000_000][self.dice.below(4)]);
        self.world.now = if self.dice.below(2) == 0 { due } else { later };
    }

    fn schedule(&mut self) {
        let scheduled = self.world.partners.scheduled();
        if let Some(call) = self.dice.pick(&scheduled) {
            self.world.partners.run_scheduled(call, self.world.now);
            if self.dice.below(2) == 0 {
                self.world.state_truth(call);
            }
        }
    }

    fn repeat(&mut self) {
        if let Some(call) = self.call() {
            self.world.state_truth(call);
        }
    }

    /// A word that says nothing of what was done, or takes it back.
    fn mutter(&mut self) {
        let Some(call) = self.call() else { return };
        let Some(action) = self.world.order(call.order).step(call.step).map(|step| step.plan.action) else { return };
        let via = self.dice.pick(&[Via::Inquiry, Via::Reply, Via::Callback, Via::Statement, Via::Recovery]);
        let (via, refused) = (via.unwrap_or(Via::Reply), Answer::Refused { code: "no".to_owned() });
        let answer = match self.dice.below(4) {
            0 => Answer::Silence,
            1 => Answer::Pending,
            2 => Answer::NotFound,
            // That nothing is set aside any more would not be taken back.
            _ if action == Action::ReleaseAirtime && via.is_record() => return,
            _ => refused,
        };
        self.world.tell(call, answer, via);
    }

    fn restart(&mut self) {
        for signal in lost_calls(&self.world.state) {
            let ask = self.world.ask(signal.call.order, signal.call.step);
            let behaviour = self.behaviour(&ask);
            let now = self.world.now;
            self.world.partners.act(&ask, behaviour, now);
            self.world.give(Command::Signal(signal));
        }
    }

    fn junk(&mut self) {
        let order = OrderId::from_bits(self.dice.below(12) as u128);
        let step = [0, 1, 2, 3, 9, 255][self.dice.below(6)];
        let asked = self.world.state.order(order).and_then(|order| order.step(step)).map_or(0, |step| step.attempt);
        let attempt = [0, asked.saturating_add(1), 255][self.dice.below(3)].max(asked.saturating_add(1));
        let amount = [0, 1, 10_000, u64::MAX][self.dice.below(4)];
        let external = "junk".to_owned();
        let answer = match self.dice.below(3) {
            0 => Answer::Done { amount, external },
            1 => Answer::Opposite { amount, external },
            _ => Answer::NotFound,
        };
        if asked < u8::MAX {
            self.world.tell(CallRef { order, step, attempt }, answer, Via::Callback);
        }
    }

    fn operate(&mut self) {
        let Some(order) = self.order() else { return };
        let command = match self.dice.below(8) {
            0..4 => Command::Cancel { order, why: String::new() },
            4 => Command::Suspend { order },
            5 => Command::Review { order, verdict: ReviewVerdict::Approved, why: String::new() },
            _ => {
                let partner = Partner::ALL[self.dice.below(Partner::ALL.len())];
                Command::GrantCredits { partner, window: self.dice.below(4) as u32 }
            }
        };
        self.world.give(command);
    }

    fn turn(&mut self) {
        match self.dice.below(24) {
            0..3 => self.place(),
            3..9 => self.answer(),
            9..12 => self.dispatch(),
            12..14 => self.inquire(),
            14..17 => self.wait(),
            17..19 => self.schedule(),
            19 => self.repeat(),
            20 => self.mutter(),
            21 => self.restart(),
            22 => self.junk(),
            _ => self.operate(),
        }
    }

    /// Doors open, everybody honest, every truth told.
    fn rest(&mut self) {
        for partner in Partner::ALL {
            self.world.give(Command::GrantCredits { partner, window: WINDOW_MOST });
        }
        self.world.flush();
    }
}

fn plays_out(bytes: Vec<u8>) -> World {
    let mut play = Play::new(bytes);
    while !play.dice.is_over() {
        play.turn();
    }
    play.rest();
    check::at_rest(&play.world);
    play.world
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_partners_do_both_sides_agree_in_the_end(run in runs(700)) {
        plays_out(run.0);
    }

    /// Lies included: nothing panics, and what is decided applies.
    #[test]
    fn no_word_makes_the_core_panic(
        run in runs(200),
        words in proptest::collection::vec((0u128..10, 0u8..8, 0u8..4, 0u8..6, any::<u64>(), any::<bool>()), 1..40),
    ) {
        let mut play = Play::new(run.0);
        while !play.dice.is_over() {
            play.turn();
        }
        for (order, step, attempt, word, amount, small) in words {
            let amount = if small { amount % 20_000 } else { amount };
            let external = String::new();
            let answer = match word {
                0 => Answer::Done { amount, external },
                1 => Answer::Opposite { amount, external },
                2 => Answer::Refused { code: external },
                3 => Answer::Pending,
                4 => Answer::Silence,
                _ => Answer::NotFound,
            };
            let call = CallRef { order: OrderId::from_bits(order), step, attempt };
            play.world.give_unchecked(Command::Signal(Signal { call, answer, via: Via::Inquiry }));
        }
    }
}

#[test]
fn honest_partners_settle_everything() {
    let mut play = Play::new(Vec::new());
    for _ in 0..ORDERS_MOST {
        play.place();
    }
    play.world.run(&mut |_: &World, _: &Ask| Behaviour::HONEST);
    check::at_rest(&play.world);
    assert!(play.world.state.orders().all(|order| order.state == facts::OrderState::Settled));
}

/// Hypothesis: random runs reach every end, so that the property above does not hold for want of cases.
#[test]
fn random_runs_reach_every_end() {
    let mut seed = 1u64;
    let mut byte = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    };
    let mut reached = BTreeSet::new();
    for _ in 0..60 {
        let world = plays_out((0..500).map(|_| byte()).collect());
        reached.extend(world.state.orders().map(|order| (order.state.code(), order.cause.code())));
    }
    for state in ["settled", "declined", "cancelled", "refunded", "suspended"] {
        assert!(reached.iter().any(|(reached, _)| *reached == state), "no order is {state}: {reached:?}");
    }
    for cause in ["late_success", "contradiction", "poisoned"] {
        assert!(reached.contains(&("suspended", cause)), "no order is suspended by {cause}: {reached:?}");
    }
}

/// Hypothesis: a capture that took after all, in an order that waits for a person, took what was set aside.
/// Found by the property above.
#[test]
fn a_late_capture_in_a_suspended_order_leaves_nothing_set_aside() {
    let order = OrderId::from_bits(1);
    for refused in [false, true] {
        let mut world = World::open(rules(), 2);
        let subscriber = world.register(1, 100, Telco::Ctcc);
        world.place(1, subscriber);
        let mut behave = |_: &World, ask: &Ask| match (ask.action, ask.call.attempt) {
            (Action::CaptureAirtime, 1) => Behaviour::of(Does::Later, Says::Silence),
            (Action::CaptureAirtime, _) => Behaviour::of(Does::Nothing, Says::Silence),
            _ => Behaviour::HONEST,
        };
        let again = |world: &World| world.order(order).steps[1].attempt == 2;
        assert!(world.run_until(&mut behave, &again));
        world.give(Command::Suspend { order });
        let late = CallRef { order, step: 1, attempt: 1 };
        world.partners.run_scheduled(late, world.now);
        world.state_truth(late);
        if refused {
            let answer = Answer::Refused { code: "reservationNotHeld".to_owned() };
            world.tell(CallRef { attempt: 2, ..late }, answer, Via::Inquiry);
        }
        world.flush();
        check::at_rest(&world);
        assert_eq!(world.stands(order), facts::OrderState::Suspended);
    }
}

/// Found by chance: after two captures of one reservation failed for good, the telco tells that it made both, the second
/// when the reservation had been given back in our books. It waits for a person; nothing else is touched.
#[test]
fn a_capture_of_what_was_given_back_waits_for_a_person() {
    let hex = "82d84100786700600000d8130009003347445e0000e1003e00001848004b14ec0300007b00205a0200180800244d7b00420000007b006300b1006300686c00000300440000000300d80e006e000107ddf4200b751688de85f779ab3971e5ce4337d2baac815353257012734a136bf04fe6a7379ffec7090bae392c591c8870f3af4da2561470351f031396744cdb8c3609c29e8ea5cb033fc514d1cfb1c2be4a5acd1dab26aefe9c20d13975dc0264738bca1b5ac687b742af769196cd7a48dea0d7a461b45664a273b5";
    let bytes = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex")).collect();
    let world = plays_out(bytes);
    assert!(check::refused_by_books(&world));
    let waits = world.state.orders().filter(|order| order.state == facts::OrderState::Suspended);
    assert_eq!(waits.map(|order| order.id).collect::<Vec<_>>(), [OrderId::from_bits(6)]);
}
