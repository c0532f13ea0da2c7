//! Counters against the plainest thing that counts: a map.

use super::*;
use proptest::prelude::*;

fn counters() -> impl Strategy<Value = Counter> {
    let meter = prop_oneof![(0u16..3).prop_map(Meter::Limit), (0u16..2).prop_map(|n| Meter::Campaign(n, Measure::Fen))];
    let subject = prop_oneof![
        (0u128..3).prop_map(|bits| Subject::Person(PersonId::from_bits(bits))),
        Just(Subject::Everybody),
        (0u8..2).prop_map(|byte| Subject::Device(Key16([byte; 16]))),
    ];
    let window = prop_oneof![
        (0u32..4).prop_map(|day| Window::Day(Day::from_count(day))),
        (0u64..6).prop_map(|at| Window::Moment(Millis(at))),
        Just(Window::Always),
    ];
    (meter, subject, window).prop_map(|(meter, subject, window)| Counter { meter, subject, window })
}

proptest! {
    #[test]
    fn counters_count_as_a_map_does(acts in prop::collection::vec((any::<bool>(), counters(), 0u64..4), 0..80)) {
        let (mut counted, mut map) = (Counters::default(), BTreeMap::<Counter, u64>::new());
        for (adds, counter, amount) in acts {
            let used = map.entry(counter).or_default();
            if adds {
                counted.add(&[Count { counter, amount }]);
                *used += amount;
            } else {
                counted.release(&[Count { counter, amount }]);
                *used = used.saturating_sub(amount);
            }
            prop_assert_eq!(counted.used(&counter), *used);
            map.retain(|_, used| *used > 0);
        }
        prop_assert_eq!(counted.iter().collect::<BTreeMap<_, _>>(), map.clone());
        for limit in 0..3 {
            for subject in [Subject::Everybody, Subject::Person(PersonId::from_bits(1))] {
                let found: Vec<_> = counted.moments(Meter::Limit(limit), subject, Millis(2), Millis(4)).collect();
                let expected: Vec<_> = (2..=4).filter_map(|at| {
                    let counter = Counter { meter: Meter::Limit(limit), subject, window: Window::Moment(Millis(at)) };
                    map.get(&counter).map(|used| (Millis(at), *used))
                }).collect();
                prop_assert_eq!(found, expected);
            }
        }
        let bytes = minicbor::to_vec(&counted).expect("a vector takes all");
        prop_assert_eq!(minicbor::decode::<Counters>(&bytes).expect("it was written"), counted);
    }
}

#[test]
fn one_more_day_of_a_person_takes_32_bytes() {
    assert_eq!(size_of::<Used>(), 32);
}
