//! What happens when, in virtual time. Two events of one moment happen in the order in which they were noted.

use facts::Millis;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Events ordered by time, then by when they were noted.
pub(crate) struct Agenda<E> {
    now: Millis,
    noted: u64,
    heap: BinaryHeap<Reverse<Noted<E>>>,
}

struct Noted<E> {
    at: (Millis, u64),
    event: E,
}

impl<E> PartialEq for Noted<E> {
    fn eq(&self, other: &Noted<E>) -> bool {
        self.at == other.at
    }
}

impl<E> Eq for Noted<E> {}

impl<E> PartialOrd for Noted<E> {
    fn partial_cmp(&self, other: &Noted<E>) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Noted<E> {
    fn cmp(&self, other: &Noted<E>) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl<E> Agenda<E> {
    pub(crate) const fn new(now: Millis) -> Agenda<E> {
        Agenda { now, noted: 0, heap: BinaryHeap::new() }
    }

    pub(crate) const fn now(&self) -> Millis {
        self.now
    }

    /// Notes an event for `after_ms` from now.
    pub(crate) fn after(&mut self, after_ms: u64, event: E) {
        self.at(self.now.plus(after_ms), event);
    }

    /// Notes an event for a moment; one that has passed is now.
    pub(crate) fn at(&mut self, moment: Millis, event: E) {
        self.noted += 1;
        self.heap.push(Reverse(Noted { at: (moment.max(self.now), self.noted), event }));
    }

    /// The next event; time moves on to it.
    pub(crate) fn pop(&mut self) -> Option<E> {
        let Reverse(noted) = self.heap.pop()?;
        self.now = noted.at.0;
        Some(noted.event)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_as_noted() {
        let mut agenda = Agenda::new(Millis(10));
        agenda.after(5, 'c');
        agenda.after(1, 'a');
        agenda.after(1, 'b');
        let order: String = std::iter::from_fn(|| agenda.pop()).collect();
        assert_eq!((order.as_str(), agenda.now()), ("abc", Millis(15)));
    }
}
