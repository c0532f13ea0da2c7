//! Signed requests: five lines, each closed by a line feed: METHOD, path with query, timestamp, nonce, body.
//!
//! The header is `Authorization: TONGBAO-HMAC-SHA256 client=…,nonce=…,timestamp=…,serial=…,signature=…`, or the same
//! with `TONGBAO-ED25519`; the timestamp is in seconds since 1970, the signature in base64. Only the last line may hold
//! line feeds, so no two requests have the same five lines. Source: WeChat Pay API v3 has these lines too.

use crate::access::lock;
use crate::signer::{CachedSigner, SignerName, Verifier};
use crate::store::At;
use crate::{Access, AccessError, Denied, Principal, sql};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use facts::Millis;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, LazyLock};

/// What was signed, as it came.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// `GET`, `POST` and so on.
    pub method: &'a str,
    /// The path with its query, as on the request line.
    pub target: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// The schemes of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SignatureScheme {
    Hmac,
    Ed25519,
}

/// The header's parts.
#[derive(Debug, PartialEq, Eq)]
struct Header<'a> {
    scheme: SignatureScheme,
    client: &'a str,
    nonce: &'a str,
    timestamp: &'a str,
    timestamp_s: u64,
    serial: &'a str,
    signature: Vec<u8>,
}

const FIELDS: [&str; 5] = ["client", "nonce", "timestamp", "serial", "signature"];

/// The key that the signatures of unknown clients are checked with.
static NOBODY: LazyLock<VerifyingKey> = LazyLock::new(|| SigningKey::from_bytes(&[7; 32]).verifying_key());

/// Whether an `Authorization` header is of a scheme of ours.
pub fn is_signature(header: &str) -> bool {
    header.starts_with("TONGBAO-")
}

/// The five lines.
pub fn five_lines(request: &SignedRequest<'_>, timestamp: &str, nonce: &str) -> Vec<u8> {
    let mut lines = Vec::with_capacity(request.body.len() + request.target.len() + 128);
    for line in [request.method.as_bytes(), request.target.as_bytes(), timestamp.as_bytes(), nonce.as_bytes()] {
        lines.extend_from_slice(line);
        lines.push(b'\n');
    }
    lines.extend_from_slice(request.body);
    lines.push(b'\n');
    lines
}

fn malformed(field: &'static str, allowed: &'static str) -> Denied {
    Denied::SignatureMalformed { field, allowed }
}

