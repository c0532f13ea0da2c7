//! Wrong tries, counted durably by subject: after so many the subject is locked, each time for twice as long.
//!
//! A subject is a keyed digest, and need not exist: an unknown name locks as a known one does.
//! A try is counted before it is looked at, so that a hundred at once are not a hundred free ones.

use crate::secret::Digest;
use crate::settings::TrySettings;
use crate::store::{At, Rows};
use crate::{AccessError, Denied, sql};
use facts::Millis;

/// What is known of a subject's wrong tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tries {
    /// Since the last lock or success.
    wrong: u32,
    /// Since the last success.
    locks: u32,
    locked_until: Millis,
}

impl Tries {
    /// One more try: counted as wrong until it proves right.
    fn charged(self, settings: TrySettings, now: Millis) -> Result<Tries, Denied> {
        if now < self.locked_until {
            return Err(Denied::AccountLocked { retry_after_ms: self.locked_until.since(now) });
        }
        let wrong = self.wrong + 1;
        if wrong < settings.allowed {
            return Ok(Tries { wrong, ..self });
        }
        let doubled = settings.first_lock_s.saturating_mul(1 << self.locks.min(32));
        let lock_ms = doubled.min(settings.longest_lock_s).saturating_mul(1_000);
        Ok(Tries { wrong: 0, locks: self.locks.saturating_add(1), locked_until: now.plus(lock_ms) })
    }
}

/// Counts a try that is about to be looked at, and says whether it was the last before a lock.
///
/// Errors: the subject is locked.
pub fn charge(rows: &Rows<'_>, subject: &Digest, settings: TrySettings, now: Millis) -> Result<bool, AccessError> {
    let known = rows.one(sql::TRIES, [subject.0], |row| {
        Ok(Tries { wrong: row.get(0)?, locks: row.get(1)?, locked_until: row.get::<_, At>(2)?.0 })
    })?;
    let charged = known.unwrap_or_default().charged(settings, now)?;
    let Tries { wrong, locks, locked_until } = charged;
    rows.change(sql::TRIES_PUT, (subject.0, wrong, locks, At(locked_until), At(now)))?;
    Ok(wrong == 0)
}

/// Errors: the subject is locked. Counts nothing.
pub fn check_lock(rows: &Rows<'_>, subject: &Digest, now: Millis) -> Result<(), AccessError> {
    let until = rows.one(sql::TRIES, [subject.0], |row| Ok(row.get::<_, At>(2)?.0))?.unwrap_or_default();
    let retry_after_ms = until.since(now);
    if retry_after_ms == 0 { Ok(()) } else { Err(Denied::AccountLocked { retry_after_ms }.into()) }
}

/// The try was right: nothing is held against the subject.
pub fn forgive(rows: &Rows<'_>, subject: &Digest) -> Result<(), AccessError> {
    rows.change(sql::TRIES_FORGET, [subject.0]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: TrySettings = TrySettings { allowed: 3, first_lock_s: 60, longest_lock_s: 200 };

    #[test]
    fn locks_come_after_so_many_tries_and_grow() {
        let (mut tries, mut now) = (Tries::default(), Millis(1_000_000));
        for lock_s in [60, 120, 200, 200] {
            for _ in 0..SETTINGS.allowed {
                tries = tries.charged(SETTINGS, now).unwrap();
            }
            let locked = Denied::AccountLocked { retry_after_ms: lock_s * 1_000 };
            assert_eq!(tries.charged(SETTINGS, now), Err(locked));
            now = now.plus(lock_s * 1_000 - 1);
            assert_eq!(tries.charged(SETTINGS, now), Err(Denied::AccountLocked { retry_after_ms: 1 }));
            now = now.plus(1);
        }
    }

    #[test]
    fn many_locks_do_not_overflow() {
        let tries = Tries { wrong: 2, locks: u32::MAX, locked_until: Millis(0) };
        assert_eq!(tries.charged(SETTINGS, Millis(1)).unwrap().locked_until, Millis(200_001));
    }
}
