//! Any 24 hours, exactly: no window of that length may hold more than the limit, wherever it begins.
//!
//! Business time may go back, so an order can come before others that were counted already. The windows that
//! its moment lies in then end at it, or at one of those that follow within 24 hours; the fullest counts.
//! A window ends at its last moment and has lost what is exactly 24 hours older.

use super::limit::Standing;
use facts::{Counter, Counters, Millis};

const DAY_MS: u64 = 86_400_000;

/// How any 24 hours stand at a moment.
pub(super) fn standing(counters: &Counters, counter: &Counter, at: Millis) -> Standing {
    let near = near(counters, counter, at);
    let anew_at = near.first().map_or(at, |(first, _)| first.plus(DAY_MS));
    Standing { used: fullest(&near, at), anew_at }
}

/// The first moment from which no window holds more than `room`; when all is given back if `room` is none.
pub(super) fn frees_at(counters: &Counters, counter: &Counter, at: Millis, room: u64) -> Millis {
    // What lies after a moment that is asked about matters too, so everything from the first window on is looked at.
    let from = Millis(at.0.saturating_sub(DAY_MS).saturating_add(1));
    let later: Vec<(Millis, u64)> = counters.moments(counter.meter, counter.subject, from, Millis(u64::MAX)).collect();
    let mut ends = later.iter().map(|(counted_at, _)| counted_at.plus(DAY_MS)).filter(|end| *end > at);
    ends.clone().find(|end| fullest(&later, *end) <= room).or_else(|| ends.next_back()).unwrap_or(at)
}

/// Everything that shares a window with a moment, earliest first.
fn near(counters: &Counters, counter: &Counter, at: Millis) -> Vec<(Millis, u64)> {
    let from = Millis(at.0.saturating_sub(DAY_MS - 1));
    let to = at.plus(DAY_MS - 1);
    counters.moments(counter.meter, counter.subject, from, to).collect()
}

/// The sum in the fullest of the windows that hold a moment.
fn fullest(entries: &[(Millis, u64)], at: Millis) -> u64 {
    let (mut first, mut sum, mut most) = (0, 0u64, 0);
    for (last, (end, amount)) in entries.iter().enumerate() {
        if end.since(at) >= DAY_MS {
            break;
        }
        sum = sum.saturating_add(*amount);
        // Up to the moment itself the window still ends at the moment.
        let end = (*end).max(at);
        while first <= last && end.since(entries[first].0) >= DAY_MS {
            sum = sum.saturating_sub(entries[first].1);
            first += 1;
        }
        most = if end == at { sum } else { most.max(sum) };
    }
    most
}
