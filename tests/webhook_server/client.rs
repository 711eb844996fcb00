//! A client that can also be rude.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use beamgate::webhook::tls::provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// By which name the server is asked.
pub(crate) const NAME: &str = "beamgate.test";

/// A connection.
pub(crate) struct Client<S = TlsStream<TcpStream>> {
    pub(crate) stream: S,
    /// What was read beyond the last answer.
    read: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Response {
    /// The body, as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Whether the connection ends with it.
    pub(crate) fn closes(&self) -> bool {
        self.header("connection") == Some("close")
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// What clients trust by default, and how they show themselves: not at all.
pub(crate) fn trusting(authorities: &[&str]) -> ClientConfig {
    let mut config = offering(authorities, rustls::DEFAULT_VERSIONS).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// The same, with some versions only.
pub(crate) fn offering(
    authorities: &[&str],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    }
    let offer = ClientConfig::builder_with_provider(provider()).with_protocol_versions(versions).unwrap();
    offer.with_root_certificates(roots)
}

impl Client {
    /// Connects, and shakes hands.
    pub(crate) async fn connect(address: SocketAddr, config: ClientConfig) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(NAME).unwrap();
        Ok(Self::over(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
    }
}

impl Client<TcpStream> {
    /// Connects, without TLS.
    pub(crate) async fn plain(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::over(TcpStream::connect(address).await?))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    fn over(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    /// Asks a question.
    pub(crate) async fn post(&mut self, path: &str, body: impl AsRef<[u8]>) -> io::Result<Response> {
        let body = body.as_ref();
        let head = format!("POST {path} HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: {}\r\n\r\n", body.len());
        // In one write, as a client that knows the length does.
        self.send(&[head.as_bytes(), body].concat()).await?;
        self.answer().await
    }

    /// Reads a page.
    pub(crate) async fn get(&mut self, path: &str) -> io::Result<Response> {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\n\r\n").as_bytes()).await?;
        self.answer().await
    }

    /// Sends anything at all.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> io::Result<Response> {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut response = Response { status, head, body: String::new() };
        let length = response.header("content-length").expect("a length").parse().unwrap();
        while self.read.len() < length {
            self.more().await?;
        }
        response.body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        Ok(response)
    }

    /// Whether the server has closed the connection, when something comes, or nothing more.
    pub(crate) async fn ends(&mut self) -> bool {
        self.more().await.is_err()
    }

    async fn more(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}
