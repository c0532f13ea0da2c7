//! What one decision of the policy takes: admission with limits, calendar, licence and price, and what it counts.
//! No input or output, no journal, no vault: a figure, measured and not gated.
//!
//! `cargo run --release -p bench --bin decision`

use bench::{resident_kib, rules};
use exchange::rules::{Holder, Identity, Instrument, Line, Occasion, Receiver, Request, Subjects, admit, counts};
use facts::{Counters, Millis, PersonId, Product, Province, SubscriberId};
use money::Telco;
use std::hint::black_box;
use std::time::Instant;

const PERSONS: u32 = 200_000;
const DECISIONS: u32 = 2_000_000;
const ROUNDS: u32 = 5;
/// Monday 2 March 2026, 09:00 in Shanghai.
const START: Millis = Millis(1_772_413_200_000);

fn main() {
    let policy = rules().policy;
    let mut counters = Counters::default();
    let before = resident_kib();
    for person in 0..PERSONS {
        counters.add(&counts(&policy, &occasion(person, 10_000)));
    }
    let bytes = (resident_kib() - before) * 1_024 / u64::from(PERSONS);
    println!("{} counters of {PERSONS} persons, {bytes} bytes each", counters.iter().count());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for decision in 0..DECISIONS {
            // A step that shares no factor with the count visits every person, none near the last.
            let request = request(decision.wrapping_mul(7_919) % PERSONS, 1_000 + u64::from(decision % 90_000));
            let terms = admit(&policy, black_box(&request), &counters, 1_000_000, None);
            black_box(terms.map(|terms| (terms.fee, counts(&policy, &occasion_of(&request)))).ok());
        }
        println!("{} ns a decision", begun.elapsed().as_nanos() / u128::from(DECISIONS));
    }
}

fn home() -> Province {
    Province::new(44).expect("two digits")
}

fn who(person: u32) -> Subjects {
    let person = u128::from(person) + 1;
    Subjects { person: PersonId::from_bits(person), number: SubscriberId::from_bits(person), ..Subjects::default() }
}

fn occasion(person: u32, amount: u64) -> Occasion {
    Occasion { product: Product::Direct, amount, at: START, home: home(), who: who(person) }
}

fn occasion_of(request: &Request) -> Occasion {
    let Request { product, amount, requested_at, who, .. } = *request;
    Occasion { product, amount, at: requested_at, home: home(), who }
}

fn request(person: u32, amount: u64) -> Request {
    Request {
        product: Product::Direct,
        amount,
        requested_at: START,
        channel_province: home(),
        identity: Identity::Valid,
        number: Ok(Line { province: home(), telco: Telco::Ctcc }),
        holder: Holder::Registered,
        instrument: Instrument::Own,
        receiver: Receiver::NotAsked,
        who: who(person),
    }
}
