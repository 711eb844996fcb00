//! A certificate and its key.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Why two texts are no certificate and its key.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The certificate cannot be read.
    #[error("the certificate cannot be read: {0}")]
    Certificate(String),
    /// The key cannot be read.
    #[error("the key cannot be read: {0}")]
    Key(rustls::pki_types::pem::Error),
    /// They do not belong together.
    #[error("the certificate and the key do not belong together: {0}")]
    Apart(rustls::Error),
}

/// A certificate, with those that lead to its authority, and its key.
#[derive(Debug, Clone)]
pub struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    /// When it expires, in seconds since 1970.
    pub not_after: i64,
}

impl Pair {
    /// Reads both from PEM.
    ///
    /// # Errors
    /// One of them cannot be read, or they do not belong together.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, PairError> {
        let unread = |error: &dyn std::fmt::Display| PairError::Certificate(error.to_string());
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(certificate).collect::<Result<_, _>>().map_err(|error| unread(&error))?;
        let first = chain.first().ok_or_else(|| unread(&"there is none"))?;
        let (_, leaf) = X509Certificate::from_der(first).map_err(|error| unread(&error))?;
        let not_after = leaf.validity().not_after.timestamp();
        let key = PrivateKeyDer::from_pem_slice(key).map_err(PairError::Key)?;
        let key = CertifiedKey::from_der(chain, key, &super::provider()).map_err(PairError::Apart)?;
        Ok(Self { key: Arc::new(key), not_after })
    }
}
