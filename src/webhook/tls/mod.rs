//! TLS: what is offered, and with which certificate.

mod client;
pub mod files;
pub mod pair;
mod served;

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub use pair::{Pair, PairError};
pub use served::Served;

/// The oldest version that is spoken.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Oldest {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    #[default]
    Tls13,
}

/// Which clients may ask.
#[derive(Debug)]
pub struct Clients {
    /// The certificates of the authorities that sign theirs.
    pub authorities: RootCertStore,
    /// Their names: the common name, or a DNS name. Any, if there are none.
    pub names: Vec<String>,
}

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// rustls does not take it.
    #[error("TLS cannot be offered: {0}")]
    Rustls(#[from] rustls::Error),
    /// The authorities of the clients are none.
    #[error("the clients' certificates cannot be checked: {0}")]
    Clients(#[from] rustls::server::VerifierBuilderError),
    /// A file of authorities cannot be read.
    #[error("{path}: {why}")]
    Authorities {
        /// Which file.
        path: String,
        /// Why.
        why: String,
    },
}

/// TLS, as it is offered on a port.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    names: Arc<[String]>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Tls {
    /// Offers TLS with whatever certificate is served at the time.
    ///
    /// # Errors
    /// rustls does not take the clients' authorities.
    pub fn new(served: Arc<Served>, oldest: Oldest, clients: Option<Clients>) -> Result<Self, TlsError> {
        let provider = provider();
        let versions: &[_] = match oldest {
            Oldest::Tls12 => &[&rustls::version::TLS13, &rustls::version::TLS12],
            Oldest::Tls13 => &[&rustls::version::TLS13],
        };
        let offer = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions)?;
        let (offer, names) = match clients {
            None => (offer.with_no_client_auth(), Vec::new()),
            Some(Clients { authorities, names }) => {
                let check = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider).build()?;
                (offer.with_client_cert_verifier(check), names)
            }
        };
        let mut config = offer.with_cert_resolver(served);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // The API server keeps connections, not sessions: to resume one would also keep the certificate of its beginning.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), names: names.into() })
    }

    /// The handshake.
    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// Why this client may not ask, if it may not: its certificate is signed, but has another name. It is told so in HTTP,
    /// where the API server shows it to people; an alert would say nothing.
    pub(super) fn refuses(&self, stream: &TlsStream<TcpStream>) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let certificates = stream.get_ref().1.peer_certificates();
        client::refuses(certificates.and_then(<[_]>::first), &self.names)
    }
}

/// The authorities in a file, as PEM.
///
/// # Errors
/// The file cannot be read, or there are none in it.
pub fn authorities(file: &Path) -> Result<RootCertStore, TlsError> {
    let failed =
        |why: &dyn std::fmt::Display| TlsError::Authorities { path: file.display().to_string(), why: why.to_string() };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))? {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    if roots.is_empty() {
        return Err(failed(&"no certificate in it"));
    }
    Ok(roots)
}

/// The cryptography. It is named wherever it is used, since a process with two of them has no default.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
