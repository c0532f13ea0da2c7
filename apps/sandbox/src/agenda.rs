//! What a server owes for later: pending results, late successes, billing runs.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Tasks ordered by due time, then by the order they were put in.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    due: BTreeMap<(Instant, u64), T>,
    next: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Agenda { due: BTreeMap::new(), next: 0 }
    }
}

impl<T> Agenda<T> {
    /// Puts a task in, due after `delay`.
    pub fn put(&mut self, delay: Duration, task: T) {
        self.next += 1;
        self.due.insert((Instant::now() + delay, self.next), task);
    }

    /// Takes the earliest task that is due at `now`.
    pub fn take_due(&mut self, now: Instant) -> Option<T> {
        let first = self.due.first_entry()?;
        if first.key().0 > now { None } else { Some(first.remove()) }
    }

    /// Takes the earliest task for which `wanted` holds, due or not.
    pub fn take_early(&mut self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let key = self.due.iter().find(|(_, task)| wanted(task)).map(|(key, _)| *key)?;
        self.due.remove(&key)
    }

    /// When the earliest task is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.due.first_key_value().map(|(key, _)| key.0)
    }

    /// How many tasks wait.
    pub fn len(&self) -> usize {
        self.due.len()
    }
}
