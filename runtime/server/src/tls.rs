//! TLS before HTTP, and client certificates: which files it is made of, and when they are read again.

use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

/// Where certificates and keys lie, in PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The node's certificate, and those between it and its root.
    pub certificate: PathBuf,
    /// Its private key, which nobody but its owner may read.
    pub key: PathBuf,
    /// The roots that client certificates come from; without them none is asked for.
    pub client_ca: Option<PathBuf>,
}

/// Why TLS does not begin, or goes on with the files before.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("`{}` holds no {wanted} in PEM", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
    },
    /// Others could read the private key.
    #[error("`{}` can be read by others: mode is {mode:04o}, allowed is 0600\nhint: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Certificate and key, or the roots, cannot be used.
    #[error("certificate and key cannot be used: {0}\nhint: the key must be the certificate's")]
    Unusable(#[from] rustls::Error),
    /// The roots of client certificates cannot be used.
    #[error("the roots of client certificates cannot be used: {0}")]
    Roots(#[from] VerifierBuilderError),
}

/// TLS as it is in force.
pub struct Tls {
    files: TlsFiles,
    live: RwLock<Arc<ServerConfig>>,
    /// Digest of the files that were read last, whether they could be used or not.
    seen: Mutex<[u8; 32]>,
}

impl Tls {
    /// Reads the files.
    ///
    /// Errors: one of them cannot be used.
    pub fn load(files: TlsFiles) -> Result<Tls, TlsError> {
        let seen = Mutex::new(digest(&files)?);
        Ok(Tls { live: RwLock::new(Arc::new(configured(&files)?)), files, seen })
    }

    /// Takes in files that changed, for connections that begin from now on; says whether any did.
    ///
    /// Errors: they changed and cannot be used: those before stay in force, until they change again.
    pub fn refresh(&self) -> Result<bool, TlsError> {
        let found = digest(&self.files)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == found {
            return Ok(false);
        }
        *seen = found;
        let config = Arc::new(configured(&self.files)?);
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(true)
    }

    /// What connections that begin now are accepted with.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// By content: times of files are too coarse, and links change what they lead to.
fn digest(files: &TlsFiles) -> Result<[u8; 32], TlsError> {
    let mut hash = Sha256::new();
    for path in [Some(&files.certificate), Some(&files.key), files.client_ca.as_ref()].into_iter().flatten() {
        let bytes = fs::read(path).map_err(|source| TlsError::Unreadable { path: path.clone(), source })?;
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    Ok(hash.finalize().into())
}

fn configured(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&[&TLS13, &TLS12])?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for root in certificates(path)? {
                roots.add(root)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            // Staff and programmes with keys come without one.
            builder.with_client_cert_verifier(verifier.allow_unauthenticated().build()?)
        }
    };
    let mut config = builder.with_single_cert(certificates(&files.certificate)?, private_key(&files.key)?)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if files.client_ca.is_some() {
        // A session that goes on is not verified again: a certificate that has expired would still be shown by it.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

/// The certificate of a file, as callers show it: the first, of several.
///
/// Errors: the file cannot be read, or holds none.
pub fn certificate_in(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut found = certificates(path)?;
    Ok(found.swap_remove(0).to_vec())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wanted = "certificate";
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let read: Vec<_> = read.map_err(|error| faulty(path, wanted, error))?;
    if read.is_empty() { Err(TlsError::NotPem { path: path.to_owned(), wanted }) } else { Ok(read) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let found = fs::metadata(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })?;
    let mode = found.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(TlsError::Exposed { path: path.to_owned(), mode });
    }
    PrivateKeyDer::from_pem_file(path).map_err(|error| faulty(path, "private key", error))
}

fn faulty(path: &Path, wanted: &'static str, error: pem::Error) -> TlsError {
    match error {
        pem::Error::Io(source) => TlsError::Unreadable { path: path.to_owned(), source },
        _ => TlsError::NotPem { path: path.to_owned(), wanted },
    }
}
