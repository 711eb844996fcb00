//! What became of an app: its pods, what they logged, and whether its nodes see each other.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use beamgate::probe;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::cluster;

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

/// A container that has run for so long without a word has booted all the same.
const SILENT_BOOT: SignedDuration = SignedDuration::from_secs(30);

/// How long a container has been running.
fn ran_for(status: &Value) -> SignedDuration {
    let started = status["state"]["running"]["startedAt"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
    started.map_or(SignedDuration::ZERO, |started| Timestamp::now().duration_since(started))
}

/// One pod, and what its node says.
#[derive(Debug, Clone)]
pub(crate) struct Pod {
    pub(crate) ip: Option<String>,
    name: String,
    host_ip: Option<String>,
    /// Every container has been started at least once, and its node has booted or crashed.
    pub(crate) ran: bool,
    running: bool,
    crashed: bool,
    waiting: Option<String>,
    log: String,
    /// The last that its node said: its own name, and the nodes that it lists.
    report: Option<(String, BTreeSet<String>)>,
    /// The names that the nodes at its address answer in the handshake.
    answers: BTreeSet<String>,
}

impl Pod {
    fn read(pod: &Value) -> Self {
        let status = &pod["status"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let containers: Vec<&Value> = status["containerStatuses"].as_array().into_iter().flatten().collect();
        let restarts = |status: &Value| status["restartCount"].as_u64().unwrap_or(0) > 0;
        let failed = |status: &&Value| {
            restarts(status) || status["state"]["terminated"]["exitCode"].as_u64().is_some_and(|code| code != 0)
        };
        let started = |status: &&Value| restarts(status) || status["state"]["waiting"].is_null();
        let log = log(&pod["metadata"]);
        let report = last_report(&log);
        // Its node has spoken, or is no node that reports.
        let is_up = report.is_some() || containers.iter().all(|status| ran_for(status) > SILENT_BOOT);
        Self {
            ip: text(&status["podIP"]),
            name: text(&pod["metadata"]["name"]).unwrap(),
            host_ip: text(&status["hostIP"]),
            ran: !containers.is_empty() && containers.iter().all(started) && (is_up || containers.iter().any(failed)),
            running: !containers.is_empty() && containers.iter().all(|status| !status["state"]["running"].is_null()),
            crashed: containers.iter().any(failed),
            waiting: containers.iter().find_map(|status| text(&status["state"]["waiting"]["reason"])),
            report,
            answers: BTreeSet::new(),
            log,
        }
    }

    /// Asks its nodes their names, over the network, as a peer would.
    fn probe(&mut self) {
        let Some(ip) = self.ip.as_ref().filter(|_| self.running).and_then(|ip| ip.parse::<IpAddr>().ok()) else {
            return;
        };
        let nodes = probe::names(SocketAddr::new(ip, 4369), Duration::from_secs(3)).unwrap_or_default();
        self.answers = nodes.into_iter().filter_map(|node| Some(node.answer.ok()?.name)).collect();
    }

    /// Takes what differs from run to run out of a text: addresses, the names of pods, the namespace.
    pub(crate) fn normalise(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let mut put = |value: &str, placeholder: &str| text = replace_word(&text, value, placeholder);
        if let Some(ip) = &self.ip {
            put(ip, "{pod-ip}");
            put(&ip.replace('.', "-"), "{pod-ip-dashed}");
        }
        if let Some(ip) = &self.host_ip {
            put(ip, "{host-ip}");
        }
        put(&self.name, "{pod-name}");
        text
    }
}

/// Replaces a value where it stands by itself: `10.244.0.1` is not the beginning of `10.244.0.17`.
pub(crate) fn replace_word(text: &str, value: &str, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let word = inside(before.chars().next_back()) || inside(after.chars().next());
        out.push_str(before);
        out.push_str(if word { value } else { with });
        rest = after;
    }
    out + rest
}

/// The log of all containers of a pod, and of those that ended before them.
fn log(metadata: &Value) -> String {
    let part = |key: &str| metadata[key].as_str().unwrap_or_default();
    let folder = cluster::logs().join(format!("{}_{}_{}", part("namespace"), part("name"), part("uid")));
    let mut files: Vec<PathBuf> = folders(&folder).iter().flat_map(folders).collect();
    files.sort();
    files
        .iter()
        .filter_map(|file| fs::read(file).ok())
        .map(|bytes| messages(&String::from_utf8_lossy(&bytes)))
        .collect()
}

fn folders(path: &PathBuf) -> Vec<PathBuf> {
    fs::read_dir(path).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// The messages of a log as the container runtime keeps it: `<time> <stream> <P or F> <message>`; P goes on in the next line.
fn messages(log: &str) -> String {
    let parts = log.lines().map(|line| {
        let mut words = line.splitn(4, ' ').skip(2);
        let end = if words.next() == Some("P") { "" } else { "\n" };
        words.next().unwrap_or_default().to_owned() + end
    });
    parts.collect()
}

/// The last line in which the app says who it is and whom it sees.
fn last_report(log: &str) -> Option<(String, BTreeSet<String>)> {
    let line = log.lines().rev().find_map(|line| line.trim().strip_prefix("cart-report "))?;
    let report: Value = serde_json::from_str(line).ok()?;
    let nodes = report["nodes"].as_array()?.iter().filter_map(|node| node.as_str().map(str::to_owned)).collect();
    Some((report["node"].as_str()?.to_owned(), nodes))
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
        let reports: Vec<_> =
            self.pods.iter().filter(|pod| pod.running).filter_map(|pod| pod.report.as_ref()).collect();
        let names: BTreeSet<&String> = reports.iter().map(|(name, _)| name).collect();
        let sees_all =
            |(own, nodes): &&(String, BTreeSet<String>)| names.iter().all(|name| *name == own || nodes.contains(*name));
        names.len() == self.subject.replicas && self.pods.len() == names.len() && reports.iter().all(sees_all)
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

    /// What its nodes answer when they are asked their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.pods.iter().flat_map(|pod| &pod.answers)
    }

    /// Nodes that call themselves otherwise than they answer.
    pub(crate) fn doubtful_names(&self) -> Vec<String> {
        let reports = self.pods.iter().filter(|pod| pod.running).filter_map(|pod| Some((pod, &pod.report.as_ref()?.0)));
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
