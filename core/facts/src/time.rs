//! Time as plain integers: milliseconds since 1970 and calendar days in Asia/Shanghai.
//!
//! China keeps one zone, UTC+8, without summer time since 1991, and the published calendar starts in 2015:
//! a fixed offset is exact. The core never reads a clock; both of its times arrive inside the command.

use core::fmt;
use minicbor::{Decode, Encode};

const DAY_MS: u64 = 86_400_000;
const SHANGHAI_MS: u64 = 8 * 3_600_000;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Millis(#[n(0)] pub u64);

impl Millis {
    /// The moment `ms` milliseconds later.
    pub const fn plus(self, ms: u64) -> Millis {
        Millis(self.0.saturating_add(ms))
    }

    /// Milliseconds from an earlier moment, zero when it is not earlier.
    pub const fn since(self, earlier: Millis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The calendar day in Asia/Shanghai.
    pub const fn day(self) -> Day {
        Day(((self.0.saturating_add(SHANGHAI_MS)) / DAY_MS) as u32)
    }

    /// Milliseconds since midnight in Asia/Shanghai.
    pub const fn of_day(self) -> u64 {
        self.0.saturating_add(SHANGHAI_MS) % DAY_MS
    }
}

/// A calendar day in Asia/Shanghai, counted from 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Day(#[n(0)] u32);

impl Day {
    /// The day with this count from 1970-01-01.
    pub const fn from_count(days: u32) -> Day {
        Day(days)
    }

    /// Days since 1970-01-01.
    pub const fn count(self) -> u32 {
        self.0
    }

    /// The day of a proleptic Gregorian date from 1970 on; `None` when there is no such date.
    pub const fn from_date(year: u32, month: u32, day: u32) -> Option<Day> {
        if year < 1970 || year > 9_999 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        // Years counted from March put the leap day last; the count is Hinnant's days-from-civil.
        let shifted = if month <= 2 { year - 1 } else { year };
        let era = shifted / 400;
        let of_era = shifted % 400;
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Some(Day(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468))
    }

    /// Year, month and day of month.
    pub const fn date(self) -> (u32, u32, u32) {
        let shifted = self.0 + 719_468;
        let era = shifted / 146_097;
        let of_era = shifted % 146_097;
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_shifted + 2) / 5 + 1;
        let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month, day)
    }

    /// Day of the week, Monday 0 to Sunday 6.
    pub const fn weekday(self) -> u32 {
        (self.0 + 3) % 7
    }

    /// The next day.
    pub const fn next(self) -> Day {
        Day(self.0 + 1)
    }

    /// The first moment of the day in Asia/Shanghai.
    pub const fn start(self) -> Millis {
        Millis((self.0 as u64 * DAY_MS).saturating_sub(SHANGHAI_MS))
    }
}

const fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::str::FromStr for Day {
    type Err = ParseDayError;

    fn from_str(text: &str) -> Result<Day, ParseDayError> {
        let bytes = text.as_bytes();
        let shape = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
        if !shape || !bytes.iter().enumerate().all(|(i, b)| i == 4 || i == 7 || b.is_ascii_digit()) {
            return Err(ParseDayError);
        }
        let number = |range: core::ops::Range<usize>| text[range].parse().map_err(|_| ParseDayError);
        Day::from_date(number(0..4)?, number(5..7)?, number(8..10)?).ok_or(ParseDayError)
    }
}

/// The text is no date of the form `2026-11-22`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseDayError;

impl fmt::Display for ParseDayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a date such as 2026-11-22")
    }
}

impl core::error::Error for ParseDayError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree_for_a_century() {
        let mut day = Day::from_date(1970, 1, 1).expect("exists");
        assert_eq!(day.count(), 0);
        while day.date().0 < 2_100 {
            let (year, month, of_month) = day.date();
            assert_eq!(Day::from_date(year, month, of_month), Some(day));
            assert_eq!(day.to_string().parse(), Ok(day));
            day = day.next();
        }
    }

    #[test]
    fn a_day_starts_at_midnight_in_shanghai() {
        let day: Day = "2026-11-22".parse().expect("a date");
        assert_eq!(day.weekday(), 6);
        assert_eq!(day.start(), Millis(1_795_276_800_000));
        assert_eq!(day.start().day(), day);
        assert_eq!(Millis(day.start().0 - 1).day().next(), day);
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for text in ["2023-02-29", "2026-13-01", "2026-1-01", "26-01-01", "2026-00-10", "2026-11-22 "] {
            assert_eq!(text.parse::<Day>(), Err(ParseDayError), "{text}");
        }
    }
}
