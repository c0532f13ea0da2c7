//! Every plan, step by step, with everything the partner of a step may do: the fault matrix.
//!
//! It is made from the plans: a product is in it by having one. The steps that undo are found by refusing each step
//! for good and looking at what is planned then.

mod engine;

use engine::partner::{Ask, Behaviour, Does, Says};
use engine::{World, check, rules};
use exchange::rules::Line;
use exchange::{Answer, Command, Doors, Funds, PlaceOrder, Recipient, Reply, Rules, Via, lost_calls};
use facts::{CallRef, Fact, Nature, OrderId, OrderState, Partner, Product, Province, Step, StepState, SubscriberId};
use money::Telco;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const ORDER: OrderId = OrderId::from_bits(7);
/// The recharge that is refunded, where one is: an order that ended before.
const RECHARGE: u128 = 6;

/// One product as one subscriber asks for it.
#[derive(Clone, Copy, Debug)]
struct Case {
    product: Product,
    telco: Telco,
    /// Where the subscriber is at home: some products are offered in some provinces alone.
    home: u8,
    amount: u64,
    /// The telco of whoever receives it.
    to: Option<Telco>,
}

const HENAN: u8 = 41;

/// Every product that has a plan, in every shape that its plan has: whom it asks for what, in which order.
fn cases() -> Vec<Case> {
    let mut shapes = BTreeMap::new();
    for product in Product::ALL.iter().copied() {
        for telco in [Telco::Ctcc, Telco::Cbn] {
            for to in [None, Some(Telco::Ctcc), Some(Telco::Cmcc)] {
                for (home, amount) in
                    [engine::GUANGDONG, HENAN].into_iter().flat_map(|home| AMOUNTS.map(|of| (home, of)))
                {
                    let case = Case { product, telco, home, amount, to };
                    let Some(world) = case.world() else { continue };
                    shapes.entry((product, shape(&world))).or_insert(case);
                }
            }
        }
    }
    shapes.into_values().collect()
}

/// Amounts of which every product takes one: fen or points.
const AMOUNTS: [u64; 3] = [10_000, 5_000, 1_001];

/// Whom an order asks for what; which telco it is makes no difference, but whether it is the subscriber's does.
fn shape(world: &World) -> Vec<(bool, String)> {
    let order = world.order(ORDER);
    let own = world.state.subscriber(order.subscriber()).map(|holder| Partner::Telco(holder.telco));
    let steps = order.steps.iter().map(|step| (Some(step.plan.partner) == own, step.plan.action.to_string()));
    steps.collect()
}

impl Case {
    /// A world in which the order was placed; none when it is refused. What is served is asked for as it is served.
    fn world(self) -> Option<World> {
        self.behind(Doors::Served).or_else(|| self.behind(Doors::EveryPlan))
    }

    fn behind(self, doors: Doors) -> Option<World> {
        let rules = Rules { doors, ..rules() };
        let mut world = World::open(rules, 4);
        let subscriber = world.register_in(self.home, 1, 100, self.telco);
        let home = Province::new(self.home).expect("a province");
        let receiver =
            |telco| Recipient::Number { subscriber: SubscriberId::from_bits(2), line: Line { province: home, telco } };
        let recipient = self.to.map_or(Recipient::Nobody, receiver);
        let (product, amount) = (self.product, self.amount);
        let asked = World::request(ORDER.bits(), subscriber);
        let (payer, recharge) = (engine::payer(), OrderId::from_bits(RECHARGE));
        let funds = match product {
            Product::Recharge => payer,
            Product::Refund if doors == Doors::Served => Funds::Recharge(recharge),
            _ => Funds::Own,
        };
        let request = PlaceOrder { product, amount, recipient, channel_province: home, funds, ..asked };
        if funds == Funds::Recharge(recharge) {
            let paid = PlaceOrder { order: recharge, product: Product::Recharge, funds: payer, ..request.clone() };
            world.give(Command::Place(Box::new(paid)));
            world.flush();
        }
        world.give(Command::Place(Box::new(request)));
        world.order(ORDER).refusal.is_none().then_some(world)
    }

    fn placed(self) -> World {
        self.world().unwrap_or_else(|| panic!("{self:?} was placed before"))
    }

