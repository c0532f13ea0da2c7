//! Where one request of HTTP/1.1 ends and the next begins, read strictly from the bytes as they come.
//!
//! The server library reads leniently, as RFC 9112 lets it: a bare LF ends a line, a length beside chunks is dropped
//! without a word, chunks may have extensions. A proxy before it may read the same bytes otherwise, and then one of the
//! two sees a request that the other takes for a body. So whatever can be read in two ways is refused here, before the
//! library sees it. Bodies are skipped, not looked at; HTTP/2 frames itself and is let through.

use crate::phrases::Code;

/// The longest head, and how many lines it may have.
const HEAD_BYTES_MAX: usize = 32 << 10;
const HEAD_LINES_MAX: usize = 100;
/// The longest line that says how long a chunk is: eight hexadecimal digits.
const CHUNK_LINE_MAX: usize = 8;
/// How HTTP/2 begins. Source: RFC 9113, 3.4.
const HTTP2: &[u8] = b"PRI * HTTP/2.0";

/// Why bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the caller is told.
    pub code: Code,
    /// How many of the bytes belong to requests before the faulty one.
    pub good: usize,
}

/// How far a connection's bytes were read.
#[derive(Debug)]
pub struct Framing {
    at: At,
    ended: u64,
    line: Vec<u8>,
    head: Head,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Before a request, or in its head.
    Head,
    /// So many bytes of a body are to come.
    Body(u64),
    /// In the line that says how long a chunk is.
    ChunkLength,
    /// In a chunk: so many bytes, and the line's end after them.
    Chunk(u64),
    /// In the empty line after the last chunk.
    ChunksEnd,
    /// HTTP/2 from here on.
    Http2,
}

/// What a head has said so far.
#[derive(Debug, Default)]
struct Head {
    bytes: usize,
    lines: usize,
    length: Option<u64>,
    chunked: bool,
    host: Option<Vec<u8>>,
    /// The authority of a target that names one.
    authority: Option<Vec<u8>>,
    is_http10: bool,
}

impl Framing {
    /// Before the first request.
    pub fn new() -> Framing {
        Framing { at: At::Head, ended: 0, line: Vec::new(), head: Head::default() }
    }

    /// Whether nothing of a request has come since the last one ended.
    #[cfg(test)]
    fn is_between(&self) -> bool {
        self.at == At::Head && self.head.bytes == 0
    }

    /// How many requests have ended.
    pub const fn ended(&self) -> u64 {
        self.ended
    }

    /// Whether a request's head has passed and its body is to come.
    pub fn is_in_body(&self) -> bool {
        matches!(self.at, At::Body(_) | At::ChunkLength | At::Chunk(_) | At::ChunksEnd)
    }

    /// Whether an answer of HTTP/1.1 would be understood.
    pub fn is_http1(&self) -> bool {
        let may_be_http2 = self.head.lines == 0 && !self.line.is_empty() && HTTP2.starts_with(&self.line);
        self.at != At::Http2 && !may_be_http2
    }

    /// Reads on.
    ///
    /// Errors: the bytes can be read in two ways, or a head is too long.
    pub fn read(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let (mut place, mut good) = (0, 0);
        while place < bytes.len() {
            let rest = &bytes[place..];
            let was_in_request = self.is_in_body() || self.head.lines > 0;
            let taken = match self.at {
                At::Http2 => return Ok(()),
                At::Body(left) => self.skip(left, rest.len(), At::Body, At::Head),
                At::Chunk(left) => self.chunk(left, rest),
                At::Head | At::ChunkLength | At::ChunksEnd => self.line_of(rest),
            };
            place += taken.map_err(|code| Fault { code, good })?;
            if self.at == At::Head && self.head.bytes == 0 {
                self.ended += u64::from(was_in_request);
                good = place;
            }
        }
        Ok(())
    }

    fn skip(&mut self, left: u64, here: usize, on: fn(u64) -> At, then: At) -> Result<usize, Code> {
        let taken = left.min(here as u64);
        self.at = if taken == left { then } else { on(left - taken) };
        Ok(usize::try_from(taken).unwrap_or(here))
    }

    /// The last two bytes of a chunk are the line's end after it.
    fn chunk(&mut self, left: u64, rest: &[u8]) -> Result<usize, Code> {
        if left > 2 {
            return self.skip(left - 2, rest.len(), |left| At::Chunk(left + 2), At::Chunk(2));
        }
        let expected = if left == 2 { b'\r' } else { b'\n' };
        if rest[0] != expected {
            return Err(Code::RequestAmbiguous);
        }
        self.at = if left == 2 { At::Chunk(1) } else { At::ChunkLength };
        Ok(1)
    }

