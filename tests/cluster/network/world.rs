//! The pods that connect to each other: `tests/network/pods.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;

use super::case::Connection;
use crate::cluster::{self, kubectl, succeed};

/// Where they are.
const NAMESPACES: [&str; 2] = ["shop", "ops"];

/// Tries connections side by side, each given as protocol, address and port, and says what `timeout` said of each. Who is connected to by
/// UDP is asked for the name servers of the root.
const TRY: &str = r#"
attempt() {
    case $1 in
        Tcp) timeout 5 bash -c 'exec 3<>/dev/tcp/$0/$1' "$2" "$3" ;;
        Udp) timeout 5 bash -c 'exec 3<>/dev/udp/$0/$1 && printf "\0\1\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1" >&3 && head -c 1 <&3' "$2" "$3" ;;
    esac >/dev/null 2>&1
    echo "$1 $2 $3 $?"
}
while [ $# -gt 0 ]; do
    attempt "$1" "$2" "$3" &
    shift 3
done
wait
"#;

/// What became of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Allowed,
    /// Nobody answers.
    Blocked,
    /// Somebody says no: a closed port, no route.
    Refused,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "allowed",
            Self::Blocked => "blocked",
            Self::Refused => "refused",
        })
    }
}

/// The pods, which are gone with this, and with their namespaces the policies.
pub(super) struct World {
    /// Of each `namespace/name`.
    addresses: BTreeMap<String, String>,
}

impl World {
    /// Puts them there, and waits until they listen.
    pub(super) fn new() -> Self {
        clear();
        cluster::prepare(&fs::read_to_string(pods()).unwrap());
        for namespace in NAMESPACES {
            succeed(&["wait", "pods", "--all", "--for=condition=Ready", "--timeout=180s", "--namespace", namespace]);
        }
        let addresses = cluster::get(&["pods", "--all-namespaces", "-l", "app in (cart, shell)"]);
        let addresses = addresses.iter().map(|pod| {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let name = format!("{}/{}", text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
            (name, text(&pod["status"]["podIP"]))
        });
        Self { addresses: addresses.collect() }
    }

    /// Puts these policies in the place of all that were there.
    pub(super) fn govern(&self, policies: &str) {
        for namespace in NAMESPACES {
            succeed(&["delete", "networkpolicies", "--all", "--namespace", namespace]);
        }
        cluster::prepare(policies);
    }

    /// The address of a pod, by its `namespace/name`.
    pub(super) fn address(&self, pod: &str) -> &str {
        &self.addresses[pod]
    }

    /// What becomes of these connections.
    pub(super) fn try_all(&self, connections: &[Connection]) -> Vec<Answer> {
        let pods: Vec<&String> = connections.iter().map(|one| &one.from).collect::<BTreeSet<_>>().into_iter().collect();
        let said: BTreeMap<&String, String> =
            pods.iter().copied().zip(cluster::each(&pods, |pod| self.try_from(pod, connections))).collect();
        connections.iter().map(|connection| self.answer(connection, &said[&connection.from])).collect()
    }

    /// What `timeout` says of all connections from one pod.
    fn try_from(&self, pod: &str, connections: &[Connection]) -> String {
        let (namespace, name) = pod.split_once('/').unwrap();
        let own = connections.iter().filter(|connection| connection.from == pod);
        let tried: Vec<String> = own.map(|connection| self.attempt(connection)).collect();
        let words = tried.iter().flat_map(|attempt| attempt.split(' '));
        let command = ["exec", "--namespace", namespace, name, "--", "bash", "-c", TRY, "try"];
        succeed(&command.into_iter().chain(words).collect::<Vec<_>>())
    }

    fn attempt(&self, connection: &Connection) -> String {
        let address = self.addresses.get(&connection.to).unwrap_or(&connection.to);
        format!("{:?} {address} {}", connection.protocol, connection.port)
    }

    fn answer(&self, connection: &Connection, said: &str) -> Answer {
        let attempt = self.attempt(connection) + " ";
        match said.lines().find_map(|line| line.strip_prefix(&attempt)).unwrap() {
            "0" => Answer::Allowed,
            "124" => Answer::Blocked,
            _ => Answer::Refused,
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        clear();
    }
}

fn clear() {
    kubectl(&["delete", "--ignore-not-found", "-f", &pods()], "");
}

fn pods() -> String {
    cluster::root().join("tests/network/pods.yaml").to_str().unwrap().to_owned()
}
