//! A poisoned command suspends one order, never the node.

mod support;

use exchange::{Answer, Command, Reply, Signal, Via};
use facts::{CallRef, Cause, OrderState};
use node::bugs::Bug;
use support::{core, envelope, opening, order, place, rules};

#[test]
fn rules_that_panic_on_one_order_suspend_it_and_serve_the_next() {
    let mut core = core();
    core.plant(Bug::PanicOn(order(1)));
    for command in opening(&rules()) {
        core.handle(&command).expect("the house opens");
    }
    for number in [1, 2] {
        core.handle(&place(number)).expect("an order is placed");
    }
    let done = |number: u8| {
        let call = CallRef { order: order(u128::from(number)), step: 0, attempt: 1 };
        let answer = Answer::Done { amount: 10_000, external: "rsv".to_owned() };
        envelope(Command::Signal(Signal { call, answer, via: Via::Reply }))
    };
    let handled = core.handle(&done(1)).expect("the node goes on");
    assert_eq!(handled.reply, Reply::Done);
    let poisoned = core.state().order(order(1)).expect("the order is there");
    assert_eq!((poisoned.state, poisoned.cause), (OrderState::Suspended, Cause::Poisoned));
    core.handle(&done(2)).expect("the node goes on");
    let healthy = core.state().order(order(2)).expect("the order is there");
    assert_eq!(healthy.state, OrderState::Executing);
    assert_eq!(healthy.steps[0].done, 10_000);
}
