//! TLS: versions, protocols, and who may ask.

use beamgate::webhook::certificates::issue::Pem;
use beamgate::webhook::metrics::Metrics;
use beamgate::webhook::tls::{Clients, Oldest, Served};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};

use crate::client::{Client, offering, trusting};
use crate::running::{How, Running, certificate, question};

#[tokio::test(flavor = "multi_thread")]
async fn old_versions_are_spoken_only_where_they_are_asked_for() {
    for (oldest, works) in [(Oldest::Tls13, false), (Oldest::Tls12, true)] {
        let running = Running::with(How { oldest, ..How::default() }).await;
        let with = |version: &'static _| offering(&[&running.authority.certificate], &[version]).with_no_client_auth();
        assert_eq!(Client::connect(running.address, with(&TLS12)).await.is_ok(), works);
        assert!(Client::connect(running.address, with(&TLS13)).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_http_1_1_is_spoken() {
    let running = Running::start().await;
    let offer = |protocols: &[&[u8]]| {
        let mut config = trusting(&[&running.authority.certificate]);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        config
    };
    let client = Client::connect(running.address, offer(&[b"h2", b"http/1.1"])).await.unwrap();
    assert_eq!(client.stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(Client::connect(running.address, offer(&[b"h2"])).await.is_err());
    // curl, and whoever says nothing.
    let mut client = Client::connect(running.address, offer(&[])).await.unwrap();
    assert_eq!(client.post("/mutate", question("cart")).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_nobody_is_answered() {
    let metrics = std::sync::Arc::new(Metrics::default());
    let served = Served::nothing_yet(std::sync::Arc::clone(&metrics));
    assert_eq!(served.missing(), Some("there is no certificate"));
    let (authority, _) = certificate();
    let running = Running::serving(served, authority, metrics, How::default()).await;
    let client = Client::connect(running.address, trusting(&[&running.authority.certificate])).await;
    assert!(client.is_err());
}

/// Somebody who signs the certificates of clients.
struct Signer {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Signer {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A client with this name.
    fn client(&self, name: &str, server: &Pem) -> ClientConfig {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let offer = offering(&[&server.certificate], rustls::DEFAULT_VERSIONS);
        offer.with_client_auth_cert(vec![certificate], key).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_api_server_is_answered_where_that_is_wished() {
    let (signer, other) = (Signer::new(), Signer::new());
    let mut authorities = RootCertStore::empty();
    authorities.add(signer.certificate.clone()).unwrap();
    let clients = Some(Clients { authorities, names: vec!["kube-apiserver".to_owned()] });
    let running = Running::with(How { clients, ..How::default() }).await;
    let ask = async |config: ClientConfig| {
        let mut client = Client::connect(running.address, config).await?;
        client.post("/mutate", question("cart")).await
    };
    let server = &running.authority;
    assert_eq!(ask(signer.client("kube-apiserver", server)).await.unwrap().status, 200);
    let refused = ask(signer.client("mallory", server)).await.unwrap();
    assert_eq!((refused.status, refused.body.as_str()), (403, "a client called `mallory` is not answered\n"));
    assert!(ask(other.client("kube-apiserver", server)).await.is_err());
    assert!(ask(trusting(&[&server.certificate])).await.is_err());
}
