//! The client of a cluster's API: which pods a workload has, and a way to their ports.

mod forward;

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::core::Selector;
use kube::{Api, Client, Config};
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};

pub use forward::Forward;

/// Why the cluster does not say what it is asked.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// There is no configuration, or it cannot be used.
    #[error("no cluster: {0}; KUBECONFIG names the file, as it does for kubectl")]
    Configuration(String),
    /// The API does not answer.
    #[error("the cluster's API does not answer within {0:?}")]
    TimedOut(Duration),
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
    runtime: Runtime,
    client: Client,
    namespace: String,
    timeout: Duration,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// A pod, as far as a probe needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningPod {
    /// Its name.
    pub name: String,
    /// Its address, once it has one.
    pub ip: Option<String>,
    /// `Running`, `Pending`.
    pub phase: String,
}

impl Cluster {
    /// The cluster that kubectl would talk to, or that this runs in.
    ///
    /// # Errors
    /// No configuration is found, or it cannot be used.
    pub fn connect(namespace: Option<&str>, timeout: Duration) -> Result<Self, ClusterError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let unusable = |error: &dyn std::error::Error| ClusterError::Configuration(whole(error));
        let config = runtime.block_on(Config::infer()).map_err(|error| unusable(&error))?;
        let namespace = namespace.map_or_else(|| config.default_namespace.clone(), str::to_owned);
        // The client starts a task of its own.
        let entered = runtime.enter();
        let client = Client::try_from(config).map_err(|error| unusable(&error))?;
        drop(entered);
        Ok(Self { runtime, client, namespace, timeout })
    }

    /// The namespace that is asked.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The pods of a workload that have not run to their end, by name; or the one pod.
    ///
    /// # Errors
    /// There is no such workload, or the API does not say.
    pub fn pods(&self, kind: &str, name: &str) -> Result<Vec<RunningPod>, ClusterError> {
        let kind = kind_of(kind).ok_or_else(|| ClusterError::Kind(kind.to_owned()))?;
        let what = format!("{} `{name}`", kind.to_lowercase());
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        if kind == "Pod" {
            return Ok(vec![running(self.wait(&what, pods.get(name))?)]);
        }
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("apps", "v1", kind));
        let workloads: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), &self.namespace, &resource);
        let workload = self.wait(&what, workloads.get(name))?;
        let no_selector = || ClusterError::NoSelector { what: what.clone(), namespace: self.namespace.clone() };
        let selector = selector(&workload).ok_or_else(no_selector)?;
        let listed =
            self.wait(&format!("the pods of {what}"), pods.list(&ListParams::default().labels_from(&selector)))?;
        let mut found: Vec<RunningPod> = listed.items.into_iter().map(running).collect();
        found.retain(|pod| !matches!(pod.phase.as_str(), "Succeeded" | "Failed"));
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// A way to the ports of a pod.
    pub fn forward(&self, pod: &RunningPod) -> Forward<'_> {
        Forward::to(self, pod.name.clone())
    }

    fn wait<T>(&self, what: &str, asked: impl Future<Output = kube::Result<T>>) -> Result<T, ClusterError> {
        let answered = self.runtime.block_on(async { tokio::time::timeout(self.timeout, asked).await });
        let answer = answered.map_err(|_| ClusterError::TimedOut(self.timeout))?;
        answer.map_err(|error| ClusterError::Api {
            what: what.to_owned(),
            namespace: self.namespace.clone(),
            why: said(error),
        })
    }
}

/// The short names are those of kubectl.
fn kind_of(said: &str) -> Option<&'static str> {
    Some(match said.to_lowercase().as_str() {
        "pod" | "pods" | "po" => "Pod",
        "deployment" | "deployments" | "deploy" => "Deployment",
        "statefulset" | "statefulsets" | "sts" => "StatefulSet",
        "daemonset" | "daemonsets" | "ds" => "DaemonSet",
        "replicaset" | "replicasets" | "rs" => "ReplicaSet",
        _ => return None,
    })
}

fn selector(workload: &DynamicObject) -> Option<Selector> {
    let written = workload.data.get("spec")?.get("selector")?;
    serde_json::from_value::<LabelSelector>(written.clone()).ok()?.try_into().ok()
}

fn running(pod: Pod) -> RunningPod {
    let status = pod.status.unwrap_or_default();
    RunningPod {
        name: pod.metadata.name.unwrap_or_default(),
        ip: status.pod_ip,
        phase: status.phase.unwrap_or_else(|| "Unknown".to_owned()),
    }
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
