//! Node time: never goes back, may be accelerated, may be moved forward; and the guard that distrusts it.

use facts::Millis;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How far wall and monotonic clock may drift apart before timers and new orders halt.
const JUMP_MOST: Duration = Duration::from_secs(5);

/// Where node time comes from.
pub trait Clock: Send + Sync {
    /// Node time.
    fn now(&self) -> Millis;

    /// Whether time can be acted upon.
    fn is_trusted(&self) -> bool;

    /// How long to wait, in real time, until node time reaches `due`.
    fn wait_for(&self, due: Millis) -> Duration;

    /// Moves node time forward to `moment`, if that is later than now.
    fn advance_to(&self, moment: Millis);
}

/// Node time from the machine's clocks.
pub struct NodeClock {
    inner: Mutex<Inner>,
}

struct Inner {
    base: Millis,
    rate: u32,
    started: Instant,
    started_wall: SystemTime,
    guard_from: (Instant, SystemTime),
    trusted: bool,
}

impl NodeClock {
    /// The wall clock, never before `not_before`.
    pub fn real(not_before: Millis) -> NodeClock {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Millis(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
        NodeClock::accelerated(now.max(not_before), 1)
    }

    /// A clock that starts at `base` and runs `rate` times as fast as real time.
    pub fn accelerated(base: Millis, rate: u32) -> NodeClock {
        let (started, started_wall) = (Instant::now(), SystemTime::now());
        let guard_from = (started, started_wall);
        NodeClock { inner: Mutex::new(Inner { base, rate, started, started_wall, guard_from, trusted: true }) }
    }

    /// Trusts the clock again after a person has looked.
    pub fn trust_again(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.guard_from = (Instant::now(), SystemTime::now());
        inner.trusted = true;
    }
}

impl Inner {
    fn now(&self) -> Millis {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.base.plus(elapsed.saturating_mul(u64::from(self.rate)))
    }

    /// Compares the two clocks since the last look; a jump between them is remembered until a person looked.
    fn look(&mut self) -> bool {
        let (instant, wall) = (Instant::now(), SystemTime::now());
        let by_instant = instant.duration_since(self.guard_from.0);
        let by_wall = wall.duration_since(self.guard_from.1);
        let drift = match by_wall {
            Ok(by_wall) => by_wall.abs_diff(by_instant),
            Err(back) => back.duration() + by_instant,
        };
        if drift > JUMP_MOST {
            self.trusted = false;
        }
        self.guard_from = (instant, wall);
        self.started_wall = wall;
        self.trusted
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Millis {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).now()
    }

    fn is_trusted(&self) -> bool {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).look()
    }

    fn wait_for(&self, due: Millis) -> Duration {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        Duration::from_millis(due.since(inner.now()) / u64::from(inner.rate.max(1)))
    }

    fn advance_to(&self, moment: Millis) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = inner.now();
        if moment > now {
            inner.base = moment;
            inner.started = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_time_moves_forward_only() {
        let clock = NodeClock::accelerated(Millis(1_000), 1);
        clock.advance_to(Millis(5_000));
        assert!(clock.now() >= Millis(5_000));
        clock.advance_to(Millis(2_000));
        assert!(clock.now() >= Millis(5_000));
        assert!(clock.is_trusted());
    }

    #[test]
    fn a_jump_of_the_wall_clock_is_remembered_until_a_person_looked() {
        let clock = NodeClock::accelerated(Millis(0), 1);
        {
            let mut inner = clock.inner.lock().expect("not poisoned");
            inner.guard_from.1 = SystemTime::now() - Duration::from_secs(60);
        }
        assert!(!clock.is_trusted());
        assert!(!clock.is_trusted());
        clock.trust_again();
        assert!(clock.is_trusted());
    }
}
