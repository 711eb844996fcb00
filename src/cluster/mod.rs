//! The client of a cluster's API: which pods a workload has, and a way to their ports.

#[cfg(feature = "webhook")]
mod certificate;
mod forward;
#[cfg(feature = "webhook")]
pub mod installation;
#[cfg(feature = "webhook")]
pub mod known;
#[cfg(feature = "webhook")]
pub mod live;
mod pods;

use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use kube::{Client, Config};
use thiserror::Error;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

pub use forward::Forward;
pub use pods::RunningPod;

/// Why the cluster does not say what it is asked.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// There is no configuration, or it cannot be used.
    #[error("no cluster: {0}; KUBECONFIG names the file, as it does for kubectl")]
    Configuration(String),
    /// Something takes longer than it may.
    #[error("{0} in time; --timeout gives more")]
    TimedOut(&'static str),
    /// The API refuses, or there is no such thing.
    #[error("{what} in namespace `{namespace}`: {why}")]
    Api {
        /// What was asked for.
        what: String,
        /// Where.
        namespace: String,
        /// What the API says.
        why: String,
    },
    /// A kind that has no pods, or that is not known.
    #[error("`{0}` is none of deployment, statefulset, daemonset, replicaset, pod")]
    Kind(String),
    /// The workload does not select pods.
    #[error("{what} in namespace `{namespace}` has no selector")]
    NoSelector {
        /// The workload.
        what: String,
        /// Where.
        namespace: String,
    },
    /// The machine gives no runtime for network requests.
    #[error("the network cannot be used: {0}")]
    Runtime(#[from] std::io::Error),
}

/// A cluster, and a namespace of it.
pub struct Cluster {
    connection: Connection,
    until: Instant,
}

struct Connection {
    runtime: Handle,
    client: Client,
    namespace: String,
    /// The runtime ends with this.
    _used: oneshot::Sender<()>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("namespace", &self.connection.namespace).finish_non_exhaustive()
    }
}

impl Cluster {
    /// The cluster that kubectl would talk to, or that this runs in. All that it is asked is answered until then, or never.
    ///
    /// # Errors
    /// No configuration is found, or it cannot be used.
    pub fn connect(namespace: Option<&str>, until: Instant) -> Result<Self, ClusterError> {
        let (tell, told) = mpsc::channel();
        let namespace = namespace.map(str::to_owned);
        // A command that gets credentials, and the resolver, know no timeout: the thread is left behind with them.
        thread::spawn(move || serve(namespace, &tell));
        let late = |_| ClusterError::TimedOut("the kubeconfig, or its command for credentials, gives no access");
        let connection = told.recv_timeout(until.saturating_duration_since(Instant::now())).map_err(late)??;
        Ok(Self { connection, until })
    }

    /// The namespace that is asked.
    pub fn namespace(&self) -> &str {
        &self.connection.namespace
    }

    /// A way to the ports of a pod.
    pub fn forward(&self, pod: &RunningPod) -> Forward<'_> {
        Forward::to(self, pod.name.clone())
    }

    fn wait<T>(&self, what: &str, asked: impl Future<Output = kube::Result<T>>) -> Result<T, ClusterError> {
        let Connection { runtime, namespace, .. } = &self.connection;
        let answered = runtime.block_on(async { tokio::time::timeout_at(self.until.into(), asked).await });
        let answer = answered.map_err(|_| ClusterError::TimedOut("the cluster's API does not answer"))?;
        answer.map_err(|error| ClusterError::Api {
            what: what.to_owned(),
            namespace: namespace.clone(),
            why: said(error),
        })
    }
}

/// A client of the cluster that kubectl would talk to, or that this runs in, and the namespace that it would use.
///
/// # Errors
/// No configuration is found, or it cannot be used.
pub async fn client() -> Result<(Client, String), ClusterError> {
    let unusable = |error: &dyn std::error::Error| ClusterError::Configuration(whole(error));
    let config = Config::infer().await.map_err(|error| unusable(&error))?;
    let namespace = config.default_namespace.clone();
    Ok((Client::try_from(config).map_err(|error| unusable(&error))?, namespace))
}

/// Connects, and does the client's work as long as it is used.
fn serve(namespace: Option<String>, tell: &mpsc::Sender<Result<Connection, ClusterError>>) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        // Nobody waits for what comes too late, here and below.
        Err(error) => return drop(tell.send(Err(error.into()))),
    };
    let (used, unused) = oneshot::channel();
    let connected = runtime.block_on(async {
        let (client, default) = client().await?;
        Ok(Connection { runtime: Handle::current(), client, namespace: namespace.unwrap_or(default), _used: used })
    });
    if tell.send(connected).is_ok() {
        let _ = runtime.block_on(unused);
    }
    runtime.shutdown_background();
}

fn said(error: kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message,
        other => whole(&other),
    }
}

/// An error and what has caused it: the outermost alone says little.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