    /// The places of its steps, each with the step whose refusal leads there.
    fn steps(self) -> Vec<(u8, Option<u8>)> {
        let mut honest = self.placed();
        honest.flush();
        let planned = u8::try_from(honest.order(ORDER).steps.len()).expect("few");
        let forward = (0..planned).map(|place| (place, None));
        let undoing = (0..planned).flat_map(|leads| {
            let mut world = self.placed();
            world.run(&mut |_: &World, ask: &Ask| refusing(leads, ask));
            let all = u8::try_from(world.order(ORDER).steps.len()).expect("few");
            (planned..all).map(move |place| (place, Some(leads)))
        });
        forward.chain(undoing).collect()
    }
}

/// Honest, but for one step that is refused for good.
fn refusing(place: u8, ask: &Ask) -> Behaviour {
    if ask.call.step == place { Behaviour::of(Does::Refuses, Says::Truth) } else { Behaviour::HONEST }
}

/// Everything a partner may do at one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Ok,
    Refused,
    RefusedForEver,
    RefusedInReplyButDone,
    SilenceThenDone,
    SilenceThenNotFoundThenOk,
    SilenceThenPendingThenDone,
    PendingThenRefused,
    NeverFound,
    NeverKnown,
    Duplicate,
    LateWhileNextIsPlanned,
    LateWhileNextIsSent,
    LateWhileNextIsUnknown,
    LateWhileNextIsDone,
    LateAfterGivingUp,
    Less,
    More,
    Opposite,
    OppositeUnheard,
    DoneThenRefused,
    DoneThenOther,
    RestartDone,
    RestartNotDone,
}

const TURNS: [Turn; 24] = [
    Turn::Ok,
    Turn::Refused,
    Turn::RefusedForEver,
    Turn::RefusedInReplyButDone,
    Turn::SilenceThenDone,
    Turn::SilenceThenNotFoundThenOk,
    Turn::SilenceThenPendingThenDone,
    Turn::PendingThenRefused,
    Turn::NeverFound,
    Turn::NeverKnown,
    Turn::Duplicate,
    Turn::LateWhileNextIsPlanned,
    Turn::LateWhileNextIsSent,
    Turn::LateWhileNextIsUnknown,
    Turn::LateWhileNextIsDone,
    Turn::LateAfterGivingUp,
    Turn::Less,
    Turn::More,
    Turn::Opposite,
    Turn::OppositeUnheard,
    Turn::DoneThenRefused,
    Turn::DoneThenOther,
    Turn::RestartDone,
    Turn::RestartNotDone,
];

/// How the partner behaves at the step's attempts.
fn behaviour(turn: Turn, attempt: u8) -> Behaviour {
    let first = attempt == 1;
    let lost = Behaviour::of(Does::Nothing, Says::Silence);
    let late = Behaviour::of(Does::Later, Says::Silence);
    let hidden = |ms, queued| Behaviour { hidden_ms: ms, queued, ..Behaviour::of(Does::Asked, Says::Silence) };
    match turn {
        Turn::RefusedForEver => Behaviour::of(Does::Refuses, Says::Truth),
        Turn::NeverFound => lost,
        Turn::NeverKnown => hidden(u64::MAX, true),
        Turn::LateAfterGivingUp if first => late,
        Turn::LateAfterGivingUp => lost,
        Turn::LateWhileNextIsUnknown if attempt == 2 => hidden(0, false),
        Turn::LateWhileNextIsPlanned
        | Turn::LateWhileNextIsSent
        | Turn::LateWhileNextIsUnknown
        | Turn::LateWhileNextIsDone
            if first =>
        {
            late
        }
        _ if !first => Behaviour::HONEST,
        Turn::Refused => Behaviour::of(Does::Refuses, Says::Truth),
        Turn::RefusedInReplyButDone => Behaviour::of(Does::Asked, Says::Refusal),
        Turn::SilenceThenDone => hidden(0, false),
        Turn::SilenceThenNotFoundThenOk => lost,
        Turn::SilenceThenPendingThenDone => hidden(10_000, true),
        Turn::PendingThenRefused => Behaviour::of(Does::Refuses, Says::Pending),
        Turn::Less => Behaviour::of(Does::Less, Says::Truth),
        Turn::More => Behaviour::of(Does::More, Says::Truth),
        Turn::Opposite => Behaviour::of(Does::Opposite, Says::Truth),
        Turn::OppositeUnheard => Behaviour::of(Does::Opposite, Says::Silence),
        _ => Behaviour::HONEST,
    }
}

