//! How often somebody may try: the generic cell rate algorithm over a sketch of fixed size.
//!
//! The books have no entries that could be filled up or pushed out: a key names four cells, and the emptiest of
//! them counts. So memory never grows, nobody is forgotten early, and the worst that a flood of keys brings about is
//! that a stranger is told to wait. `governor` keeps a map that grows with its keys, and reads a clock of its own.

use crate::settings::Rate;
use facts::Millis;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

/// Cells of a row; a power of two.
const CELLS: usize = 1 << 16;
/// Rows, each with a hash of its own.
const ROWS: usize = 4;

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
    rate: Rate,
    /// Chosen anew at each start, so that nobody can aim at somebody else's cells.
    hashers: [RandomState; ROWS],
    /// When each cell is empty again, in milliseconds; row after row.
    empty_at: Mutex<Box<[u64]>>,
}

impl Limiter {
    /// An empty book.
    pub fn new(rate: Rate) -> Limiter {
        let hashers = std::array::from_fn(|_| RandomState::new());
        Limiter { rate, hashers, empty_at: Mutex::new(vec![0; ROWS * CELLS].into_boxed_slice()) }
    }

    /// Counts a try, unless it is one too many.
    pub fn check(&self, key: &[u8], now: Millis) -> Verdict {
        let cells: [usize; ROWS] =
            std::array::from_fn(|row| row * CELLS + (self.hashers[row].hash_one(key) as usize & (CELLS - 1)));
        let mut empty_at = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let emptiest = cells.iter().map(|cell| empty_at[*cell]).min().unwrap_or_default().max(now.0);
        let full = self.rate.every_ms.saturating_mul(self.rate.burst.into());
        let next = emptiest.saturating_add(self.rate.every_ms);
        let over = next.saturating_sub(now.0.saturating_add(full));
        if over > 0 {
            return Verdict::Limited { retry_after_ms: over };
        }
        for cell in cells {
            empty_at[cell] = empty_at[cell].max(next);
        }
        Verdict::Allowed
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
