//! The webhook as a process: the ports, the certificate and the end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use kube::Client;
use tokio::net::TcpListener;

use super::certificates::keep::Keeper;
use super::certificates::place::{Place, Which};
use super::certificates::plan::Terms;
use super::judge::Judge;
use super::metrics::Metrics;
use super::server::health::{Health, Status};
use super::server::lifecycle::{Drain, Life, asked_to_end};
use super::server::{Limits, Server, router};
use super::settings::Settings;
use super::tls::files::Files;
use super::tls::{Clients, Oldest, Served, Tls, TlsError};
use crate::cluster::known::{Known, watch};
use crate::cluster::live::{ApiServer, Nobody};
use crate::cluster::{ClusterError, client};

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
    /// We make them, and keep them in the cluster.
    SelfManaged(SelfManaged),
}

/// Certificates that we make.
#[derive(Debug)]
pub struct SelfManaged {
    /// The namespace of the Secret and of the Service; our own, if nothing is said.
    pub namespace: Option<String>,
    /// The Secret that they are kept in.
    pub secret: String,
    /// The Service by which we are called.
    pub service: String,
    /// The webhook configurations that must trust us.
    pub which: Which,
    /// How long an authority is valid.
    pub authority: Duration,
    /// How long a certificate is valid.
    pub leaf: Duration,
    /// How long two authorities are trusted together, before and after one follows the other.
    pub overlap: Duration,
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
    /// Certificates are to be kept in a cluster, and there is none.
    #[error("certificates cannot be kept: {0}")]
    NoCluster(String),
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
    let cluster = client().await;
    let published = begin(plan.certificates, &plan.settings, &cluster, &served)?;
    let (router, known) = answers(plan.settings, cluster, &metrics);

    let status = Arc::new(Standing { served, published, known });
    let health = Health { life: life.clone(), status, metrics: Arc::clone(&metrics) };
    let health = Server {
        router: health.router(),
        tls: None,
        limits: plan.limits,
        // It answers to the last.
        life: Life::new(plan.drain),
        metrics,
    };
    let webhook = Server { router, tls: Some(tls), life: life.clone(), ..health.clone() };
    tokio::spawn(health.serve(health_listener));
    let done = tokio::spawn(webhook.serve(listener));

    asked_to_end().await.map_err(RunError::Signals)?;
    let drained = async {
        life.end().await;
        // It does not panic, and nobody aborts it.
        let _ = done.await;
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

type Cluster = Result<(Client, String), ClusterError>;

/// Begins to look after the certificate. What is returned becomes true when those who call us trust it.
fn begin(
    certificates: Certificates,
    settings: &Settings,
    cluster: &Cluster,
    served: &Arc<Served>,
) -> Result<Arc<AtomicBool>, RunError> {
    let served = Arc::clone(served);
    let managed = match certificates {
        Certificates::Files(folder) => {
            tokio::spawn(Files::new(folder, served).follow(LOOK));
            // Whoever has made the certificate sees to that.
            return Ok(Arc::new(AtomicBool::new(true)));
        }
        Certificates::SelfManaged(managed) => managed,
    };
    let (client, own) = cluster.as_ref().map_err(|error| RunError::NoCluster(error.to_string()))?;
    let namespace = managed.namespace.unwrap_or_else(|| own.clone());
    let name = format!("{}.{namespace}.svc", managed.service);
    let with_domain = format!("{name}.{}", settings.facts.cluster_domain);
    let names = vec![name, with_domain];
    let SelfManaged { secret, service, which, authority, leaf, overlap, .. } = managed;
    let keeper = Keeper::new(
        Place { client: client.clone(), namespace, secret, service, which },
        Terms { names, authority, leaf, overlap },
        served,
    );
    let published = keeper.published();
    tokio::spawn(keeper.keep());
    Ok(published)
}

/// Who answers, and what is watched for it. Without a cluster, as where one develops, nothing is known of it.
fn answers(settings: Settings, cluster: Cluster, metrics: &Arc<Metrics>) -> (Router, Option<Arc<Known>>) {
    let known = Arc::new(Known::new(settings.facts.clone()));
    let settings = Arc::new(settings);
    match cluster {
        Ok((client, _)) => {
            tokio::spawn(watch(Arc::clone(&known), client.clone()));
            let judge = Judge { settings, known: Arc::clone(&known), live: ApiServer(client) };
            (router(judge, Arc::clone(metrics)), Some(known))
        }
        Err(error) => {
            tracing::warn!(%error, "nothing is known of the cluster, and nothing that rests on it is denied");
            (router(Judge { settings, known, live: Nobody }, Arc::clone(metrics)), None)
        }
    }
}

/// How it stands with all that questions need.
struct Standing {
    served: Arc<Served>,
    published: Arc<AtomicBool>,
    known: Option<Arc<Known>>,
}

impl Status for Standing {
    fn missing(&self) -> Option<&'static str> {
        if let Some(missing) = self.served.missing() {
            return Some(missing);
        }
        if !self.published.load(Ordering::Relaxed) {
            return Some("the webhook configurations do not trust the certificate yet");
        }
        let waiting = self.known.as_ref().is_some_and(|known| !known.is_ready());
        waiting.then_some("the cluster was not looked at yet")
    }

    fn refresh(&self, metrics: &Metrics) {
        for (kind, state, objects) in self.known.iter().flat_map(|known| known.states()) {
            metrics.watch(kind, state, objects);
        }
    }
}
