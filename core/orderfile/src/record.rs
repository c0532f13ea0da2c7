//! One line as fields: RFC 4180, except that a record is one physical line.

use std::borrow::Cow;

/// Why a line is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The field in which it shows, counted from 1.
    pub(crate) field: usize,
    /// What a record is.
    pub(crate) allowed: &'static str,
}

/// The fields of a line.
///
/// Errors: bytes that are not UTF-8, NUL, or quoting that RFC 4180 does not know.
pub(crate) fn fields(line: &[u8]) -> Result<Vec<Cow<'_, str>>, Fault> {
    let text = core::str::from_utf8(line).map_err(|error| at(line, error.valid_up_to(), "UTF-8"))?;
    if let Some(place) = line.iter().position(|byte| *byte == 0) {
        return Err(at(line, place, "text without NUL"));
    }
    let mut fields = Vec::with_capacity(9);
    let mut rest = text;
    loop {
        let fault = |allowed| Fault { field: fields.len() + 1, allowed };
        let (field, after) = match rest.strip_prefix('"') {
            Some(inside) => quoted(inside).ok_or(fault("a quote that is closed on its line"))?,
            None => bare(rest).ok_or(fault("no quote inside a field that does not begin with one"))?,
        };
        rest = match after.strip_prefix(',') {
            Some(rest) => rest,
            None if after.is_empty() => {
                fields.push(field);
                return Ok(fields);
            }
            None => return Err(fault("nothing between a closing quote and the comma")),
        };
        fields.push(field);
    }
}

fn at(line: &[u8], place: usize, allowed: &'static str) -> Fault {
    let commas = line[..place].iter().filter(|byte| **byte == b',').count();
    Fault { field: commas + 1, allowed }
}

fn bare(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.find(',').unwrap_or(text.len());
    let (field, after) = text.split_at(end);
    (!field.contains('"')).then_some((Cow::Borrowed(field), after))
}

/// The field up to its closing quote, and what follows it. Two quotes are one.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let (first, mut after) = text.split_once('"')?;
    let mut field = Cow::Borrowed(first);
    while let Some(inside) = after.strip_prefix('"') {
        let (more, rest) = inside.split_once('"')?;
        let field = field.to_mut();
        field.push('"');
        field.push_str(more);
        after = rest;
    }
    Some((field, after))
}

/// Writes a field, quoted only where RFC 4180 needs it.
pub(crate) fn write_field(field: &str, out: &mut String) {
    if !field.contains([',', '"', '\r', '\n']) {
        return out.push_str(field);
    }
    out.push('"');
    for (place, part) in field.split('"').enumerate() {
        if place > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_rfc_4180_writes_them() {
        let rows: [(&str, &[&str]); 10] = [
            ("a,b,c", &["a", "b", "c"]),
            (",,", &["", "", ""]),
            ("\"\",\"\"", &["", ""]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\"a\"\"b\",c", &["a\"b", "c"]),
            ("\"\"\"\"", &["\""]),
            ("\"\"\"a\"\"\"", &["\"a\""]),
            (" a , b ", &[" a ", " b "]),
            ("a\rb,c\r", &["a\rb", "c\r"]),
            ("'a',\"'b'\"", &["'a'", "'b'"]),
        ];
        for (line, expected) in rows {
            assert_eq!(fields(line.as_bytes()).expect(line), expected, "{line}");
        }
    }

    #[test]
    fn broken_lines_name_the_field() {
        let rows: [(&[u8], usize); 10] = [
            (b"a,\"b", 2),
            (b"\"a\"\"", 1),
            (b"a,b\"c,d", 2),
            (b"a,b\"\"", 2),
            (b"\"a\"b,c", 1),
            (b"\"a\" ,c", 1),
            (b"a,\"b\"\r", 2),
            (b"a,b,\xFF", 3),
            (b"a,\xC3\x28,c", 2),
            (b"a,b\0c", 2),
        ];
        for (line, field) in rows {
            let fault = fields(line).expect_err("broken");
            assert_eq!(fault.field, field, "{:?}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn a_written_field_reads_back() {
        for field in ["", "a", "a,b", "a\"b", "\"", "\"\"", "a\rb", " a ", "中文,\"引号\""] {
            let mut line = String::new();
            write_field(field, &mut line);
            assert_eq!(fields(line.as_bytes()).expect("well formed"), [field], "{line}");
        }
        let mut plain = String::new();
        write_field("a b'c;d", &mut plain);
        assert_eq!(plain, "a b'c;d", "quoted only where it must be");
    }
}
