//! How much memory a subscriber and an order take in the core: a figure, measured and not gated.
//!
//! `cargo run --release -p bench --bin memory`

use bench::{resident_kib, rules};
use exchange::rules::{Identity, Instrument};
use exchange::{
    Answer, Asker, Command, Envelope, Funds, Opening, PlaceOrder, Recipient, Registration, Rules, Signal, Via, decide,
};
use facts::{
    CallRef, InstrumentId, Meta, Millis, OpenRecord, OrderId, Partner, PersonId, Product, Provenance, Province, State,
    SubscriberId,
};
use money::Telco;

const SUBSCRIBERS: u128 = 200_000;
const ORDERS: u128 = 200_000;
/// Monday 2 March 2026, 09:00 in Shanghai.
const START: Millis = Millis(1_772_413_200_000);

fn main() {
    let (rules, mut state) = (rules(), State::default());
    apply(&rules, &mut state, Command::OpenBooks { funding: 1_000_000_000 });
    for partner in Partner::ALL {
        apply(&rules, &mut state, Command::GrantCredits { partner, window: u32::MAX });
    }
    let empty = resident_kib();
    for number in 0..SUBSCRIBERS {
        apply(&rules, &mut state, register(number));
    }
    let idle = resident_kib();
    println!("{} bytes an idle subscriber with one lot", each(idle - empty, SUBSCRIBERS));
    for number in 0..ORDERS {
        apply(&rules, &mut state, place(number));
        for step in 0..2 {
            apply(&rules, &mut state, done(number, step));
        }
    }
    let open = resident_kib();
    println!(
        "{} bytes an order that waits for its payout, with its person's account and day",
        each(open - idle, ORDERS)
    );
    assert_eq!(state.orders().count() as u128, ORDERS);
}

fn each(kib: u64, count: u128) -> u128 {
    u128::from(kib) * 1_024 / count
}

fn apply(rules: &Rules, state: &mut State, command: Command) {
    let meta = Meta::system(START);
    let decision = decide(state, rules, &Envelope { meta, key: None, command });
    let record = OpenRecord { sequence: state.sequence() + 1, shard: 0, epoch: 1, meta, facts: decision.facts };
    state.apply(&record).expect("a decision applies");
}

fn register(number: u128) -> Command {
    Command::Register(Registration {
        subscriber: SubscriberId::from_bits(number + 1),
        person: PersonId::from_bits(number + 1),
        telco: Telco::Ctcc,
        province: Province::new(44).expect("a province"),
        own_card: Some(InstrumentId::from_bits(number + 1)),
        credit_card: None,
        lots: vec![Opening { provenance: Provenance::SelfPaid, amount: 100_000, at: Millis(1) }],
    })
}

fn place(number: u128) -> Command {
    Command::Place(Box::new(PlaceOrder {
        order: OrderId::from_bits(number + 1),
        asker: Asker::Holder(SubscriberId::from_bits(number % SUBSCRIBERS + 1)),
        recipient: Recipient::Nobody,
        product: Product::Direct,
        amount: 10_000,
        identity: Identity::Valid,
        instrument: Instrument::Own,
        channel_province: Province::new(44).expect("a province"),
        funds: Funds::Own,
        quote: None,
    }))
}

fn done(number: u128, step: u8) -> Command {
    let call = CallRef { order: OrderId::from_bits(number + 1), step, attempt: 1 };
    let answer = Answer::Done { amount: 10_000, external: format!("rsv-{number}") };
    Command::Signal(Signal { call, answer, via: Via::Reply })
}