fn token(field: &'static str, text: &str, least: usize) -> Result<(), Denied> {
    let fits = (least..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if fits {
        Ok(())
    } else {
        Err(malformed(field, "up to 64 of A-Z, a-z, 0-9, `.`, `_`, `-`; a nonce has 16 at least"))
    }
}

/// The client that a header names; none when it does not read as one.
pub fn client_of(header: &str) -> Option<&str> {
    Header::parse(header).ok().map(|header| header.client)
}

impl<'a> Header<'a> {
    /// Errors: a part is missing, there twice, unknown or not as it must be.
    fn parse(header: &'a str) -> Result<Header<'a>, Denied> {
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        let scheme = match scheme {
            "TONGBAO-HMAC-SHA256" => SignatureScheme::Hmac,
            "TONGBAO-ED25519" => SignatureScheme::Ed25519,
            _ => return Err(malformed("scheme", "`TONGBAO-HMAC-SHA256` or `TONGBAO-ED25519`")),
        };
        let mut parts = [None; FIELDS.len()];
        for part in rest.split(',') {
            let (name, value) = part.trim().split_once('=').unwrap_or((part, ""));
            let place = FIELDS.iter().position(|field| *field == name);
            let place = place.ok_or(malformed("header", "client, nonce, timestamp, serial, signature, each once"))?;
            if parts[place].replace(unquoted(value)).is_some() {
                return Err(malformed(FIELDS[place], "each part once"));
            }
        }
        let part = |place: usize| parts[place].ok_or(malformed(FIELDS[place], "each part once"));
        let (client, nonce, timestamp, serial) = (part(0)?, part(1)?, part(2)?, part(3)?);
        token("client", client, 1)?;
        token("nonce", nonce, 16)?;
        token("serial", serial, 1)?;
        let seconds = || malformed("timestamp", "seconds since 1970 in decimal digits");
        // One way to write a number, so that the line is what the number says.
        let timestamp_s = timestamp.parse::<u32>().map_err(|_| seconds())?;
        if timestamp_s.to_string() != timestamp {
            return Err(seconds());
        }
        let signature = STANDARD.decode(part(4)?).map_err(|_| malformed("signature", "base64"))?;
        Ok(Header { scheme, client, nonce, timestamp, timestamp_s: timestamp_s.into(), serial, signature })
    }
}

/// Clients quote values or not; both are `auth-param`s of RFC 9110, 11.2.
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// Whether lines carry a signature of a key. Without a key of the scheme it is as much work, and the answer is no.
fn fits(verifier: Option<&Verifier>, scheme: SignatureScheme, lines: &[u8], signature: &[u8]) -> bool {
    match scheme {
        SignatureScheme::Hmac => {
            let (key, known) = match verifier {
                Some(Verifier::Hmac(key)) => (key.as_slice(), true),
                _ => (&[0; 32][..], false),
            };
            hmac_fits(key, lines, signature) & known
        }
        SignatureScheme::Ed25519 => {
            let (key, known) = match verifier {
                Some(Verifier::Ed25519(key)) => (*key, true),
                _ => (*NOBODY, false),
            };
            ed25519_fits(&key, lines, signature) & known
        }
    }
}

fn hmac_fits(key: &[u8], lines: &[u8], signature: &[u8]) -> bool {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(lines);
    mac.verify_slice(signature).is_ok()
}

fn ed25519_fits(key: &VerifyingKey, lines: &[u8], signature: &[u8]) -> bool {
    Signature::from_slice(signature).is_ok_and(|signature| key.verify_strict(lines, &signature).is_ok())
}

impl Access {
    /// Who signed a request: a partner, or an agent's device.
    ///
    /// Errors: the header is malformed; the timestamp is outside the window, or may have been taken before a restart;
    /// the signature does not fit, or client or serial are unknown, which is not said; the key has expired; the nonce was used.
    pub fn signed(
        &self,
        header: &str,
        request: &SignedRequest<'_>,
        now: Millis,
    ) -> Result<Arc<Principal>, AccessError> {
        let header = Header::parse(header)?;
        let window_s = self.settings.signatures.window_s;
        let seconds = (now.0 / 1_000).abs_diff(header.timestamp_s);
        if seconds > window_s {
            return Err(Denied::ClockSkewed { seconds, window_s }.into());
        }
        // A line feed in a line that ends at one would make two requests look alike.
        if request.method.contains(['\n', '\r']) || request.target.contains(['\n', '\r']) {
            return Err(Denied::SignatureWrong.into());
        }
        let name = SignerName { client: header.client, serial: header.serial };
        let is_remembered = self.is_remembered(name);
        let signer = self.signer(name)?;
        let verifier = signer.as_ref().map(|signer| &*signer.verifier);
        let lines = five_lines(request, header.timestamp, header.nonce);
        let right = fits(verifier, header.scheme, &lines, &header.signature);
        let Some(CachedSigner { principal, expires_at, .. }) = signer.filter(|_| right) else {
            if is_remembered {
                // As long as a client takes that is not there: which ones there are is not told by the time.
                self.signer_of_nobody()?;
            }
            return Err(Denied::SignatureWrong.into());
        };
        if now >= expires_at {
            return Err(Denied::KeyExpired.into());
        }
        self.take_nonce(&header, now)?;
        Ok(principal)
    }

    /// Takes the nonce of a request whose signature fits: nobody else can use one up.
    fn take_nonce(&self, header: &Header<'_>, now: Millis) -> Result<(), AccessError> {
        let (client, timestamp_s) = (header.client, header.timestamp_s);
        let covered = lock(&self.nonces).covers(client, timestamp_s);
        if !covered {
            self.store.write(|rows| {
                let stored: Option<At> = rows.one(sql::MARK, [client], |row| row.get(0))?;
                let stored_s = stored.map_or(0, |mark| mark.0.0);
                let mut nonces = lock(&self.nonces);
                let mark_s = nonces.mark_for(timestamp_s).max(stored_s);
                rows.change(sql::MARK_PUT, (client, At(Millis(mark_s))))?;
                nonces.cover(client, stored_s, mark_s);
                Ok(())
            })?;
        }
        let digest = Sha256::digest(header.nonce);
        let nonce = *digest.first_chunk().expect("a digest has more than 16 bytes");
        Ok(lock(&self.nonces).take(client, nonce, timestamp_s, now)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_lines_are_closed_by_a_line_feed_each() {
        let request = SignedRequest { method: "POST", target: "/v1/orders?a=1", body: b"{}" };
        let lines = five_lines(&request, "1554208460", "593BEC0C930BF1AFEB40B4A08C8FB242");
        let expected = "POST\n/v1/orders?a=1\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n{}\n";
        assert_eq!(String::from_utf8(lines).unwrap(), expected);
        let empty = SignedRequest { method: "GET", target: "/", body: b"" };
        assert_eq!(five_lines(&empty, "1", "n"), b"GET\n/\n1\nn\n\n");
    }

    #[test]
    fn a_header_has_each_part_once() {
        let good =
            "TONGBAO-HMAC-SHA256 client=bank,nonce=0123456789abcdef,timestamp=1800000000,serial=a1,signature=AAAA";
        let parsed = Header::parse(good).unwrap();
        assert_eq!((parsed.client, parsed.serial, parsed.timestamp_s), ("bank", "a1", 1_800_000_000));
        let quoted = good.replace("bank", "\"bank\"").replace(',', ", ");
        assert_eq!(Header::parse(&quoted).unwrap(), parsed);
        let rows = [
            (good.replace("SHA256", "SHA1"), "scheme"),
            (good.replace("client=bank,", ""), "client"),
            (good.replace("serial=a1", "serial=a1,serial=a2"), "serial"),
            (good.replace("serial=a1", "serial=a1,extra=1"), "header"),
            (good.replace("0123456789abcdef", "short"), "nonce"),
            (good.replace("0123456789abcdef", "0123456789abcde\n"), "nonce"),
            (good.replace("=1800000000", "=01800000000"), "timestamp"),
            (good.replace("=1800000000", "=+1800000000"), "timestamp"),
            (good.replace("=1800000000", "=-1"), "timestamp"),
            (good.replace("=AAAA", "=A*"), "signature"),
            ("TONGBAO-HMAC-SHA256".to_owned(), "header"),
        ];
        for (header, part) in rows {
            let Err(Denied::SignatureMalformed { field, .. }) = Header::parse(&header) else {
                panic!("{header} was taken");
            };
            assert_eq!(field, part, "{header}");
        }
    }
}
