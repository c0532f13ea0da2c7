//! The circuit breaker of one partner: a run of silence closes the door, one good answer opens it again.

use std::time::{Duration, Instant};

/// So many silent replies in a row close the door.
const SILENT_RUN: u32 = 24;
/// How long the door stays closed before one request is let through.
const CLOSED_FOR: Duration = Duration::from_secs(3);

/// What the breaker wants changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerMove {
    /// No request may leave.
    Close,
    /// One request may leave, to see.
    Probe,
    /// As many as the contract says.
    Open,
}

/// A partner's breaker. Volatile: after a restart the door is open until it proves shut.
#[derive(Debug, Default)]
pub struct Breaker {
    silent: u32,
    closed_at: Option<Instant>,
    probing: bool,
}

impl Breaker {
    /// Notes a reply that said something.
    pub fn spoke(&mut self) -> Option<BreakerMove> {
        self.silent = 0;
        self.probing = false;
        self.closed_at.take().map(|_| BreakerMove::Open)
    }

    /// Notes a reply that did not come.
    pub fn silent(&mut self, now: Instant) -> Option<BreakerMove> {
        self.silent = self.silent.saturating_add(1);
        if self.probing || (self.silent >= SILENT_RUN && self.closed_at.is_none()) {
            self.probing = false;
            self.closed_at = Some(now);
            return Some(BreakerMove::Close);
        }
        None
    }

    /// Lets time pass.
    pub fn tick(&mut self, now: Instant) -> Option<BreakerMove> {
        let due = self.closed_at.is_some_and(|closed_at| now.duration_since(closed_at) >= CLOSED_FOR);
        if due && !self.probing {
            self.probing = true;
            return Some(BreakerMove::Probe);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_silence_closes_and_one_answer_opens() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        for _ in 1..SILENT_RUN {
            assert_eq!(breaker.silent(start), None);
        }
        assert_eq!(breaker.silent(start), Some(BreakerMove::Close));
        assert_eq!(breaker.tick(start), None);
        let later = start + CLOSED_FOR;
        assert_eq!(breaker.tick(later), Some(BreakerMove::Probe));
        assert_eq!(breaker.silent(later), Some(BreakerMove::Close));
        assert_eq!(breaker.tick(later + CLOSED_FOR), Some(BreakerMove::Probe));
        assert_eq!(breaker.spoke(), Some(BreakerMove::Open));
        assert_eq!(breaker.spoke(), None);
    }
}
