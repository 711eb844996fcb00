//! The name of a client.

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Why the bearer of a certificate may not ask, if none of the names is its own. Its signature was checked before.
pub(super) fn refuses(certificate: Option<&CertificateDer<'_>>, names: &[String]) -> Option<String> {
    let own = certificate.map(own_names).unwrap_or_default();
    let known = own.iter().any(|own| names.contains(own));
    (!known).then(|| match own.first() {
        None => "the client's certificate has no name".to_owned(),
        Some(own) => format!("a client called `{own}` is not answered"),
    })
}

fn own_names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let mut names: Vec<_> = common.map(str::to_owned).collect();
    if let Ok(Some(alternatives)) = certificate.subject_alternative_name() {
        names.extend(alternatives.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        }));
    }
    names
}
