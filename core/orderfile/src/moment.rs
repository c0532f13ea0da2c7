//! Moments as RFC 3339 writes them, with an offset.

use facts::{Day, Millis};

/// The moment that an RFC 3339 time names, cut to the millisecond; none for any other text.
///
/// Lower-case `t` and `z`, any number of decimals and `-00:00` are RFC 3339; a space for `T`, hour 24 and second 60
/// are refused here. A moment before 1970 is none.
/// Source: RFC 3339, 5.6.
pub fn moment(text: &str) -> Option<Millis> {
    let bytes = text.as_bytes();
    if !text.is_ascii()
        || bytes.len() < 20
        || !matches!(bytes[10], b'T' | b't')
        || bytes[13] != b':'
        || bytes[16] != b':'
    {
        return None;
    }
    let day: Day = text[..10].parse().ok()?;
    let minutes = number(&text[11..13], 23)? * 60 + number(&text[14..16], 59)?;
    let seconds = minutes * 60 + number(&text[17..19], 59)?;
    let (millis, zone) = decimals(&text[19..])?;
    let local = i64::from(day.count()) * 86_400_000 + seconds * 1_000 + millis;
    u64::try_from(local - offset_minutes(zone)? * 60_000).ok().map(Millis)
}

/// Two digits, at most so much.
fn number(text: &str, most: i64) -> Option<i64> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok().filter(|value| *value <= most) } else { None }
}

/// Milliseconds, and what follows them.
fn decimals(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).filter(|end| *end > 0)?;
    let (digits, zone) = rest.split_at(end);
    let padded = digits.bytes().chain(core::iter::repeat(b'0')).take(3);
    Some((padded.fold(0, |value, digit| value * 10 + i64::from(digit - b'0')), zone))
}

fn offset_minutes(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let east = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    Some(east * (number(hours, 23)? * 60 + number(minutes, 59)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_rfc_3339_writes_them() {
        let rows = [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T08:00:00+08:00", 0),
            ("1970-01-01T08:00:00.5+08:00", 500),
            ("1970-01-01t00:00:01z", 1_000),
            ("1970-01-01T00:00:01-00:00", 1_000),
            ("1970-01-01T00:00:01.0019999999Z", 1_001),
            ("1970-01-01T00:00:00-23:59", 86_340_000),
            ("2025-10-01T16:59:59.999+08:00", 1_759_309_199_999),
            ("2024-02-29T23:59:59Z", 1_709_251_199_000),
        ];
        for (text, millis) in rows {
            assert_eq!(moment(text), Some(Millis(millis)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_moments() {
        for text in [
            "",
            "2025-10-01",
            "2025-10-01 16:59:59+08:00",
            "2025-10-01T16:59:59",
            "2025-10-01T16:59+08:00",
            "2025-10-01T24:00:00Z",
            "2025-10-01T16:60:00Z",
            "2025-10-01T16:59:60Z",
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-10-01T16:59:59.Z",
            "2025-10-01T16:59:59,5Z",
            "2025-10-01T16:59:59+0800",
            "2025-10-01T16:59:59+08",
            "2025-10-01T16:59:59+24:00",
            "2025-10-01T16:59:59+08:60",
            "2025-10-01T16:59:59 +08:00",
            "2025-10-01T16:59:59Zz",
            " 2025-10-01T16:59:59Z",
            "2025-10-01T16:59:59\u{ff3a}",
            "+025-10-01T16:59:59Z",
            "2025-10-01T+6:59:59Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "2025-W40-3T16:59:59Z",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
