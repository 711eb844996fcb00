//! Clients: as fast as they are answered, or at a pace.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use beamgate::webhook::tls::provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::process::Server;

/// A pod as the ReplicaSet controller makes it, that needs all that is injected.
pub(crate) const REVIEW: &str = include_str!("review.json");

/// How long an answer took, at a pace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paced {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// Asks as fast as it is answered, and says how often that was.
pub(crate) fn closed(server: &Server, path: &str, connections: usize, time: Duration) -> io::Result<usize> {
    let counts = each(server, connections, |_, connection| {
        let (began, question) = (Instant::now(), question(path));
        let mut answered = 0;
        while began.elapsed() < time {
            connection.ask(&question)?;
            answered += 1;
        }
        Ok(answered)
    })?;
    Ok(counts.into_iter().sum())
}

/// What is answered once.
pub(crate) fn once(server: &Server, path: &str) -> io::Result<String> {
    let mut connection = Connection::open(server)?;
    let read = connection.ask(&question(path))?;
    let answer = connection.buffer.get(..read).unwrap_or_default();
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |head| head + 4);
    String::from_utf8(answer.get(body..).unwrap_or_default().to_vec()).map_err(io::Error::other)
}

/// Asks at a pace, so many times a second, and says how long the answers took from when they were due to be asked for.
pub(crate) fn paced(server: &Server, path: &str, connections: usize, rate: f64, time: Duration) -> io::Result<Paced> {
    let between = Duration::from_secs_f64(connections as f64 / rate);
    let times = each(server, connections, |at, connection| {
        let question = question(path);
        let began = Instant::now() + between.mul_f64(at as f64 / connections as f64);
        let mut times = Vec::new();
        for turn in 0.. {
            let due = began + between * turn;
            if due - began > time {
                break;
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            connection.ask(&question)?;
            times.push(due.elapsed());
        }
        Ok(times)
    })?;
    let mut times: Vec<Duration> = times.into_iter().flatten().collect();
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    Ok(Paced { p50: at(0.5), p99: at(0.99) })
}

/// Does the same on several connections at once.
fn each<T: Send>(
    server: &Server,
    connections: usize,
    work: impl Fn(usize, &mut Connection) -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    let mut open = (0..connections).map(|_| Connection::open(server)).collect::<io::Result<Vec<_>>>()?;
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> =
            open.iter_mut().enumerate().map(|(at, connection)| scope.spawn(move || work(at, connection))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn question(path: &str) -> Vec<u8> {
    let length = REVIEW.len();
    let head = "Content-Type: application/json\r\nAccept: application/json\r\nHost: localhost\r\nAccept-Encoding: gzip";
    format!("POST {path}?timeout=10s HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{REVIEW}").into_bytes()
}

struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(server: &Server) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(&server.authority).map_err(io::Error::other)?;
        roots.add(authority).map_err(io::Error::other)?;
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let tls = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        let tcp = TcpStream::connect(server.address)?;
        tcp.set_nodelay(true)?;
        Ok(Self { stream: StreamOwned::new(tls, tcp), buffer: vec![0; 64 << 10] })
    }

    /// Asks, and reads the answer: so many bytes.
    fn ask(&mut self, question: &[u8]) -> io::Result<usize> {
        self.stream.write_all(question)?;
        let mut read = 0;
        loop {
            read += match self.stream.read(self.buffer.get_mut(read..).unwrap_or_default())? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                more => more,
            };
            let answer = self.buffer.get(..read).unwrap_or_default();
            let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(answer));
            let text = std::str::from_utf8(answer.get(..head).unwrap_or_default()).map_err(io::Error::other)?;
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            if read == head + 4 + length.parse::<usize>().map_err(io::Error::other)? {
                return Ok(read);
            }
        }
    }
}
