//! Physical lines: LF and CRLF end one, a wholly empty one is none, and one leading byte order mark is ignored.

use std::io::{self, BufRead};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads a source line by line; holds one line at a time.
pub struct Lines<R> {
    source: R,
    bytes: Vec<u8>,
    number: u64,
}

/// A line that is not empty, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, counted from 1 over all physical lines.
    pub number: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl<R: BufRead> Lines<R> {
    /// The lines of a source.
    pub const fn new(source: R) -> Lines<R> {
        Lines { source, bytes: Vec::new(), number: 0 }
    }

    /// The number of the line that was read last; 0 before the first.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not empty; none at the end.
    ///
    /// Errors: the source's own.
    pub fn read(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            self.bytes.clear();
            if self.source.read_until(b'\n', &mut self.bytes)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if !content(&self.bytes, self.number).is_empty() {
                break;
            }
        }
        Ok(Some(Line { number: self.number, bytes: content(&self.bytes, self.number) }))
    }
}

/// A line without its end. A carriage return before anything but a line feed ends nothing: it is part of a value.
fn content(line: &[u8], number: u64) -> &[u8] {
    let line = match line.strip_suffix(b"\n") {
        Some(ended) => ended.strip_suffix(b"\r").unwrap_or(ended),
        None => line,
    };
    if number == 1 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut lines = Lines::new(text);
        let mut found = Vec::new();
        while let Some(line) = lines.read().expect("a slice reads") {
            found.push((line.number, line.bytes.to_vec()));
        }
        found
    }

    #[test]
    fn lines_end_as_the_contract_says() {
        type Expected = &'static [(u64, &'static [u8])];
        let rows: [(&[u8], Expected); 8] = [
            (b"", &[]),
            (b"\n\r\n\n", &[]),
            (b"a\nb", &[(1, b"a"), (2, b"b")]),
            (b"a\r\nb\r\n", &[(1, b"a"), (2, b"b")]),
            (b"a\rb\r\r\nc\r", &[(1, b"a\rb\r"), (2, b"c\r")]),
            (b"\xEF\xBB\xBFa\n\xEF\xBB\xBFb\n", &[(1, b"a"), (2, b"\xEF\xBB\xBFb")]),
            (b"\xEF\xBB\xBF\n\na\n", &[(3, b"a")]),
            (b"\xEF\xBB\xBF\xEF\xBB\xBFa", &[(1, b"\xEF\xBB\xBFa")]),
        ];
        for (text, expected) in rows {
            let expected: Vec<_> = expected.iter().map(|(number, line)| (*number, line.to_vec())).collect();
            assert_eq!(lines(text), expected, "{:?}", String::from_utf8_lossy(text));
        }
    }
}
