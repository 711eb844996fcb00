//! The server: TLS, HTTP/1.1 with keep-alive, and an end that no client notices.
//!
//! axum knows paths and methods; the loop that takes connections is our own, since what a webhook needs is in it: a limit of
//! connections, time limits for the handshake and for heads, and the close of a connection after an answer. ALPN offers
//! `http/1.1` alone: the API server's client for webhooks speaks nothing else.

mod body;
mod connection;
mod deadline;
mod depth;
mod patience;
mod question;
mod routes;
mod unwind;

pub mod health;
pub mod lifecycle;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::metrics::Metrics;
use super::tls::Tls;
use lifecycle::{Life, Phase};

pub use body::BODY_LIMIT;
pub use question::Answers;
pub use routes::router;

/// What a client may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections there may be at once. Others wait in the system's queue, which is bounded too.
    pub connections: usize,
    /// How long a handshake may take, and how long a connection waits for room.
    pub handshake: Duration,
    /// How long the head of a request may take from its first byte, and the first byte of the first one.
    pub head: Duration,
    /// How long a connection may be idle. Longer than the 90 s of the API server's client, so that it is always the client
    /// who closes: a request that is sent into a close is lost.
    pub idle: Duration,
    /// How long it may be idle while others wait for a place: who keeps a thousand connections and says nothing must not lock
    /// the API server out.
    pub yields: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1000,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(300),
            yields: Duration::from_secs(5),
        }
    }
}

/// What takes connections on one port.
#[derive(Debug, Clone)]
pub struct Server {
    /// Who answers.
    pub router: Router,
    /// TLS, or plain HTTP.
    pub tls: Option<Tls>,
    /// What a client may take.
    pub limits: Limits,
    /// When it ends.
    pub life: Life,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
}

impl Server {
    /// Takes connections until the life comes to its close; returns when the last one has ended, or was ended.
    pub async fn serve(self, listener: TcpListener) {
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let server = Arc::new(self);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                // However many come, those that have ended are let go, and the end is heard.
                biased;
                () = server.life.reaches(Phase::Closing) => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                taken = server.take(&listener, &room) => {
                    if let Some((stream, place)) = taken {
                        let (server, room) = (Arc::clone(&server), Arc::clone(&room));
                        connections.spawn(async move {
                            connection::serve(&server, stream, room).await;
                            drop(place);
                        });
                    }
                }
            }
        }
        drop(listener);
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(server.life.drain().timeout, all).await.is_err() {
            tracing::warn!("connections were cut: they did not end in time");
        }
    }

    /// The next connection, when there is room for it.
    async fn take(&self, listener: &TcpListener, room: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        let place = timeout(self.limits.handshake, Arc::clone(room).acquire_owned()).await.ok().and_then(Result::ok);
        match listener.accept().await {
            Ok((stream, _)) => {
                // There may have been no room in time, and some since.
                let place = place.or_else(|| Arc::clone(room).try_acquire_owned().ok());
                if place.is_none() {
                    self.metrics.shed("connections");
                }
                Some((stream, place?))
            }
            Err(error) => {
                // No more file descriptors, as a rule: others will be closed.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
                None
            }
        }
    }
}
