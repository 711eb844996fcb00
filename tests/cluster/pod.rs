//! One pod: its containers, what they logged, what its node says of itself and what it answers.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use beamgate::probe;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::cluster;

/// A node says every two seconds whom it sees. What it said before is of no account.
const FRESH: SignedDuration = SignedDuration::from_secs(15);

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
    /// Where its nodes are registered.
    epmd: u16,
    /// Every container has been started at least once, and its node has booted or crashed.
    pub(crate) ran: bool,
    pub(crate) running: bool,
    pub(crate) crashed: bool,
    pub(crate) waiting: Option<String>,
    pub(crate) log: String,
    /// What its node said last, if that was just now.
    pub(crate) report: Option<Said>,
    /// The names that the nodes at its address answer in the handshake.
    pub(crate) answers: BTreeSet<String>,
}

/// A node's own name, and the nodes that it lists.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) node: String,
    pub(crate) nodes: BTreeSet<String>,
}

impl Pod {
    pub(crate) fn read(pod: &Value) -> Self {
        let status = &pod["status"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let containers: Vec<&Value> = status["containerStatuses"].as_array().into_iter().flatten().collect();
        let restarts = |status: &Value| status["restartCount"].as_u64().unwrap_or(0) > 0;
        let failed = |status: &&Value| {
            restarts(status) || status["state"]["terminated"]["exitCode"].as_u64().is_some_and(|code| code != 0)
        };
        let started = |status: &&Value| restarts(status) || status["state"]["waiting"].is_null();
        let logs = logs(&pod["metadata"]);
        let report = logs.iter().filter_map(|runs| last_report(runs.last()?)).next();
        // Its node has spoken, or is no node that reports.
        let is_up = report.is_some() || containers.iter().all(|status| ran_for(status) > SILENT_BOOT);
        Self {
            ip: text(&status["podIP"]),
            name: text(&pod["metadata"]["name"]).unwrap(),
            host_ip: text(&status["hostIP"]),
            epmd: epmd_port(pod).unwrap_or(4369),
            ran: !containers.is_empty() && containers.iter().all(started) && (is_up || containers.iter().any(failed)),
            running: !containers.is_empty() && containers.iter().all(|status| !status["state"]["running"].is_null()),
            crashed: containers.iter().any(failed),
            waiting: containers.iter().find_map(|status| text(&status["state"]["waiting"]["reason"])),
            report: report.filter(|(at, _)| Timestamp::now().duration_since(*at) < FRESH).map(|(_, said)| said),
            answers: BTreeSet::new(),
            log: logs.iter().flatten().map(|log| messages(log)).collect(),
        }
    }

    /// Asks its nodes their names, over the network, as a peer would.
    pub(crate) fn probe(&mut self) {
        let Some(ip) = self.ip.as_ref().filter(|_| self.running).and_then(|ip| ip.parse::<IpAddr>().ok()) else {
            return;
        };
        let nodes = probe::names(SocketAddr::new(ip, self.epmd), Duration::from_secs(3)).unwrap_or_default();
        let names = nodes.into_iter().filter_map(|node| Some(node.answer.ok()?.name));
        // What a probe of the pod runs beside the node is a node, too, for as long as it takes.
        self.answers = names.filter(|name| !name.starts_with("rpc-")).collect();
    }

    /// Takes what differs from run to run out of a text: addresses, the names of pods, the namespace.
    pub(crate) fn normalise(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let mut put = |value: &str, placeholder: &str| text = replace_word(&text, value, placeholder);
        if let Some(ip) = &self.ip {
            put(ip, "{pod-ip}");
            put(&ip.replace('.', "-"), "{pod-ip-dashed}");
            // What BG112 makes of it.
            put(&"-".repeat(ip.len()), "{pod-ip-as-dashes}");
        }
        if let Some(ip) = &self.host_ip {
            put(ip, "{host-ip}");
        }
        put(&self.name, "{pod-name}");
        text
    }
}

fn epmd_port(pod: &Value) -> Option<u16> {
    let containers = pod["spec"]["containers"].as_array()?.iter();
    let mut variables = containers.filter_map(|container| container["env"].as_array()).flatten();
    variables.find(|variable| variable["name"] == "ERL_EPMD_PORT")?["value"].as_str()?.parse().ok()
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

/// The logs of a pod's containers, each with those that ended before it, and each in the order of its restarts.
fn logs(metadata: &Value) -> Vec<Vec<String>> {
    let part = |key: &str| metadata[key].as_str().unwrap_or_default();
    let folder = cluster::logs().join(format!("{}_{}_{}", part("namespace"), part("name"), part("uid")));
    entries(&folder).iter().map(|container| logs_of(container)).collect()
}

/// `0.log`, `1.log` and so on: one for each time that the container was started.
fn logs_of(container: &Path) -> Vec<String> {
    let number = |file: &PathBuf| file.file_stem()?.to_str()?.parse::<u32>().ok();
    let mut files = entries(container);
    files.sort_by_key(number);
    files.iter().filter_map(|file| fs::read(file).ok()).map(|log| String::from_utf8_lossy(&log).into_owned()).collect()
}

fn entries(path: &Path) -> Vec<PathBuf> {
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

/// The last line of a running container's log in which the app says who it is and whom it sees, with its time.
fn last_report(log: &str) -> Option<(Timestamp, Said)> {
    let (line, said) = log.lines().rev().find_map(|line| Some((line, line.split_once("cart-report ")?.1)))?;
    let report: Value = serde_json::from_str(said).ok()?;
    let nodes = report["nodes"].as_array()?.iter().filter_map(|node| node.as_str().map(str::to_owned)).collect();
    let said = Said { node: report["node"].as_str()?.to_owned(), nodes };
    Some((line.split(' ').next()?.parse().ok()?, said))
}
