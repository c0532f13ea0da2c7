//! The order file contract as text: one physical line a record, RFC 4180 quoting, RFC 3339 times.

use facts::{Day, Millis};
use std::collections::BTreeMap;

/// A row that could be read: column to value.
#[derive(Clone, PartialEq, Eq)]
pub struct Row(BTreeMap<String, String>);

impl Row {
    /// A column's value.
    pub fn get(&self, column: &str) -> &str {
        &self.0[column]
    }
}

/// A file: its rows, or for a broken line the request id that it echoes.
pub struct Table {
    pub rows: Vec<Result<Row, String>>,
}

impl Table {
    /// Reads a file whose header is right.
    pub fn read(bytes: &[u8]) -> Table {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let mut lines = lines.filter(|line| !line.is_empty());
        let header = fields(lines.next().expect("a header")).expect("a header");
        let row = |line| match fields(line) {
            Some(values) if values.len() == header.len() => Ok(Row(header.iter().cloned().zip(values).collect())),
            _ => Err(echo(line)),
        };
        Table { rows: lines.map(row).collect() }
    }
}

/// The fields of a line; `None` when its quoting or its bytes are broken.
fn fields(line: &[u8]) -> Option<Vec<String>> {
    let text = core::str::from_utf8(line).ok().filter(|text| !text.contains('\0'))?;
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(inside) => quoted_field(inside)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        if !rest.starts_with('"') && field.contains('"') {
            return None;
        }
        fields.push(field);
        rest = match after.strip_prefix(',') {
            Some(rest) => rest,
            None if after.is_empty() => return Some(fields),
            None => return None,
        };
    }
}

fn quoted_field(mut rest: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Some((field, after)),
        }
    }
}

fn echo(line: &[u8]) -> String {
    let first = line.split(|byte| *byte == b',').next().unwrap_or_default();
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(byte);
    let fits = (1..=64).contains(&first.len()) && first.iter().all(allowed);
    if fits { String::from_utf8_lossy(first).into_owned() } else { String::new() }
}

/// A field as RFC 4180 writes it, quoted only where it must be.
pub fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\r', '\n']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field.to_owned()
}

/// The moment that an RFC 3339 time names.
pub fn shanghai_millis(text: &str) -> Option<Millis> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 20 || !matches!(bytes[10], b'T' | b't') {
        return None;
    }
    let day: Day = text[..10].parse().ok()?;
    let clock = |text: &str, most: i64| -> Option<i64> {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse().ok().filter(|value| *value <= most) } else { None }
    };
    if bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    let seconds = (clock(&text[11..13], 23)? * 60 + clock(&text[14..16], 59)?) * 60 + clock(&text[17..19], 59)?;
    let (millis, zone) = fraction(&text[19..])?;
    let offset = match zone {
        "Z" | "z" => 0,
        _ if zone.len() == 6 && &zone[3..4] == ":" && matches!(&zone[..1], "+" | "-") => {
            let minutes = clock(&zone[1..3], 23)? * 60 + clock(&zone[4..6], 59)?;
            if zone.starts_with('-') { -minutes } else { minutes }
        }
        _ => return None,
    };
    let total = i64::from(day.count()) * 86_400_000 + seconds * 1_000 + millis - offset * 60_000;
    u64::try_from(total).ok().map(Millis)
}

fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).filter(|end| *end > 0)?;
    let digits = format!("{:0<3}", &rest[..end]);
    Some((digits[..3].parse().ok()?, &rest[end..]))
}
