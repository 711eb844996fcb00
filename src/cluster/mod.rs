//! The client of a cluster's API: what the cluster holds, which pods a workload has, and a way to their ports.

mod access;
#[cfg(feature = "webhook")]
mod certificate;
mod forward;
#[cfg(feature = "webhook")]
pub mod installation;
mod kind;
#[cfg(feature = "webhook")]
pub mod known;
pub mod list;
#[cfg(feature = "webhook")]
pub mod live;
pub mod members;
mod pods;
mod prune;
pub mod survey;

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use kube::{Client, Config};
use thiserror::Error;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

pub use access::Access;
use access::Reached;
pub use forward::Forward;
pub use kind::Kind;
pub use pods::RunningPod;

/// Why the cluster does not say what it is asked.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// There is no configuration, or it cannot be used.
    #[error("no cluster: {0}; KUBECONFIG names the file, as it does for kubectl")]
    Configuration(String),
    /// The kubeconfig does not have the context that is wanted; what to do.
    #[error("no cluster: {0} in the kubeconfig; {1}")]
    Context(String, String),
    /// Something takes longer than it may.
    #[error("{0} in time; --timeout gives more")]
    TimedOut(&'static str),
    /// There is no way to the API server.
    #[error(
        "the API server at {server} is not reached: {why}; `kubectl config current-context` says which cluster is meant"
    )]
    Unreachable {
        /// Its address.
        server: String,
        /// What keeps from it.
        why: String,
    },
    /// The credentials are not, or no longer, taken.
    #[error(
        "the API server at {server} does not accept the credentials ({why}); log in anew, or choose another --context"
    )]
    Credentials {
        /// Its address.
        server: String,
        /// What it says.
        why: String,
    },
    /// The API refuses, or there is no such thing.
    #[error("{what}{}: {why}", within(.namespace.as_deref()))]
    Api {
        /// What was asked for.
        what: String,
        /// Where; none for what is in no namespace, or in all of them.
        namespace: Option<String>,
        /// The status, if it is one of HTTP.
        code: Option<u16>,
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

impl ClusterError {
    /// The status that the API answered with.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Api { code, .. } => *code,
            _ => None,
        }
    }
}

fn within(namespace: Option<&str>) -> String {
    namespace.map_or_else(String::new, |namespace| format!(" in namespace `{namespace}`"))
}

/// A cluster, and a namespace of it.
#[derive(Clone)]
pub struct Cluster {
    connection: Arc<Connection>,
    namespace: String,
    until: Instant,
}

struct Connection {
    runtime: Handle,
    client: Client,
    server: String,
    context: Option<String>,
    /// The runtime ends with this.
    _used: oneshot::Sender<()>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl Cluster {
    /// The cluster that kubectl would talk to, or that this runs in. All that it is asked is answered until then, or never.
    ///
    /// # Errors
    /// No configuration is found, or it cannot be used.
    pub fn connect(access: &Access, until: Instant) -> Result<Self, ClusterError> {
        let (tell, told) = mpsc::channel();
        let access = access.clone();
        // A command that gets credentials, and the resolver, know no timeout: the thread is left behind with them.
        thread::spawn(move || serve(&access, &tell));
        let late = |_| ClusterError::TimedOut("the kubeconfig, or its command for credentials, gives no access");
        let (connection, namespace) =
            told.recv_timeout(until.saturating_duration_since(Instant::now())).map_err(late)??;
        Ok(Self { connection: Arc::new(connection), namespace, until })
    }

    /// The namespace that is asked.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same cluster, and another namespace of it.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self.clone() }
    }

    /// The context of the kubeconfig; none where this runs in the cluster.
    pub fn context(&self) -> Option<&str> {
        self.connection.context.as_deref()
    }

    /// When the time is over.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// A way to the ports of a pod of the namespace.
    pub fn forward(&self, pod: &RunningPod) -> Forward<'_> {
        Forward::to(self, pod.name.clone())
    }

    fn wait<T>(&self, what: &str, asked: impl Future<Output = kube::Result<T>>) -> Result<T, ClusterError> {
        self.wait_in(Some(self.namespace()), what, asked)
    }

    fn wait_in<T>(
        &self,
        namespace: Option<&str>,
        what: &str,
        asked: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ClusterError> {
        let answered = async { tokio::time::timeout_at(self.until.into(), asked).await };
        let answered = self.connection.runtime.block_on(answered);
        let answer = answered.map_err(|_| ClusterError::TimedOut("the cluster's API does not answer"))?;
        answer.map_err(|error| self.trouble(namespace, what, error))
    }

    fn trouble(&self, namespace: Option<&str>, what: &str, error: kube::Error) -> ClusterError {
        let server = self.connection.server.clone();
        match &error {
            kube::Error::Api(status) if status.code == 401 => {
                return ClusterError::Credentials { server, why: status.message.clone() };
            }
            kube::Error::Auth(_) => return ClusterError::Credentials { server, why: whole(&error) },
            kube::Error::Service(cause) => {
                return ClusterError::Unreachable { server, why: innermost(&**cause) };
            }
            kube::Error::HyperError(cause) => return ClusterError::Unreachable { server, why: innermost(cause) },
            _ => {}
        }
        let code = match &error {
            kube::Error::Api(status) => Some(status.code),
            _ => None,
        };
        ClusterError::Api { what: what.to_owned(), namespace: namespace.map(str::to_owned), code, why: said(error) }
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
fn serve(access: &Access, tell: &mpsc::Sender<Result<(Connection, String), ClusterError>>) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        // Nobody waits for what comes too late, here and below.
        Err(error) => return drop(tell.send(Err(error.into()))),
    };
    let (used, unused) = oneshot::channel();
    let connected = runtime.block_on(async {
        let Reached { client, namespace, server, context } = access.reach().await?;
        Ok((Connection { runtime: Handle::current(), client, server, context, _used: used }, namespace))
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

/// What is at the bottom of an error: `Connection refused`, under three layers of clients.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let text = causes.last().map(ToString::to_string).unwrap_or_default();
    // How the system numbers its errors helps nobody.
    text.split(" (os error").next().unwrap_or_default().to_owned()
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
