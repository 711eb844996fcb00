//! The webhook's replicas on the cluster, however they came there.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::cluster::{self, kubectl, succeed, until};

/// Where they run.
pub(crate) const NAMESPACE: &str = "beamgate-system";

/// Has all replicas begin again.
pub(crate) fn begin_again() {
    succeed(&["rollout", "restart", "--namespace", NAMESPACE, "deployment/beamgate"]);
    rolled_out();
}

/// Replaces all replicas, one after the other, and waits until the old ones have ended in their own time.
pub(crate) fn restart() {
    succeed(&["rollout", "restart", "--namespace", NAMESPACE, "deployment/beamgate"]);
    ready_and_new();
    gone();
}

/// Waits until the old replicas have ended in their own time.
pub(crate) fn gone() {
    until("the old replicas are gone", only_wanted_are_there);
}

/// Sets the number of replicas and waits for them, also for none.
pub(crate) fn scale(replicas: usize) {
    succeed(&["scale", "--namespace", NAMESPACE, "deployment/beamgate", &format!("--replicas={replicas}")]);
    rolled_out();
}

/// Waits until all replicas are new and ready. The old ones would serve their connections to the end: they are ended.
pub(crate) fn rolled_out() {
    ready_and_new();
    let replicas = cluster::get(&["pods", "--namespace", NAMESPACE]);
    for old in replicas.iter().filter(|pod| !pod["metadata"]["deletionTimestamp"].is_null()) {
        let name = old["metadata"]["name"].as_str().unwrap();
        // It may be gone by now.
        kubectl(&["delete", "pod", name, "--namespace", NAMESPACE, "--grace-period=1", "--wait=false"], "");
    }
    gone();
}

fn ready_and_new() {
    succeed(&["rollout", "status", "--namespace", NAMESPACE, "deployment/beamgate", "--timeout=90s"]);
}

fn only_wanted_are_there() -> bool {
    let deployment = &cluster::get(&["deployment", "beamgate", "--namespace", NAMESPACE])[0];
    let there = cluster::get(&["pods", "--namespace", NAMESPACE]).len();
    deployment["spec"]["replicas"] == there
}

/// How many replicas are ready.
pub(crate) fn ready() -> u64 {
    let deployment = &cluster::get(&["deployment", "beamgate", "--namespace", NAMESPACE])[0];
    deployment["status"]["readyReplicas"].as_u64().unwrap_or(0)
}

/// Kills the process of a replica, so that it can say goodbye to nobody. The kubelet starts another in its place.
pub(crate) fn kill_one() {
    let process = processes().into_iter().next().expect("no replica has a process");
    assert!(Command::new("kill").args(["-KILL", &process]).status().unwrap().success());
}

/// How many UDP sockets a replica has, of either family: the kernel lists those of its network below the process.
pub(crate) fn udp_sockets() -> usize {
    let process = processes().into_iter().next().expect("no replica has a process");
    let sockets =
        |table: &str| fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap().lines().skip(1).count();
    sockets("udp") + sockets("udp6")
}

/// The processes of the replicas, as the cluster numbers them.
fn processes() -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let is_ours =
        |path: &PathBuf| fs::read(path.join("cmdline")).is_ok_and(|line| line.starts_with(b"/beamgate\0webhook\0"));
    entries.filter(is_ours).filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}
