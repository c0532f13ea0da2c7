//! How often somebody may try: the generic cell rate algorithm over a sketch of fixed size.
//!
//! The books have no entries that could be filled up or pushed out: a key names four cells, and the emptiest of
//! them counts. So memory never grows, nobody is forgotten early, and the worst that a flood of keys brings about is
//! that a stranger is told to wait. `governor` keeps a map that grows with its keys, and reads a clock of its own.

use crate::settings::Rate;
use crate::usage::UseRate;
use facts::Millis;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

/// Cells of a row; a power of two.
const CELLS: usize = 1 << 16;
/// Rows, each with a hash of its own.
const ROWS: usize = 4;
const MS_NS: u64 = 1_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// How fast one key may go: so many at once, then one every so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// At once.
    pub burst: u32,
    /// Then one in so many nanoseconds: thousands a second are no whole number of milliseconds each.
    pub every_ns: u64,
}

impl From<Rate> for Pace {
    fn from(rate: Rate) -> Pace {
        Pace { burst: rate.burst, every_ns: rate.every_ms.saturating_mul(MS_NS) }
    }
}

impl From<UseRate> for Pace {
    fn from(rate: UseRate) -> Pace {
        Pace { burst: rate.burst, every_ns: SECOND_NS / u64::from(rate.per_second.max(1)) }
    }
}

impl Pace {
    /// How long it takes until everything is there again that was used.
    pub const fn window_ms(self) -> u64 {
        (self.burst as u64).saturating_mul(self.every_ns).div_ceil(MS_NS)
    }
}

/// What a try came to, and what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether it is let through.
    pub verdict: Verdict,
    /// How many more would be let through at once.
    pub left: u32,
    /// When everything is there again.
    pub whole_in_ms: u64,
}

/// Whether a try is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Allowed,
    /// Not now.
    Limited {
        /// When it would be.
        retry_after_ms: u64,
    },
}

/// The book of one kind of key: numbers, names or addresses. 2 MiB.
pub struct Limiter {
    pace: Pace,
    /// Chosen anew at each start, so that nobody can aim at somebody else's cells.
    hashers: [RandomState; ROWS],
    /// When each cell is empty again, in nanoseconds since 1970; row after row.
    empty_at: Mutex<Box<[u64]>>,
}

impl Limiter {
    /// An empty book.
    pub fn new(pace: impl Into<Pace>) -> Limiter {
        let hashers = std::array::from_fn(|_| RandomState::new());
        Limiter { pace: pace.into(), hashers, empty_at: Mutex::new(vec![0; ROWS * CELLS].into_boxed_slice()) }
    }

    /// Counts a try, unless it is one too many.
    pub fn check(&self, key: &[u8], now: Millis) -> Verdict {
        self.take(key, self.pace, now).verdict
    }

    /// The same for a key that has a pace of its own; with what is left.
    pub fn take(&self, key: &[u8], pace: Pace, now: Millis) -> Taken {
        let cells: [usize; ROWS] =
            std::array::from_fn(|row| row * CELLS + (self.hashers[row].hash_one(key) as usize & (CELLS - 1)));
        let now = now.0.saturating_mul(MS_NS);
        let full = pace.every_ns.saturating_mul(pace.burst.into());
        let mut empty_at = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let emptiest = cells.iter().map(|cell| empty_at[*cell]).min().unwrap_or_default().max(now);
        let next = emptiest.saturating_add(pace.every_ns);
        let over = next.saturating_sub(now.saturating_add(full));
        if over > 0 {
            let verdict = Verdict::Limited { retry_after_ms: over.div_ceil(MS_NS) };
            return Taken { verdict, left: 0, whole_in_ms: (emptiest - now).div_ceil(MS_NS) };
        }
        for cell in cells {
            empty_at[cell] = empty_at[cell].max(next);
        }
        let left = (full - (next - now)) / pace.every_ns.max(1);
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        Taken { verdict: Verdict::Allowed, left, whole_in_ms: (next - now).div_ceil(MS_NS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, every_ms: 1_000 };

    #[test]
    fn a_burst_then_one_every_so_often() {
        let book = Limiter::new(RATE);
        let now = Millis(5_000_000);
        for _ in 0..3 {
            assert_eq!(book.check(b"a", now), Verdict::Allowed);
        }
        assert_eq!(book.check(b"a", now), Verdict::Limited { retry_after_ms: 1_000 });
        assert_eq!(book.check(b"a", now.plus(999)), Verdict::Limited { retry_after_ms: 1 });
        assert_eq!(book.check(b"a", now.plus(1_000)), Verdict::Allowed);
        assert!(matches!(book.check(b"a", now.plus(1_000)), Verdict::Limited { .. }));
        assert_eq!(book.check(b"b", now), Verdict::Allowed, "another key has cells of its own");
    }

    #[test]
    fn thousands_a_second_are_counted_and_what_is_left_is_told() {
        let book = Limiter::new(RATE);
        let pace = Pace::from(UseRate { burst: 10, per_second: 4_000 });
        assert_eq!((pace.every_ns, pace.window_ms()), (250_000, 3));
        let now = Millis(1_790_000_000_000);
        for left in (0..10).rev() {
            assert_eq!(book.take(b"a", pace, now).left, left);
        }
        let stopped = book.take(b"a", pace, now);
        assert_eq!(stopped, Taken { verdict: Verdict::Limited { retry_after_ms: 1 }, left: 0, whole_in_ms: 3 });
        let let_through = (0..100).filter(|_| book.take(b"a", pace, now.plus(1)).verdict == Verdict::Allowed).count();
        assert_eq!(let_through, 4, "four in a millisecond");
    }

    #[test]
    fn a_flood_of_keys_neither_grows_the_book_nor_frees_a_limited_key() {
        let book = Limiter::new(RATE);
        let now = Millis(5_000_000);
        (0..3).for_each(|_| assert_eq!(book.check(b"guessed", now), Verdict::Allowed));
        let mut stopped = 0;
        for key in 0u32..10_000 {
            stopped += u32::from(book.check(&key.to_be_bytes(), now) != Verdict::Allowed);
        }
        assert!(matches!(book.check(b"guessed", now), Verdict::Limited { .. }));
        assert!(stopped < 10, "{stopped} of 10000 strangers were told to wait");
        assert_eq!(book.empty_at.lock().unwrap().len(), ROWS * CELLS);
    }
}
