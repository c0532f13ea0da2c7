//! Moments as text: RFC 3339 in China's one zone, to the millisecond.

use facts::{Day, Millis};

const DAY_MS: i64 = 86_400_000;

/// A moment as text, such as `2026-11-22T09:30:00.000+08:00`.
pub fn text(moment: Millis) -> String {
    let [hour, minutes, seconds] = [3_600_000, 60_000, 1_000].map(|part| moment.of_day() / part);
    let (minute, second, millis) = (minutes % 60, seconds % 60, moment.of_day() % 1_000);
    format!("{}T{hour:02}:{minute:02}:{second:02}.{millis:03}+08:00", moment.day())
}

/// The moment that an RFC 3339 text names, to the millisecond; `None` when it names none from 1970 on.
pub fn parse(text: &str) -> Option<Millis> {
    let (date, time) = text.split_once('T')?;
    let day: Day = date.parse().ok()?;
    let place = time.find(['Z', '+', '-'])?;
    let (clock, offset) = time.split_at(place);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = pairs(clock)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let of_day = ((hour * 60 + minute) * 60 + second) * 1_000 + millis(fraction)?;
    let in_utc = i64::from(day.count()) * DAY_MS + of_day - offset_ms(offset)?;
    u64::try_from(in_utc).ok().map(Millis)
}

/// The milliseconds that the digits after the point name; finer ones are cut off.
fn millis(fraction: &str) -> Option<i64> {
    let valid = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let padded = format!("{fraction}00");
    if valid { padded[..3].parse().ok() } else { None }
}

/// How far a zone is ahead of UTC.
fn offset_ms(offset: &str) -> Option<i64> {
    if offset == "Z" {
        return Some(0);
    }
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = pairs(&offset[1..])?;
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60_000)
}

/// Numbers of two digits with colons between.
fn pairs<const N: usize>(text: &str) -> Option<[i64; N]> {
    let read = |part: &str| {
        let two_digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if two_digits { part.parse().ok() } else { None }
    };
    let pairs: Option<Vec<i64>> = text.split(':').map(read).collect();
    pairs?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_back() {
        for (millis, written) in [
            (1_795_276_800_000, "2026-11-22T00:00:00.000+08:00"),
            (1_795_276_799_999, "2026-11-21T23:59:59.999+08:00"),
            (1_795_314_645_007, "2026-11-22T10:30:45.007+08:00"),
        ] {
            assert_eq!(text(Millis(millis)), written);
            assert_eq!(parse(written), Some(Millis(millis)));
        }
    }

    #[test]
    fn every_zone_names_the_same_moment() {
        for text in ["2026-11-21T16:00:00Z", "2026-11-22T01:30:00.000999+09:30", "2026-11-21T11:00:00.0-05:00"] {
            assert_eq!(parse(text), Some(Millis(1_795_276_800_000)), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T00:00:00",
            "2026-11-22T24:00:00Z",
            "2026-11-22T00:00Z",
            "2026-11-22T+1:00:00Z",
            "2026-11-22T00:00:00.Z",
            "2026-11-22T00:00:00+24:00",
            "2026-11-22T00:00:00+08",
            "2026-11-22T00:00:00++8:00",
            "2026-02-30T00:00:00Z",
            "1969-12-31T00:00:00Z",
            "1970-01-01T00:00:00+01:00",
            "2026-11-22T00:00:00Zé",
            "yesterday",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
