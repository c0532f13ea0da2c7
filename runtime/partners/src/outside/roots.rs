//! Who vouches for those who answer over TLS: the certificates of a file.

use super::OutsideFault;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// Where this system keeps the roots that it trusts.
const OF_THE_SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The roots that are trusted.
#[derive(Clone)]
pub struct Roots(TlsConnector);

/// Why roots cannot be used.
#[derive(Debug, Error)]
pub enum RootsFault {
    /// The file cannot be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It holds no certificate.
    #[error("`{}` holds no certificate in PEM", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Unusable(#[from] rustls::Error),
}

impl Roots {
    /// Those of a file, or of the system.
    ///
    /// Errors: it cannot be read, or holds none.
    pub fn read(file: Option<&Path>) -> Result<Roots, RootsFault> {
        let path = file.unwrap_or(Path::new(OF_THE_SYSTEM));
        let unreadable = |error| match error {
            pem::Error::Io(source) => RootsFault::Unreadable { path: path.to_owned(), source },
            _ => RootsFault::Empty { path: path.to_owned() },
        };
        let mut trusted = RootCertStore::empty();
        // Of the system's roots some may be of a kind that is not known here.
        let found = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
        trusted.add_parsable_certificates(found.filter_map(Result::ok));
        if trusted.is_empty() {
            return Err(RootsFault::Empty { path: path.to_owned() });
        }
        Roots::of(trusted)
    }

    fn of(trusted: RootCertStore) -> Result<Roots, RootsFault> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_protocol_versions(&[&TLS13, &TLS12])?;
        let config = builder.with_root_certificates(trusted).with_no_client_auth();
        Ok(Roots(TlsConnector::from(Arc::new(config))))
    }

    /// Trusts nobody.
    #[cfg(test)]
    pub fn nobody() -> Roots {
        Roots::of(RootCertStore::empty()).expect("TLS")
    }

    /// Lets whoever answers prove the host's name.
    pub(super) async fn connect(&self, host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>, OutsideFault> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| OutsideFault::Address)?;
        self.0.connect(name, stream).await.map_err(|_| OutsideFault::Unproven)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_that_cannot_be_read_are_told() {
        let told = |path: &str| Roots::read(Some(Path::new(path))).err().map(|fault| fault.to_string());
        assert!(told("/nowhere").is_some_and(|told| told.starts_with("`/nowhere` cannot be read: ")));
        assert_eq!(told("/dev/null").as_deref(), Some("`/dev/null` holds no certificate in PEM"));
    }
}
