//! An authority, and the certificates that it signs.
//!
//! Keys are ECDSA on P-256: small, quick, and known to every client.

use std::time::Duration;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// How long before its making a certificate is valid, since clocks differ.
const SKEW: Duration = Duration::from_secs(3600);

/// The longest that a certificate may be valid.
pub const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Why a certificate cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("no certificate can be made: {0}")]
pub struct IssueError(#[from] rcgen::Error);

/// A certificate and its key, as PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl std::fmt::Debug for Pem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pem").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl Pem {
    /// A new authority, valid for so long.
    ///
    /// # Errors
    /// There is no randomness, as a rule.
    pub fn authority(now: Timestamp, lifetime: Duration) -> Result<Self, IssueError> {
        let key = KeyPair::generate()?;
        // Two authorities stand beside each other while one follows the other, and are told apart by their names.
        let some: String = key.public_key_raw().iter().skip(1).take(8).map(|byte| format!("{byte:02x}")).collect();
        let mut params = params(&format!("beamgate {some}"), &[], now, now + lifetime.min(LONGEST))?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        Ok(Self { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// A certificate for a server with these names that this authority signs, valid until then.
    ///
    /// # Errors
    /// This is no authority, or a name is none.
    pub fn sign(&self, names: &[String], now: Timestamp, until: Timestamp) -> Result<Self, IssueError> {
        let issuer = Issuer::from_ca_cert_pem(&self.certificate, KeyPair::from_pem(&self.key)?)?;
        let key = KeyPair::generate()?;
        let mut params = params("beamgate", names, now, until)?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &issuer)?;
        Ok(Self { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

fn params(common: &str, names: &[String], now: Timestamp, until: Timestamp) -> Result<CertificateParams, IssueError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common);
    let seconds = |at: Timestamp| Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default());
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + seconds(now).saturating_sub(SKEW);
    params.not_after = epoch + seconds(until);
    Ok(params)
}
