//! Asking an institution's provider: over TLS, or plainly on this machine. It is asked at its issuer alone, nothing is
//! followed, and no answer is long or long in coming.

use axum::body::{Body, to_bytes};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::uri::Authority;
use axum::http::{Method, Request, StatusCode, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The longest answer.
const BYTES_MAX: usize = 256 << 10;
/// How long an answer may take, from the first packet on.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Why a provider was not asked, or gave no usable answer. Says nothing of what it answered.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The address is not at the issuer.
    #[error("the address is not at the configured issuer")]
    Elsewhere,
    /// It cannot be reached, does not prove who it is, or breaks off.
    #[error("no answer: {0}")]
    Line(String),
    /// It takes too long.
    #[error("no answer in {} s", TIME_MAX.as_secs())]
    Slow,
    /// It answers with another status than 200.
    #[error("it answers {0}")]
    Status(StatusCode),
    /// The answer is too long, or no JSON.
    #[error("the answer is longer than {BYTES_MAX} bytes or no JSON")]
    Unreadable,
}

/// A line to one provider.
pub struct Line {
    origin: Origin,
    tls: Option<TlsConnector>,
}

#[derive(Debug, PartialEq, Eq)]
struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    fn of(address: &str) -> Option<(Origin, Uri)> {
        let uri: Uri = address.parse().ok()?;
        let secure = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority: &Authority = uri.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Some((Origin { secure, host: authority.host().to_owned(), port }, uri))
    }
}

impl Line {
    /// A line to an issuer, whose certificate one of these roots vouches for.
    ///
    /// Errors: the address is none, or the roots cannot be read.
    pub fn to(issuer: &str, roots: &Path) -> Result<Line, FetchError> {
        let (origin, _) = Origin::of(issuer).ok_or(FetchError::Elsewhere)?;
        let tls = if origin.secure { Some(connector(roots)?) } else { None };
        Ok(Line { origin, tls })
    }

    /// Whether an address is at the issuer.
    pub fn is_at_issuer(&self, address: &str) -> bool {
        Origin::of(address).is_some_and(|(origin, _)| origin == self.origin)
    }

    /// Reads an answer of JSON.
    pub async fn get(&self, address: &str) -> Result<Value, FetchError> {
        self.ask(Method::GET, address, (None, Body::empty())).await
    }

    /// Sends a form, and reads an answer of JSON.
    pub async fn post(&self, address: &str, form: String, credentials: Option<&str>) -> Result<Value, FetchError> {
        self.ask(Method::POST, address, (credentials, Body::from(form))).await
    }

    async fn ask(
        &self,
        method: Method,
        address: &str,
        (credentials, body): (Option<&str>, Body),
    ) -> Result<Value, FetchError> {
        let (_, uri) = Origin::of(address).filter(|(origin, _)| *origin == self.origin).ok_or(FetchError::Elsewhere)?;
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::builder().method(method).uri(target).header(HOST, host);
        request = request.header(ACCEPT, "application/json").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(credentials) = credentials {
            request = request.header(AUTHORIZATION, credentials);
        }
        let request = request.body(body).map_err(|_| FetchError::Elsewhere)?;
        tokio::time::timeout(TIME_MAX, self.exchange(request)).await.map_err(|_| FetchError::Slow)?
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Value, FetchError> {
        let Origin { host, port, .. } = &self.origin;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((bare, *port)).await.map_err(line)?;
        match &self.tls {
            None => over(stream, request).await,
            Some(tls) => {
                let name = ServerName::try_from(bare.to_owned()).map_err(line)?;
                over(tls.connect(name, stream).await.map_err(line)?, request).await
            }
        }
    }
}

fn line(error: impl std::fmt::Display) -> FetchError {
    FetchError::Line(error.to_string())
}

async fn over<S>(stream: S, request: Request<Body>) -> Result<Value, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(line)?;
    let driven = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(line)?;
    // A redirect is another status, too.
    if answer.status() != StatusCode::OK {
        return Err(FetchError::Status(answer.status()));
    }
    let bytes = to_bytes(Body::new(answer.into_body()), BYTES_MAX).await.map_err(|_| FetchError::Unreadable);
    driven.abort();
    serde_json::from_slice(&bytes?).map_err(|_| FetchError::Unreadable)
}

fn connector(roots: &Path) -> Result<TlsConnector, FetchError> {
    let mut trusted = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(roots).map_err(line)?;
    trusted.add_parsable_certificates(found.filter_map(Result::ok));
    if trusted.is_empty() {
        return Err(FetchError::Line(format!("no certificates in `{}`", roots.display())));
    }
    let config = ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_elsewhere_is_not_asked() {
        let line = Line::to("http://127.0.0.1:9000", Path::new("/nowhere")).expect("no roots are needed");
        assert!(line.is_at_issuer("http://127.0.0.1:9000/token?x=1"));
        for address in [
            "https://127.0.0.1:9000/token",
            "http://127.0.0.1:9001/token",
            "http://127.0.0.1/token",
            "http://evil.example:9000/token",
            "http://user@127.0.0.1:9000/token",
            "/token",
            "ftp://127.0.0.1:9000/token",
        ] {
            assert!(!line.is_at_issuer(address), "{address}");
        }
    }

    #[test]
    fn roots_that_cannot_be_read_are_told() {
        assert!(matches!(Line::to("https://id.example", Path::new("/nowhere")), Err(FetchError::Line(_))));
        assert!(matches!(Line::to("https://id.example", Path::new("/dev/null")), Err(FetchError::Line(_))));
    }
}
