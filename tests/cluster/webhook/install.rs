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

const CERTIFICATES: &str = "beamgate-certificates";

const REGISTRATIONS: &str = "mutatingwebhookconfiguration,validatingwebhookconfiguration";

/// Applies the manifests, and waits until all replicas are as they say.
pub(super) fn apply() {
    succeed(&["apply", "-k", &manifests()]);
    rolled_out();
}

/// The folder that says what is applied: `deploy/` with the image of the tests.
pub(super) fn manifests() -> String {
    cluster::root().join("tests/cluster/webhook/manifests").to_str().unwrap().to_owned()
}

/// The webhook on the cluster: gone with this, unless it is to be kept.
pub(super) struct Installed {
    keep: bool,
}

impl Installed {
    /// Puts it there, and waits until the API server gets answers.
    pub(super) fn new(keep: bool) -> Self {
        let installed = Self { keep };
        apply();
        until("the injector answers", || try_out(&labelled_pod("default")).is_ok());
        installed
    }
}

impl Drop for Installed {
    /// Takes away what others would notice. The namespace stays: to delete one takes long.
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        kubectl(&["delete", REGISTRATIONS, "beamgate", "--ignore-not-found"], "");
        for object in ["deployment/beamgate", "secret/beamgate-certificates"] {
            kubectl(&["delete", "--namespace", NAMESPACE, object, "--ignore-not-found"], "");
        }
    }
}

/// Begins anew, with these arguments more: without certificates, and so with a new authority.
pub(super) fn begin_anew(arguments: &[&str]) {
    scale(0);
    put_certificates(&Value::Null);
    set_arguments(arguments);
    scale(2);
}

/// What is kept of the certificates.
pub(super) fn certificates() -> Value {
    cluster::get(&["secret", CERTIFICATES, "--namespace", NAMESPACE])[0]["data"].take()
}

/// Writes something over the certificates that are kept.
pub(super) fn put_certificates(data: &Value) {
    for data in [&Value::Null, data] {
        let patch = json!({"data": data}).to_string();
        succeed(&["patch", "secret", CERTIFICATES, "--namespace", NAMESPACE, "--type=merge", "--patch", &patch]);
    }
}

/// Gives it these arguments beside those of the manifests, and waits until the replicas that have them are alone.
pub(super) fn set_arguments(arguments: &[&str]) {
    let deployment = objects().into_iter().find(|object| object["kind"] == "Deployment").unwrap();
    let written = deployment.pointer("/spec/template/spec/containers/0/args").unwrap().as_array().unwrap();
    let all: Vec<Value> = written.iter().cloned().chain(arguments.iter().map(|argument| json!(argument))).collect();
    let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/args", "value": all}]).to_string();
    succeed(&["patch", "deployment", "beamgate", "--namespace", NAMESPACE, "--type=json", "--patch", &patch]);
    rolled_out();
}

/// The objects that the manifests say.
pub(super) fn objects() -> Vec<Value> {
    let rendered = succeed(&["kustomize", &manifests()]);
    let list = feed(&["create", "--dry-run=client", "--output=json", "-f", "-"], &rendered);
    // One object after the other, without a list around them.
    serde_json::Deserializer::from_str(&list).into_iter().map(Result::unwrap).collect()
}

/// Gives it these lines below `[webhook]`, and none else.
pub(super) fn configure(lines: &str) {
    let file = format!("injection = \"webhook\"\n[webhook]\n{lines}\n");
    let patch = json!({"data": {"beamgate.toml": file}}).to_string();
    succeed(&["patch", "configmap", "beamgate", "--namespace", NAMESPACE, "--patch", &patch]);
    begin_again();
}

/// Has all replicas begin again.
pub(super) fn begin_again() {
    succeed(&["rollout", "restart", "--namespace", NAMESPACE, "deployment/beamgate"]);
    rolled_out();
}

/// Replaces all replicas, one after the other, and waits until the old ones have ended in their own time.
pub(super) fn restart() {
    succeed(&["rollout", "restart", "--namespace", NAMESPACE, "deployment/beamgate"]);
    ready_and_new();
    until("the old replicas are gone", only_wanted_are_there);
}

/// Sets the number of replicas and waits for them, also for none.
pub(super) fn scale(replicas: usize) {
    succeed(&["scale", "--namespace", NAMESPACE, "deployment/beamgate", &format!("--replicas={replicas}")]);
    rolled_out();
}

/// Waits until all replicas are new and ready. The old ones would serve their connections to the end: they are ended.
pub(super) fn rolled_out() {
    ready_and_new();
    let replicas = cluster::get(&["pods", "--namespace", NAMESPACE]);
    for old in replicas.iter().filter(|pod| !pod["metadata"]["deletionTimestamp"].is_null()) {
        let name = old["metadata"]["name"].as_str().unwrap();
        // It may be gone by now.
        kubectl(&["delete", "pod", name, "--namespace", NAMESPACE, "--grace-period=1", "--wait=false"], "");
    }
    until("the old replicas are gone", only_wanted_are_there);
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
    feed(arguments, "")
}

/// Runs `kubectl` with this on its standard input: it has to succeed.
pub(super) fn feed(arguments: &[&str], input: &str) -> String {
    let output = kubectl(arguments, input);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {}: {complaint}", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