    /// Takes the rest of a line, or what there is of it.
    fn line_of(&mut self, rest: &[u8]) -> Result<usize, Code> {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(rest.len(), |end| end + 1);
        self.line.extend_from_slice(&rest[..taken]);
        if self.at == At::Head {
            self.head.bytes += taken;
            if self.head.bytes > HEAD_BYTES_MAX {
                return Err(Code::HeadTooLarge);
            }
        } else if self.line.len() > CHUNK_LINE_MAX + 2 {
            return Err(Code::RequestAmbiguous);
        }
        if end.is_some() {
            let mut line = std::mem::take(&mut self.line);
            self.line_ended(line.strip_suffix(b"\r\n").ok_or(Code::RequestAmbiguous)?)?;
            // The memory is used again.
            line.clear();
            self.line = line;
        }
        Ok(taken)
    }

    fn line_ended(&mut self, line: &[u8]) -> Result<(), Code> {
        match self.at {
            At::Head if line == HTTP2 && self.head.lines == 0 => self.at = At::Http2,
            At::Head if line.is_empty() && self.head.lines == 0 => self.head.bytes = 0,
            At::Head if line.is_empty() => self.at = std::mem::take(&mut self.head).end()?,
            At::Head if self.head.lines == 0 => self.head.first(line)?,
            At::Head => self.head.field(line)?,
            At::ChunkLength => self.at = chunk_length(line)?,
            // Trailers are for nobody here.
            At::ChunksEnd if line.is_empty() => self.at = At::Head,
            At::ChunksEnd | At::Body(_) | At::Chunk(_) | At::Http2 => return Err(Code::RequestAmbiguous),
        }
        Ok(())
    }
}

/// Errors: no length, or one with an extension.
fn chunk_length(line: &[u8]) -> Result<At, Code> {
    let digits = !line.is_empty() && line.iter().all(u8::is_ascii_hexdigit);
    let text = str::from_utf8(line).ok().filter(|_| digits).ok_or(Code::RequestAmbiguous)?;
    match u64::from_str_radix(text, 16).map_err(|_| Code::RequestAmbiguous)? {
        0 => Ok(At::ChunksEnd),
        length => Ok(At::Chunk(length + 2)),
    }
}

impl Head {
    /// The request line. Errors: anything but three words, a target of other than visible ASCII, a tunnel.
    fn first(&mut self, line: &[u8]) -> Result<(), Code> {
        self.lines = 1;
        let mut words = line.split(|byte| *byte == b' ');
        let words = (words.next(), words.next(), words.next(), words.next());
        let (Some(method), Some(target), Some(version), None) = words else { return Err(Code::RequestAmbiguous) };
        let fits = is_token(method) && !target.is_empty() && target.iter().all(u8::is_ascii_graphic);
        if !fits || method == b"CONNECT" {
            return Err(Code::RequestAmbiguous);
        }
        self.is_http10 = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            _ => return Err(Code::RequestAmbiguous),
        };
        if target[0] != b'/' && target != b"*" {
            let scheme = target.windows(3).position(|window| window == b"://").ok_or(Code::RequestAmbiguous)?;
            let rest = &target[scheme + 3..];
            let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
            self.authority = Some(rest[..end].to_ascii_lowercase());
        }
        Ok(())
    }

    /// A field. Errors: a folded line, a name that is no token, a value with controls or not UTF-8, or a field that
    /// says where the request ends or whose it is, said twice or in a way that others may not understand.
    fn field(&mut self, line: &[u8]) -> Result<(), Code> {
        self.lines += 1;
        if self.lines > HEAD_LINES_MAX {
            return Err(Code::HeadTooLarge);
        }
        let colon = line.iter().position(|byte| *byte == b':').ok_or(Code::RequestAmbiguous)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let is_text =
            str::from_utf8(value).is_ok() && !value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t');
        if !is_token(name) || !is_text {
            return Err(Code::RequestAmbiguous);
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            let digits = (1..=19).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
            let length = str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse().ok());
            once(&mut self.length, length.ok_or(Code::RequestAmbiguous)?)?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Code::RequestAmbiguous);
            }
            self.chunked = true;
        } else if name.eq_ignore_ascii_case(b"host") {
            once(&mut self.host, value.to_ascii_lowercase())?;
        }
        Ok(())
    }

    /// What comes after the head. Errors: two ways to tell where the body ends, or two hosts, or none.
    fn end(self) -> Result<At, Code> {
        let Head { length, chunked, host, authority, is_http10, .. } = self;
        let has_host = is_http10 || host.is_some();
        let is_other = authority.is_some_and(|authority| host.is_none_or(|host| host != authority));
        if !has_host || is_other || (chunked && (length.is_some() || is_http10)) {
            return Err(Code::RequestAmbiguous);
        }
        Ok(match (chunked, length) {
            (true, _) => At::ChunkLength,
            (false, None | Some(0)) => At::Head,
            (false, Some(length)) => At::Body(length),
        })
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), Code> {
    if place.replace(value).is_some() { Err(Code::RequestAmbiguous) } else { Ok(()) }
}

/// Source: RFC 9110, 5.6.2.
fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
