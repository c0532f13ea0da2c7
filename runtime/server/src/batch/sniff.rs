//! What a file is by its first bytes, whatever its sender calls it. An order file is text in UTF-8 that begins with the
//! contract's header or a JSON object: what begins otherwise is told what it looks like.

/// So many bytes tell what a file is.
pub const BYTES: usize = 16;

/// How files begin that are sent by mistake or to see what happens.
const BEGINNINGS: [(&[u8], &str); 20] = [
    (b"PK\x03\x04", "a ZIP archive, such as a spreadsheet of an office program"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "a document of an old office program"),
    (b"\x7fELF", "an executable"),
    (b"MZ", "an executable"),
    (b"\xfe\xed\xfa", "an executable"),
    (b"\xcf\xfa\xed\xfe", "an executable"),
    (b"\xca\xfe\xba\xbe", "an executable"),
    (b"\0asm", "an executable"),
    (b"#!", "a script"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an XZ archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
];

/// What a file looks like by its first bytes; none when it may be an order file.
pub fn looks_like(first: &[u8]) -> Option<&'static str> {
    let utf16 = first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff");
    // Without a mark, half of the first two bytes of ASCII are zero.
    if utf16
        || matches!(first, [0, byte, ..] | [byte, 0, ..] if byte.is_ascii_graphic()) && !first.starts_with(b"\0asm")
    {
        return Some("UTF-16");
    }
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    if text.starts_with(b"<") {
        return Some("HTML or XML");
    }
    BEGINNINGS.iter().find(|(beginning, _)| first.starts_with(beginning)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_files_are_told_from_what_only_claims_to_be_one() {
        for good in [
            &b"request_id,requested_at"[..],
            b"\xef\xbb\xbfrequest_id,requ",
            b"\"request_id\",\"a\"",
            b"{\"request_id\":\"a\"}",
            b"",
            b"M",
            b"amount,msisdn",
        ] {
            assert_eq!(looks_like(good), None, "{good:?}");
        }
        for (beginning, name) in BEGINNINGS {
            assert_eq!(looks_like(&[beginning, b"rest of a file"].concat()), Some(name));
        }
        for page in [&b"<!DOCTYPE html>"[..], b"\n <html>", b"\xef\xbb\xbf<?xml version", b"<script>"] {
            assert_eq!(looks_like(page), Some("HTML or XML"));
        }
        for wide in [&b"\xff\xfer\0e\0"[..], b"\xfe\xff\0r\0e", b"r\0e\0q\0", b"\0r\0e\0q"] {
            assert_eq!(looks_like(wide), Some("UTF-16"), "{wide:?}");
        }
    }
}
