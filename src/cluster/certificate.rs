//! The certificate that a pod shows, as the API server would see it: through the cluster's API, and checked against what is trusted.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::{Cluster, ClusterError};

impl Cluster {
    /// The certificate that a pod shows on a port to whoever asks for this name and trusts these authorities (PEM); or what is
    /// wrong with it, in rustls' words.
    ///
    /// # Errors
    /// The API does not answer.
    pub fn certificate(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
        name: &str,
        trusted: &[u8],
    ) -> Result<Result<Vec<u8>, String>, ClusterError> {
        let connector = match connector(trusted) {
            Ok(connector) => connector,
            Err(why) => return Ok(Err(why)),
        };
        let Ok(name) = ServerName::try_from(name.to_owned()) else {
            return Ok(Err(format!("`{name}` is no name for a server")));
        };
        let pods: Api<Pod> = Api::namespaced(self.connection.client.clone(), namespace);
        let shaken = async {
            let mut forwarder = pods.portforward(pod, &[port]).await?;
            let Some(stream) = forwarder.take_stream(port) else {
                return Ok(Err("the port is not forwarded".to_owned()));
            };
            let shown = connector.connect(name, stream).await.map_err(|error| error.to_string()).and_then(|stream| {
                let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
                chain.first().map(|leaf| leaf.to_vec()).ok_or_else(|| "it shows no certificate".to_owned())
            });
            forwarder.abort();
            Ok(shown)
        };
        self.wait(&format!("the certificate of pod `{pod}`"), shaken)
    }
}

fn connector(trusted: &[u8]) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(trusted) {
        let certificate = certificate.map_err(|error| format!("caBundle: {error}"))?;
        roots.add(certificate).map_err(|error| format!("caBundle: {error}"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
