//! A server in this process, whose answers the tests choose.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use beamgate::webhook::certificates::issue::Pem;
use beamgate::webhook::metrics::Metrics;
use beamgate::webhook::review::{Answer, Request};
use beamgate::webhook::server::lifecycle::{Drain, Life};
use beamgate::webhook::server::{Answers, Limits, Server, router};
use beamgate::webhook::tls::{Clients, Oldest, Pair, Served, Tls};
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::client::{Client, NAME, trusting};

/// A server that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) authority: Pem,
    pub(crate) life: Life,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) ended: JoinHandle<()>,
}

/// How it runs.
pub(crate) struct How {
    pub(crate) limits: Limits,
    pub(crate) drain: Drain,
    pub(crate) oldest: Oldest,
    pub(crate) clients: Option<Clients>,
}

impl Default for How {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            drain: Drain { delay: Duration::from_millis(500), timeout: Duration::from_secs(20) },
            oldest: Oldest::default(),
            clients: None,
        }
    }
}

impl Running {
    /// Starts one that is as it is by default.
    pub(crate) async fn start() -> Self {
        Self::with(How::default()).await
    }

    /// Starts one.
    pub(crate) async fn with(how: How) -> Self {
        let (authority, leaf) = certificate();
        let metrics = Arc::new(Metrics::default());
        let served = Served::nothing_yet(Arc::clone(&metrics));
        served.serve(&Pair::from_pem(leaf.certificate.as_bytes(), leaf.key.as_bytes()).unwrap());
        Self::serving(served, authority, metrics, how).await
    }

    /// Starts one with a certificate that somebody else looks after.
    pub(crate) async fn serving(served: Arc<Served>, authority: Pem, metrics: Arc<Metrics>, how: How) -> Self {
        let life = Life::new(how.drain);
        let server = Server {
            router: router(Named, Arc::clone(&metrics)),
            tls: Some(Tls::new(served, how.oldest, how.clients).unwrap()),
            limits: how.limits,
            life: life.clone(),
            metrics: Arc::clone(&metrics),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ended = tokio::spawn(server.serve(listener));
        Self { address, authority, life, metrics, ended }
    }

    /// A client of it.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address, trusting(&[&self.authority.certificate])).await.unwrap()
    }

    /// A count: the sum of all series whose line begins so.
    pub(crate) fn count(&self, series: &str) -> i64 {
        count(&self.metrics, series)
    }
}

/// What the series of these metrics that begin so come to.
pub(crate) fn count(metrics: &Metrics, series: &str) -> i64 {
    let page = metrics.text();
    let lines = page.lines().filter(|line| line.starts_with(series));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as i64).sum()
}

/// An authority, and a certificate of it for the server.
pub(crate) fn certificate() -> (Pem, Pem) {
    let now = Timestamp::now();
    let authority = Pem::authority(now, Duration::from_secs(3600)).unwrap();
    let leaf = authority.sign(&[NAME.to_owned()], now, now + Duration::from_secs(3600)).unwrap();
    (authority, leaf)
}

/// A question about an object with this name.
pub(crate) fn question(name: &str) -> String {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": format!("uid of {name}"), "operation": "CREATE", "name": name, "namespace": "shop",
        "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": {"metadata": {"name": name}}}})
    .to_string()
}

/// Answers by the name of the object: the tests say with it what shall happen.
struct Named;

impl Answers for Named {
    fn mutate(&self, request: &Request<'_>) -> Answer {
        answer(request.name().unwrap_or_default())
    }

    async fn validate(&self, request: &Request<'_>, _: Instant) -> Answer {
        let name = request.name().unwrap_or_default();
        if let Some(millis) = name.strip_prefix("takes-") {
            tokio::time::sleep(Duration::from_millis(millis.parse().unwrap())).await;
        }
        answer(name)
    }
}

fn answer(name: &str) -> Answer {
    match name {
        "panics" => panic!("a secret: swordfish"),
        "denied" => Answer { denial: Some("BG301: no".to_owned()), ..Answer::default() },
        _ => Answer::default(),
    }
}
