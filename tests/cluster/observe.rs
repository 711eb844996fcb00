//! What became of an app: its pods, what they logged, and whether its nodes see each other.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::pod::{Pod, Said};

/// What became of the pods of one workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fate {
    /// Every node lists all others.
    Forms,
    /// All pods run, and some node does not list all others.
    DoesNotForm,
    /// Some container ends and is started again.
    Crashes,
    /// Some pod never runs.
    Pending,
    /// The API server refuses the object.
    Refused,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forms => "forms",
            Self::DoesNotForm => "does not form",
            Self::Crashes => "crashes",
            Self::Pending => "never runs",
            Self::Refused => "refused",
        })
    }
}

/// A workload that the cluster was given.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) replicas: usize,
    /// Whether its pods declare a strategy: only those are judged.
    pub(crate) declared: bool,
}

impl Subject {
    /// Reads what `kubectl apply -o json` printed; objects without pods are none.
    pub(crate) fn read(object: &Value) -> Option<Self> {
        let labels = if object["kind"] == "Pod" {
            &object["metadata"]["labels"]
        } else {
            &object["spec"]["template"]["metadata"]["labels"]
        };
        let kind = object["kind"].as_str()?;
        let replicas = match kind {
            "Deployment" | "StatefulSet" => object["spec"]["replicas"].as_u64().unwrap_or(1),
            "Job" | "Pod" | "DaemonSet" => 1,
            _ => return None,
        };
        let name = object["metadata"]["name"].as_str()?.to_owned();
        // What a Job runs comes and goes: nobody waits for it.
        let declared = kind != "Job" && labels.get("beamgate.dev/strategy").is_some();
        Some(Self { kind: kind.to_owned(), name, replicas: usize::try_from(replicas).unwrap(), declared })
    }

    /// Whether the pod is one of its own: through its ReplicaSet, for a Deployment.
    fn owns(&self, pod: &Value) -> bool {
        let owner = &pod["metadata"]["ownerReferences"][0];
        let (Some(kind), Some(name)) = (owner["kind"].as_str(), owner["name"].as_str()) else {
            return self.kind == "Pod" && pod["metadata"]["name"] == self.name.as_str();
        };
        if kind == "ReplicaSet" {
            let hash = pod["metadata"]["labels"]["pod-template-hash"].as_str().unwrap_or_default();
            return self.kind == "Deployment" && name.strip_suffix(hash) == Some(&format!("{}-", self.name));
        }
        kind == self.kind && name == self.name
    }
}

/// A workload and its pods.
#[derive(Debug, Clone)]
pub(crate) struct Observation {
    pub(crate) subject: Subject,
    pub(crate) pods: Vec<Pod>,
}

impl Observation {
    pub(crate) fn new(subject: &Subject, pods: &[Value]) -> Self {
        let owned = pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null() && subject.owns(pod));
        Self { subject: subject.clone(), pods: owned.map(Pod::read).collect() }
    }

    /// Whether all its pods are there and every container has been started once.
    pub(crate) fn all_ran(&self) -> bool {
        self.pods.len() == self.subject.replicas && self.pods.iter().all(|pod| pod.ran)
    }

    /// Whether every node lists all others.
    pub(crate) fn formed(&self) -> bool {
        let reports = self.reports();
        let names: BTreeSet<&String> = reports.iter().map(|said| &said.node).collect();
        names.len() == self.subject.replicas && self.pods.len() == names.len() && all_see_all(&reports)
    }

    fn reports(&self) -> Vec<&Said> {
        self.pods.iter().filter(|pod| pod.running).filter_map(|pod| pod.report.as_ref()).collect()
    }

    /// What became of it, when it is time to say.
    pub(crate) fn fate(&self) -> Fate {
        if self.formed() {
            return Fate::Forms;
        }
        if self.pods.iter().any(|pod| pod.crashed) {
            return Fate::Crashes;
        }
        if self.all_ran() { Fate::DoesNotForm } else { Fate::Pending }
    }

    /// Asks all its nodes their names.
    pub(crate) fn probe(&mut self) {
        self.pods.iter_mut().for_each(Pod::probe);
    }

    /// Nodes that call themselves otherwise than they answer.
    pub(crate) fn doubtful_names(&self) -> Vec<String> {
        let reports =
            self.pods.iter().filter(|pod| pod.running).filter_map(|pod| Some((pod, &pod.report.as_ref()?.node)));
        let distributed = reports.filter(|(_, name)| *name != "nonode@nohost");
        let doubtful = distributed.filter(|(pod, name)| !pod.answers.contains(*name));
        doubtful.map(|(pod, name)| format!("a node says that it is {name} and answers {:?}", pod.answers)).collect()
    }

    /// All that was logged.
    pub(crate) fn log(&self) -> String {
        self.pods.iter().map(|pod| pod.log.as_str()).collect()
    }

    /// Why its pods do not run, as the kubelet says.
    pub(crate) fn waiting(&self) -> BTreeSet<String> {
        self.pods.iter().filter_map(|pod| pod.waiting.clone()).collect()
    }
}

/// Whether the nodes of several workloads are one cluster.
pub(crate) fn are_together<'w>(workloads: impl Iterator<Item = &'w Observation>) -> bool {
    let reports: Vec<&Said> = workloads.flat_map(Observation::reports).collect();
    all_see_all(&reports)
}

fn all_see_all(reports: &[&Said]) -> bool {
    let sees = |said: &Said, other: &Said| other.node == said.node || said.nodes.contains(&other.node);
    reports.iter().all(|said| reports.iter().all(|other| sees(said, other)))
}
