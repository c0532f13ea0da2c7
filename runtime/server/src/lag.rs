//! How long the views have been behind the journal.

use node::Node;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Watches a position that the views have to reach, and since when it is durable.
#[derive(Default)]
pub struct Lag {
    awaited: Mutex<Option<(u64, Instant)>>,
}

impl Lag {
    /// Looks at the views, and returns how long they have been behind at least.
    pub fn note(&self, node: &Node) -> Duration {
        self.look(node.durable(), node.progress().position(), Instant::now())
    }

    fn look(&self, durable: u64, shown: u64, now: Instant) -> Duration {
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        match *awaited {
            Some((position, since)) if shown < position => now.duration_since(since),
            _ => {
                *awaited = (shown < durable).then_some((durable, now));
                Duration::ZERO
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_the_age_of_the_oldest_position_that_is_awaited() {
        let lag = Lag::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(lag.look(5, 5, start), Duration::ZERO);
        assert_eq!(lag.look(8, 5, after(1)), Duration::ZERO);
        assert_eq!(lag.look(20, 7, after(12)), Duration::from_secs(11));
        assert_eq!(lag.look(20, 8, after(13)), Duration::ZERO);
        assert_eq!(lag.look(20, 19, after(14)), Duration::from_secs(1));
        assert_eq!(lag.look(20, 20, after(15)), Duration::ZERO);
    }
}
