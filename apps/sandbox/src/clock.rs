//! Wall-clock stamps and their RFC 3339 text, in milliseconds since 1970 (UTC).

use std::time::{SystemTime, UNIX_EPOCH};

const DAY_MS: i64 = 86_400_000;
/// A day in Beijing begins eight hours before one of UTC.
const BEIJING_MS: i64 = 8 * 3_600_000;

/// The wall clock, in milliseconds since 1970.
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Writes a stamp as `2026-11-22T09:00:00.000Z`.
pub(crate) fn rfc3339(at_ms: i64) -> String {
    let (year, month, day) = civil_from_days(at_ms.div_euclid(DAY_MS));
    let of_day = at_ms.rem_euclid(DAY_MS);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1_000 % 60, of_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The day in Beijing, as `2026-11-22`.
pub(crate) fn beijing_date(at_ms: i64) -> String {
    later_date(at_ms, 0)
}

/// The day in Beijing so many days later.
pub(crate) fn later_date(at_ms: i64, days: i64) -> String {
    let stamp = rfc3339(at_ms.saturating_add(BEIJING_MS + days * DAY_MS));
    stamp.split('T').next().unwrap_or_default().to_owned()
}

/// Whether a text is a day of the calendar, as `2026-11-22`.
pub(crate) fn is_date(text: &str) -> bool {
    parse_rfc3339(&format!("{text}T00:00:00Z")).is_some_and(|at_ms| rfc3339(at_ms).starts_with(&format!("{text}T")))
}

/// Reads an RFC 3339 stamp with seconds, optional fraction (cut to milliseconds), and `Z` or an offset; `None` when it is not one.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    let (date, clock) = text.split_at_checked(10)?;
    let mut date = date.split('-').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let clock = clock.strip_prefix(['T', 't', ' '])?;
    let (time, rest) = clock.split_at_checked(8)?;
    let mut time = time.split(':').map(number);
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if !in_range {
        return None;
    }
    let (milli, zone) = split_fraction(rest)?;
    let seconds = hour * 3_600 + minute * 60 + second - offset_seconds(zone)?;
    Some(days_from_civil(year, month, day) * DAY_MS + seconds * 1_000 + milli)
}

fn number(digits: &str) -> Option<i64> {
    let plain = !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

fn split_fraction(rest: &str) -> Option<(i64, &str)> {
    let Some(fraction) = rest.strip_prefix('.') else {
        return Some((0, rest));
    };
    let end = fraction.find(|c: char| !c.is_ascii_digit())?;
    let (digits, zone) = fraction.split_at(end);
    let milli: String = digits.chars().chain("00".chars()).take(3).collect();
    Some((number(&milli)?, zone))
}

fn offset_seconds(zone: &str) -> Option<i64> {
    if zone == "Z" || zone == "z" {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    Some(sign * (number(hours)? * 3_600 + number(minutes)? * 60))
}

/// Year, month and day of a day count since 1970-01-01, in the proleptic Gregorian calendar (Hinnant's algorithm).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The day count since 1970-01-01; the inverse of [`civil_from_days`].
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted_year = year - i64::from(month <= 2);
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{beijing_date, is_date, later_date, parse_rfc3339, rfc3339};

    #[test]
    fn stamps_read_back_as_written() {
        for at_ms in [0, 951_782_400_000, 1_795_338_000_123, 4_102_444_799_999, -1] {
            assert_eq!(parse_rfc3339(&rfc3339(at_ms)), Some(at_ms));
        }
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00.000Z");
    }

    #[test]
    fn days_are_of_the_calendar_and_begin_in_beijing() {
        assert_eq!(
            (beijing_date(1_795_363_199_999), beijing_date(1_795_363_200_000)),
            ("2026-11-22".to_owned(), "2026-11-23".to_owned())
        );
        assert_eq!(later_date(1_795_363_200_000, 1_095), "2029-11-22");
        for (text, is_day) in
            [("2028-02-29", true), ("2027-02-29", false), ("2027-1-01", false), ("", false), ("soon", false)]
        {
            assert_eq!(is_date(text), is_day, "{text}");
        }
    }

    #[test]
    fn offsets_and_fractions_are_understood_and_nonsense_is_not() {
        let noon = parse_rfc3339("2026-11-22T04:00:00Z");
        assert!(noon.is_some());
        assert_eq!(parse_rfc3339("2026-11-22T12:00:00+08:00"), noon);
        assert_eq!(parse_rfc3339("2026-11-22T04:00:00.5Z"), noon.map(|ms| ms + 500));
        for nonsense in
            ["", "today", "2026-13-01T00:00:00Z", "2026-11-22T04:00:00", "2026-11-22", "一二三四五六七八九十"]
        {
            assert_eq!(parse_rfc3339(nonsense), None, "{nonsense:?}");
        }
    }
}
