//! Workloads: everything that makes pods.

use std::sync::OnceLock;

use super::node::Node;
use super::object::Pairs;
use super::pod::PodTemplate;
use crate::place::Pointer;

/// Something that makes pods from a template, or a pod itself.
#[derive(Debug, Clone)]
pub struct Workload {
    /// What kind of controller it is.
    pub kind: WorkloadKind,
    /// `spec.replicas`, `parallelism` of a Job; absent means one.
    pub replicas: Option<u32>,
    /// `spec.serviceName` of a StatefulSet: the governing Service, whose name becomes the pods' subdomain.
    pub service_name: Option<String>,
    /// `spec.ordinals.start` of a StatefulSet.
    pub first_ordinal: u32,
    /// Whether old and new pods never run beside each other: `spec.strategy.type: Recreate`.
    pub recreates: bool,
    /// Whether a StatefulSet makes each pod only when the one before it is ready: unless `podManagementPolicy` says otherwise.
    pub ordered: bool,
    /// `spec.selector.matchLabels`.
    pub selector: Pairs,
    /// The pods that it makes, as they are written.
    pub template: PodTemplate,
    /// The same as the webhook leaves them, once somebody has asked; nothing where it changes nothing.
    pub injected: OnceLock<Option<Box<PodTemplate>>>,
}

/// The kinds of controllers that differ in what their pods are called and how long they live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkloadKind {
    /// Pods with stable host names.
    StatefulSet,
    /// One pod for each node of the cluster.
    DaemonSet,
    /// Pods that run to completion: Jobs and CronJobs.
    Job,
    /// A bare pod.
    Pod,
    /// Interchangeable pods: Deployments and their relatives.
    Replicas,
}

/// Where a kind keeps its pod template, and whether its pods have stable host names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadPath {
    /// The `kind`.
    pub kind: String,
    /// The keys that lead to the object with `metadata` and `spec` of a pod; none for a Pod.
    pub template: Vec<String>,
    /// What it makes of them.
    pub makes: WorkloadKind,
}

impl WorkloadPath {
    /// The path of a kind: one of those that Kubernetes and Argo Rollouts have, or a configured one.
    pub fn of(kind: &str, configured: &[Self]) -> Option<Self> {
        let built_in = |template: &[&str], makes| Self {
            kind: kind.to_owned(),
            template: template.iter().map(|key| (*key).to_owned()).collect(),
            makes,
        };
        Some(match kind {
            "StatefulSet" => built_in(&["spec", "template"], WorkloadKind::StatefulSet),
            "DaemonSet" => built_in(&["spec", "template"], WorkloadKind::DaemonSet),
            "Deployment" | "ReplicaSet" | "ReplicationController" | "Rollout" => {
                built_in(&["spec", "template"], WorkloadKind::Replicas)
            }
            "Job" => built_in(&["spec", "template"], WorkloadKind::Job),
            "CronJob" => built_in(&["spec", "jobTemplate", "spec", "template"], WorkloadKind::Job),
            "Pod" => built_in(&[], WorkloadKind::Pod),
            _ => return configured.iter().find(|path| path.kind == kind).cloned(),
        })
    }
}

impl Workload {
    /// Reads a workload; nothing where there is no pod template, as in an Argo Rollout with a `workloadRef` or a patch.
    pub(super) fn read(root: &Node<'_>, path: WorkloadPath) -> Option<Self> {
        let keys: Vec<&str> = path.template.iter().map(String::as_str).collect();
        let template = root.path(&keys)?;
        let base = path.template.iter().fold(Pointer::root(), |base, key| base.key(key.clone()));
        let spec = root.get("spec")?;
        let count = if path.makes == WorkloadKind::Job { "parallelism" } else { "replicas" };
        Some(Self {
            kind: path.makes,
            replicas: spec.get(count).and_then(Node::as_u32),
            service_name: spec.text("serviceName").filter(|name| !name.is_empty()),
            first_ordinal: spec.path(&["ordinals", "start"]).and_then(Node::as_u32).unwrap_or(0),
            recreates: spec.path(&["strategy", "type"]).and_then(Node::as_str) == Some("Recreate"),
            ordered: path.makes == WorkloadKind::StatefulSet
                && spec.text("podManagementPolicy").is_none_or(|policy| policy == "OrderedReady"),
            selector: spec.get("selector").map(|selector| selector.strings("matchLabels")).unwrap_or_default(),
            template: PodTemplate::read(template, base)?,
            injected: OnceLock::new(),
        })
    }

    /// Whether every pod has a host name of its own that stays: a StatefulSet's pods are called as their ordinals.
    pub fn has_stable_hostnames(&self) -> bool {
        self.kind == WorkloadKind::StatefulSet
    }

    /// `spec.hostname` of its pods, where the template says it: the StatefulSet controller overwrites it with the pod's name.
    pub fn hostname(&self) -> Option<&str> {
        self.template.hostname.as_deref().filter(|_| !self.has_stable_hostnames())
    }

    /// `spec.subdomain` of its pods. The StatefulSet controller sets it to `serviceName`
    /// (`pkg/controller/statefulset/stateful_set_utils.go`, `initIdentity`).
    pub fn subdomain(&self) -> Option<&str> {
        match self.kind {
            WorkloadKind::StatefulSet => self.service_name.as_deref(),
            _ => self.template.subdomain.as_deref(),
        }
    }
}