struct Scene {
    world: World,
    step: u8,
    turn: Turn,
    leads: Option<u8>,
}

impl Scene {
    fn behave(&self) -> impl Fn(&World, &Ask) -> Behaviour + use<> {
        let (step, turn, leads) = (self.step, self.turn, self.leads);
        move |_, ask| match leads {
            _ if ask.call.step == step => behaviour(turn, ask.call.attempt),
            Some(leads) => refusing(leads, ask),
            None => Behaviour::HONEST,
        }
    }

    fn run_until(&mut self, wanted: impl Fn(&Step) -> bool) -> bool {
        let (behave, step) = (self.behave(), self.step);
        let wanted = |world: &World| world.order(ORDER).step(step).is_some_and(&wanted);
        self.world.run_until(&mut |world: &World, ask: &Ask| behave(world, ask), &wanted)
    }

    fn run(&mut self) {
        let behave = self.behave();
        self.world.run(&mut |world: &World, ask: &Ask| behave(world, ask));
    }

    fn call(&self, attempt: u8) -> CallRef {
        CallRef { order: ORDER, step: self.step, attempt }
    }

    /// The first attempt happens after all, and a statement tells it, twice.
    fn late_success(&mut self) {
        let call = self.call(1);
        assert!(self.world.partners.run_scheduled(call, self.world.now), "nothing was late");
        self.world.state_truth(call);
        let told = self.world.state.sequence();
        self.world.state_truth(call);
        let more = self.world.log.iter().filter(|record| record.sequence > told).map(|record| &record.facts);
        assert_eq!(more.collect::<Vec<_>>(), Vec::<&Vec<Fact>>::new(), "a late success told twice changed something");
    }

    /// The node stops while the step's request is under way; `done` says whether the partner still got it.
    fn restart(&mut self, done: bool) {
        assert!(self.run_until(|step| step.state == StepState::Sent));
        let ask = self.world.ask(ORDER, self.call(1).step);
        let does = if done { Does::Asked } else { Does::Nothing };
        let now = self.world.now;
        self.world.partners.act(&ask, Behaviour::of(does, Says::Silence), now);
        let lost = lost_calls(&self.world.state);
        assert_eq!(lost.iter().map(|signal| signal.call).collect::<Vec<_>>(), [ask.call]);
        lost.into_iter().for_each(|signal| drop(self.world.give(Command::Signal(signal))));
    }

    /// What happens beside the partner's own behaviour.
    fn interfere(&mut self) -> bool {
        let next = |wanted: StepState| move |step: &Step| step.attempt == 2 && step.state == wanted;
        let ended = |step: &Step| matches!(step.state, StepState::Done | StepState::Compensated);
        match self.turn {
            Turn::RestartDone => self.restart(true),
            Turn::RestartNotDone => self.restart(false),
            Turn::Duplicate => {
                assert!(self.run_until(ended));
                self.tell_again(|amount| amount);
            }
            Turn::DoneThenOther => {
                assert!(self.run_until(ended));
                self.tell_again(|amount| amount - 1);
            }
            Turn::DoneThenRefused => {
                assert!(self.run_until(ended));
                let refused = Answer::Refused { code: "no".to_owned() };
                self.world.tell(self.call(1), refused, Via::Callback);
            }
            Turn::LateWhileNextIsPlanned => {
                if !self.run_until(|step| step.attempt == 1 && step.state == StepState::Planned && step.due_at.0 > 0) {
                    return false;
                }
                self.late_success();
            }
            Turn::LateWhileNextIsSent | Turn::LateWhileNextIsUnknown | Turn::LateWhileNextIsDone => {
                let wanted = match self.turn {
                    Turn::LateWhileNextIsSent => StepState::Sent,
                    Turn::LateWhileNextIsUnknown => StepState::Unknown,
                    _ => StepState::Done,
                };
                if !self.run_until(next(wanted)) {
                    return false;
                }
                self.late_success();
            }
            Turn::LateAfterGivingUp => {
                self.run();
                self.late_success();
            }
            _ => {}
        }
        true
    }

