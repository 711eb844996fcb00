//! The webhook as a process: the ports, the certificate and the end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use super::metrics::Metrics;
use super::mutate::mutate;
use super::review::{Answer, Request, ReviewError};
use super::server::health::Health;
use super::server::lifecycle::{Drain, Life, asked_to_end};
use super::server::{Answers, Limits, Server, router};
use super::settings::Settings;
use super::tls::files::Files;
use super::tls::{Clients, Oldest, Served, Tls, TlsError};
use super::validate::validate;

/// How often the certificate's files are read where no watch says that they have changed.
const LOOK: Duration = Duration::from_secs(5);

/// What is decided before it runs.
#[derive(Debug)]
pub struct Plan {
    /// Where the API server asks.
    pub listen: SocketAddr,
    /// Where the kubelet and Prometheus ask, without TLS.
    pub health_listen: SocketAddr,
    /// Where the certificate comes from.
    pub certificates: Certificates,
    /// The oldest version of TLS.
    pub oldest: Oldest,
    /// Which clients may ask; all, if nothing is said.
    pub clients: Option<Clients>,
    /// What a client may take.
    pub limits: Limits,
    /// How long the end takes.
    pub drain: Drain,
    /// What is judged, and how.
    pub settings: Settings,
}

/// Where the certificate comes from.
#[derive(Debug)]
pub enum Certificates {
    /// `tls.crt` and `tls.key` in a folder.
    Files(PathBuf),
}

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A port is taken, or not ours to take.
    #[error("{address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// TLS cannot be offered.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system does not say when to end.
    #[error("signals cannot be received: {0}")]
    Signals(std::io::Error),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As it was asked to.
    Drained,
    /// It was asked a second time, and dropped everything.
    AtOnce,
}

/// Runs until it is asked to end.
///
/// # Errors
/// It cannot begin.
pub async fn run(plan: Plan, metrics: Arc<Metrics>) -> Result<Ending, RunError> {
    let life = Life::new(plan.drain);
    let served = Served::nothing_yet(Arc::clone(&metrics));
    let tls = Tls::new(Arc::clone(&served), plan.oldest, plan.clients)?;
    let (listener, health_listener) = (listen(plan.listen).await?, listen(plan.health_listen).await?);

    let missing = {
        let served = Arc::clone(&served);
        Arc::new(move || served.missing().map(str::to_owned))
    };
    let health = Health { life: life.clone(), missing, metrics: Arc::clone(&metrics) };
    let health = Server {
        router: health.router(),
        tls: None,
        limits: plan.limits,
        // It answers to the last.
        life: Life::new(plan.drain),
        metrics: Arc::clone(&metrics),
    };
    let webhook = Server {
        router: router(Judge { settings: plan.settings }, Arc::clone(&metrics)),
        tls: Some(tls),
        life: life.clone(),
        ..health.clone()
    };
    match plan.certificates {
        Certificates::Files(folder) => tokio::spawn(Files::new(folder, served).follow(LOOK)),
    };
    tokio::spawn(health.serve(health_listener));
    let served = tokio::spawn(webhook.serve(listener));

    asked_to_end().await.map_err(RunError::Signals)?;
    let drained = async {
        life.end().await;
        // It does not panic, and nobody aborts it.
        let _ = served.await;
    };
    tokio::select! {
        () = drained => Ok(Ending::Drained),
        again = asked_to_end() => again.map(|()| Ending::AtOnce).map_err(RunError::Signals),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, RunError> {
    let failed = |error| RunError::Listen { address, error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    tracing::info!(%address, "listening");
    Ok(listener)
}

/// Answers as the settings say.
#[derive(Debug)]
struct Judge {
    settings: Settings,
}

impl Answers for Judge {
    fn mutate(&self, request: &Request<'_>) -> Result<Answer, ReviewError> {
        Ok(mutate(request, &self.settings))
    }

    async fn validate(&self, request: &Request<'_>, until: Instant) -> Result<Answer, ReviewError> {
        Ok(validate(request, &self.settings, until).await)
    }
}
