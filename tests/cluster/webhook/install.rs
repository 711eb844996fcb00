//! Puts the webhook on the cluster, as `deploy/` has it, and takes it away.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::{self, kubectl};

/// Where it runs.
pub(super) const NAMESPACE: &str = "beamgate-system";

/// What has to come about in this time does not come about later either.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

/// `kubectl` takes a second of a processor; most of the time it waits.
const AT_A_TIME: usize = 8;

const REGISTRATIONS: &str = "mutatingwebhookconfiguration,validatingwebhookconfiguration";

/// Applies the manifests, and waits until all replicas are as they say.
pub(super) fn apply() {
    let manifests = cluster::root().join("tests/cluster/webhook/manifests");
    succeed(&["apply", "-k", manifests.to_str().unwrap()]);
    rolled_out();
}

/// Puts it there, and waits until the API server gets answers.
pub(super) fn install() {
    apply();
    until("the injector answers", || try_out(&labelled_pod("default")).is_ok());
}

/// Takes away what others would notice. The namespace stays: to delete one takes long.
pub(super) fn uninstall() {
    succeed(&["delete", REGISTRATIONS, "beamgate", "--ignore-not-found"]);
    for object in ["deployment/beamgate", "secret/beamgate-certificates"] {
        succeed(&["delete", "--namespace", NAMESPACE, object, "--ignore-not-found"]);
    }
}

/// Begins anew with these arguments more: without certificates, and so with a new authority.
pub(super) fn begin_anew(arguments: &[&str]) {
    apply();
    scale(0);
    succeed(&[
        "patch",
        "secret",
        "beamgate-certificates",
        "--namespace",
        NAMESPACE,
        "--type=merge",
        "--patch",
        r#"{"data": null}"#,
    ]);
    add_arguments(arguments);
    scale(2);
}

/// Adds arguments, and waits until those that have them are alone.
pub(super) fn add_arguments(arguments: &[&str]) {
    let add = |argument| json!({"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": argument});
    let patch = json!(arguments.iter().map(add).collect::<Vec<_>>()).to_string();
    succeed(&["patch", "deployment", "beamgate", "--namespace", NAMESPACE, "--type=json", "--patch", &patch]);
    rolled_out();
}

/// Gives it these lines below `[webhook]`, and none else.
pub(super) fn configure(lines: &str) {
    let file = format!("injection = \"webhook\"\n[webhook]\n{lines}\n");
    let patch = json!({"data": {"beamgate.toml": file}}).to_string();
    succeed(&["patch", "configmap", "beamgate", "--namespace", NAMESPACE, "--patch", &patch]);
    restart();
}

/// Starts all replicas anew, one after the other.
pub(super) fn restart() {
    succeed(&["rollout", "restart", "--namespace", NAMESPACE, "deployment/beamgate"]);
    rolled_out();
}

/// Sets the number of replicas and waits for them, also for none.
pub(super) fn scale(replicas: usize) {
    succeed(&["scale", "--namespace", NAMESPACE, "deployment/beamgate", &format!("--replicas={replicas}")]);
    rolled_out();
    until("those that go are gone", || replicas_there() == replicas);
}

/// Waits until all replicas are new and ready.
pub(super) fn rolled_out() {
    succeed(&["rollout", "status", "--namespace", NAMESPACE, "deployment/beamgate", "--timeout=90s"]);
}

pub(super) fn replicas_there() -> usize {
    cluster::get(&["pods", "--namespace", NAMESPACE, "-l", "app.kubernetes.io/name=beamgate"]).len()
}

/// How many replicas are ready.
pub(super) fn ready() -> u64 {
    let deployment = &cluster::get(&["deployment", "beamgate", "--namespace", NAMESPACE])[0];
    deployment["status"]["readyReplicas"].as_u64().unwrap_or(0)
}

/// Kills the process of a replica, so that it can say goodbye to nobody. The kubelet starts another in its place.
pub(super) fn kill_one() {
    let process = processes().into_iter().next().expect("no replica has a process");
    assert!(Command::new("kill").args(["-KILL", &process]).status().unwrap().success());
}

/// The processes of the replicas, as the cluster numbers them.
fn processes() -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let is_ours =
        |path: &PathBuf| fs::read(path.join("cmdline")).is_ok_and(|line| line.starts_with(b"/beamgate\0webhook\0"));
    entries.filter(is_ours).filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}

/// A pod with the label and what the name needs, and no name.
pub(super) fn labelled_pod(namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "cart",
            "namespace": namespace,
            "labels": {"beamgate.dev/strategy": "Kubernetes.DNS"},
            "annotations": {"beamgate.dev/basename": "cart", "beamgate.dev/service": "cart"},
        },
        "spec": {"containers": [{"name": "cart", "image": "cluster-demo:1"}]},
    })
}

/// What the API server makes of an object, and what it says to that.
pub(super) struct Given {
    pub(super) object: Value,
    pub(super) warnings: Vec<String>,
}

/// What the API server would make of an object.
///
/// # Errors
/// What it says if it refuses it.
pub(super) fn try_out(object: &Value) -> Result<Given, String> {
    let output = kubectl(&["create", "--dry-run=server", "-o", "json", "-f", "-"], &object.to_string());
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if !output.status.success() {
        return Err(said);
    }
    let warnings = said.lines().filter_map(|line| line.strip_prefix("Warning: ")).map(str::to_owned).collect();
    Ok(Given { object: serde_json::from_slice(&output.stdout).unwrap(), warnings })
}

/// Does something with each of many, some at a time, and keeps their order. Of two that wait for the cluster, neither waits for
/// the other.
pub(super) fn each<T: Sync, R: Send>(many: &[T], what: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let size = many.len().div_ceil(AT_A_TIME).max(1);
    std::thread::scope(|scope| {
        let what = &what;
        let parts: Vec<_> =
            many.chunks(size).map(|part| scope.spawn(move || part.iter().map(what).collect::<Vec<R>>())).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

/// Waits for something that has to come about.
pub(super) fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it never comes about that {what}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Runs `kubectl`, which has to succeed.
pub(super) fn succeed(arguments: &[&str]) -> String {
    let output = kubectl(arguments, "");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {}: {complaint}", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