    /// A callback repeats what was done, with the amount as `told` makes it.
    fn tell_again(&mut self, told: impl Fn(u64) -> u64) {
        let step = self.world.order(ORDER).step(self.step).expect("done");
        let amount = told(step.done);
        let same = amount == step.done;
        let call = self.call(step.attempt);
        let before = self.world.state.sequence();
        let decision = self.world.tell(call, Answer::Done { amount, external: "again".to_owned() }, Via::Callback);
        assert_eq!(decision.reply == Reply::Nothing && self.world.state.sequence() == before, same);
    }
}

/// Whether the turn can happen at the step at all.
fn makes_sense(step: Nature, turn: Turn) -> bool {
    match turn {
        Turn::Opposite | Turn::OppositeUnheard => step.gives_back(),
        // A billing record that is not found may always come: there is no second attempt, and it moves nothing.
        Turn::LateWhileNextIsPlanned
        | Turn::LateWhileNextIsSent
        | Turn::LateWhileNextIsUnknown
        | Turn::LateWhileNextIsDone
        | Turn::LateAfterGivingUp
        | Turn::NeverFound
        | Turn::NeverKnown
        | Turn::SilenceThenNotFoundThenOk
        | Turn::RestartDone
        | Turn::RestartNotDone => step != Nature::Confirms,
        _ => true,
    }
}

fn play(case: Case, step: u8, leads: Option<u8>, turn: Turn) -> Option<World> {
    let mut scene = Scene { world: case.placed(), step, turn, leads };
    if !scene.interfere() {
        return None;
    }
    if turn == Turn::NeverKnown {
        // Asking goes on for ever: look at it once a person is needed, then let the truth come.
        assert!(scene.run_to_suspension());
        let call = scene.call(1);
        scene.world.partners.reveal(call);
        scene.world.state_truth(call);
    }
    scene.run();
    scene.world.flush();
    Some(scene.world)
}

impl Scene {
    fn run_to_suspension(&mut self) -> bool {
        let behave = self.behave();
        let suspended = |world: &World| world.stands(ORDER) == OrderState::Suspended;
        self.world.run_until(&mut |world: &World, ask: &Ask| behave(world, ask), &suspended)
    }
}

/// Hypothesis: whatever one partner does at one step, both sides' books agree and the order ends, or waits for a
/// person with a cause. How each ends is printed.
#[test]
fn every_step_with_everything_its_partner_may_do_ends_as_printed() {
    let mut printed = String::new();
    for (case, (step, leads)) in
        cases().into_iter().flat_map(|case| case.steps().into_iter().map(move |step| (case, step)))
    {
        let (title, nature) = title(case, step, leads);
        writeln!(printed, "{title}").expect("a string");
        for turn in TURNS.into_iter().filter(|turn| makes_sense(nature, *turn)) {
            let Some(world) = play(case, step, leads, turn) else {
                writeln!(printed, "    {:<28}not reached", format!("{turn:?}")).expect("a string");
                continue;
            };
            check::at_rest(&world);
            let order = world.order(ORDER);
            let steps: Vec<String> = order
                .steps
                .iter()
                .map(|step| format!("{}:{}:{}x{}", step.plan.action, step.state, step.done, step.attempt))
                .collect();
            let turn = format!("{turn:?}");
            let (state, cause) = (order.state.code(), order.cause.code());
            let line = format!("    {turn:<28}{state:<10}{cause:<14}{}", steps.join(" "));
            writeln!(printed, "{line}").expect("a string");
        }
    }
    insta::assert_snapshot!(printed);
}

/// A step in words, and what it does with value.
fn title(case: Case, step: u8, leads: Option<u8>) -> (String, Nature) {
    let mut world = case.placed();
    world.run(&mut |_: &World, ask: &Ask| leads.map_or(Behaviour::HONEST, |leads| refusing(leads, ask)));
    let action = |place: u8| world.order(ORDER).step(place).expect("there").plan.action;
    let to = case.to.map(|telco| format!(" to {telco}")).unwrap_or_default();
    let after = leads.map(|leads| format!(", since {} is refused", action(leads))).unwrap_or_default();
    (format!("{} of {}{to}: {step} {}{after}", case.product, case.telco, action(step)), action(step).nature())
}
