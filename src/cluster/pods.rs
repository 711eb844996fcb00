//! Which pods a workload has.

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{ContainerState, Pod, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::core::Selector;
use kube::{Api, Resource};

use super::{Cluster, ClusterError};

/// A pod, as far as a probe needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningPod {
    /// Its name.
    pub name: String,
    /// Its address, once it has one.
    pub ip: Option<String>,
    /// Why nothing runs in it: `Pending`, `CrashLoopBackOff`.
    pub idle: Option<String>,
}

impl Cluster {
    /// The pods of a workload, by name, without those that have run to their end or are told to; or the one pod.
    ///
    /// # Errors
    /// There is no such workload, or the API does not say.
    pub fn pods(&self, kind: &str, name: &str) -> Result<Vec<RunningPod>, ClusterError> {
        let kind = kind_of(kind).ok_or_else(|| ClusterError::Kind(kind.to_owned()))?;
        let what = format!("{} `{name}`", kind.to_lowercase());
        let pods: Api<Pod> = self.api();
        if kind == "Pod" {
            return Ok(vec![running(self.wait(&what, pods.get(name))?)]);
        }
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("apps", "v1", kind));
        let workloads: Api<DynamicObject> =
            Api::namespaced_with(self.connection.client.clone(), &self.namespace, &resource);
        let workload = self.wait(&what, workloads.get(name))?;
        let no_selector = || ClusterError::NoSelector { what: what.clone(), namespace: self.namespace().to_owned() };
        let selected = ListParams::default().labels_from(&selector(&workload).ok_or_else(no_selector)?);
        let mut owners = Vec::from_iter(workload.metadata.uid);
        if kind == "Deployment" {
            let sets: Api<ReplicaSet> = self.api();
            let sets = self.wait(&format!("the replicasets of {what}"), sets.list(&selected))?.items;
            owners = sets
                .into_iter()
                .filter(|set| is_owned(&set.metadata, &owners))
                .filter_map(|set| set.metadata.uid)
                .collect();
        }
        let mut listed = self.wait(&format!("the pods of {what}"), pods.list(&selected))?.items;
        listed.retain(|pod| stays(pod) && is_owned(&pod.metadata, &owners));
        let mut found: Vec<RunningPod> = listed.into_iter().map(running).collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    pub(super) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.connection.client.clone(), &self.namespace)
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

/// Selectors of several workloads may match the same pod; but one alone controls it.
fn is_owned(of: &ObjectMeta, owners: &[String]) -> bool {
    let controller = of.owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
    controller.is_some_and(|controller| owners.contains(&controller.uid))
}

fn stays(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    pod.metadata.deletion_timestamp.is_none() && !matches!(phase, Some("Succeeded" | "Failed"))
}

pub(super) fn running(pod: Pod) -> RunningPod {
    let status = pod.status.unwrap_or_default();
    RunningPod { name: pod.metadata.name.unwrap_or_default(), idle: idle(&status), ip: status.pod_ip }
}

/// A pod's phase is `Running` even while its containers wait for the next try.
fn idle(status: &PodStatus) -> Option<String> {
    let phase = status.phase.as_deref().unwrap_or("Unknown");
    if phase != "Running" {
        return Some(phase.to_owned());
    }
    // Among the init containers are the sidecars, which go on.
    let containers = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
    let states: Vec<&ContainerState> = containers.filter_map(|container| container.state.as_ref()).collect();
    if states.iter().any(|state| state.running.is_some()) {
        return None;
    }
    let reason = |state: &&ContainerState| {
        let waiting = state.waiting.as_ref().and_then(|waiting| waiting.reason.clone());
        waiting.or_else(|| state.terminated.as_ref()?.reason.clone())
    };
    states.iter().find_map(reason)
}
